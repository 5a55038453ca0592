"""The wallets that a user keeps."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from ..core.ids import Address
from ..core.siwe import USER_PREFIX
from ..errors import InvalidInput
from ..store.ports import SavedWallet, Store

if TYPE_CHECKING:  # a type only
    from ..store.account_ports import Era

Wallet = SavedWallet
MAX_LABEL = 100


class WalletSources(Protocol):
    """Where wallets are kept; the Context is one."""

    @property
    def store(self) -> Store: ...
    @property
    def clock(self) -> Callable[[], datetime]: ...


async def list_wallets(user: str, sources: WalletSources) -> tuple[Wallet, ...]:
    """All of them, the oldest first."""
    return await sources.store.wallets.list_wallets(user)


async def save_wallet(
    user: str,
    address: Address,
    label: str,
    chains: Sequence[str],
    sources: WalletSources,
    era: Era | None = None,
) -> Wallet:
    """The wallet, kept from now on; no `chains` means all of them. Whoever signed in with it has proven it.

    Raises InvalidInput for a label that cannot be shown, Conflict when the address is kept already or there
    are as many wallets as may be, and ErasedMeanwhile.
    """
    if len(label) > MAX_LABEL:
        raise InvalidInput("label", f"is longer than {MAX_LABEL} characters")
    if label and not label.isprintable():
        raise InvalidInput("label", "has a character that cannot be shown")
    now = sources.clock()
    verified_at = now if user == f"{USER_PREFIX}{address}" else None
    wallet = Wallet(address, label, tuple(dict.fromkeys(chains)), now, verified_at)
    await sources.store.wallets.add_wallet(user, wallet, era=era)
    return wallet


async def remove_wallet(user: str, address: Address, sources: WalletSources) -> None:
    """Forget a wallet. Raises NotFound."""
    await sources.store.wallets.remove_wallet(user, address)
