"""The rows of a watched portfolio: assets over all wallets, and positions, each with what it is worth."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import NamedTuple

from ..core.amounts import add, from_raw, multiply
from ..core.fragments import WALLET, Fragment, FragmentBalance, Fragments, HeldAs, held
from ..core.ids import AssetId
from ..core.quotes import Price
from ..core.valued_positions import highest_first
from .text import safe_text


class RowKey(NamedTuple):
    """What a row is about. An asset that wallets hold themselves is one row, whoever of them does."""

    chain: str
    asset_id: AssetId
    kind: HeldAs
    protocol: str
    wallet: str
    contract: str
    market: str


class Row(NamedTuple):
    """One line. Of a debt `balance` is above zero and `value_usd` below; None without a price that counts."""

    key: RowKey
    symbol: str
    balance: Decimal
    price: Price | None
    value_usd: Decimal | None


def rows_of(known: Fragments, prices: Mapping[AssetId, Price]) -> list[Row]:
    """All rows: by value, debts after what is owned, unpriced last."""
    sums: dict[RowKey, FragmentBalance] = {}
    for fragment in held(known):
        for key, balance in balances_of(fragment).items():
            before = sums[key].raw if key in sums else 0
            sums[key] = balance._replace(raw=balance.raw + before)
    rows = [_row(key, balance, prices.get(key.asset_id)) for key, balance in sums.items()]
    return sorted(rows, key=lambda row: (highest_first(row.value_usd), row.key))


def balances_of(fragment: Fragment) -> dict[RowKey, FragmentBalance]:
    """What the fragment has of each row."""
    balances: dict[RowKey, FragmentBalance] = {}
    for balance in fragment.balances:
        key = _key(fragment, balance)
        before = balances[key].raw if key in balances else 0
        balances[key] = balance._replace(raw=balance.raw + before)
    return balances


def total_usd(rows: Iterable[Row]) -> Decimal | None:
    """The exact sum of all values; None without any."""
    values = [value for row in rows if (value := row.value_usd) is not None]
    return add(values) if values else None


def short_wallet(wallet: str) -> str:
    """Enough of the address to tell it from others."""
    kept = safe_text(wallet, 42)
    return f"{kept[:6]}…{kept[-4:]}"


def _row(key: RowKey, balance: FragmentBalance, price: Price | None) -> Row:
    amount = from_raw(balance.raw, balance.decimals)
    if price is None or price.price_usd is None:
        return Row(key, balance.symbol, amount, price, None)
    value = multiply(amount, price.price_usd)
    return Row(key, balance.symbol, amount, price, value.copy_negate() if key.kind == "debt" else value)


def _key(fragment: Fragment, balance: FragmentBalance) -> RowKey:
    if fragment.protocol == WALLET:
        return RowKey(fragment.chain, balance.asset_id, balance.kind, WALLET, "", "", "")
    return RowKey(
        fragment.chain,
        balance.asset_id,
        balance.kind,
        fragment.protocol,
        fragment.wallet,
        balance.contract or "",
        balance.market or "",
    )
