"""What the project asks of a store: small ports, the user always first, and the values that pass through.

Every method may raise StoreUnavailable. What belongs to another user does not exist: NotFound, or nothing.
A write that is given the era that it began in (see Erasures) raises ErasedMeanwhile, a Conflict, if the user
was erased since. What changes or removes something that is kept needs none: it finds nothing any more.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Generic, Literal, NamedTuple, Protocol, TypeVar

from ..core.ids import Address, AssetId

if TYPE_CHECKING:  # types only: an answer that needs no store starts without them
    from ..core.snapshots import Interval, Snapshot
    from ..core.trades import Side, Status, Trade
    from .account_ports import Accounts, Era, Erasures, Nonces
    from .run_ports import Feed, Latest, Owners, Parts, Runs, RunSnapshots

Order = Literal["asc", "desc"]
T = TypeVar("T")


class Position(NamedTuple):
    """A place in an ordered list: the next page starts behind it, whatever is added meanwhile."""

    at: datetime
    id: str


class Page(NamedTuple, Generic[T]):
    """Some of a list, in order; `next` is None at its end."""

    rows: tuple[T, ...]
    next: Position | None


class StoredTrade(NamedTuple):
    """A trade and how often it was written: 1 when it is new."""

    trade: Trade
    version: int


@dataclass(frozen=True, slots=True)
class TradeFilter:
    """Which trades; None leaves a field open. `since` is included, `until` is not.

    `mismatched` are those that say something else than their transaction showed.
    """

    side: Side | None = None
    asset: AssetId | None = None
    symbol: str | None = None
    status: Status | None = None
    wallet: Address | None = None
    chain: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    mismatched: bool = False


class Claim(NamedTuple):
    """A caller's idempotency key and what it was first used for: a hash of the request."""

    key: str
    request_hash: str


class Answer(NamedTuple):
    """What a request was answered with."""

    status: int
    body: bytes


class Once(NamedTuple):
    """An answer to keep under a claim, in the same step as the write that it answers."""

    claim: Claim
    answer: Answer


class Trades(Protocol):
    """A user's trades, a few at a time; lists are ordered by executed_at, then by id."""

    async def add_trades(
        self, user: str, trades: Sequence[Trade], once: Once | None = None, *, era: Era | None = None
    ) -> Answer | None:
        """Keep all of them (at most 500) or none, as version 1; the earlier answer if the claim was used.

        Raises DuplicateTrade, and Conflict when the key was used for another request.
        """
        ...

    async def page_trades(
        self,
        user: str,
        where: TradeFilter,
        *,
        order: Order = "desc",
        after: Position | None = None,
        limit: int = 50,
    ) -> Page[StoredTrade]:
        """The trades behind a position, at most `limit` of them."""
        ...

    async def get_trade(self, user: str, trade_id: str) -> StoredTrade:
        """One trade. Raises NotFound."""
        ...

    async def replace_trade(self, user: str, trade: Trade, version: int) -> StoredTrade:
        """Keep the trade in place of the one with its id, if that is still at `version`.

        Raises NotFound, PreconditionFailed and DuplicateTrade.
        """
        ...

    async def delete_trade(self, user: str, trade_id: str, version: int | None = None) -> None:
        """Forget a trade, if it is still at `version` (None: whatever it is).

        Raises NotFound and PreconditionFailed.
        """
        ...


class TradeLog(Protocol):
    """All trades of a user, however many: for exports and accounting."""

    def read_trades(
        self, user: str, where: TradeFilter | None = None, after: Position | None = None
    ) -> AsyncIterator[tuple[Trade, ...]]:
        """Every trade behind a position in ascending order, in chunks of bounded size."""
        ...

    async def read_revision(self, user: str) -> str:
        """What the log stands at. Ask before reading trades that a checkpoint shall cover."""
        ...

    async def joins_earlier(self, user: str, trades: Sequence[Trade], boundary: datetime) -> bool:
        """Whether one of the trades shares its link or transaction with one up to and including a time.

        Then a checkpoint of that time does not hold for them: they are of one event with what it covers.
        """
        ...


