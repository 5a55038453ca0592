"""From a run and its progress to its body."""

from __future__ import annotations

from datetime import timedelta

from ..core.amounts import format_decimal
from ..core.snapshots import Snapshot
from ..core.times import format_time
from ..services.runs_progress import RunView
from .runs_schemas import OwnSnapshotBody, PartsBody, RunBody, SnapshotsBody
from .values_present import error_body, time_text

_MILLISECOND = timedelta(milliseconds=1)


def run_body(view: RunView) -> RunBody:
    """The body of a run."""
    run, totals = view.run, view.run.totals
    return RunBody(
        id=run.id,
        status=view.status,
        scheduled_at=format_time(run.scheduled_at),
        started_at=format_time(run.started_at),
        finished_at=time_text(run.finished_at),
        elapsed_ms=max(((run.finished_at or view.at) - run.started_at) // _MILLISECOND, 0),
        chains=list(run.chains),
        users=None if totals is None else totals.users,
        wallets=None if totals is None else totals.wallets,
        parts=_parts(view),
        snapshots=SnapshotsBody(total=None if totals is None else totals.users, done=view.progress.snapshots),
        complete=view.complete,
        snapshot=None if view.own is None else _snapshot(view.own),
        detail=_detail(view),
    )


def _parts(view: RunView) -> PartsBody:
    totals, progress = view.run.totals, view.progress
    there = progress.parts_read + progress.parts_failed
    return PartsBody(
        total=None if totals is None else totals.parts,
        done=progress.parts_read,
        failed=progress.parts_failed,
        waiting=None if totals is None else max(totals.parts - there, 0),
    )


def _snapshot(snapshot: Snapshot) -> OwnSnapshotBody:
    return OwnSnapshotBody(
        id=snapshot.id,
        timestamp=format_time(snapshot.timestamp),
        total_usd=format_decimal(snapshot.total_usd),
        complete=snapshot.complete,
        errors=[error_body(failure) for failure in snapshot.errors],
    )


def _detail(view: RunView) -> str | None:
    totals = view.run.totals
    if totals is None:
        return None
    if not totals.users:
        return "no wallet is saved that could be read on one of these chains, so there is nothing to keep"
    if view.run.finished_at is not None and _parts(view)["waiting"]:
        return "parts of it were not read: whoever they were for was erased, or its plan is kept no longer"
    return None
