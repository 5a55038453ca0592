"""How far a run is, as one user may see it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from ..core.run_ids import parse_run_id, snapshot_id
from ..core.run_messages import SweepRuns, encode
from ..core.runs import Progress, Run, is_overdue
from ..core.snapshots import Snapshot
from ..errors import NotFound
from ..store.ports import SnapshotFilter
from .runs_sources import RunSources
from .runs_start import check_due

RunStatus = Literal["planning", "running", "finished"]
_INSTANT = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class RunView:
    """A run, what is done of it at `at`, and the user's own snapshot of it once that is kept."""

    run: Run
    progress: Progress
    own: Snapshot | None
    at: datetime

    @property
    def status(self) -> RunStatus:
        if self.run.totals is None:
            return "planning"
        return "running" if self.run.finished_at is None else "finished"

    @property
    def is_overdue(self) -> bool:
        return is_overdue(self.run, self.at)

    @property
    def complete(self) -> bool | None:
        """Whether nothing is missing from the user's snapshot, or anywhere where there is none; None yet."""
        if self.own is not None:
            return self.own.complete
        totals, done = self.run.totals, self.progress
        if totals is None or self.run.finished_at is None:
            return None
        are_all_kept = done.snapshots == totals.users
        return are_all_kept and not done.snapshots_incomplete and not done.parts_failed


async def find_run(run_id: str, user: str, sources: RunSources) -> RunView:
    """A run of the user's own, or one for all users.

    Raises InvalidInput for what cannot be a run's id yet, and NotFound, also for another user's.
    """
    check_due(parse_run_id(run_id)[0], sources.clock(), "id")
    run = await sources.store.runs.get_run(run_id)
    if run is None or run.user_id not in (None, user):
        raise NotFound(f"there is no run {run_id}")
    return await view_run(run, user, sources)


async def view_run(run: Run, user: str | None, sources: RunSources) -> RunView:
    """How far the run is."""
    progress = run.outcome or await sources.store.parts.read_progress(run.id)
    own = None if user is None else await _own_snapshot(run, user, sources)
    return RunView(run, progress, own, sources.clock())


async def ask_for_sweep(sources: RunSources) -> None:
    """Have the runs that are overdue closed. Raises BusUnavailable."""
    await sources.bus.publish("snapshot", [encode(SweepRuns())])


async def _own_snapshot(run: Run, user: str, sources: RunSources) -> Snapshot | None:
    moment = SnapshotFilter(since=run.started_at, until=run.started_at + _INSTANT)
    page = await sources.store.snapshots.page_snapshots(user, moment, limit=500)
    return next((each for each in page.rows if each.id == snapshot_id(run.id)), None)
