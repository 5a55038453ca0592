"""The bodies of saved wallets, as the HTTP contract has them."""

from __future__ import annotations

from typing import Annotated

from typing_extensions import TypedDict  # pydantic cannot read the standard library's before Python 3.12

from .schemas import AddressText, Says, TimeText, closed


class _Told(TypedDict, total=False):
    label: Annotated[str | None, Says("At most 100 characters.")]
    chains: Annotated[
        list[str] | None, Says("Where to read it, by slug, id or CAIP-2; everywhere where it is left out.")
    ]


class _Needed(TypedDict):
    address: Annotated[str, Says("`0x…` or an ENS name.")]


@closed
class NewWalletBody(_Needed, _Told):
    """A wallet to save."""


class WalletBody(TypedDict):
    """A saved wallet."""

    address: AddressText
    label: str
    chains: Annotated[list[str], Says("Slugs; empty for all chains.")]
    created_at: TimeText


class WalletsBody(TypedDict):
    """The saved wallets, the oldest first."""

    items: list[WalletBody]
    next_cursor: Annotated[None, Says("Always null: there are at most 100.")]
