"""Holding periods: long is more than one year, by calendar dates in the taxpayer's time zone."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Literal

Term = Literal["short", "long"]

_SURELY_SHORT = timedelta(days=364)
_SURELY_LONG = timedelta(days=369)


def term(acquired_at: datetime, disposed_at: datetime, zone: tzinfo = UTC) -> Term:
    """Long if disposed of after the date of acquisition one year on; on that anniversary it is still short.

    What was acquired on 29 February has its anniversary on 28 February: from 1 March on it is long.
    """
    held = disposed_at - acquired_at
    if held < _SURELY_SHORT:
        return "short"
    if held > _SURELY_LONG:
        return "long"
    acquired, disposed = local_date(acquired_at, zone), local_date(disposed_at, zone)
    leap_day = acquired.month == 2 and acquired.day == 29
    anniversary = acquired.replace(year=acquired.year + 1, day=28 if leap_day else acquired.day)
    return "long" if disposed > anniversary else "short"


def held_days(acquired_at: datetime, disposed_at: datetime, zone: tzinfo = UTC) -> int:
    """Calendar days from acquisition to disposal."""
    return (local_date(disposed_at, zone) - local_date(acquired_at, zone)).days


def local_date(at: datetime, zone: tzinfo) -> date:
    """The day on which a moment falls in a time zone."""
    return at.astimezone(zone).date()
