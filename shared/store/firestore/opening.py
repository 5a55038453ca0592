"""All ports of one Firestore database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ...counts import Counts
from ..ports import Store
from .accounts import FirestoreAccounts
from .answers import FirestoreAnswers
from .checkpoints import FirestoreCheckpoints
from .cloud import Cloud
from .erasures import FirestoreErasures
from .feed import FirestoreFeed
from .imports import FirestoreImports
from .latest import FirestoreLatest
from .log import FirestoreTradeLog
from .nonces import FirestoreNonces
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
    feed = FirestoreFeed(cloud)

    async def ready() -> None:
        await cloud.get(cloud.user("nobody"))

    async def close() -> None:
        await feed.close()
        await cloud.close()

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
        feed=feed,
        run_snapshots=FirestoreRunSnapshots(cloud),
        accounts=FirestoreAccounts(cloud),
        erasures=FirestoreErasures(cloud, clock),
        nonces=FirestoreNonces(cloud),
        ready=ready,
        close=close,
    )
