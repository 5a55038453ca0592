"""Buckets of time, in UTC: where the hour, day, week or month of a moment begins and ends."""

from __future__ import annotations

from datetime import datetime, timedelta

from ..core.snapshots import Interval, bucket_start

# Long enough to leave the bucket from its start, too short to pass over the next one.
_BEYOND = {
    "hour": timedelta(hours=1),
    "day": timedelta(days=1),
    "week": timedelta(weeks=1),
    "month": timedelta(days=31),
}


def bucket(interval: Interval, moment: datetime) -> tuple[datetime, datetime]:
    """The first moment of the bucket that the moment is in, and the first one behind it."""
    start = bucket_start(moment, interval)
    return start, bucket_start(start + _BEYOND[interval], interval)
