from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from shared.core.runs import PlanTotals, Run, gives_up, is_overdue, is_past

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
RUN = Run(
    id="20261121T120000Z",
    user_id=None,
    scheduled_at=NOON,
    started_at=NOON,
    give_up_at=NOON + timedelta(minutes=5),
    overdue_at=NOON + timedelta(minutes=15),
    chains=("ethereum",),
)
SMALL = replace(RUN, totals=PlanTotals(1, 1, 2, 1, 1))
INSTANT = timedelta(microseconds=1)


@pytest.mark.parametrize(
    ("attempt", "after", "given_up"),
    [
        (1, timedelta(hours=1), False),
        (4, timedelta(hours=1), False),
        (5, timedelta(minutes=5), True),
        (5, timedelta(minutes=5) - INSTANT, False),
        (None, timedelta(minutes=5), True),
        (None, timedelta(minutes=5) - INSTANT, False),
        (1, timedelta(minutes=75) - INSTANT, False),
        (1, timedelta(minutes=75), True),
    ],
)
def test_a_failure_is_taken_as_it_is_after_the_time_and_after_some_attempts(
    attempt: int | None, after: timedelta, given_up: bool
) -> None:
    assert gives_up(SMALL, attempt, NOON + after) is given_up


def test_a_large_run_is_overdue_later() -> None:
    large = replace(RUN, totals=PlanTotals(10, 1_000, 6_000, 25_000, 50_000))

    assert is_overdue(SMALL, RUN.overdue_at)
    assert not is_overdue(SMALL, RUN.overdue_at - INSTANT)
    assert not is_overdue(large, RUN.overdue_at)
    assert is_overdue(large, RUN.overdue_at + timedelta(minutes=1))


def test_a_finished_run_is_never_overdue() -> None:
    assert not is_overdue(replace(RUN, finished_at=NOON), NOON + timedelta(days=1))


def test_a_run_that_is_still_being_planned_is_overdue_later() -> None:
    assert not is_overdue(RUN, RUN.overdue_at + timedelta(minutes=45) - INSTANT)
    assert is_overdue(RUN, RUN.overdue_at + timedelta(minutes=45))


@pytest.mark.parametrize("run", [RUN, SMALL, replace(RUN, totals=PlanTotals(10, 1_000, 60_000, 9, 9))])
def test_a_run_is_past_an_hour_after_it_was_overdue(run: Run) -> None:
    moments = [NOON + timedelta(minutes=minute) for minute in range(180)]
    overdue = next(at for at in moments if is_overdue(run, at))

    assert next(at for at in moments if is_past(run, at)) == overdue + timedelta(hours=1)


def test_a_finished_run_becomes_past_too() -> None:
    assert is_past(replace(SMALL, finished_at=NOON), NOON + timedelta(days=1))
