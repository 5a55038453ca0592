"""From the service's PnlAnswer to its body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from typing import Any, cast

from ..core.amounts import format_decimal
from ..core.ids import AssetId
from ..core.pnl import AssetPnl, Totals
from ..core.quotes import Price
from ..core.reconcile import Reconciliation
from ..core.times import format_time
from ..services.pnl import PnlAnswer
from .pnl_events import disposal_bodies, lot_bodies, transfer_bodies, withdrawal_bodies
from .pnl_schemas import AssetPnlBody, ComparisonBody, PnlBody, ReconciliationBody, TotalsBody
from .portfolio_schemas import FlagBody
from .values_present import (
    decimal_text,
    error_body,
    mismatch_flags,
    price_body,
    price_flags,
    reason_body,
    time_text,
)


def pnl_body(
    answer: PnlAnswer,
    named: Mapping[str, str],
    between: tuple[datetime | None, datetime | None],
    retry_url: str,
) -> PnlBody:
    """The body of an answer; `named` are the rules' names, `between` is the period as it was asked for."""
    start, end = between
    body = {
        **named,
        "from": time_text(start),
        "to": time_text(end),
        "as_of": format_time(answer.as_of),
        "complete": answer.complete,
        "totals": _totals(answer.pnl.totals),
        "assets": [_asset(line, answer) for line in answer.pnl.assets],
        "reconciliation": [_reconciliation(row, answer) for row in answer.reconciled.rows],
        **_parts(answer),
        "errors": [error_body(failure, retry_url) for failure in answer.failures],
    }
    return cast(PnlBody, body)


def _parts(answer: PnlAnswer) -> dict[str, Any]:
    """What is only there when it was asked for."""
    include, parts = answer.query.include, dict[str, Any]()
    if "lots" in include:
        parts["lots"] = lot_bodies(answer)
    if "disposals" in include:
        parts["disposals"] = disposal_bodies(answer)
    if "transfers" in include:
        parts["transfers"] = transfer_bodies(answer)
        parts["withdrawals"] = withdrawal_bodies(answer)
    if answer.query.compare:
        parts["comparison"] = [
            ComparisonBody(method=each.rules.method, scope=each.rules.scope, totals=_totals(each.totals))
            for each in answer.comparison
        ]
    return parts


def _totals(totals: Totals) -> TotalsBody:
    values = {each.name: getattr(totals, each.name) for each in fields(totals) if each.name != "partial"}
    numbers = {name: decimal_text(value) for name, value in values.items()}
    return cast(TotalsBody, {**numbers, "partial": list(totals.partial)})


def _asset(line: AssetPnl, answer: PnlAnswer) -> AssetPnlBody:
    sums, price = line.tally, answer.prices.get(line.asset)
    bounded = not (sums.unbounded or sums.unknown_proceeds)
    return AssetPnlBody(
        asset_id=line.asset,
        symbol=line.symbol,
        quantity=format_decimal(line.quantity),
        cost_basis_usd=decimal_text(line.cost_basis_usd),
        average_cost_usd=decimal_text(line.average_cost_usd),
        price_usd=decimal_text(line.price_usd),
        market_value_usd=decimal_text(line.market_value_usd),
        realised_usd=decimal_text(line.realised_usd),
        realised_low_usd=format_decimal(sums.realised_low) if bounded else None,
        realised_high_usd=format_decimal(sums.realised_high) if bounded else None,
        unrealised_usd=decimal_text(line.unrealised_usd),
        income_usd=decimal_text(sums.known("income")),
        fees_usd=decimal_text(sums.known("fees")),
        invested_usd=decimal_text(sums.known("invested")),
        proceeds_usd=decimal_text(sums.known("proceeds")),
        deposited_usd=decimal_text(sums.known("deposited")),
        withdrawn_usd=decimal_text(sums.known("withdrawn")),
        carried_usd=decimal_text(sums.known("carried")),
        opening_cost_usd=decimal_text(line.opening_cost_usd),
        missing_basis_quantity=format_decimal(line.missing_basis_quantity),
        price=price_body(price),
        flags=_flags(line, price, answer.mismatched),
    )


_REASONS = {
    "missing_basis": "the acquisition of some of it is not in the ledger: its cost is assumed",
    "missing_price": "a value it depends on is not known: a trade's, or today's price",
}


def _flags(line: AssetPnl, price: Price | None, mismatched: Mapping[str, AssetId]) -> list[FlagBody]:
    own = [FlagBody(code=reason, reason=_REASONS[reason]) for reason in line.reasons]
    of_it = [trade_id for trade_id, asset in mismatched.items() if asset == line.asset]
    return [*own, *mismatch_flags(of_it), *price_flags(price)]


def _reconciliation(row: Reconciliation, answer: PnlAnswer) -> ReconciliationBody:
    reason = answer.reconciled.reasons.get((row.wallet, row.asset))
    return ReconciliationBody(
        wallet=row.wallet,
        asset_id=row.asset,
        ledger_quantity=format_decimal(row.ledger_quantity),
        chain_quantity=decimal_text(row.chain_quantity),
        block_number=row.block.number if row.block else None,
        block_time=format_time(row.block.time) if row.block else None,
        explained=format_decimal(row.explained),
        explanation=row.explanation,
        unexplained=decimal_text(row.unexplained),
        reason=None if reason is None else reason_body(reason),
    )
