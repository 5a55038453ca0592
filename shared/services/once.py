"""Requests that may be sent again: with the same idempotency key they are answered as before."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from datetime import datetime
from typing import TYPE_CHECKING, Protocol

from ..store.ports import Answer, Claim, Once, Store
from .trades import Keyed, Reply

if TYPE_CHECKING:  # a type only
    from ..store.account_ports import Era


class AnswerSources(Protocol):
    """Where answers are kept; the Context is one."""

    @property
    def store(self) -> Store: ...
    @property
    def clock(self) -> Callable[[], datetime]: ...


async def answer_once(
    user: str, keyed: Keyed | None, act: Callable[[], Awaitable[Reply]], era: Era, sources: AnswerSources
) -> Reply:
    """What `act` answers, or what the key was answered with before; what fails leaves the key unused.

    For what keeps no answer in the same step as its write. Raises Conflict when the key was used for another
    request or is in use, and ErasedMeanwhile.
    """
    if keyed is None:
        return await act()
    claim, answers = Claim(*keyed), sources.store.answers
    known = await answers.begin_answer(user, claim, era=era)
    if known is not None:
        return known.status, known.body
    reply: Reply | None = None
    try:
        reply = await act()
    finally:
        if reply is None:
            await answers.abandon_answer(user, claim)
    await answers.finish_answer(user, Once(claim, Answer(*reply)), era=era)
    return reply


async def first_time(user: str, keyed: Keyed | None, era: Era, sources: AnswerSources) -> datetime:
    """When the request was first tried; every repeat with its key is told the same. For an `act` only.

    What is named by this time is found again by a repeat, though the try before failed half-way and left the
    key unused. Raises ErasedMeanwhile, and StoreUnavailable.
    """
    now = sources.clock()
    if keyed is None:
        return now
    # It is kept like an answer, under a key that no caller can send: theirs have no spaces.
    claim, answers = Claim(" ".join(keyed), keyed[1]), sources.store.answers
    known = await answers.find_answer(user, claim)
    if known is not None:
        return datetime.fromisoformat(known.body.decode())
    await answers.finish_answer(user, Once(claim, Answer(202, now.isoformat().encode())), era=era)
    return now
