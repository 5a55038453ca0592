"""The order of trades in time, and within one instant: by what they say, never by when they were entered."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime
from decimal import Decimal
from itertools import islice
from operator import itemgetter, lt
from typing import Any

from .trade_type import Side, Trade

executed_at = itemgetter(Trade._fields.index("executed_at"))
_FIRST = itemgetter(0)
_SIDES: tuple[Side, ...] = ("buy", "income", "transfer_in", "sell", "transfer_out", "fee")
_TURNS = {side: turn for turn, side in enumerate(_SIDES)}
_UNKNOWN = Decimal(-1)
_NEVER = datetime.min.replace(tzinfo=UTC)


def in_order(trades: Iterable[Trade]) -> list[Trade]:
    """By time, then by content; only what is alike in all that counts is in the order of its ids."""
    ordered = sorted(trades, key=executed_at)
    if are_apart(ordered):
        return ordered
    return [trade for run in runs(ordered) for trade in (run if len(run) == 1 else _by_content(run))]


def are_apart(trades: Sequence[Trade]) -> bool:
    """Whether each comes after the one before, and none at its time: so stores give them, mostly."""
    times = list(map(executed_at, trades))
    return all(map(lt, times, islice(times, 1, None)))


def runs(trades: Sequence[Trade]) -> Iterator[list[Trade]]:
    """The trades, which are in order, in runs of the same time."""
    run: list[Trade] = []
    for trade in trades:
        if run and run[0].executed_at != trade.executed_at:
            yield run
            run = []
        run.append(trade)
    if run:
        yield run


def _by_content(run: Sequence[Trade]) -> list[Trade]:
    return [trade for _, trade in sorted([(_content(trade), trade) for trade in run], key=_FIRST)]


def _content(trade: Trade) -> tuple[Any, ...]:
    """All that can matter to the accounting, and what is seen of it; of two lots, the cheaper comes first."""
    return (
        _TURNS[trade.side],
        trade.asset,
        trade.wallet or "",
        _UNKNOWN if trade.price_usd is None else trade.price_usd,
        _UNKNOWN if trade.total_usd is None else trade.total_usd,
        trade.amount,
        trade.amount_type,
        _UNKNOWN if trade.fee_usd is None else trade.fee_usd,
        trade.fee_asset or "",
        trade.fee_amount or _UNKNOWN,
        _UNKNOWN if trade.basis_usd is None else trade.basis_usd,
        trade.acquired_at or _NEVER,
        trade.chain or "",
        trade.tx_hash or "",
        trade.link or "",
        trade.symbol,
        trade.notes,
        trade.lots,
        trade.id,
    )
