"""All that is kept of a user, some rows of a kind at a time."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from datetime import datetime
from typing import Protocol

from ..core.runs import Run
from ..core.snapshots import Snapshot
from ..store.account_ports import Change, KeptAnswer, KeptCheckpoint
from ..store.ports import Position, SavedWallet, SnapshotFilter, Store, StoredTrade, TradeFilter

Answer = KeptAnswer
Checkpoint = KeptCheckpoint
TradeChange = Change
KeptTrade = StoredTrade

_TRADES = 500
# With their assets, of which each may have thousands.
_SNAPSHOTS = 10


class ExportSources(Protocol):
    """Where accounts are kept; the Context is one."""

    @property
    def store(self) -> Store: ...
    @property
    def clock(self) -> Callable[[], datetime]: ...


async def read_wallets(user: str, sources: ExportSources) -> AsyncIterator[tuple[SavedWallet, ...]]:
    """Every saved wallet, the oldest first."""
    yield await sources.store.wallets.list_wallets(user)


async def read_trades(user: str, sources: ExportSources) -> AsyncIterator[tuple[KeptTrade, ...]]:
    """Every trade with its version, the earliest first."""
    after: Position | None = None
    more = True
    while more:
        page = await sources.store.trades.page_trades(
            user, TradeFilter(), order="asc", after=after, limit=_TRADES
        )
        yield page.rows
        after = page.next
        more = after is not None


async def read_snapshots(user: str, sources: ExportSources) -> AsyncIterator[tuple[Snapshot, ...]]:
    """Every snapshot with its assets, the earliest first."""
    after: Position | None = None
    more = True
    while more:
        page = await sources.store.snapshots.page_snapshots(
            user, SnapshotFilter(), order="asc", after=after, limit=_SNAPSHOTS, with_assets=True
        )
        yield page.rows
        after = page.next
        more = after is not None


def read_runs(user: str, sources: ExportSources) -> AsyncIterator[tuple[Run, ...]]:
    """Every run that the user asked for."""
    return sources.store.accounts.read_runs(user)


def read_answers(user: str, sources: ExportSources) -> AsyncIterator[tuple[Answer, ...]]:
    """Every answer that is kept under an idempotency key."""
    return sources.store.accounts.read_answers(user)


def read_checkpoints(user: str, sources: ExportSources) -> AsyncIterator[tuple[Checkpoint, ...]]:
    """Every state of the accounting."""
    return sources.store.accounts.read_checkpoints(user)


def read_changes(user: str, sources: ExportSources) -> AsyncIterator[tuple[TradeChange, ...]]:
    """Every note that trades were written."""
    return sources.store.accounts.read_changes(user)
