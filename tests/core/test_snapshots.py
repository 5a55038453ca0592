"""Snapshots in buckets, and the change from one to the next."""

from datetime import UTC, datetime
from decimal import Decimal
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.snapshots import INTERVALS, Interval, Snapshot, bucket_start, changes, last_of_each

YEAR_2020 = datetime(2020, 1, 1, tzinfo=UTC)
moments = st.datetimes(YEAR_2020.replace(tzinfo=None), YEAR_2020.replace(year=2024, tzinfo=None))


def snapshot(when: str, total: str = "1", *, complete: bool = True) -> Snapshot:
    return Snapshot(when, "user", datetime.fromisoformat(when).replace(tzinfo=UTC), Decimal(total), complete)


@pytest.mark.parametrize(
    ("interval", "kept"),
    [
        ("raw", ["2024-03-31T23:10", "2024-03-31T23:50", "2024-04-01T00:10", "2024-04-07T10:00"]),
        ("hour", ["2024-03-31T23:50", "2024-04-01T00:10", "2024-04-07T10:00"]),
        ("day", ["2024-03-31T23:50", "2024-04-01T00:10", "2024-04-07T10:00"]),
        ("week", ["2024-03-31T23:50", "2024-04-07T10:00"]),
        ("month", ["2024-03-31T23:50", "2024-04-07T10:00"]),
    ],
)
def test_each_bucket_keeps_its_last(interval: Interval, kept: list[str]) -> None:
    times = ["2024-04-07T10:00", "2024-03-31T23:50", "2024-04-01T00:10", "2024-03-31T23:10"]

    assert [each.id for each in last_of_each(map(snapshot, times), interval)] == kept


def test_a_day_is_one_of_the_zone() -> None:
    at = datetime(2024, 4, 1, 2, tzinfo=UTC)

    assert bucket_start(at, "month", ZoneInfo("America/New_York")).month == 3


@given(st.lists(moments, unique=True), st.sampled_from(INTERVALS))
def test_buckets_lose_no_bucket_and_repeat_none(times: list[datetime], interval: Interval) -> None:
    all_of_them = [snapshot(at.isoformat()) for at in times]
    kept = last_of_each(all_of_them, interval)
    starts = [bucket_start(each.timestamp, interval) for each in kept]

    assert starts == sorted({bucket_start(each.timestamp, interval) for each in all_of_them})


def test_a_change_is_from_the_one_before() -> None:
    one, two, three = (
        snapshot("2024-01-01", "100"),
        snapshot("2024-01-02", "125"),
        snapshot("2024-01-03", "0"),
    )
    found = [(each.change_usd, each.change_pct) for each in changes([one, two, three])]

    assert found == [(None, None), (25, 25), (-125, -100)]
    assert changes([one], previous=three)[0].change_usd == 100
    assert changes([one], previous=three)[0].change_pct is None


@pytest.mark.parametrize(
    ("first", "last", "pct"),
    [
        ("1E-22", "5000", "4999999999999999999999999900"),
        ("3", "4", "33.333333"),
        ("10", "-10", "-200"),
        ("1E-99", "1E+99", "1E+200"),
    ],
)
def test_a_change_may_be_beyond_all_measure(first: str, last: str, pct: str) -> None:
    found = changes([snapshot("2024-01-01", first), snapshot("2024-01-02", last)])[1]

    assert found.change_pct == Decimal(pct)


def test_a_change_from_debts_has_no_percentage() -> None:
    found = changes([snapshot("2024-01-01", "-10"), snapshot("2024-01-02", "10")])[1]

    assert (found.change_usd, found.change_pct) == (Decimal(20), None)


def test_an_incomplete_total_has_no_change() -> None:
    whole, part = snapshot("2024-01-01", "100"), snapshot("2024-01-02", "90", complete=False)

    assert [each.change_usd for each in changes([whole, part, whole])] == [None, None, None]
