"""The ports of snapshot runs over plain dictionaries; they pass the same tests as the real ones."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from itertools import count, islice, takewhile

from shared.core.fragments import Fragment, FragmentKey
from shared.core.ids import Address
from shared.core.run_ids import is_of_one, snapshot_id
from shared.core.runs import Owner, Part, PartKey, PlanPage, PlanTotals, PricePage, Progress, Run
from shared.core.snapshots import Snapshot
from shared.store.account_ports import Era
from shared.store.claims import ErasedMeanwhile
from shared.store.codecs import to_micros
from shared.store.followers import Followers
from shared.store.keeping import KEEP_LATEST
from shared.store.ports import SavedWallet
from shared.store.run_ports import News

SnapshotShelf = dict[tuple[str, str], Snapshot]


@dataclass(slots=True)
class RunShelf:
    """All that a fake store keeps of runs."""

    runs: dict[str, Run] = field(default_factory=dict)
    pages: dict[tuple[str, int], PlanPage] = field(default_factory=dict)
    prices: dict[tuple[str, int], PricePage] = field(default_factory=dict)
    parts: dict[tuple[str, PartKey], Part] = field(default_factory=dict)
    latest: dict[FragmentKey, tuple[datetime, Fragment]] = field(default_factory=dict)
    followers: Followers = field(default_factory=Followers)
    last_sequence: int = 0

    def is_gone(self, run_id: str) -> bool:
        return is_of_one(run_id) and run_id not in self.runs


class FakeOwners:
    def __init__(
        self,
        wallets: Mapping[tuple[str, Address], SavedWallet],
        others: Callable[[], Iterable[str]] = tuple,
    ) -> None:
        """`others` are the users who have something else than wallets."""
        self._wallets = wallets
        self._others = others

    async def page_owners(self, after: str | None, limit: int) -> tuple[Owner, ...]:
        behind = ((key, saved) for key, saved in self._wallets.items() if after is None or key[0] > after)
        owned: dict[str, list[tuple[Address, tuple[str, ...]]]] = {}
        for (user, address), saved in sorted(behind):
            owned.setdefault(user, []).append((address, saved.chains))
        return tuple(Owner(user, tuple(wallets)) for user, wallets in islice(owned.items(), limit))

    async def page_users(self, after: str | None, limit: int) -> tuple[str, ...]:
        users = {user for user, _ in self._wallets} | set(self._others())
        return tuple(sorted(user for user in users if after is None or user > after)[:limit])


class FakeRuns:
    def __init__(
        self, shelf: RunShelf, require_era: Callable[[str | None, Era | None], None] = lambda *_: None
    ) -> None:
        self._shelf = shelf
        self._require_era = require_era

    async def add_run(self, run: Run, *, era: Era | None = None) -> Run:
        self._require_era(run.user_id, era)
        return self._shelf.runs.setdefault(run.id, run)

    async def get_run(self, run_id: str) -> Run | None:
        return self._shelf.runs.get(run_id)

    async def set_totals(self, run_id: str, totals: PlanTotals) -> None:
        run = self._shelf.runs.get(run_id)
        if run is not None:
            self._shelf.runs[run_id] = replace(run, totals=totals)

    async def set_finished(self, run_id: str, at: datetime, outcome: Progress) -> None:
        run = self._shelf.runs.get(run_id)
        if run is not None and run.finished_at is None:
            self._shelf.runs[run_id] = replace(run, finished_at=at, outcome=outcome)

    async def list_overdue(self, now: datetime, limit: int, after: Run | None = None) -> tuple[Run, ...]:
        due = [r for r in self._shelf.runs.values() if r.finished_at is None and r.overdue_at <= now]
        behind = [run for run in due if after is None or _overdue_order(run) > _overdue_order(after)]
        return tuple(sorted(behind, key=_overdue_order)[:limit])

    async def list_finished(self, limit: int) -> tuple[Run, ...]:
        found = [r for r in self._shelf.runs.values() if r.finished_at is not None and r.user_id is None]
        return tuple(sorted(found, key=lambda run: run.scheduled_at, reverse=True)[:limit])

    async def add_page(self, run_id: str, page: PlanPage) -> PlanPage:
        if self._shelf.is_gone(run_id):
            raise ErasedMeanwhile
        return self._shelf.pages.setdefault((run_id, page.number), page)

    async def get_page(self, run_id: str, number: int) -> PlanPage | None:
        return self._shelf.pages.get((run_id, number))

    async def add_prices(self, run_id: str, page: PricePage) -> PricePage:
        if self._shelf.is_gone(run_id):
            raise ErasedMeanwhile
        return self._shelf.prices.setdefault((run_id, page.number), page)

    async def list_prices(self, run_id: str, first: int) -> tuple[PricePage, ...]:
        pages = (self._shelf.prices.get((run_id, number)) for number in count(first))
        return tuple(page for page in takewhile(lambda page: page is not None, pages) if page is not None)


def _overdue_order(run: Run) -> tuple[datetime, str]:
    return run.overdue_at, run.id


class FakeParts:
    def __init__(self, shelf: RunShelf, snapshots: SnapshotShelf) -> None:
        self._shelf = shelf
        self._snapshots = snapshots

    async def add_part(self, part: Part) -> bool:
        if self._shelf.is_gone(part.run_id):
            return False
        new = (part.run_id, part.key) not in self._shelf.parts
        self._shelf.parts.setdefault((part.run_id, part.key), part)
        return new

    async def count_parts(self, run_id: str, group: int) -> int:
        return len(await self.list_keys(run_id, group, group))

    async def read_parts(self, run_id: str, keys: Collection[PartKey]) -> Mapping[PartKey, Part]:
        found = ((key, self._shelf.parts.get((run_id, key))) for key in keys)
        return {key: part for key, part in found if part is not None}

    async def list_keys(self, run_id: str, first_group: int, last_group: int) -> frozenset[PartKey]:
        own = (key for run, key in self._shelf.parts if run == run_id)
        return frozenset(key for key in own if first_group <= key.group <= last_group)

    async def read_progress(self, run_id: str) -> Progress:
        states = [part.state for (run, _), part in self._shelf.parts.items() if run == run_id]
        kept = [snapshot.complete for snapshot in self._snapshots.values() if snapshot.run_id == run_id]
        return Progress(states.count("read"), states.count("failed"), len(kept), kept.count(False))


class FakeLatest:
    def __init__(self, shelf: RunShelf, clock: Callable[[], datetime]) -> None:
        self._shelf = shelf
        self._clock = clock

    async def read_latest(self, keys: Sequence[FragmentKey]) -> Mapping[FragmentKey, Fragment]:
        found = ((key, self._known(key)) for key in keys)
        return {key: fragment for key, fragment in found if fragment is not None}

    async def list_known(self, chain: str, wallets: Sequence[Address]) -> Mapping[FragmentKey, Fragment]:
        own = [key for key in self._shelf.latest if key.chain == chain and key.wallet in wallets]
        return await self.read_latest(own)

    async def list_latest(self, wallets: Sequence[Address], after: int = 0) -> News:
        found = [known for key in self._shelf.latest if (known := self._known(key)) is not None]
        own = (each for each in found if each.wallet in wallets and each.sequence > after)
        in_order = sorted(own, key=lambda each: (each.sequence, each.key))
        return News(tuple(in_order), max(after, self._shelf.last_sequence))

    async def put_latest(self, fragments: Sequence[Fragment]) -> int:
        written: list[Fragment] = []
        for fragment in fragments:
            known = self._known(fragment.key)
            if known is None or fragment.block.number >= known.block.number:
                written.append(fragment._replace(sequence=self._next_sequence()))
                self._shelf.latest[fragment.key] = (self._clock() + KEEP_LATEST, written[-1])
        self._shelf.followers.tell(News(tuple(written), self._shelf.last_sequence))
        return len(written)

    def _next_sequence(self) -> int:
        self._shelf.last_sequence = max(self._shelf.last_sequence + 1, to_micros(self._clock()))
        return self._shelf.last_sequence

    def _known(self, key: FragmentKey) -> Fragment | None:
        expires_at, fragment = self._shelf.latest.get(key, (None, None))
        return fragment if expires_at is not None and expires_at > self._clock() else None


class FakeFeed:
    """Tells at once of what is put into the shelf."""

    def __init__(self, shelf: RunShelf) -> None:
        self._shelf = shelf

    async def follow(self, wallets: Collection[Address], tell: Callable[[News], None]) -> Callable[[], None]:
        return self._shelf.followers.add(wallets, tell)


class FakeRunSnapshots:
    def __init__(
        self,
        snapshots: SnapshotShelf,
        shelf: RunShelf,
        require_era: Callable[[str | None, Era | None], None] = lambda *_: None,
    ) -> None:
        self._snapshots = snapshots
        self._shelf = shelf
        self._require_era = require_era

    async def add_snapshots(
        self, snapshots: Sequence[Snapshot], *, of_run: str | None = None, era: Era | None = None
    ) -> int:
        for snapshot in snapshots:
            self._require_era(snapshot.user_id, era)
        if of_run is not None and self._shelf.is_gone(of_run):
            return 0
        before = len(self._snapshots)
        for snapshot in snapshots:
            self._snapshots.setdefault((snapshot.user_id, snapshot.id), snapshot)
        return len(self._snapshots) - before

    async def list_kept(self, run_id: str, users: Sequence[str]) -> frozenset[str]:
        return frozenset(user for user in users if (user, snapshot_id(run_id)) in self._snapshots)

    async def remove_snapshots(self, run_id: str, users: Sequence[str]) -> None:
        for user in users:
            self._snapshots.pop((user, snapshot_id(run_id)), None)