class Imports(Protocol):
    """Many trades at once, and what of them the user has already."""

    async def find_duplicates(self, user: str, trades: Sequence[Trade]) -> Mapping[str, str]:
        """Of these trades, the ids of those whose transaction is recorded → the id of the kept one."""
        ...

    def read_moments(self, user: str, moments: Sequence[datetime]) -> AsyncIterator[tuple[Trade, ...]]:
        """Every trade that was executed at one of these times, in no order, in chunks of bounded size."""
        ...

    async def import_trades(
        self,
        user: str,
        chunks: Iterable[Sequence[Trade]],
        once: Once | None = None,
        *,
        since: str | None = None,
        era: Era | None = None,
    ) -> Answer | None:
        """Keep all trades of all chunks or none; chunks are taken one at a time, in a thread of their own.

        Nobody sees one of them before all are kept, and others may write meanwhile. What `chunks` raises
        ends the import and comes through. Raises DuplicateTrade and Conflict like add_trades; Conflict also
        if an import of the user's is at work, or has ended since the log stood at the revision `since`.
        """
        ...


class SavedCheckpoint(NamedTuple):
    """The state of a computation over all trades up to and including a time.

    `revision` is what the log stood at before they were read.
    """

    revision: str
    boundary: datetime
    state: bytes


class Checkpoints(Protocol):
    """Computations over the log to go on from. They may be lost: what they hold can be computed again."""

    async def save_checkpoint(self, user: str, name: str, checkpoint: SavedCheckpoint) -> None:
        """Keep it in place of the one of this name. One that is too large to keep is not kept.

        Nor is one of a user who was erased a moment ago: it was computed from what is gone.
        """
        ...

    async def load_checkpoint(self, user: str, name: str) -> SavedCheckpoint | None:
        """The one of this name, if no trade up to its boundary was added, changed or deleted since."""
        ...


class SavedWallet(NamedTuple):
    """A wallet that the user keeps; no `chains` means all of them.

    `verified_at` is when the user last proved by a signature that it is theirs; None: never.
    """

    address: Address
    label: str
    chains: tuple[str, ...]
    created_at: datetime
    verified_at: datetime | None = None


MAX_WALLETS = 100


class Wallets(Protocol):
    """A user's saved wallets, at most MAX_WALLETS."""

    async def add_wallet(self, user: str, wallet: SavedWallet, *, era: Era | None = None) -> None:
        """Keep a wallet. Raises Conflict when the address is kept already, or as many as may be."""
        ...

    async def list_wallets(self, user: str) -> tuple[SavedWallet, ...]:
        """All of them, by created_at, then by address."""
        ...

    async def verify_wallet(self, user: str, address: Address, at: datetime) -> SavedWallet:
        """The saved wallet, proven by now to be the user's. Raises NotFound."""
        ...

    async def remove_wallet(self, user: str, address: Address) -> None:
        """Forget a wallet. Raises NotFound."""
        ...


@dataclass(frozen=True, slots=True)
class SnapshotFilter:
    """Which snapshots: all in the range, or the last of each bucket in it. `until` is not included.

    Buckets are of UTC; a week starts on Monday.
    """

    since: datetime | None = None
    until: datetime | None = None
    interval: Interval = "raw"


class Snapshots(Protocol):
    """A user's portfolio over time, ordered by timestamp, then by id."""

    async def add_snapshot(self, user: str, snapshot: Snapshot) -> None:
        """Keep a snapshot with its assets; one with this id is kept as it is."""
        ...

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
        """The snapshots behind a position, at most `limit` of them; their assets only if asked for."""
        ...


class Answers(Protocol):
    """Idempotency: what requests were answered with, for a day.

    For a write of its own kind: begin, write, finish; abandon when the write failed. A crash in between
    frees the claim after a minute. Trades need none of it: add_trades and import_trades keep the answer
    in the same step.
    """

    async def find_answer(self, user: str, claim: Claim) -> Answer | None:
        """The kept answer. Raises Conflict when the key was used for another request or is in use."""
        ...

    async def begin_answer(self, user: str, claim: Claim, *, era: Era | None = None) -> Answer | None:
        """The kept answer, or None: then the claim is the caller's. Raises like find_answer."""
        ...

    async def finish_answer(self, user: str, once: Once, *, era: Era | None = None) -> None:
        """Keep the answer of a claim that was begun."""
        ...

    async def abandon_answer(self, user: str, claim: Claim) -> None:
        """Free a claim that was begun."""
        ...


@dataclass(frozen=True, slots=True)
class Store:
    """All ports of one store. `ready` raises StoreUnavailable when it cannot be reached."""

    trades: Trades
    log: TradeLog
    imports: Imports
    checkpoints: Checkpoints
    wallets: Wallets
    snapshots: Snapshots
    answers: Answers
    owners: Owners
    runs: Runs
    parts: Parts
    latest: Latest
    feed: Feed
    run_snapshots: RunSnapshots
    accounts: Accounts
    erasures: Erasures
    nonces: Nonces
    ready: Callable[[], Awaitable[None]]
    close: Callable[[], Awaitable[None]]
