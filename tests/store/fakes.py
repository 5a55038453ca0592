"""The ports of the store over plain dictionaries; they pass the same tests as the real ones."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import groupby
from typing import TypeVar

from shared.core.ids import Address
from shared.core.snapshots import Snapshot
from shared.core.trades import Trade
from shared.errors import Conflict, DuplicateTrade, NotFound, PreconditionFailed
from shared.store.account_ports import Era, mark_of
from shared.store.buckets import bucket
from shared.store.claims import (
    HOLD_CLAIM,
    KEEP_ANSWER,
    KEEP_CHECKPOINT,
    ErasedMeanwhile,
    ImportOvertaken,
    KeptClaim,
    judge,
)
from shared.store.codecs import event_names, position_of, require_distinct, trade_key
from shared.store.keeping import LONGEST_REQUEST
from shared.store.ports import (
    MAX_WALLETS,
    Answer,
    Claim,
    Once,
    Order,
    Page,
    Position,
    SavedCheckpoint,
    SavedWallet,
    SnapshotFilter,
    Store,
    StoredTrade,
    TradeFilter,
)
from tests.store.account_fakes import FakeAccounts, FakeErasures, FakeNonces
from tests.store.run_fakes import (
    FakeFeed,
    FakeLatest,
    FakeOwners,
    FakeParts,
    FakeRuns,
    FakeRunSnapshots,
    RunShelf,
)

T = TypeVar("T")
Chunks = Iterable[Sequence[Trade]]

_EQUAL = ("side", "asset", "symbol", "status", "wallet", "chain")


@dataclass(slots=True)
class Shelf:
    """All that a fake store keeps."""

    clock: Callable[[], datetime]
    trades: dict[str, StoredTrade] = field(default_factory=dict)
    changes: list[tuple[str, datetime]] = field(default_factory=list)
    imported: dict[str, int] = field(default_factory=dict)
    claims: dict[tuple[str, str], KeptClaim] = field(default_factory=dict)
    checkpoints: dict[tuple[str, str], tuple[datetime, SavedCheckpoint]] = field(default_factory=dict)
    wallets: dict[tuple[str, Address], SavedWallet] = field(default_factory=dict)
    snapshots: dict[tuple[str, str], Snapshot] = field(default_factory=dict)
    runs: RunShelf = field(default_factory=RunShelf)
    erasures: dict[str, datetime] = field(default_factory=dict)
    eras: Counter[str] = field(default_factory=Counter)

    def require_era(self, user: str | None, era: Era | None) -> None:
        if user is not None and era is not None and self.eras[user] != era:
            raise ErasedMeanwhile

    def known_answer(self, user: str, claim: Claim) -> Answer | None:
        return judge(self.claims.get((user, claim.key)), claim, self.clock())

    def keep_answer(self, user: str, once: Once) -> None:
        kept = KeptClaim(once.claim.request_hash, self.clock() + KEEP_ANSWER, once.answer)
        self.claims[user, once.claim.key] = kept

    def users(self) -> set[str]:
        """Those who have a trade or a snapshot."""
        return {stored.trade.user_id for stored in self.trades.values()} | {
            user for user, _ in self.snapshots
        }

    def owned(self, user: str) -> list[StoredTrade]:
        own = [stored for stored in self.trades.values() if stored.trade.user_id == user]
        return sorted(own, key=lambda stored: position_of(stored.trade))

    def duplicate(self, user: str, trade: Trade) -> str | None:
        key = trade_key(trade)
        if key is None:
            return None
        others = (s.trade for s in self.trades.values() if s.trade.user_id == user and s.trade.id != trade.id)
        return next((other.id for other in others if trade_key(other) == key), None)


class FakeTrades:
    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def add_trades(
        self, user: str, trades: Sequence[Trade], once: Once | None = None, *, era: Era | None = None
    ) -> Answer | None:
        self._shelf.require_era(user, era)
        return add(self._shelf, user, [trades], once)

    async def page_trades(
        self,
        user: str,
        where: TradeFilter,
        *,
        order: Order = "desc",
        after: Position | None = None,
        limit: int = 50,
    ) -> Page[StoredTrade]:
        found = [s for s in self._shelf.owned(user) if _matches(s.trade, where)]
        rows = _behind([(position_of(s.trade), s) for s in found], order, after)
        page = tuple(rows[:limit])
        return Page(page, position_of(page[-1].trade) if len(rows) > limit else None)

    async def get_trade(self, user: str, trade_id: str) -> StoredTrade:
        stored = self._shelf.trades.get(trade_id)
        if stored is None or stored.trade.user_id != user:
            raise NotFound(f"there is no trade {trade_id}")
        return stored

    async def replace_trade(self, user: str, trade: Trade, version: int) -> StoredTrade:
        require_distinct(user, [trade])
        stored = await self.get_trade(user, trade.id)
        if stored.version != version:
            raise PreconditionFailed("it was changed in between")
        existing = self._shelf.duplicate(user, trade)
        if existing is not None:
            raise DuplicateTrade(existing)
        self._shelf.trades[trade.id] = StoredTrade(trade, version + 1)
        self._shelf.changes.append((user, min(stored.trade.executed_at, trade.executed_at)))
        return self._shelf.trades[trade.id]

    async def delete_trade(self, user: str, trade_id: str, version: int | None = None) -> None:
        stored = await self.get_trade(user, trade_id)
        if version is not None and stored.version != version:
            raise PreconditionFailed("it was changed in between")
        del self._shelf.trades[trade_id]
        self._shelf.changes.append((user, stored.trade.executed_at))


class FakeTradeLog:
    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def read_trades(
        self, user: str, where: TradeFilter | None = None, after: Position | None = None
    ) -> AsyncIterator[tuple[Trade, ...]]:
        found = [s.trade for s in self._shelf.owned(user) if _matches(s.trade, where or TradeFilter())]
        rows = _behind([(position_of(trade), trade) for trade in found], "asc", after)
        for start in range(0, len(rows), 1000):
            yield tuple(rows[start : start + 1000])

    async def read_revision(self, user: str) -> str:
        return str(len(self._shelf.changes))

    async def joins_earlier(self, user: str, trades: Sequence[Trade], boundary: datetime) -> bool:
        links, hashes = event_names(trades)
        earlier = [s.trade for s in self._shelf.owned(user) if s.trade.executed_at <= boundary]
        return any(trade.link in links or trade.tx_hash in hashes for trade in earlier)


class FakeImports:
    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def find_duplicates(self, user: str, trades: Sequence[Trade]) -> Mapping[str, str]:
        found = ((trade.id, self._shelf.duplicate(user, trade)) for trade in trades)
        return {trade_id: existing for trade_id, existing in found if existing is not None}

    async def read_moments(self, user: str, moments: Sequence[datetime]) -> AsyncIterator[tuple[Trade, ...]]:
        found = [s.trade for s in self._shelf.owned(user) if s.trade.executed_at in moments]
        for start in range(0, len(found), 1000):
            yield tuple(found[start : start + 1000])

    async def import_trades(
        self,
        user: str,
        chunks: Iterable[Sequence[Trade]],
        once: Once | None = None,
        *,
        since: str | None = None,
        era: Era | None = None,
    ) -> Answer | None:
        known = None if once is None else self._shelf.known_answer(user, once.claim)
        if known is not None:
            return known
        if since is not None and self._shelf.imported.get(user, 0) > int(since):
            raise ImportOvertaken
        add(self._shelf, user, self._checked(user, chunks, era), once)
        self._shelf.imported[user] = len(self._shelf.changes)
        return None

    def _checked(self, user: str, chunks: Chunks, era: Era | None) -> Iterator[Sequence[Trade]]:
        yield from chunks
        self._shelf.require_era(user, era)


class FakeCheckpoints:
    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def save_checkpoint(self, user: str, name: str, checkpoint: SavedCheckpoint) -> None:
        erased_at = self._shelf.erasures.get(mark_of(user))
        if erased_at is not None and erased_at > self._shelf.clock() - LONGEST_REQUEST:
            return
        self._shelf.checkpoints[user, name] = (self._shelf.clock(), checkpoint)

    async def load_checkpoint(self, user: str, name: str) -> SavedCheckpoint | None:
        saved_at, kept = self._shelf.checkpoints.get((user, name), (None, None))
        if saved_at is None or kept is None or saved_at + KEEP_CHECKPOINT <= self._shelf.clock():
            return None
        since = self._shelf.changes[int(kept.revision) :]
        return None if any(who == user and first <= kept.boundary for who, first in since) else kept


class FakeWallets:
    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def add_wallet(self, user: str, wallet: SavedWallet, *, era: Era | None = None) -> None:
        self._shelf.require_era(user, era)
        kept = await self.list_wallets(user)
        if wallet.address in {known.address for known in kept} or len(kept) >= MAX_WALLETS:
            raise Conflict("it is saved already, or there are too many")
        self._shelf.wallets[user, wallet.address] = wallet

    async def list_wallets(self, user: str) -> tuple[SavedWallet, ...]:
        own = [wallet for (owner, _), wallet in self._shelf.wallets.items() if owner == user]
        return tuple(sorted(own, key=lambda wallet: (wallet.created_at, wallet.address)))

    async def verify_wallet(self, user: str, address: Address, at: datetime) -> SavedWallet:
        kept = self._shelf.wallets.get((user, address))
        if kept is None:
            raise NotFound(f"there is no saved wallet {address}")
        self._shelf.wallets[user, address] = kept._replace(verified_at=at)
        return self._shelf.wallets[user, address]

    async def remove_wallet(self, user: str, address: Address) -> None:
        if self._shelf.wallets.pop((user, address), None) is None:
            raise NotFound(f"there is no saved wallet {address}")


class FakeSnapshots:
    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def add_snapshot(self, user: str, snapshot: Snapshot) -> None:
        kept = replace(snapshot, user_id=user)
        self._shelf.snapshots.setdefault((user, snapshot.id), kept)

    async def page_snapshots(
        self,
        user: str,
        where: SnapshotFilter,
        *,
        order: Order = "desc",
        after: Position | None = None,
        limit: int = 50,
        with_assets: bool = False,
    ) -> Page[Snapshot]:
        own = sorted(_in_range(self._shelf, user, where), key=lambda s: (s.timestamp, s.id))
        if where.interval != "raw":
            groups = groupby(own, lambda s: bucket(where.interval, s.timestamp))
            own = [list(group)[-1] for _, group in groups]
            if after is not None:
                start, end = bucket(where.interval, after.at)
                own = [s for s in own if (s.timestamp >= end if order == "asc" else s.timestamp < start)]
        rows = _behind([(Position(s.timestamp, s.id), s) for s in own], order, after)
        page = tuple(s if with_assets else replace(s, assets=()) for s in rows[:limit])
        return Page(page, Position(page[-1].timestamp, page[-1].id) if len(rows) > limit else None)


class FakeAnswers:
    def __init__(self, shelf: Shelf) -> None:
        self._shelf = shelf

    async def find_answer(self, user: str, claim: Claim) -> Answer | None:
        return self._shelf.known_answer(user, claim)

    async def begin_answer(self, user: str, claim: Claim, *, era: Era | None = None) -> Answer | None:
        self._shelf.require_era(user, era)
        known = self._shelf.known_answer(user, claim)
        if known is None:
            held = KeptClaim(claim.request_hash, self._shelf.clock() + HOLD_CLAIM, None)
            self._shelf.claims[user, claim.key] = held
        return known

    async def finish_answer(self, user: str, once: Once, *, era: Era | None = None) -> None:
        self._shelf.require_era(user, era)
        kept = self._shelf.claims.get((user, once.claim.key))
        expired = kept is None or kept.expires_at <= self._shelf.clock()
        if expired or (kept is not None and kept.request_hash == once.claim.request_hash):
            self._shelf.keep_answer(user, once)

    async def abandon_answer(self, user: str, claim: Claim) -> None:
        kept = self._shelf.claims.get((user, claim.key))
        if kept is not None and kept.answer is None and kept.request_hash == claim.request_hash:
            del self._shelf.claims[user, claim.key]


def add(shelf: Shelf, user: str, chunks: Iterable[Sequence[Trade]], once: Once | None) -> Answer | None:
    known = None if once is None else shelf.known_answer(user, once.claim)
    if known is not None:
        return known
    before = dict(shelf.trades)
    try:
        for trades in chunks:
            _add_chunk(shelf, user, trades)
    except BaseException:
        shelf.trades = before
        raise
    new = [stored.trade.executed_at for key, stored in shelf.trades.items() if key not in before]
    shelf.changes += [(user, min(new))] if new else []
    if once is not None:
        shelf.keep_answer(user, once)
    return None


def _add_chunk(shelf: Shelf, user: str, trades: Sequence[Trade]) -> None:
    require_distinct(user, trades)
    for trade in trades:
        existing = shelf.duplicate(user, trade)
        if existing is not None:
            raise DuplicateTrade(existing)
        if trade.id in shelf.trades:
            raise Conflict("a trade with this id exists")
        shelf.trades[trade.id] = StoredTrade(trade, 1)


def _matches(trade: Trade, where: TradeFilter) -> bool:
    wanted = {name: value for name in _EQUAL if (value := getattr(where, name)) is not None}
    in_time = (where.since is None or trade.executed_at >= where.since) and (
        where.until is None or trade.executed_at < where.until
    )
    if where.mismatched and (trade.on_chain is None or trade.on_chain.matches is not False):
        return False
    return in_time and all(getattr(trade, name) == value for name, value in wanted.items())


def _in_range(shelf: Shelf, user: str, where: SnapshotFilter) -> list[Snapshot]:
    return [
        snapshot
        for (owner, _), snapshot in shelf.snapshots.items()
        if owner == user
        and (where.since is None or snapshot.timestamp >= where.since)
        and (where.until is None or snapshot.timestamp < where.until)
    ]


def _behind(rows: list[tuple[Position, T]], order: Order, after: Position | None) -> list[T]:
    in_order = rows if order == "asc" else rows[::-1]
    return [
        row
        for position, row in in_order
        if after is None or (position > after if order == "asc" else position < after)
    ]


def fake_store(clock: Callable[[], datetime]) -> Store:
    """A store that keeps nothing beyond the test."""
    shelf = Shelf(clock)

    async def nothing() -> None:
        return None

    return Store(
        trades=FakeTrades(shelf),
        log=FakeTradeLog(shelf),
        imports=FakeImports(shelf),
        checkpoints=FakeCheckpoints(shelf),
        wallets=FakeWallets(shelf),
        snapshots=FakeSnapshots(shelf),
        answers=FakeAnswers(shelf),
        owners=FakeOwners(shelf.wallets, shelf.users),
        runs=FakeRuns(shelf.runs, shelf.require_era),
        parts=FakeParts(shelf.runs, shelf.snapshots),
        latest=FakeLatest(shelf.runs, clock),
        feed=FakeFeed(shelf.runs),
        run_snapshots=FakeRunSnapshots(shelf.snapshots, shelf.runs, shelf.require_era),
        accounts=FakeAccounts(shelf),
        erasures=FakeErasures(shelf),
        nonces=FakeNonces(),
        ready=nothing,
        close=nothing,
    )
