"""Portfolio: what wallets hold over many chains, valued, ordered, with what could not be read."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Literal, NamedTuple

from .amounts import add, from_raw, multiply
from .balances import BalanceRead, Block
from .chains import Chain
from .failures import Failure
from .ids import Address, AssetId
from .positions import PositionsRead
from .quotes import Price
from .spam import spam_reasons
from .tokens import Token, native_token
from .valued_positions import ValuedPosition, highest_first, position_order, reaches, value_positions

ChainState = Literal["ok", "stale", "error"]

# Shares are for reading, not for adding up: six decimals of a fraction.
_SHARE = Decimal("0.000001")
_SHARE_CONTEXT = Context(prec=28, rounding=ROUND_HALF_EVEN)


class ChainRead(NamedTuple):
    """How one chain answered: `read` is None when `state` is error, an earlier one when it is stale.

    `tokens` describes every contract of `read` that has a balance; `latency_ms` is what the read took.
    `receipts` is what the same read found of the protocols' receipt tokens, which `read` does not count: they
    are positions.
    """

    chain: Chain
    state: ChainState
    read: BalanceRead | None
    tokens: Mapping[Address, Token]
    latency_ms: int
    failures: tuple[Failure, ...] = ()
    receipts: BalanceRead | None = None


class Holding(NamedTuple):
    """An asset of one chain over all wallets asked for.

    `balance_raw` is the sum over `holders`, in the asset's smallest unit. `value_usd` is exactly
    balance × price, or None without a price that counts; `share` is its part of all that is owned, debts
    not taken off.
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


class ChainSummary(NamedTuple):
    """One chain's line: totals, block and cost; totals and block are None when it could not be read."""

    chain: Chain
    state: ChainState
    total_usd: Decimal | None
    block: Block | None
    tokens_scanned: int
    latency_ms: int


class Portfolio(NamedTuple):
    """All of it; `total_usd` is exactly the sum of all values, debts below zero, hidden ones included."""

    addresses: tuple[Address, ...]
    total_usd: Decimal
    as_of: datetime
    chains: tuple[ChainSummary, ...]
    holdings: tuple[Holding, ...]
    failures: tuple[Failure, ...]
    positions: tuple[ValuedPosition, ...] = ()

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
    *,
    positions: Sequence[PositionsRead] = (),
) -> Portfolio:
    """Value and order everything that the chains returned; highest value first, unpriced last."""
    holdings = [holding for read in reads for holding in _holdings(read, addresses, prices)]
    claims = [valued for read in positions for valued in value_positions(read, prices)]
    values = _values(holdings, claims)
    owned = add([value for value in values if value > 0])
    shared = [h._replace(share=_share(h.value_usd, owned)) for h in holdings]
    return Portfolio(
        addresses=tuple(addresses),
        total_usd=add(values),
        as_of=as_of,
        chains=tuple(_summary(read, holdings, claims) for read in reads),
        holdings=tuple(sorted(shared, key=_by_value)),
        failures=(
            *(f for read in reads for f in read.failures),
            *(f for read in positions for f in read.failures),
            *failures,
        ),
        positions=tuple(sorted(claims, key=position_order)),
    )


def visible(
    holdings: Iterable[Holding], *, min_value_usd: Decimal, include_spam: bool
) -> tuple[Holding, ...]:
    """The holdings to show: nothing priced below the minimum, and spam only on request."""
    return tuple(
        h for h in holdings if reaches(h.value_usd, min_value_usd) and (include_spam or not h.spam_reasons)
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


def _summary(read: ChainRead, holdings: Iterable[Holding], claims: Iterable[ValuedPosition]) -> ChainSummary:
    if read.read is None:
        return ChainSummary(read.chain, read.state, None, None, 0, read.latency_ms)
    chain_id = read.chain.chain_id
    total = add(
        _values(
            (holding for holding in holdings if holding.token.chain_id == chain_id),
            (claim for claim in claims if claim.position.token.chain_id == chain_id),
        )
    )
    return ChainSummary(
        read.chain, read.state, total, read.read.block, read.read.tokens_scanned, read.latency_ms
    )


def _values(holdings: Iterable[Holding], claims: Iterable[ValuedPosition]) -> list[Decimal]:
    values = [*(holding.value_usd for holding in holdings), *(claim.value_usd for claim in claims)]
    return [value for value in values if value is not None]


def _by_value(holding: Holding) -> tuple[bool, Decimal, AssetId]:
    return (*highest_first(holding.value_usd), holding.token.asset_id)
