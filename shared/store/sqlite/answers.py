"""The Answers port on SQLite."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from functools import partial
from sqlite3 import Connection

from ..account_ports import Era
from ..claims import HOLD_CLAIM, KEEP_ANSWER, KeptClaim, judge
from ..codecs import from_micros, pack, to_micros, unpack
from ..ports import Answer, Claim, Once
from .database import Database
from .erasures import require_era


class SqliteAnswers:
    """Answers in a table, each until it expires."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def find_answer(self, user: str, claim: Claim) -> Answer | None:
        return await self._database.read(partial(kept_answer, user, claim, self._clock()))

    async def begin_answer(self, user: str, claim: Claim, *, era: Era | None = None) -> Answer | None:
        return await self._database.write(partial(_begin, user, claim, era, self._clock()))

    async def finish_answer(self, user: str, once: Once, *, era: Era | None = None) -> None:
        await self._database.write(partial(_finish, user, once, era, self._clock()))

    async def abandon_answer(self, user: str, claim: Claim) -> None:
        await self._database.write(partial(_abandon, user, claim))


def kept_answer(user: str, claim: Claim, now: datetime, connection: Connection) -> Answer | None:
    """The answer to repeat; None if the claim is free. Raises Conflict."""
    return judge(_kept(user, claim, connection), claim, now)


def keep_answer(user: str, once: Once, now: datetime, connection: Connection) -> None:
    """Keep an answer for a day, and forget what has expired."""
    connection.execute("DELETE FROM answers WHERE expires_at <= ?", (to_micros(now),))
    _put(user, once.claim, KeptClaim(once.claim.request_hash, now + KEEP_ANSWER, once.answer), connection)


def _kept(user: str, claim: Claim, connection: Connection) -> KeptClaim | None:
    row = connection.execute(
        "SELECT request_hash, expires_at, status, body FROM answers WHERE user_id = ? AND key = ?",
        (user, claim.key),
    ).fetchone()
    if row is None:
        return None
    request_hash, expires_at, status, body = row
    answer = None if status is None else Answer(status, unpack(body))
    return KeptClaim(request_hash, from_micros(expires_at), answer)


def _put(user: str, claim: Claim, kept: KeptClaim, connection: Connection) -> None:
    status, body = (None, None) if kept.answer is None else (kept.answer.status, pack(kept.answer.body))
    connection.execute(
        "INSERT OR REPLACE INTO answers VALUES (?, ?, ?, ?, ?, ?)",
        (user, claim.key, kept.request_hash, to_micros(kept.expires_at), status, body),
    )


def _begin(user: str, claim: Claim, era: Era | None, now: datetime, connection: Connection) -> Answer | None:
    require_era(user, era, connection)
    known = kept_answer(user, claim, now, connection)
    if known is None:
        _put(user, claim, KeptClaim(claim.request_hash, now + HOLD_CLAIM, None), connection)
    return known


def _finish(user: str, once: Once, era: Era | None, now: datetime, connection: Connection) -> None:
    """A claim that took too long may have gone to another request: that one's stays."""
    require_era(user, era, connection)
    kept = _kept(user, once.claim, connection)
    if kept is None or kept.expires_at <= now or kept.request_hash == once.claim.request_hash:
        keep_answer(user, once, now, connection)


def _abandon(user: str, claim: Claim, connection: Connection) -> None:
    connection.execute(
        "DELETE FROM answers WHERE user_id = ? AND key = ? AND request_hash = ? AND status IS NULL",
        (user, *claim),
    )
