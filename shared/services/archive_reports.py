"""The reports of an archive: what was disposed of in a year, and what was held at its end, by each method."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime, timedelta

from ..core.archive_tables import TABLES, Row, TableName
from ..core.disposals import Disposal
from ..core.ledger import Accounting, Ledger, OpenLot
from ..core.lots import NO_TRADE, Doubt, Part
from ..core.settlement import keep, plan_of
from ..core.terms import held_days, term
from ..core.times import format_time
from ..core.trades import Trade
from ..store.codecs import money_text
from .archive_rows import optional_money, row_of

_DISPOSALS, _LOTS = TABLES["disposals"], TABLES["lots"]


def report_rows(
    user: str, trades: Sequence[Trade], variants: Iterable[Accounting], as_of: datetime
) -> Iterator[tuple[TableName, Row]]:
    """All of a user's reports from all of their trades, up to and including `as_of`.

    They are what `pnl` works out: its disposals, by the year they fall in, and its open lots at the end of
    each year from that of the first trade on, of the present one as of now. Years are of UTC.
    """
    confirmed = [trade for trade in trades if trade.status == "confirmed"]
    if not confirmed:
        return
    first = min(trade.executed_at for trade in confirmed)
    plan = None
    for rules in variants:
        plan = plan or plan_of(trades, rules)  # it serves every method
        ledger = keep(plan, Ledger(rules), as_of)
        for at in range(len(ledger.disposals)):
            yield "disposals", _disposal(user, ledger.disposals[at], rules)
        for end in _ends(first, as_of):
            settled = ledger if end == as_of else keep(plan, Ledger(rules), end)
            for held in settled.open_lots():
                yield "lots", _lot(user, held, rules, end)


def _ends(first: datetime, as_of: datetime) -> Iterator[datetime]:
    """The last moment of each year, and of the last year as far as it has come."""
    for year in range(first.year, as_of.year):
        yield datetime(year + 1, 1, 1, tzinfo=UTC) - timedelta.resolution
    yield as_of


def _disposal(user: str, disposal: Disposal, rules: Accounting) -> Row:
    at = disposal.disposed_at
    values = {
        "user_id": user,
        "method": rules.method,
        "year": at.year,
        "disposed_at": at,
        "kind": disposal.kind,
        "asset": disposal.asset,
        "symbol": disposal.trade.symbol,
        "trade_id": disposal.trade.id,
        "wallet": disposal.trade.wallet,
        "quantity": disposal.quantity,
        "proceeds_usd": disposal.proceeds,
        "cost_basis_usd": disposal.cost_basis,
        "gain_usd": disposal.gain,
        "gain_low_usd": disposal.gain_low,
        "gain_high_usd": disposal.gain_high,
        "term": disposal.term(),
        "missing_basis_quantity": disposal.missing_quantity,
        "reason": disposal.reason,
        "parts": json.dumps([_part(part, at) for part in disposal.parts]),
    }
    return row_of(_DISPOSALS, values)


def _part(part: Part, disposed_at: datetime) -> dict[str, object]:
    known = part.trade_id != NO_TRADE
    return {
        "lot_trade_id": part.trade_id if known else None,
        "acquired_at": format_time(part.acquired_at) if known else None,
        "quantity": money_text(part.quantity),
        "cost_basis_usd": optional_money(part.cost),
        "held_days": held_days(part.acquired_at, disposed_at) if known else None,
        "term": term(part.acquired_at, disposed_at),
        "doubt": _doubt(part.doubt),
    }


def _lot(user: str, held: OpenLot, rules: Accounting, end: datetime) -> Row:
    lot = held.lot
    known = lot.trade_id != NO_TRADE
    values = {
        "user_id": user,
        "method": rules.method,
        "year": end.year,
        "as_of": end,
        "asset": held.asset,
        "wallet": held.wallet,
        "trade_id": lot.trade_id if known else None,
        "acquired_at": lot.acquired_at if known else None,
        "quantity": lot.opened,
        "remaining": lot.quantity,
        "cost_basis_usd": lot.cost,
        "doubt": None if lot.doubt is None else json.dumps(_doubt(lot.doubt)),
    }
    return row_of(_LOTS, values)


def _doubt(doubt: Doubt | None) -> dict[str, object] | None:
    if doubt is None:
        return None
    return {
        "reason": doubt.reason,
        "low_usd": money_text(doubt.low),
        "high_usd": optional_money(doubt.high),
    }
