"""The sweep: runs that are overdue are closed, with what is missing named."""

from __future__ import annotations

import logging

from ..core.run_messages import FinishGroup, StartRun, SweepRun, encode
from ..core.runs import PartKey, PlanPage, Run, is_overdue
from ..errors import UnknownMessage
from .runs_finish import close_if_done, close_run
from .runs_part import late_part
from .runs_sources import RunSources, fresh_run, known_page

logger = logging.getLogger(__name__)

_RUNS_AT_ONCE = 10


async def sweep(sources: RunSources) -> None:
    """Have every overdue run planned or finished; a message for each page has its missing parts given up.

    Raises Unavailable.
    """
    last: Run | None = None
    while True:
        overdue = await sources.store.runs.list_overdue(sources.clock(), _RUNS_AT_ONCE, last)
        for run in overdue:
            await _close(run, sources)
        if len(overdue) < _RUNS_AT_ONCE:
            return
        last = overdue[-1]


async def sweep_page(message: SweepRun, sources: RunSources) -> None:
    """Give up the parts of a page that are not there, and have the groups finished that are not.

    Raises UnknownMessage, and Unavailable.
    """
    run = await fresh_run(message.run_id, sources)
    if run.totals is None or message.page >= run.totals.pages:
        raise UnknownMessage(f"run {run.id} has no page {message.page}")
    if not is_overdue(run, sources.clock()):
        return
    try:
        page = await known_page(run.id, message.page, sources)
    except UnknownMessage as error:
        logger.warning("run %s cannot be finished any more: %s", run.id, error)
        await close_run(run, sources)
        return
    if page.groups:
        await _fail_missing(run, page, sources)
        await _finish_again(run, page, sources)


async def _close(run: Run, sources: RunSources) -> None:
    if run.totals is not None:
        run = await close_if_done(run, sources)
    if is_overdue(run, sources.clock()):
        await sources.bus.publish("snapshot", _messages(run))


def _messages(run: Run) -> list[bytes]:
    """The plan's pages in their order: users need parts of their own group and of earlier ones only."""
    if run.totals is None:
        return [encode(StartRun(run.id))]
    return [encode(SweepRun(run.id, page)) for page in range(run.totals.pages)]


async def _fail_missing(run: Run, page: PlanPage, sources: RunSources) -> None:
    planned = {PartKey(group.number, chain) for group in page.groups for chain, _ in group.reads}
    first, last = page.groups[0].number, page.groups[-1].number
    missing = planned - await sources.store.parts.list_keys(run.id, first, last)
    for key in sorted(missing):
        if await sources.store.parts.add_part(late_part(run.id, key)):
            sources.counts.add("parts_total", state="failed", chain=key.chain)


async def _finish_again(run: Run, page: PlanPage, sources: RunSources) -> None:
    users = [user.user_id for group in page.groups for user in group.users]
    kept = await sources.store.run_snapshots.list_kept(run.id, users)
    messages = [
        encode(FinishGroup(run.id, group.number, page.number))
        for group in page.groups
        if any(user.user_id not in kept for user in group.users)
    ]
    if messages:
        await sources.bus.publish("fetch-balances", messages)
