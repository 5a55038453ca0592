"""From the service's history to its body."""

from __future__ import annotations

from decimal import Decimal
from typing import cast

from ..core.amounts import format_decimal, multiply
from ..core.returns import Return
from ..core.snapshots import Change, SnapshotAsset
from ..core.times import format_time
from ..services.history import HistoryPage, Performance
from .history_schemas import (
    DrawdownBody,
    HistoryBody,
    PerformanceBody,
    ReturnBody,
    SnapshotAssetBody,
    SnapshotBody,
)
from .values_present import decimal_text, error_body, reason_body, time_text

_PERCENT = Decimal(100)


def history_body(
    page: HistoryPage, next_cursor: str | None, performance: Performance | None, *, with_assets: bool
) -> HistoryBody:
    """The body of a page; the first one has the performance."""
    body = HistoryBody(
        items=[_snapshot(change, with_assets=with_assets) for change in page.changes], next_cursor=next_cursor
    )
    if performance is not None:
        body["performance"] = _performance(performance)
    return body


def _snapshot(change: Change, *, with_assets: bool) -> SnapshotBody:
    snapshot = change.snapshot
    body = SnapshotBody(
        id=snapshot.id,
        timestamp=format_time(snapshot.timestamp),
        total_usd=format_decimal(snapshot.total_usd),
        complete=snapshot.complete,
        change_usd=decimal_text(change.change_usd),
        change_pct=decimal_text(change.change_pct),
    )
    if with_assets:
        body["assets"] = [snapshot_asset_body(asset) for asset in snapshot.assets]
        body["errors"] = [error_body(failure) for failure in snapshot.errors]
    return body


def snapshot_asset_body(asset: SnapshotAsset) -> SnapshotAssetBody:
    """The body of an asset as it was kept."""
    return SnapshotAssetBody(
        asset_id=asset.asset_id,
        symbol=asset.symbol,
        balance=format_decimal(asset.balance),
        price_usd=decimal_text(asset.price_usd),
        value_usd=decimal_text(asset.value_usd),
        protocol=asset.protocol,
        kind=asset.kind,
    )


def _performance(performance: Performance) -> PerformanceBody:
    body = {
        "from": time_text(performance.first),
        "to": time_text(performance.last),
        "interval": performance.interval,
        "valuations": performance.valuations,
        "left_out": performance.left_out,
        "flows": performance.flows,
        "time_weighted_return": _return(performance.time_weighted),
        "money_weighted_return": _return(performance.money_weighted),
        "max_drawdown": _drawdown(performance),
    }
    return cast(PerformanceBody, body)


def _return(known: Return) -> ReturnBody:
    return ReturnBody(
        pct=_percent(known.value),
        annualised_pct=_percent(known.annualised),
        reason=None if known.reason is None else reason_body(known.reason),
    )


def _drawdown(performance: Performance) -> DrawdownBody:
    worst, reason = performance.drawdown, performance.drawdown_reason
    return DrawdownBody(
        pct=None if worst is None else _percent(worst.value),
        peak_at=None if worst is None else time_text(worst.peak_at),
        trough_at=None if worst is None else time_text(worst.trough_at),
        reason=None if reason is None else reason_body(reason),
    )


def _percent(fraction: Decimal | None) -> str | None:
    return None if fraction is None else format_decimal(multiply(fraction, _PERCENT))
