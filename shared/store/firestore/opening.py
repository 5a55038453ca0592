"""All ports of one Firestore database."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from ..ports import Store
from .answers import FirestoreAnswers
from .checkpoints import FirestoreCheckpoints
from .cloud import Cloud
from .imports import TradeImports
from .log import FirestoreTradeLog
from .snapshots import FirestoreSnapshots
from .trades import FirestoreTrades
from .wallets import FirestoreWallets


def open_firestore(project: str | None, clock: Callable[[], datetime]) -> Store:
    """The store in the project's default database; nothing connects before it is used."""
    return store_in(Cloud(project), clock)


def store_in(cloud: Cloud, clock: Callable[[], datetime]) -> Store:
    """All ports over this connection."""
    answers = FirestoreAnswers(cloud, clock)

    async def ready() -> None:
        await cloud.get(cloud.user("nobody"))

    return Store(
        trades=FirestoreTrades(cloud, answers, clock),
        log=FirestoreTradeLog(cloud, TradeImports(cloud, answers, clock)),
        checkpoints=FirestoreCheckpoints(cloud, clock),
        wallets=FirestoreWallets(cloud),
        snapshots=FirestoreSnapshots(cloud),
        answers=answers,
        ready=ready,
        close=cloud.close,
    )
