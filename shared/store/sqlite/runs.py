"""The Runs port on SQLite."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from functools import partial
from itertools import takewhile
from sqlite3 import Connection
from typing import Any

from ...core.run_ids import is_of_one
from ...core.runs import PlanPage, PlanTotals, PricePage, Progress, Run
from ..account_ports import Era
from ..claims import ErasedMeanwhile
from ..codecs import from_micros, to_micros
from ..keeping import KEEP_PLAN, KEEP_PRICES, KEEP_RUN
from ..run_codecs import pack_plan, pack_prices, unpack_plan, unpack_prices
from .database import Database
from .erasures import require_era

RUN_FIELDS = (
    "id, user_id, scheduled_at, started_at, give_up_at, overdue_at, chains, totals, finished_at, outcome"
)
_EXPIRING = ("runs", "run_pages", "parts", "latest")
# Of each table, for each run that is added: more than a run of a store in one file leaves behind.
_FORGET_AT_ONCE = 2000


class SqliteRuns:
    """Runs in a table, pages of plans and prices in another; a new run clears away what has expired."""

    def __init__(self, database: Database, clock: Callable[[], datetime]) -> None:
        self._database = database
        self._clock = clock

    async def add_run(self, run: Run, *, era: Era | None = None) -> Run:
        return await self._database.write(partial(_add_run, run, era, self._clock()))

    async def get_run(self, run_id: str) -> Run | None:
        found = await self._database.read(partial(_select, "id = ?", (run_id,)))
        return found[0] if found else None

    async def set_totals(self, run_id: str, totals: PlanTotals) -> None:
        change = "UPDATE runs SET totals = ? WHERE id = ?"
        await self._database.write(partial(_change, change, (json.dumps(totals), run_id)))

    async def set_finished(self, run_id: str, at: datetime, outcome: Progress) -> None:
        change = "UPDATE runs SET finished_at = ?, outcome = ? WHERE id = ? AND finished_at IS NULL"
        await self._database.write(partial(_change, change, (to_micros(at), json.dumps(outcome), run_id)))

    async def list_overdue(self, now: datetime, limit: int, after: Run | None = None) -> tuple[Run, ...]:
        behind = "" if after is None else "AND (overdue_at, id) > (?, ?) "
        last = () if after is None else (to_micros(after.overdue_at), after.id)
        where = f"finished_at IS NULL AND overdue_at <= ? {behind}ORDER BY overdue_at, id LIMIT ?"
        return await self._database.read(partial(_select, where, (to_micros(now), *last, limit)))

    async def list_finished(self, limit: int) -> tuple[Run, ...]:
        where = "finished_at IS NOT NULL AND user_id IS NULL ORDER BY scheduled_at DESC LIMIT ?"
        return await self._database.read(partial(_select, where, (limit,)))

    async def add_page(self, run_id: str, page: PlanPage) -> PlanPage:
        return unpack_plan(await self._add_page(run_id, "plan", page.number, pack_plan(page), KEEP_PLAN))

    async def get_page(self, run_id: str, number: int) -> PlanPage | None:
        packed = await self._database.read(partial(_page, run_id, "plan", number))
        return None if packed is None else unpack_plan(packed)

    async def add_prices(self, run_id: str, page: PricePage) -> PricePage:
        packed = pack_prices(page)
        return unpack_prices(await self._add_page(run_id, "prices", page.number, packed, KEEP_PRICES))

    async def list_prices(self, run_id: str, first: int) -> tuple[PricePage, ...]:
        rows = await self._database.read(partial(_prices, run_id, first))
        pages = enumerate(map(unpack_prices, rows), first)
        return tuple(page for _, page in takewhile(lambda numbered: numbered[0] == numbered[1].number, pages))

    async def _add_page(self, run_id: str, kind: str, number: int, packed: bytes, keep: timedelta) -> bytes:
        row = (run_id, kind, number, packed, to_micros(self._clock() + keep))
        return await self._database.write(partial(_add_page, row))


def is_gone(run_id: str, connection: Connection) -> bool:
    """Whether it is the run of one user and not there: the user was erased."""
    query = "SELECT 1 FROM runs WHERE id = ?"
    return is_of_one(run_id) and connection.execute(query, (run_id,)).fetchone() is None


def _add_run(run: Run, era: Era | None, now: datetime, connection: Connection) -> Run:
    if run.user_id is not None:
        require_era(run.user_id, era, connection)
    for table in _EXPIRING:
        connection.execute(
            f"DELETE FROM {table} WHERE rowid IN "  # noqa: S608 (only words of this file)
            f"(SELECT rowid FROM {table} WHERE expires_at <= ? LIMIT ?)",
            (to_micros(now), _FORGET_AT_ONCE),
        )
    times = (run.scheduled_at, run.started_at, run.give_up_at, run.overdue_at)
    connection.execute(
        f"INSERT OR IGNORE INTO runs ({RUN_FIELDS}, expires_at) "  # noqa: S608 (only words of this file)
        "VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
        (
            *(run.id, run.user_id, *map(to_micros, times), json.dumps(run.chains)),
            None if run.totals is None else json.dumps(run.totals),
            None if run.finished_at is None else to_micros(run.finished_at),
            None if run.outcome is None else json.dumps(run.outcome),
            to_micros(now + KEEP_RUN),
        ),
    )
    return _select("id = ?", (run.id,), connection)[0]


def _select(where: str, values: Sequence[Any], connection: Connection) -> tuple[Run, ...]:
    query = f"SELECT {RUN_FIELDS} FROM runs WHERE {where}"  # noqa: S608 (only words of this file)
    return tuple(map(row_run, connection.execute(query, values)))


def row_run(row: Sequence[Any]) -> Run:
    """The run of a row, RUN_FIELDS in their order."""
    run_id, user, scheduled, started, give_up, overdue, chains, totals, finished, outcome = row
    return Run(
        id=run_id,
        user_id=user,
        scheduled_at=from_micros(scheduled),
        started_at=from_micros(started),
        give_up_at=from_micros(give_up),
        overdue_at=from_micros(overdue),
        chains=tuple(json.loads(chains)),
        totals=None if totals is None else PlanTotals(*json.loads(totals)),
        finished_at=None if finished is None else from_micros(finished),
        outcome=None if outcome is None else Progress(*json.loads(outcome)),
    )


def _change(change: str, values: Sequence[Any], connection: Connection) -> None:
    connection.execute(change, values)


def _add_page(row: Sequence[Any], connection: Connection) -> bytes:
    """The page that is kept under the number, which may be an earlier one."""
    run_id, kind, number, *_ = row
    if is_gone(run_id, connection):
        raise ErasedMeanwhile
    connection.execute("INSERT OR IGNORE INTO run_pages VALUES (?, ?, ?, ?, ?)", row)
    kept = _page(run_id, kind, number, connection)
    assert kept is not None
    return kept


def _page(run_id: str, kind: str, number: int, connection: Connection) -> bytes | None:
    query = "SELECT content FROM run_pages WHERE run_id = ? AND kind = ? AND number = ?"
    row = connection.execute(query, (run_id, kind, number)).fetchone()
    return None if row is None else bytes(row[0])


def _prices(run_id: str, first: int, connection: Connection) -> list[bytes]:
    query = (
        "SELECT content FROM run_pages WHERE run_id = ? AND kind = 'prices' AND number >= ? ORDER BY number"
    )
    return [content for (content,) in connection.execute(query, (run_id, first))]
