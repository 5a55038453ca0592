"""Users who were erased while a run is under way: nothing is kept for them, and nobody waits for them.

A run for one user goes with that user, so whether it is there says all. In a run for all users somebody may
have been erased just before it began, and have begun anew: what it planned is then saved now.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from ..core.runs import Run, UserPlan
from ..store.account_ports import mark_of
from .runs_sources import RunSources, known_page

# The run's start and the erasure are told by two clocks.
_CLOCK_SKEW = timedelta(minutes=1)

Marks = Mapping[str, datetime]


async def without_erased(run: Run, users: Sequence[UserPlan], sources: RunSources) -> Sequence[UserPlan]:
    """Those of the users who were not erased since the run began."""
    if run.user_id is not None:
        return [] if await _is_gone(run, sources) else users
    return await _left(run, users, await _marks(run, sources), sources)


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
    if run.user_id is not None:
        return await _is_gone(run, sources)
    marks = await _marks(run, sources)
    if len(marks) < missing:
        return False
    erased = 0
    for number in range(run.totals.pages):
        page = await known_page(run.id, number, sources)
        users = [user for group in page.groups for user in group.users]
        erased += len(users) - len(await _left(run, users, marks, sources))
    return erased >= missing


async def _is_gone(run: Run, sources: RunSources) -> bool:
    return await sources.store.runs.get_run(run.id) is None


async def _left(run: Run, users: Sequence[UserPlan], marks: Marks, sources: RunSources) -> Sequence[UserPlan]:
    if not marks:
        return users
    return [user for user in users if not await _is_erased(run, user, marks, sources)]


async def _is_erased(run: Run, user: UserPlan, marks: Marks, sources: RunSources) -> bool:
    """Of an erasure at about the time when the run began, what is saved now says which was first."""
    at = marks.get(mark_of(user.user_id))
    if at is None or at > run.started_at:
        return at is not None
    saved = {wallet.address for wallet in await sources.store.wallets.list_wallets(user.user_id)}
    return not saved.issuperset(wallet.address for wallet in user.wallets)


async def _marks(run: Run, sources: RunSources) -> Marks:
    return await sources.store.erasures.list_marks(run.started_at - _CLOCK_SKEW)
