"""What a plain call of a trigger says: Cloud Scheduler's, or that of somebody with the right to call it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import cast

from ..bus.events import MAX_BODY_BYTES
from ..core.nesting import check_nesting
from ..core.times import parse_time
from ..errors import InvalidInput
from ..web.messages import Request

NOTHING_SAID = (b"", b"{}")
"""The bodies of a schedule's own messages."""
_SCHEDULED = "X-CloudScheduler-ScheduleTime"


def parse_wish(request: Request) -> Mapping[str, object] | None:
    """What a plain call asks for; None for an event."""
    if request.header(b"ce-type") is not None or len(request.body) > MAX_BODY_BYTES:
        return None
    if not request.body.strip():
        return {}
    try:
        check_nesting(request.body)
        # A wish has no numbers: they stay text, because one of thousands of digits would pass for no JSON.
        said = json.loads(request.body.decode(), parse_int=str)
    except ValueError:
        return None
    is_event = not isinstance(said, dict) or "message" in said or "specversion" in said
    return None if is_event else cast("Mapping[str, object]", said)


def scheduled_at(request: Request) -> datetime | None:
    """When Cloud Scheduler wanted the call. Raises InvalidInput."""
    given = request.header(_SCHEDULED.lower().encode())
    if given is None:
        return None
    try:
        return parse_time(given.decode("latin-1"))
    except ValueError as error:
        raise InvalidInput(_SCHEDULED, str(error)) from error
