"""From what is kept of a user to its bodies."""

from __future__ import annotations

from ..core.amounts import format_decimal
from ..core.runs import Run
from ..core.snapshots import Snapshot
from ..core.times import format_time
from ..services.me_erasure import Erasure
from ..services.me_export import Answer, Checkpoint, KeptTrade, TradeChange
from .history_present import snapshot_asset_body
from .me_schemas import (
    ChangeBody,
    CountsBody,
    ErasureBody,
    KeptAnswerBody,
    KeptCheckpointBody,
    KeptRunBody,
    KeptSnapshotBody,
    KeptTradeBody,
)
from .trades_present import trade_body
from .values_present import error_body, time_text


def erasure_body(erasure: Erasure) -> ErasureBody:
    """The body of an erasure."""
    counts = CountsBody(**erasure.gone)  # type: ignore[typeddict-item]  # the kinds are its fields
    return ErasureBody(complete=erasure.complete, at=format_time(erasure.at), erased=counts)


def kept_trade_body(kept: KeptTrade) -> KeptTradeBody:
    """The body of a trade with its version."""
    return KeptTradeBody(**trade_body(kept.trade), version=kept.version)


def kept_snapshot_body(snapshot: Snapshot) -> KeptSnapshotBody:
    """The body of a snapshot with its assets."""
    return KeptSnapshotBody(
        id=snapshot.id,
        timestamp=format_time(snapshot.timestamp),
        total_usd=format_decimal(snapshot.total_usd),
        complete=snapshot.complete,
        run_id=snapshot.run_id,
        assets=[snapshot_asset_body(asset) for asset in snapshot.assets],
        errors=[error_body(failure) for failure in snapshot.errors],
    )


def kept_run_body(run: Run) -> KeptRunBody:
    """The body of a run."""
    return KeptRunBody(
        id=run.id,
        scheduled_at=format_time(run.scheduled_at),
        started_at=format_time(run.started_at),
        finished_at=time_text(run.finished_at),
        chains=list(run.chains),
    )


def kept_answer_body(answer: Answer) -> KeptAnswerBody:
    """The body of an answer."""
    return KeptAnswerBody(
        key=answer.key,
        expires_at=format_time(answer.expires_at),
        status=answer.status,
        body=answer.body.decode(errors="replace"),
    )


def kept_checkpoint_body(checkpoint: Checkpoint) -> KeptCheckpointBody:
    """The body of a state of the accounting."""
    return KeptCheckpointBody(
        name=checkpoint.name,
        boundary=format_time(checkpoint.boundary),
        state=checkpoint.state.decode(errors="replace"),
    )


def change_body(change: TradeChange) -> ChangeBody:
    """The body of a change."""
    return ChangeBody(first=format_time(change.first), made_at=format_time(change.made_at))
