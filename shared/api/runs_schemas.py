"""The body of a snapshot run, as the HTTP contract has it."""

from __future__ import annotations

from typing import Annotated

from typing_extensions import TypedDict  # pydantic cannot read the standard library's before Python 3.12

from ..services.runs_progress import RunStatus
from .portfolio_schemas import ErrorBody
from .schemas import DecimalText, Says, TimeText, closed


@closed
class NewSnapshotBody(TypedDict):
    """Nothing is to be said of a new snapshot: it is of all your saved wallets."""


class PartsBody(TypedDict):
    """The parts of a run: one for each group of wallets and chain."""

    total: Annotated[int | None, Says("Null while the run is planned.")]
    done: Annotated[int, Says("Those that were read.")]
    failed: Annotated[int, Says("Those that were given up.")]
    waiting: Annotated[int | None, Says("Those that are still to be read; null while the run is planned.")]


class SnapshotsBody(TypedDict):
    """The snapshots of a run: one for each user."""

    total: Annotated[int | None, Says("Null while the run is planned.")]
    done: int


class OwnSnapshotBody(TypedDict):
    """What a run found of your own wallets."""

    id: str
    timestamp: TimeText
    total_usd: DecimalText
    complete: bool
    errors: Annotated[list[ErrorBody], Says("What is missing from it.")]


class RunBody(TypedDict):
    """A run and how far it is."""

    id: str
    status: RunStatus
    scheduled_at: TimeText
    started_at: TimeText
    finished_at: TimeText | None
    elapsed_ms: Annotated[int, Says("Until it was finished, or until now.")]
    chains: Annotated[list[str], Says("Slugs of the chains that are read.")]
    users: Annotated[int | None, Says("Users with a wallet to read; null while the run is planned.")]
    wallets: Annotated[int | None, Says("Wallets to read, each once; null while the run is planned.")]
    parts: PartsBody
    snapshots: SnapshotsBody
    complete: Annotated[
        bool | None,
        Says(
            "False when something is missing: from your snapshot, or anywhere if you have none in this run."
        ),
    ]
    snapshot: Annotated[OwnSnapshotBody | None, Says("Yours, once it is kept.")]
    detail: Annotated[str | None, Says("What there is to say of it, such as that no wallet is saved.")]
