"""The Snapshots port, on every store."""

from __future__ import annotations

import secrets
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from itertools import groupby

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.core.failures import Failure
from shared.core.ids import AssetId
from shared.core.snapshots import Interval, Snapshot, SnapshotAsset
from shared.store.ports import Order, Position, SnapshotFilter, Store
from tests.store.samples import ALICE, BOB, ETH, START, snapshot

EVERYTHING = SnapshotFilter()


async def all_pages(
    store: Store, user: str, where: SnapshotFilter = EVERYTHING, order: Order = "asc", limit: int = 2
) -> list[Snapshot]:
    found: list[Snapshot] = []
    after: Position | None = None
    while True:
        page = await store.snapshots.page_snapshots(user, where, order=order, after=after, limit=limit)
        assert len(page.rows) <= limit
        found += page.rows
        if page.next is None:
            return found
        after = page.next


async def test_a_snapshot_comes_back_as_it_was_given(store: Store) -> None:
    failure = Failure("chain", "base", "rpc_timeout", "no answer", AssetId("eip155:8453/slip44:60"))
    assets = (
        SnapshotAsset(ETH, "ETH", Decimal("1.50"), Decimal("2000.10"), Decimal("3000.150")),
        SnapshotAsset(ETH, "🜚", Decimal("0.000000000000000001"), None, None),
    )
    kept = snapshot(1, START, complete=False, errors=(failure,), assets=assets, run_id="2024-01-01T00:00:00Z")

    await store.snapshots.add_snapshot(ALICE, kept)

    full = await store.snapshots.page_snapshots(ALICE, EVERYTHING, with_assets=True)
    assert full.rows == (kept,)
    assert repr(full.rows[0]) == repr(kept)
    short = await store.snapshots.page_snapshots(ALICE, EVERYTHING)
    assert short.rows == (replace(kept, assets=()),)


async def test_a_snapshot_may_have_five_thousand_assets(store: Store) -> None:
    assets = tuple(
        SnapshotAsset(
            AssetId(f"eip155:1/erc20:0x{secrets.token_hex(20)}"),
            secrets.token_hex(16),
            *(Decimal(secrets.randbelow(10**36)).scaleb(-18) for _ in range(3)),
        )
        for _ in range(8000)
    )
    await store.snapshots.add_snapshot(ALICE, snapshot(1, START, assets=assets))

    (found,) = (await store.snapshots.page_snapshots(ALICE, EVERYTHING, with_assets=True)).rows

    assert found.assets == assets


async def test_a_snapshot_is_kept_once(store: Store) -> None:
    await store.snapshots.add_snapshot(ALICE, snapshot(1, START))
    await store.snapshots.add_snapshot(ALICE, snapshot(1, START + timedelta(hours=1), complete=False))
    await store.snapshots.add_snapshot(BOB, snapshot(1, START + timedelta(hours=2), BOB))

    assert [s.timestamp for s in await all_pages(store, ALICE)] == [START]
    assert [s.timestamp for s in await all_pages(store, BOB)] == [START + timedelta(hours=2)]


async def test_snapshots_are_listed_in_a_range(store: Store) -> None:
    for number in range(5):
        await store.snapshots.add_snapshot(ALICE, snapshot(number, START + timedelta(hours=number)))
    where = SnapshotFilter(START + timedelta(hours=1), START + timedelta(hours=4))

    assert [s.id[-1] for s in await all_pages(store, ALICE, where, "asc")] == ["1", "2", "3"]
    assert [s.id[-1] for s in await all_pages(store, ALICE, where, "desc")] == ["3", "2", "1"]
    assert await all_pages(store, BOB, where) == []


@pytest.mark.parametrize(
    ("interval", "kept"),
    [
        ("hour", ["0229T2310", "0229T2350", "0301T0000", "0303T2359", "0304T0000", "0401T0000"]),
        ("day", ["0229T2350", "0301T0000", "0303T2359", "0304T0000", "0401T0000"]),
        ("week", ["0303T2359", "0304T0000", "0401T0000"]),
        ("month", ["0229T2350", "0304T0000", "0401T0000"]),
    ],
)
@pytest.mark.parametrize("order", ["asc", "desc"])
async def test_the_last_of_each_bucket_is_listed(
    store: Store, interval: Interval, kept: list[str], order: Order
) -> None:
    times = ["0229T2310", "0229T2340", "0229T2350", "0301T0000", "0303T2359", "0304T0000", "0401T0000"]
    for number, time in enumerate(times):
        at = datetime.strptime(f"2024{time}", "%Y%m%dT%H%M").replace(tzinfo=UTC)
        await store.snapshots.add_snapshot(ALICE, snapshot(number, at))

    found = await all_pages(store, ALICE, SnapshotFilter(interval=interval), order)

    if interval == "hour":
        kept = kept[1:]  # 23:10 and 23:50 are of one hour
    listed = [s.timestamp.strftime("%m%dT%H%M") for s in found]
    assert listed == (kept if order == "asc" else kept[::-1])


@settings(max_examples=12, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    hours=st.lists(st.integers(0, 24 * 70), max_size=14),
    since=st.none() | st.integers(0, 24 * 70),
    until=st.none() | st.integers(0, 24 * 70),
    interval=st.sampled_from(["raw", "hour", "day", "week", "month"]),
    order=st.sampled_from(["asc", "desc"]),
    limit=st.integers(1, 5),
)
async def test_pages_of_buckets_are_the_whole(
    store: Store,
    hours: list[int],
    since: int | None,
    until: int | None,
    interval: Interval,
    order: Order,
    limit: int,
) -> None:
    user = secrets.token_hex(8)  # each example has rows of its own
    made = [snapshot(n, START + timedelta(hours=hour), user) for n, hour in enumerate(hours)]
    for one in made:
        await store.snapshots.add_snapshot(user, one)
    start, end = (None if h is None else START + timedelta(hours=h) for h in (since, until))

    found = await all_pages(store, user, SnapshotFilter(start, end, interval), order, limit)

    inside = sorted(
        (s for s in made if (start is None or s.timestamp >= start) and (end is None or s.timestamp < end)),
        key=lambda s: (s.timestamp, s.id),
    )
    last = [list(group)[-1] for _, group in groupby(inside, lambda s: bucket_name(interval, s))]
    assert found == (last if order == "asc" else last[::-1])


def bucket_name(interval: Interval, one: Snapshot) -> object:
    at = one.timestamp
    names: dict[Interval, object] = {
        "raw": one.id,
        "hour": (at.date(), at.hour),
        "day": at.date(),
        "week": at.isocalendar()[:2],
        "month": (at.year, at.month),
    }
    return names[interval]


async def test_pages_stay_whole_while_snapshots_are_added(store: Store) -> None:
    for number in range(0, 10, 2):
        await store.snapshots.add_snapshot(ALICE, snapshot(number, START + timedelta(days=number)))
    where = SnapshotFilter(interval="day")
    first = await store.snapshots.page_snapshots(ALICE, where, limit=2)

    for number in range(1, 10, 2):
        await store.snapshots.add_snapshot(ALICE, snapshot(number, START + timedelta(days=number, hours=-1)))
    second = await store.snapshots.page_snapshots(ALICE, where, limit=50, after=first.next)

    assert [s.id[-1] for s in first.rows] == ["8", "6"]
    # Each day's last one is another now; the days that were shown are not shown again.
    assert [s.id[-1] for s in second.rows] == ["5", "3", "1"]
