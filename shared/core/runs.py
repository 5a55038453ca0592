"""Run: a snapshot of all users' wallets, read in parts; what its plan, its parts and its prices are."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal, NamedTuple

from .balances import Block
from .failures import Failure
from .ids import Address, AssetId
from .positions import Position
from .tokens import Token

MAX_GROUP_WALLETS = 50
"""So many wallets one packed read serves."""
MAX_GROUP_USERS = 200
GROUPS_PER_PAGE = 100

LEAST_ATTEMPTS = 5
"""A message that has waited its turn for long is not given up at its first failure."""
_PARTS_A_MINUTE = 6_000
"""What a large run has to read at least, not to be overdue; one small instance does."""
_PLANNING = timedelta(minutes=45)
"""So much longer a run without totals is waited for: planning millions of wallets takes half an hour."""
_PAST = timedelta(hours=1)

PartState = Literal["read", "failed"]


class PlanTotals(NamedTuple):
    """How much a run has to do, known when its last page is written."""

    pages: int
    groups: int
    parts: int
    users: int
    wallets: int


@dataclass(frozen=True, slots=True)
class Run:
    """One run; `user_id` is None when it is for all users, else it is for that user's wallets only.

    A chain or a price source that fails is asked again until `give_up_at`, see `gives_up`. From `overdue_at`
    on, later for a large one, a sweep closes the run, see `is_overdue`. `totals` is None until everything is
    planned, `finished_at` until all snapshots are kept; `outcome` is what was counted then, as parts are
    forgotten long before their run. Of a moment that is past nothing is read or priced any more, see
    `is_past`.
    """

    id: str
    user_id: str | None
    scheduled_at: datetime
    started_at: datetime
    give_up_at: datetime
    overdue_at: datetime
    chains: tuple[str, ...]
    totals: PlanTotals | None = None
    finished_at: datetime | None = None
    outcome: Progress | None = None


def gives_up(run: Run, attempt: int | None, now: datetime) -> bool:
    """Whether what fails is now taken as it is, and not asked again; `attempt` None: nobody counts them."""
    is_enough = attempt is None or attempt >= LEAST_ATTEMPTS
    return (now >= run.give_up_at and is_enough) or is_past(run, now)


def is_overdue(run: Run, now: datetime) -> bool:
    """Whether nobody can be expected to be still at work on the run."""
    return run.finished_at is None and now >= _due_at(run)


def is_past(run: Run, now: datetime) -> bool:
    """Whether what chains and price sources say now would be told of a moment that is long gone.

    A snapshot says what was so when its run started: from here on what is missing stays missing.
    """
    return now >= _due_at(run) + _PAST


def _due_at(run: Run) -> datetime:
    if run.totals is None:
        return run.overdue_at + _PLANNING
    return run.overdue_at + timedelta(minutes=run.totals.parts // _PARTS_A_MINUTE)


class Owner(NamedTuple):
    """A user and the saved wallets: address and slugs of the chains to read it on (none: all of them)."""

    user_id: str
    wallets: tuple[tuple[Address, tuple[str, ...]], ...]


class UserWallet(NamedTuple):
    """A wallet of a user, and the chains on which a group reads it for this user.

    A wallet that is read in several groups is there once for each of them.
    """

    address: Address
    group: int
    chains: tuple[str, ...]


class UserPlan(NamedTuple):
    """Whose snapshot is made of which wallets."""

    user_id: str
    wallets: tuple[UserWallet, ...]


class Group(NamedTuple):
    """Wallets that are read together, by chain, and the users who are finished with them.

    `reads` has, for each chain's slug in order, the wallets to read there; each is one part. On a chain a
    wallet is read in one group of its run only, so users may need parts of other groups too.
    """

    number: int
    reads: tuple[tuple[str, tuple[Address, ...]], ...]
    users: tuple[UserPlan, ...]


class PlanPage(NamedTuple):
    """Some groups of a run, in order.

    `last_user` is the last user planned so far, `last` says that no page follows.
    """

    number: int
    groups: tuple[Group, ...]
    last_user: str
    last: bool


class PartKey(NamedTuple):
    """What names a part within its run."""

    group: int
    chain: str


@dataclass(frozen=True, slots=True)
class Part:
    """What one chain said of one group's wallets, at one block; written once.

    `balances` holds only what is above zero, as (wallet, token) → raw integer, where token None is the native
    coin; `tokens` describes every contract in it. `positions` is what protocols hold for the wallets at the
    same block; the receipt tokens of these are in no balance. A failed part has no block, no balances and no
    positions, and says why.
    """

    run_id: str
    key: PartKey
    state: PartState
    block: Block | None
    balances: Mapping[tuple[Address, Address | None], int]
    tokens: Mapping[Address, Token]
    failures: tuple[Failure, ...]
    tokens_scanned: int
    latency_ms: int
    positions: tuple[Position, ...] = ()


class RunPrice(NamedTuple):
    """A price of the run's set: US dollars for one unit, or None and why (`code: text`)."""

    price_usd: Decimal | None
    source: str | None
    as_of: datetime | None
    reason: str | None


class PricePage(NamedTuple):
    """Prices that were added to the run's set together; an asset's price is that of its lowest page.

    `failures` are of the sources that did not answer for these assets, or name the one that they are of.
    """

    number: int
    prices: Mapping[AssetId, RunPrice]
    failures: tuple[Failure, ...]


class Progress(NamedTuple):
    """How many parts were read and how many failed; how many snapshots are kept, how many of these lack
    something.
    """

    parts_read: int
    parts_failed: int
    snapshots: int
    snapshots_incomplete: int
