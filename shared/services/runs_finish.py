"""The end of a run: the snapshots of a group's users, and the run closed when all are kept."""

from __future__ import annotations

import logging
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from ..core.run_messages import FinishGroup
from ..core.run_snapshot import PartsRead, part_keys, snapshot_of
from ..core.runs import Part, PartKey, Progress, Run, UserPlan
from ..core.snapshots import Snapshot
from ..errors import NotYet, UnknownMessage
from ..store.claims import ErasedMeanwhile
from .runs_erased import are_all_erased, remove_erased, without_erased
from .runs_prices import prices_for
from .runs_sources import RunSources, fresh_run, known_run, planned_group

logger = logging.getLogger(__name__)

_SMALL = 100
"""A run of more groups is not counted after each of them: it is closed by the sweep."""
_FOREIGN_AT_ONCE = 200
"""So many parts of other groups are held at a time."""


async def finish_group(message: FinishGroup, attempt: int | None, sources: RunSources) -> None:
    """Keep the snapshots of the group's users.

    Raises UnknownMessage, NotYet when a user's other parts or prices are not there, and Unavailable.
    """
    run = await known_run(message.run_id, sources)
    group = await planned_group(run.id, message.page, message.group, sources)
    wanted = await without_erased(run, group.users, sources)
    users = await _without_snapshot(run, wanted, attempt, sources)
    own = await _read_own(run, group.number, users, sources)
    waiting = 0
    for together in _cut(users, group.number):
        waiting += await _finish_users(run, together, own, attempt, sources)
    await remove_erased(run, group.users, sources)
    fields = {"run": run.id, "group": group.number, "users": len(group.users), "waiting": waiting}
    logger.info("group finished", extra={"fields": {**fields, "attempt": attempt}})
    if waiting:
        raise NotYet(f"{waiting} users of group {group.number} wait for parts of other groups")
    await settle_run(run if run.totals else await fresh_run(run.id, sources), sources)


async def settle_run(run: Run, sources: RunSources) -> Run:
    """The run, finished if it is small enough to count and all snapshots are kept."""
    if run.totals is None or run.finished_at is not None or run.totals.groups > _SMALL:
        return run
    return await close_if_done(run, sources)


async def close_if_done(run: Run, sources: RunSources) -> Run:
    """The run, finished if all snapshots are kept but those of users who are gone."""
    assert run.totals is not None  # who asks has seen to it
    progress = await sources.store.parts.read_progress(run.id)
    missing = run.totals.users - progress.snapshots
    if missing > 0 and not await are_all_erased(run, missing, sources):
        return run
    return await _close(run, progress, sources)


async def close_run(run: Run, sources: RunSources) -> Run:
    """The run, finished with what there is."""
    return await _close(run, await sources.store.parts.read_progress(run.id), sources)


async def _close(run: Run, outcome: Progress, sources: RunSources) -> Run:
    now = sources.clock()
    finished = replace(run, finished_at=now, outcome=outcome)
    await sources.store.runs.set_finished(run.id, now, outcome)
    sources.run_memory.runs.keep(run.id, finished)
    logger.info("run finished", extra={"fields": {"run": run.id}})
    return finished


async def _without_snapshot(
    run: Run, users: Sequence[UserPlan], attempt: int | None, sources: RunSources
) -> Sequence[UserPlan]:
    """Those whose snapshot is not kept yet.

    Several workers may have found their group's parts all there: the last user tells whether one of them
    has been here, at the price of one look.
    """
    kept = await sources.store.run_snapshots.list_kept(run.id, [user.user_id for user in users[-1:]])
    if kept or attempt != 1:
        kept = await sources.store.run_snapshots.list_kept(run.id, [user.user_id for user in users])
    return [user for user in users if user.user_id not in kept]


async def _read_own(
    run: Run, group: int, users: Sequence[UserPlan], sources: RunSources
) -> Mapping[PartKey, Part]:
    """The group's own parts, as far as its users need them."""
    keys = {key for user in users for key in part_keys(user) if key.group == group}
    return await sources.store.parts.read_parts(run.id, keys) if keys else {}


def _cut(users: Sequence[UserPlan], group: int) -> Iterator[Sequence[UserPlan]]:
    """All users, as many together as do not need too many parts of other groups; mostly they need none."""
    together: list[UserPlan] = []
    foreign: set[PartKey] = set()
    for user in users:
        keys = {key for key in part_keys(user) if key.group != group}
        if together and len(foreign | keys) > _FOREIGN_AT_ONCE:
            yield together
            together, foreign = [], set()
        together.append(user)
        foreign |= keys
    if together:
        yield together


async def _finish_users(
    run: Run,
    users: Sequence[UserPlan],
    own: Mapping[PartKey, Part],
    attempt: int | None,
    sources: RunSources,
) -> int:
    """Keep the snapshots of those users whose parts are all there; how many have to wait."""
    foreign = {key for user in users for key in part_keys(user)} - own.keys()
    others = await sources.store.parts.read_parts(run.id, foreign) if foreign else {}
    parts = PartsRead((*own.values(), *others.values()), sources.chains)
    ready = [user for user in users if parts.holds(user)]
    if ready:
        tokens = (token for user in ready for token in parts.tokens_of(user))
        try:
            prices = await prices_for(run, tokens, attempt, sources)
        except ErasedMeanwhile as error:
            raise UnknownMessage(f"run {run.id} is gone: its user was erased") from error
        await _keep(run, [snapshot_of(run, user, parts, prices) for user in ready], sources)
    return len(users) - len(ready)


async def _keep(run: Run, snapshots: Sequence[Snapshot], sources: RunSources) -> None:
    own = None if run.user_id is None else run.id
    for complete in (True, False):
        alike = [snapshot for snapshot in snapshots if snapshot.complete is complete]
        if alike:
            new = await sources.store.run_snapshots.add_snapshots(alike, of_run=own)
            sources.counts.add("run_snapshots_total", new, complete=str(complete).lower())
