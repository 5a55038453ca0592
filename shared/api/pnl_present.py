"""From the service's PnlAnswer to its body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import fields
from datetime import datetime
from decimal import Decimal
from typing import Any, cast

from ..core.amounts import format_decimal
from ..core.ids import AssetId
from ..core.pnl import AssetPnl, Totals
from ..core.quotes import Price
from ..core.reconcile import Reconciliation
from ..core.times import format_time
from ..services.pnl import PnlAnswer
from .failures_present import error_body
from .pnl_events import disposal_bodies, lot_bodies, transfer_bodies, withdrawal_bodies
from .pnl_schemas import AssetPnlBody, ComparisonBody, PnlBody, ReconciliationBody, TotalsBody
from .portfolio_schemas import FlagBody, PriceBody


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
        "from": None if start is None else format_time(start),
        "to": None if end is None else format_time(end),
        "as_of": format_time(answer.as_of),
        "complete": answer.complete,
        "totals": _totals(answer.pnl.totals),
        "assets": [_asset(line, answer.prices) for line in answer.pnl.assets],
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
    numbers = {name: _decimal(value) for name, value in values.items()}
    return cast(TotalsBody, {**numbers, "partial": list(totals.partial)})


def _asset(line: AssetPnl, prices: Mapping[AssetId, Price]) -> AssetPnlBody:
    sums, price = line.tally, prices.get(line.asset)
    bounded = not (sums.unbounded or sums.unknown_proceeds)
    return AssetPnlBody(
        asset_id=line.asset,
        symbol=line.symbol,
        quantity=format_decimal(line.quantity),
        cost_basis_usd=_decimal(line.cost_basis_usd),
        average_cost_usd=_decimal(line.average_cost_usd),
        price_usd=_decimal(line.price_usd),
        market_value_usd=_decimal(line.market_value_usd),
        realised_usd=_decimal(line.realised_usd),
        realised_low_usd=format_decimal(sums.realised_low) if bounded else None,
        realised_high_usd=format_decimal(sums.realised_high) if bounded else None,
        unrealised_usd=_decimal(line.unrealised_usd),
        income_usd=format_decimal(sums.income),
        fees_usd=format_decimal(sums.fees),
        invested_usd=format_decimal(sums.invested),
        proceeds_usd=format_decimal(sums.proceeds),
        deposited_usd=format_decimal(sums.deposited),
        withdrawn_usd=format_decimal(sums.withdrawn),
        carried_usd=format_decimal(sums.carried),
        opening_cost_usd=format_decimal(line.opening_cost_usd),
        missing_basis_quantity=format_decimal(line.missing_basis_quantity),
        price=_price(price),
        flags=_flags(line, price),
    )


def _price(price: Price | None) -> PriceBody | None:
    if price is None or price.price_usd is None or price.source is None or price.as_of is None:
        return None
    return PriceBody(
        source=price.source,
        as_of=format_time(price.as_of),
        confidence=format_decimal(price.confidence),
        stale=price.stale,
        market=price.market,
    )


_REASONS = {
    "missing_basis": "the acquisition of some of it is not in the ledger: its cost is assumed",
    "missing_price": "a value it depends on is not known: a trade's, or today's price",
}


def _flags(line: AssetPnl, price: Price | None) -> list[FlagBody]:
    flags = [FlagBody(code=reason, reason=_REASONS[reason]) for reason in line.reasons]
    if price is not None and price.reason is not None:
        flags.append(reason_body(price.reason))
    return flags


def _reconciliation(row: Reconciliation, answer: PnlAnswer) -> ReconciliationBody:
    reason = answer.reconciled.reasons.get((row.wallet, row.asset))
    return ReconciliationBody(
        wallet=row.wallet,
        asset_id=row.asset,
        ledger_quantity=format_decimal(row.ledger_quantity),
        chain_quantity=_decimal(row.chain_quantity),
        block_number=row.block.number if row.block else None,
        block_time=format_time(row.block.time) if row.block else None,
        explained=format_decimal(row.explained),
        explanation=row.explanation,
        unexplained=_decimal(row.unexplained),
        reason=None if reason is None else reason_body(reason),
    )


def reason_body(reason: str) -> FlagBody:
    """A reason is `code: text`."""
    code, _, text = reason.partition(":")
    return FlagBody(code=code, reason=text.strip())


def _decimal(value: Decimal | None) -> str | None:
    return None if value is None else format_decimal(value)
