"""Going on with runs whose messages are lost: a bus inside of a process forgets them when that ends."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta

from ..core.run_messages import FinishGroup, ReadPart, StartRun, encode
from ..core.runs import PartKey, PlanPage, Run, is_overdue
from .runs_finish import close_if_done
from .runs_sources import RunSources

_RUNS_AT_ONCE = 10
# Every run that is not finished is overdue by then.
_AHEAD = timedelta(days=1)


async def resume_runs(before: datetime, sources: RunSources) -> None:
    """Go on with the runs that were started before this time, are not finished and not overdue either.

    Overdue ones are the sweep's. Raises Unavailable.
    """
    last: Run | None = None
    while True:
        now = sources.clock()
        unfinished = await sources.store.runs.list_overdue(now + _AHEAD, _RUNS_AT_ONCE, last)
        for run in unfinished:
            if run.started_at < before and not is_overdue(run, now):
                await resume(run, sources)
        if len(unfinished) < _RUNS_AT_ONCE:
            return
        last = unfinished[-1]


async def resume(run: Run, sources: RunSources) -> None:
    """Publish again what is missing of a run. Raises Unavailable."""
    if run.totals is not None and (await close_if_done(run, sources)).finished_at is not None:
        return
    number = 0
    while (page := await sources.store.runs.get_page(run.id, number)) is not None:
        await _publish_missing(run.id, page, sources)
        number += 1
    if run.totals is None:
        await sources.bus.publish("snapshot", [encode(StartRun(run.id))])


async def _publish_missing(run: str, page: PlanPage, sources: RunSources) -> None:
    if not page.groups:
        return
    first, last = page.groups[0].number, page.groups[-1].number
    there = await sources.store.parts.list_keys(run, first, last)
    users = [user.user_id for group in page.groups for user in group.users]
    kept = await sources.store.run_snapshots.list_kept(run, users)
    messages = list(_missing(run, page, there, kept))
    if messages:
        await sources.bus.publish("fetch-balances", messages)


def _missing(run: str, page: PlanPage, there: frozenset[PartKey], kept: frozenset[str]) -> Iterator[bytes]:
    """Parts that are not read; a group that has all of its parts is to be finished unless it is."""
    for group in page.groups:
        unread = [read for read in group.reads if PartKey(group.number, read[0]) not in there]
        for chain, wallets in unread:
            yield encode(ReadPart(run, group.number, chain, wallets, len(group.reads)))
        if not unread and any(user.user_id not in kept for user in group.users):
            yield encode(FinishGroup(run, group.number, page.number))
