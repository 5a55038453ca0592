"""What snapshot runs ask of a store: everything is written once, under an id that the run determines.

Every method may raise StoreUnavailable. A second writing of an id changes nothing: the first one counts. A
run for one user goes when that user is erased, and then takes nothing any more.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, NamedTuple, Protocol

from ..core.fragments import Fragment, FragmentKey
from ..core.ids import Address
from ..core.runs import Owner, Part, PartKey, PlanPage, PlanTotals, PricePage, Progress, Run
from ..core.snapshots import Snapshot

if TYPE_CHECKING:  # a type only
    from .account_ports import Era


class News(NamedTuple):
    """Fragments in order of writing; of their wallets nothing written up to `through` is still to come."""

    fragments: tuple[Fragment, ...]
    through: int


class Owners(Protocol):
    """All users and their saved wallets: the one port that reads across users, for runs and archives only."""

    async def page_owners(self, after: str | None, limit: int) -> tuple[Owner, ...]:
        """At most `limit` users with saved wallets, ordered by user id, behind `after`; wallets by address.

        Fewer than `limit` (also none) only at the end.
        """
        ...

    async def page_users(self, after: str | None, limit: int) -> tuple[str, ...]:
        """At most `limit` ids of users with a wallet, a trade or a snapshot, in order, behind `after`.

        Fewer than `limit` (also none) only at the end.
        """
        ...


class Runs(Protocol):
    """Runs, their plans and their price sets."""

    async def add_run(self, run: Run, *, era: Era | None = None) -> Run:
        """Keep a run; returns the one that is kept under its id, which is an earlier one if there is one.

        `era` is that of the one user whose run it is, see Erasures. Raises ErasedMeanwhile.
        """
        ...

    async def get_run(self, run_id: str) -> Run | None:
        """The run as it stands."""
        ...

    async def set_totals(self, run_id: str, totals: PlanTotals) -> None:
        """Everything is planned."""
        ...

    async def set_finished(self, run_id: str, at: datetime, outcome: Progress) -> None:
        """The run is over, with so much done; what is said first counts."""
        ...

    async def list_overdue(self, now: datetime, limit: int, after: Run | None = None) -> tuple[Run, ...]:
        """Runs that are not finished and whose overdue_at has come, the longest overdue first.

        Of those, the ones behind `after`, by overdue_at and id.
        """
        ...

    async def list_finished(self, limit: int) -> tuple[Run, ...]:
        """The runs for all users that are finished, the latest scheduled first."""
        ...

    async def add_page(self, run_id: str, page: PlanPage) -> PlanPage:
        """Keep a page of the plan; returns the one that is kept under its number.

        Raises ErasedMeanwhile when the run of one user is gone.
        """
        ...

    async def get_page(self, run_id: str, number: int) -> PlanPage | None:
        """A page of the plan."""
        ...

    async def add_prices(self, run_id: str, page: PricePage) -> PricePage:
        """Keep a page of prices; returns the one that is kept under its number.

        Raises ErasedMeanwhile when the run of one user is gone.
        """
        ...

    async def list_prices(self, run_id: str, first: int) -> tuple[PricePage, ...]:
        """All pages of prices from a number on, in order, without a gap."""
        ...


class Parts(Protocol):
    """The parts of runs."""

    async def add_part(self, part: Part) -> bool:
        """Keep a part, however large; False if one is kept under its key, or the run of one user is gone."""
        ...

    async def count_parts(self, run_id: str, group: int) -> int:
        """How many parts of a group are there, whatever their state."""
        ...

    async def read_parts(self, run_id: str, keys: Collection[PartKey]) -> Mapping[PartKey, Part]:
        """Those of the parts that are there."""
        ...

    async def list_keys(self, run_id: str, first_group: int, last_group: int) -> frozenset[PartKey]:
        """The keys of the parts that are there, of a range of groups (both ends included)."""
        ...

    async def read_progress(self, run_id: str) -> Progress:
        """Counted anew."""
        ...


class Latest(Protocol):
    """The newest known fragment of each wallet, chain and protocol; what streams listen to. May expire."""

    async def read_latest(self, keys: Sequence[FragmentKey]) -> Mapping[FragmentKey, Fragment]:
        """Those that are known, with their sequences."""
        ...

    async def list_known(self, chain: str, wallets: Sequence[Address]) -> Mapping[FragmentKey, Fragment]:
        """What is known of the wallets on a chain, in all protocols; only what is there is read."""
        ...

    async def list_latest(self, wallets: Sequence[Address], after: int = 0) -> News:
        """What of the wallets was written behind a sequence, empty fragments too, in order of writing.

        Nothing up to the answer's `through` is missing, and it is never below `after`.
        """
        ...

    async def put_latest(self, fragments: Sequence[Fragment]) -> int:
        """Keep those that are not of an older block than what is kept; how many were written.

        Each that is written gets a sequence of its own, also one that says the same.
        """
        ...


class Feed(Protocol):
    """Tells what is written to Latest, whichever process writes it (with SQLite: this process)."""

    async def follow(self, wallets: Collection[Address], tell: Callable[[News], None]) -> Callable[[], None]:
        """From when this returns, `tell` hears of everything that is written of the wallets.

        Each fragment once, in order of writing; what is superseded before it could be told may be left out.
        Breaks of the connection are mended inside, without a gap. `tell` is called in the running loop and
        must not block. Call what is returned to stop. What several follow is listened to once.
        Raises StoreUnavailable when listening cannot begin.
        """
        ...


class RunSnapshots(Protocol):
    """Snapshots of many users at once."""

    async def add_snapshots(
        self, snapshots: Sequence[Snapshot], *, of_run: str | None = None, era: Era | None = None
    ) -> int:
        """Keep each under its user and id, unless one is kept there already; how many were new.

        None is, if `of_run` names a run for one user that is gone. `era` is that of the one user whose
        snapshots they are, see Erasures. Raises ErasedMeanwhile.
        """
        ...

    async def list_kept(self, run_id: str, users: Sequence[str]) -> frozenset[str]:
        """Those of the users whose snapshot of the run is kept."""
        ...

    async def remove_snapshots(self, run_id: str, users: Sequence[str]) -> None:
        """Forget the run's snapshots of these users, who are gone."""
        ...
