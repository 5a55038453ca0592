"""The bodies of saved wallets, as the HTTP contract has them."""

from __future__ import annotations

from typing import Annotated

from typing_extensions import TypedDict  # pydantic cannot read the standard library's before Python 3.12

from ..services.wallets import MAX_LABEL
from .schemas import AddressText, ChainText, Says, TimeText, WalletText, closed

_Label = Annotated[str, Says("Printable.", (("maxLength", MAX_LABEL), ("pattern", r"^[^\x00-\x1f\x7f]*$")))]


class _Told(TypedDict, total=False):
    label: _Label | None
    chains: Annotated[list[ChainText] | None, Says("Where to read it; everywhere where it is left out.")]


class _Needed(TypedDict):
    address: WalletText


@closed
class NewWalletBody(_Needed, _Told):
    """A wallet to save."""


class WalletBody(TypedDict):
    """A saved wallet."""

    address: AddressText
    label: str
    chains: Annotated[list[str], Says("Slugs; empty for all chains.")]
    created_at: TimeText
    verified_at: Annotated[
        TimeText | None, Says("When you last proved by a signature that it is yours; null: never.")
    ]


class WalletsBody(TypedDict):
    """The saved wallets, the oldest first."""

    items: list[WalletBody]
    next_cursor: Annotated[None, Says("Always null: there are at most 100.")]
