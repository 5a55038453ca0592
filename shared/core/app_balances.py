"""What wallets have in the apps of a chain: their own tokens and their positions, in one form."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from .amounts import from_raw, multiply
from .fragments import HeldAs
from .ids import Address, AssetId
from .portfolio import ChainRead
from .positions import PositionsRead
from .quotes import Price
from .spam import spam_reasons
from .tokens import Token, native_token

TOKENS = "tokens"
"""The app of what an address itself holds; the others are protocols."""


class AppBalance(NamedTuple):
    """So much of a token, of one kind: above zero, for debts too. `contract` keeps it, in protocols."""

    token: Token
    raw: int
    kind: HeldAs = "wallet"
    contract: Address | None = None
    market: str | None = None

    @property
    def balance(self) -> Decimal:
        return from_raw(self.raw, self.token.decimals)

    def value(self, unit: Decimal | None) -> Decimal | None:
        """Exactly balance × price, below zero for a debt; None without a price."""
        if unit is None:
            return None
        value = multiply(self.balance, unit)
        return value.copy_negate() if self.kind == "debt" else value


WalletBalance = tuple[Address, AppBalance]
"""Whose it is, and what."""


def balances_of_wallets(read: ChainRead) -> tuple[WalletBalance, ...]:
    """What the addresses themselves hold on a chain; nothing when it could not be read."""
    if read.read is None:
        return ()
    native = native_token(read.chain)
    return tuple(
        (wallet, AppBalance(native if address is None else read.tokens[address], raw))
        for (wallet, address), raw in read.read.balances.items()
    )


def balances_by_protocol(read: PositionsRead) -> dict[str, tuple[WalletBalance, ...]]:
    """The positions on a chain, of those protocols that hold any."""
    held: dict[str, list[WalletBalance]] = {}
    for p in read.positions:
        balance = AppBalance(p.token, p.raw, p.kind, p.contract, p.market)
        held.setdefault(p.protocol, []).append((p.wallet, balance))
    return {protocol: tuple(balances) for protocol, balances in held.items()}


def together(balances: Iterable[WalletBalance], wallets: Collection[Address]) -> tuple[AppBalance, ...]:
    """What these wallets have together: each token once of its kind, contract and market."""
    sums: dict[tuple[AssetId, HeldAs, Address | None, str | None], AppBalance] = {}
    for wallet, balance in balances:
        if wallet in wallets:
            one = (balance.token.asset_id, balance.kind, balance.contract, balance.market)
            known = sums.get(one)
            sums[one] = balance if known is None else known._replace(raw=known.raw + balance.raw)
    return tuple(sums.values())


def without_spam(
    balances: Iterable[WalletBalance], prices: Mapping[AssetId, Price]
) -> tuple[WalletBalance, ...]:
    """Without the tokens that a portfolio hides; they have no price, so that no total changes."""
    return tuple(
        (wallet, balance)
        for wallet, balance in balances
        if balance.kind != "wallet" or not spam_reasons(balance.token, prices.get(balance.token.asset_id))
    )
