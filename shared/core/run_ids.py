"""What runs and their snapshots are called: the same for every delivery of the same wish."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from hashlib import sha256

from ..errors import InvalidInput

_OF_ALL = re.compile(r"(\d{8}T\d{4}00Z)", re.ASCII)
_OF_ONE = re.compile(r"(\d{8}T\d{6}\.\d{6}Z)-[0-9a-f]{12}", re.ASCII)
_TIME_OF_ALL = "%Y%m%dT%H%M%SZ"
_TIME_OF_ONE = "%Y%m%dT%H%M%S.%fZ"
_USER_DIGITS = 12


def run_id(scheduled_at: datetime, user: str | None = None) -> str:
    """`20261121T080000Z` for all users, `20261121T080012.000345Z-3b9f0a51c2d4` for one user's wallets.

    Seconds are cut off where the run is for all: two firings of one schedule are one run. A user's two wishes
    within a second are two.
    """
    at = scheduled_at.astimezone(UTC)
    if user is None:
        return _text(at.replace(second=0, microsecond=0), "seconds")
    return f"{_text(at, 'microseconds')}-{sha256(user.encode()).hexdigest()[:_USER_DIGITS]}"


def parse_run_id(text: str, field: str = "id") -> tuple[datetime, bool]:
    """When the run was scheduled, and whether it is for one user. Raises InvalidInput, naming the field."""
    of_one = _OF_ONE.fullmatch(text)
    match = of_one or _OF_ALL.fullmatch(text)
    if match is None:
        raise _not_an_id(text, field)
    try:
        at = datetime.strptime(match[1], _TIME_OF_ONE if of_one else _TIME_OF_ALL).replace(tzinfo=UTC)
    except ValueError as error:
        raise _not_an_id(text, field) from error
    return at, of_one is not None


def is_of_one(run: str) -> bool:
    """Whether a run's id is that of one user's run."""
    return "-" in run


def snapshot_id(run: str) -> str:
    """The id, within its user, of the snapshot that a run makes."""
    return run


def _text(at: datetime, to: str) -> str:
    """Not by strftime, which writes the year 999 with three digits."""
    return at.replace(tzinfo=None).isoformat(timespec=to).replace("-", "").replace(":", "") + "Z"


def _not_an_id(text: str, field: str) -> InvalidInput:
    examples = "20261121T080012.000345Z-3b9f0a51c2d4, or 20261121T080000Z of all users"
    return InvalidInput(field, f"{text[:60]!r} is not the id of a run, such as {examples}")
