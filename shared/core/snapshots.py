"""Snapshot: a portfolio kept; the last one of each bucket of time, and the change from one to the next."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import ROUND_HALF_EVEN, Context, Decimal
from typing import Literal, get_args

from .amounts import EXACT, rounded
from .failures import Failure
from .fragments import WALLET, HeldAs
from .ids import AssetId

Interval = Literal["raw", "hour", "day", "week", "month"]
INTERVALS: tuple[Interval, ...] = get_args(Interval)

_RATIO = Context(prec=28, rounding=ROUND_HALF_EVEN)
_PLACES = 6


@dataclass(frozen=True, slots=True)
class SnapshotAsset:
    """One asset of a snapshot, as it was held; price and value are None when it had no price.

    `protocol` is WALLET for what the addresses held themselves, else the protocol's id. Of a debt the balance
    is above zero and the value below.
    """

    asset_id: AssetId
    symbol: str
    balance: Decimal
    price_usd: Decimal | None
    value_usd: Decimal | None
    protocol: str = field(default=WALLET, kw_only=True)
    kind: HeldAs = field(default="wallet", kw_only=True)


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What a user's wallets were worth at a time; `complete` is false when something could not be read."""

    id: str
    user_id: str
    timestamp: datetime
    total_usd: Decimal
    complete: bool
    assets: tuple[SnapshotAsset, ...] = ()
    errors: tuple[Failure, ...] = ()
    run_id: str | None = None


@dataclass(frozen=True, slots=True)
class Change:
    """A snapshot and how its total differs from the one before it.

    Both are None for the first one and where either total is incomplete; `change_pct` also after a zero
    and after debts, of which no percentage says anything.
    """

    snapshot: Snapshot
    change_usd: Decimal | None
    change_pct: Decimal | None


def bucket_start(at: datetime, interval: Interval, zone: tzinfo = UTC) -> datetime:
    """When the bucket of a moment begins, in a time zone; weeks begin on Monday."""
    local = at.astimezone(zone)
    if interval == "raw":
        return local
    hour = local.replace(minute=0, second=0, microsecond=0)
    if interval == "hour":
        return hour
    day = hour.replace(hour=0, fold=0)
    if interval == "week":
        return day - timedelta(days=day.weekday())
    return day.replace(day=1) if interval == "month" else day


def last_of_each(
    snapshots: Iterable[Snapshot], interval: Interval, zone: tzinfo = UTC
) -> tuple[Snapshot, ...]:
    """The last snapshot of each bucket, oldest first; all of them for `raw`."""
    ordered = sorted(snapshots, key=lambda snapshot: (snapshot.timestamp, snapshot.id))
    if interval == "raw":
        return tuple(ordered)
    return tuple({bucket_start(each.timestamp, interval, zone): each for each in ordered}.values())


def changes(snapshots: Sequence[Snapshot], previous: Snapshot | None = None) -> tuple[Change, ...]:
    """Each snapshot, oldest first, with its change from the one before; `previous` is before the first."""
    before = (previous, *snapshots[:-1])
    return tuple(_change(own, earlier) for own, earlier in zip(snapshots, before, strict=True))


def _change(own: Snapshot, earlier: Snapshot | None) -> Change:
    if earlier is None or not (own.complete and earlier.complete):
        return Change(own, None, None)
    change = EXACT.subtract(own.total_usd, earlier.total_usd)
    if earlier.total_usd <= 0:
        return Change(own, change, None)
    pct = _RATIO.divide(EXACT.multiply(change, Decimal(100)), earlier.total_usd)
    return Change(own, change, rounded(pct, _PLACES))
