"""Users who were erased while a run is under way: nothing is kept for them, and nobody waits for them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from ..core.runs import Run, UserPlan
from ..store.account_ports import mark_of
from .runs_sources import RunSources, known_page

# The run's start and the erasure are told by two clocks.
_CLOCK_SKEW = timedelta(minutes=1)


async def without_erased(run: Run, users: Sequence[UserPlan], sources: RunSources) -> Sequence[UserPlan]:
    """Those of the users who were not erased since the run began."""
    marks = await _marks(run, sources)
    return [user for user in users if mark_of(user.user_id) not in marks] if marks else users


async def remove_erased(run: Run, users: Sequence[UserPlan], sources: RunSources) -> None:
    """Remove what was kept for users who were erased meanwhile.

    To be called behind the keeping: an erasure that looks before it has set its mark by then.
    """
    left = {user.user_id for user in await without_erased(run, users, sources)}
    gone = [user.user_id for user in users if user.user_id not in left]
    if gone:
        await sources.store.run_snapshots.remove_snapshots(run.id, gone)


async def are_all_erased(run: Run, missing: int, sources: RunSources) -> bool:
    """Whether as many planned users as have no snapshot were erased. Raises UnknownMessage."""
    assert run.totals is not None  # who counts what is missing has seen to it
    marks = await _marks(run, sources)
    if len(marks) < missing:
        return False
    erased = 0
    for number in range(run.totals.pages):
        page = await known_page(run.id, number, sources)
        erased += sum(mark_of(user.user_id) in marks for group in page.groups for user in group.users)
    return erased >= missing


async def _marks(run: Run, sources: RunSources) -> Mapping[str, datetime]:
    return await sources.store.erasures.list_marks(run.started_at - _CLOCK_SKEW)
