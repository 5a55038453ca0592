"""Portfolio: what wallets hold over many chains, valued, ordered, with what could not be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Literal

from .amounts import add, from_raw, multiply
from .balances import BalanceRead, Block
from .chains import Chain
from .failures import Failure
from .ids import Address, AssetId
from .quotes import Price
from .spam import spam_reasons
from .tokens import Token, native_token

ChainState = Literal["ok", "stale", "error"]

# Shares are for reading, not for adding up: six decimals of a fraction.
_SHARE = Decimal("0.000001")
_SHARE_CONTEXT = Context(prec=28, rounding=ROUND_HALF_EVEN)


@dataclass(frozen=True, slots=True)
class ChainRead:
    """How one chain answered: `read` is None when `state` is error, an earlier one when it is stale.

    `tokens` describes every contract of `read` that has a balance; `latency_ms` is what the read took.
    """

    chain: Chain
    state: ChainState
    read: BalanceRead | None
    tokens: Mapping[Address, Token]
    latency_ms: int
    failures: tuple[Failure, ...] = ()


@dataclass(frozen=True, slots=True)
class Holding:
    """An asset of one chain over all wallets asked for.

    `balance_raw` is the sum over `holders`, in the asset's smallest unit. `value_usd` is exactly
    balance × price, or None without a price that counts; `share` is its part of the portfolio's total.
    """

    token: Token
    balance_raw: int
    holders: tuple[tuple[Address, int], ...]
    price: Price | None
    value_usd: Decimal | None
    share: Decimal | None
    spam_reasons: tuple[str, ...]

    @property
    def balance(self) -> Decimal:
        return from_raw(self.balance_raw, self.token.decimals)


@dataclass(frozen=True, slots=True)
class ChainSummary:
    """One chain's line: totals, block and cost; totals and block are None when it could not be read."""

    chain: Chain
    state: ChainState
    total_usd: Decimal | None
    block: Block | None
    tokens_scanned: int
    latency_ms: int


@dataclass(frozen=True, slots=True)
class Portfolio:
    """All of it; `total_usd` is exactly the sum of the holdings' values, hidden ones included."""

    addresses: tuple[Address, ...]
    total_usd: Decimal
    as_of: datetime
    chains: tuple[ChainSummary, ...]
    holdings: tuple[Holding, ...]
    failures: tuple[Failure, ...]

    @property
    def complete(self) -> bool:
        return not self.failures


def held_tokens(read: ChainRead) -> list[Token]:
    """The assets with a balance on a chain, each once: what needs a price."""
    if read.read is None:
        return []
    addresses = dict.fromkeys(token for _, token in read.read.balances)
    return [_describe(read, address) for address in addresses]


def assemble(
    addresses: Sequence[Address],
    reads: Sequence[ChainRead],
    prices: Mapping[AssetId, Price],
    failures: Iterable[Failure],
    as_of: datetime,
) -> Portfolio:
    """Value and order everything that the chains returned; highest value first, unpriced last."""
    holdings = [holding for read in reads for holding in _holdings(read, addresses, prices)]
    total = add([h.value_usd for h in holdings if h.value_usd is not None])
    shared = [replace(h, share=_share(h.value_usd, total)) for h in holdings]
    return Portfolio(
        addresses=tuple(addresses),
        total_usd=total,
        as_of=as_of,
        chains=tuple(_summary(read, holdings) for read in reads),
        holdings=tuple(sorted(shared, key=_by_value)),
        failures=(*(f for read in reads for f in read.failures), *failures),
    )


def visible(
    holdings: Iterable[Holding], *, min_value_usd: Decimal, include_spam: bool
) -> tuple[Holding, ...]:
    """The holdings to show: nothing priced below the minimum, and spam only on request."""
    return tuple(
        h
        for h in holdings
        if (h.value_usd is None or h.value_usd >= min_value_usd) and (include_spam or not h.spam_reasons)
    )


def _describe(read: ChainRead, address: Address | None) -> Token:
    return native_token(read.chain) if address is None else read.tokens[address]


def _holdings(
    read: ChainRead, addresses: Sequence[Address], prices: Mapping[AssetId, Price]
) -> Iterable[Holding]:
    if read.read is None:
        return
    balances = read.read.balances
    for token in held_tokens(read):
        holders = tuple(
            (wallet, balances[wallet, token.address])
            for wallet in addresses
            if (wallet, token.address) in balances
        )
        raw = sum(amount for _, amount in holders)
        price = prices.get(token.asset_id)
        unit = price.price_usd if price else None
        value = None if unit is None else multiply(from_raw(raw, token.decimals), unit)
        yield Holding(token, raw, holders, price, value, None, spam_reasons(token, price))


def _share(value: Decimal | None, total: Decimal) -> Decimal | None:
    if value is None or total <= 0:
        return None
    return _SHARE_CONTEXT.divide(value, total).quantize(_SHARE, context=_SHARE_CONTEXT)


def _summary(read: ChainRead, holdings: Iterable[Holding]) -> ChainSummary:
    if read.read is None:
        return ChainSummary(read.chain, read.state, None, None, 0, read.latency_ms)
    own = [h for h in holdings if h.token.chain_id == read.chain.chain_id]
    total = add([h.value_usd for h in own if h.value_usd is not None])
    return ChainSummary(
        read.chain, read.state, total, read.read.block, read.read.tokens_scanned, read.latency_ms
    )


def _by_value(holding: Holding) -> tuple[bool, Decimal, AssetId]:
    value = holding.value_usd
    # copy_negate, because the minus sign rounds to the ambient precision.
    return (value is None, value.copy_negate() if value is not None else Decimal(0), holding.token.asset_id)
