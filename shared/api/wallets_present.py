"""From a saved wallet to its body."""

from __future__ import annotations

from ..core.times import format_time
from ..services.wallets import Wallet
from .values_present import time_text
from .wallets_schemas import WalletBody


def wallet_body(wallet: Wallet) -> WalletBody:
    """The body of a wallet."""
    return WalletBody(
        address=wallet.address,
        label=wallet.label,
        chains=list(wallet.chains),
        created_at=format_time(wallet.created_at),
        verified_at=time_text(wallet.verified_at),
    )
