"""All ports of one Firestore database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ...counts import Counts
from ..ports import Store
from .answers import FirestoreAnswers
from .checkpoints import FirestoreCheckpoints
from .cloud import Cloud
from .imports import FirestoreImports
from .latest import FirestoreLatest
from .log import FirestoreTradeLog
from .owners import FirestoreOwners
from .run_parts import FirestoreParts
from .run_snapshots import FirestoreRunSnapshots
from .runs import FirestoreRuns
from .snapshots import FirestoreSnapshots
from .trades import FirestoreTrades
from .wallets import FirestoreWallets


def open_firestore(project: str | None, clock: Callable[[], datetime], counts: Counts | None = None) -> Store:
    """The store in the project's default database; nothing connects before it is used."""
    return store_in(Cloud(project, counts=counts), clock)


def store_in(cloud: Cloud, clock: Callable[[], datetime]) -> Store:
    """All ports over this connection."""
    answers = FirestoreAnswers(cloud, clock)

    async def ready() -> None:
        await cloud.get(cloud.user("nobody"))

    return Store(
        trades=FirestoreTrades(cloud, answers, clock),
        log=FirestoreTradeLog(cloud),
        imports=FirestoreImports(cloud, answers, clock),
        checkpoints=FirestoreCheckpoints(cloud, clock),
        wallets=FirestoreWallets(cloud),
        snapshots=FirestoreSnapshots(cloud),
        answers=answers,
        owners=FirestoreOwners(cloud),
        runs=FirestoreRuns(cloud, clock),
        parts=FirestoreParts(cloud, clock),
        latest=FirestoreLatest(cloud, clock),
        run_snapshots=FirestoreRunSnapshots(cloud),
        ready=ready,
        close=cloud.close,
    )
