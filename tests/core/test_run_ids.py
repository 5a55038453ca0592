from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.run_ids import parse_run_id, run_id, snapshot_id
from shared.errors import InvalidInput

EIGHT = datetime(2026, 11, 21, 8, tzinfo=UTC)
MOMENTS = st.datetimes(timezones=st.just(UTC))


def test_a_run_for_all_users_is_called_by_its_minute() -> None:
    assert run_id(EIGHT) == "20261121T080000Z"


def test_two_firings_of_one_schedule_are_one_run() -> None:
    assert run_id(EIGHT + timedelta(seconds=1, microseconds=7)) == run_id(EIGHT + timedelta(seconds=59))


def test_the_next_minute_is_another_run() -> None:
    assert run_id(EIGHT + timedelta(minutes=1)) == "20261121T080100Z"


def test_the_time_zone_of_the_clock_makes_no_difference() -> None:
    assert run_id(EIGHT.astimezone(timezone(timedelta(hours=5, minutes=45)))) == "20261121T080000Z"


def test_a_users_own_run_keeps_its_moment_and_hides_who_it_is_for() -> None:
    # sha256("alice") starts with 2bd806c97f0e.
    at = EIGHT + timedelta(seconds=12, microseconds=345)
    assert run_id(at, "alice") == "20261121T080012.000345Z-2bd806c97f0e"


def test_two_wishes_of_a_user_within_a_second_are_two_runs() -> None:
    assert run_id(EIGHT, "alice") != run_id(EIGHT + timedelta(microseconds=1), "alice")


def test_two_users_have_different_runs_at_the_same_time() -> None:
    assert run_id(EIGHT, "alice") != run_id(EIGHT, "bob")


def test_an_early_year_has_four_digits() -> None:
    assert run_id(datetime(999, 1, 2, 3, 4, tzinfo=UTC)) == "09990102T030400Z"


def test_a_snapshot_is_called_as_its_run() -> None:
    assert snapshot_id("20261121T080000Z") == "20261121T080000Z"


@given(MOMENTS, st.none() | st.text())
def test_an_id_says_when_the_run_was_scheduled(at: datetime, user: str | None) -> None:
    cut = at if user is not None else at.replace(second=0, microsecond=0)
    assert parse_run_id(run_id(at, user)) == (cut, user is not None)


@given(MOMENTS, MOMENTS, st.none() | st.just("alice"))
def test_ids_of_runs_sort_by_time(one: datetime, other: datetime, user: str | None) -> None:
    if run_id(one, user) != run_id(other, user):
        assert (run_id(one, user) < run_id(other, user)) == (one < other)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "20261121T080000",
        "20261121T080012Z",  # seconds are for one user's runs only
        "20261321T080000Z",
        "20261121T250000Z",
        "20261121T080060.000000Z-2bd806c97f0e",
        "20261121T080000.000000Z-2BD806C97F0E",
        "20261121T080000.000000Z-2bd806c97f0",
        "20261121T080000Z-2bd806c97f0e",  # of one user's runs the microsecond is told
        "20261121T080000.000Z-2bd806c97f0e",
        "20261121T080000.000000Z",
        "20261121T240000Z",
        "20261121T080000Z\n",
        "2026-11-21T08:00:00Z",
        "٢٠٢٦١١٢١T080000Z",
        "00000101T000000Z",
        "../20261121T080000Z",
    ],
)
def test_what_is_no_run_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match=r"^id: .* is not the id of a run, such as \d"):
        parse_run_id(text)


@given(st.text())
def test_any_text_is_an_id_or_is_refused(text: str) -> None:
    try:
        at, is_for_one_user = parse_run_id(text)
    except InvalidInput:
        return
    assert text.startswith(run_id(at)[:13])
    assert is_for_one_user == ("-" in text)
