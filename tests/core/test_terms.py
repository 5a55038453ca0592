"""Holding periods are counted in calendar days of the taxpayer's time zone."""

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.terms import held_days, local_date, term

moments = st.datetimes(datetime(2010, 1, 1), datetime(2040, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001
zones = st.sampled_from([UTC, ZoneInfo("America/New_York"), ZoneInfo("Asia/Tokyo")])


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize(
    ("acquired", "disposed", "expected"),
    [
        ("2023-01-10", "2024-01-10", "short"),
        ("2023-01-10", "2024-01-11", "long"),
        ("2023-03-01", "2024-03-01", "short"),
        ("2023-03-01", "2024-03-02", "long"),
        ("2024-02-29", "2025-02-28", "short"),
        ("2024-02-29", "2025-03-01", "long"),
        ("2024-02-28", "2025-02-28", "short"),
        ("2023-01-10", "2023-01-10", "short"),
        ("2023-01-10", "2033-01-10", "long"),
    ],
)
def test_long_is_after_the_anniversary(acquired: str, disposed: str, expected: str) -> None:
    assert term(at(acquired), at(disposed)) == expected


def test_the_day_is_that_of_the_time_zone() -> None:
    acquired, disposed = at("2023-01-10T12:00"), at("2024-01-11T02:00")

    assert term(acquired, disposed) == "long"
    assert term(acquired, disposed, ZoneInfo("America/New_York")) == "short"
    assert local_date(disposed, ZoneInfo("America/New_York")).day == 10


def test_held_days_are_calendar_days() -> None:
    assert held_days(at("2024-01-01T23:59"), at("2024-01-02T00:01")) == 1
    assert held_days(at("2024-01-01"), at("2025-01-01")) == 366


@given(moments, st.timedeltas(timedelta(0), timedelta(days=800)), zones)
def test_what_is_held_for_longer_never_becomes_short_again(
    acquired: datetime, held: timedelta, zone: ZoneInfo
) -> None:
    lengths = [term(acquired, acquired + held + timedelta(days=more), zone) for more in range(0, 400, 7)]

    assert lengths == sorted(lengths, reverse=True)


@given(moments, st.integers(363, 370), st.timedeltas(timedelta(0), timedelta(hours=24)), zones)
def test_the_short_way_agrees_with_the_calendar(
    acquired: datetime, days: int, more: timedelta, zone: ZoneInfo
) -> None:
    disposed = acquired + timedelta(days=days) + more
    first, last = local_date(acquired, zone), local_date(disposed, zone)
    later = (last.year, last.month, last.day) > (first.year + 1, first.month, first.day)
    if (first.month, first.day) == (2, 29):
        later = (last.year, last.month) > (first.year + 1, 2)

    assert (term(acquired, disposed, zone) == "long") == later
