"""What a kept claim means to a request that brings the same key."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple

from ..errors import Conflict
from .ports import Answer, Claim

KEEP_ANSWER = timedelta(hours=24)
HOLD_CLAIM = timedelta(seconds=60)
KEEP_CHANGES = timedelta(days=30)
# Shorter than changes are kept, so that a checkpoint is never judged by a log that has forgotten.
KEEP_CHECKPOINT = timedelta(days=25)


class ImportOvertaken(Conflict):
    """Another import of the user's ended since this one's file was compared with what is kept."""

    def __init__(self) -> None:
        super().__init__("another import ended while this file was checked: send it again")


class ErasedMeanwhile(Conflict):
    """The user was erased since the write began: nothing of it is kept."""

    def __init__(self) -> None:
        super().__init__("everything of yours was erased while this request was at work: it kept nothing")


class KeptClaim(NamedTuple):
    """A claim as it is kept; without an answer the request is still at work."""

    request_hash: str
    expires_at: datetime
    answer: Answer | None


def judge(kept: KeptClaim | None, claim: Claim, now: datetime) -> Answer | None:
    """The answer to repeat; None if the claim is free. Raises Conflict."""
    if kept is None or kept.expires_at <= now:
        return None
    if kept.request_hash != claim.request_hash:
        raise Conflict("this Idempotency-Key was used for another request")
    if kept.answer is None:
        raise Conflict("a request with this Idempotency-Key is still at work")
    return kept.answer
