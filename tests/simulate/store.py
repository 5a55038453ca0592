"""The ports of the store over packed content in memory: what is billed is counted as Firestore bills it."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from shared.core.fragments import WALLET, Fragment, FragmentKey
from shared.core.ids import Address
from shared.core.run_ids import snapshot_id
from shared.core.runs import Owner, Part, PartKey, PlanPage, PlanTotals, PricePage, Progress, Run
from shared.core.snapshots import Snapshot
from shared.store.account_ports import Era, Erased
from shared.store.codecs import pack_assets
from shared.store.run_codecs import (
    pack_part,
    pack_plan,
    pack_prices,
    unpack_part,
    unpack_plan,
    unpack_prices,
)
from shared.store.run_ports import News
from tests.simulate.before import Before
from tests.simulate.charged import Charged
from tests.simulate.edges import Edges, documents_of
from tests.simulate.market import Crowd

_GROUPS_A_QUERY = 30
_WALLETS_A_QUERY = 30
_WRITES_A_COMMIT = 500


class SimulatedOwners:
    def __init__(self, edges: Edges, crowd: Crowd) -> None:
        self._edges = edges
        self._crowd = crowd

    async def page_owners(self, after: str | None, limit: int) -> tuple[Owner, ...]:
        """Their wallets are read in two queries, up to those of the user behind the last."""
        owners = self._crowd.owners_after(after, limit + 1)
        await self._edges.call("query")
        await self._edges.read("query", "wallets", sum(len(owner.wallets) for owner in owners))
        return owners[:limit]

    async def page_users(self, after: str | None, limit: int) -> tuple[str, ...]:
        return tuple(owner.user_id for owner in await self.page_owners(after, limit))


class SimulatedRuns:
    """The runs and their pages; one run was finished before."""

    def __init__(self, edges: Edges, before: Before) -> None:
        self._edges = edges
        self._runs: dict[str, Run] = {before.run.id: before.run}
        self._pages: dict[tuple[str, int], bytes] = {}
        self._prices: dict[str, list[bytes]] = {before.run.id: [pack_prices(before.prices)]}
        self._unpacked: Charged[tuple[str, int], PlanPage] = Charged(edges)

    async def add_run(self, run: Run, *, era: Era | None = None) -> Run:
        assert era is None  # it is for all users
        if run.id in self._runs:
            await self._edges.call("commit")
            return await self._kept(run.id)
        await self._edges.write("runs", 1)
        return self._runs.setdefault(run.id, run)

    async def get_run(self, run_id: str) -> Run | None:
        await self._edges.read("get", "runs", 1)
        return self._runs.get(run_id)

    async def set_totals(self, run_id: str, totals: PlanTotals) -> None:
        await self._edges.write("runs", 1)
        self._runs[run_id] = replace(self._runs[run_id], totals=totals)

    async def set_finished(self, run_id: str, at: datetime, outcome: Progress) -> None:
        if (await self._kept(run_id)).finished_at is None:
            await self._edges.write("runs", 1)
            self._runs[run_id] = replace(self._runs[run_id], finished_at=at, outcome=outcome)

    async def list_overdue(self, now: datetime, limit: int, after: Run | None = None) -> tuple[Run, ...]:
        """The one run that is played, on the first page."""
        at_work = [run for run in self._runs.values() if run.finished_at is None and run.overdue_at <= now]
        found = at_work if after is None else []
        await self._edges.read("query", "runs", len(found))
        return tuple(found)

    async def list_finished(self, limit: int) -> tuple[Run, ...]:
        found = [run for run in self._runs.values() if run.finished_at is not None][-limit:]
        await self._edges.read("query", "runs", len(found))
        return tuple(found)

    async def add_page(self, run_id: str, page: PlanPage) -> PlanPage:
        packed = pack_plan(page)
        if (run_id, page.number) in self._pages:
            await self._edges.call("commit")
            kept = await self.get_page(run_id, page.number)
            assert kept is not None
            return kept
        await self._edges.write("plan", documents_of(packed))
        self._pages[run_id, page.number] = packed
        return page

    async def get_page(self, run_id: str, number: int) -> PlanPage | None:
        packed = self._pages.get((run_id, number))
        await self._edges.read("get", "plan", documents_of(packed or b""))
        if packed is None:
            return None
        return await self._unpacked.get((run_id, number), lambda: unpack_plan(packed))

    async def add_prices(self, run_id: str, page: PricePage) -> PricePage:
        packed = pack_prices(page)
        kept = self._prices.setdefault(run_id, [])
        if page.number < len(kept):
            await self._edges.call("commit")
            await self._edges.read("get", "prices", documents_of(kept[page.number]))
        else:
            await self._edges.write("prices", documents_of(packed))
            if page.number == len(kept):
                kept.append(packed)
        return unpack_prices(kept[page.number])

    async def list_prices(self, run_id: str, first: int) -> tuple[PricePage, ...]:
        packed = self._prices.get(run_id, [])[first:]
        await self._edges.read("query", "prices", sum(map(documents_of, packed)))
        return tuple(map(unpack_prices, packed))

    async def _kept(self, run_id: str) -> Run:
        await self._edges.read("get", "runs", 1)
        return self._runs[run_id]


class SimulatedSnapshots:
    """Of snapshots only the names are kept, and which are incomplete."""

    def __init__(self, edges: Edges) -> None:
        self.kept: set[tuple[str, str]] = set()
        self.incomplete: set[tuple[str, str]] = set()
        self._edges = edges

    async def add_snapshots(
        self, snapshots: Sequence[Snapshot], *, of_run: str | None = None, era: Era | None = None
    ) -> int:
        """A commit is refused as a whole if one of them is there: then it is looked which, and tried anew."""
        new = 0
        for start in range(0, len(snapshots), _WRITES_A_COMMIT):
            left = snapshots[start : start + _WRITES_A_COMMIT]
            documents = {each.user_id: documents_of(pack_assets(each)) for each in left}
            await self._edges.call("commit", sum(documents.values()))
            unkept = [each for each in left if (each.id, each.user_id) not in self.kept]
            self.kept.update((each.id, each.user_id) for each in unkept)
            self.incomplete.update((each.id, each.user_id) for each in unkept if not each.complete)
            self._edges.count("write", "snapshots", sum(documents[each.user_id] for each in unkept))
            new += len(unkept)
            if len(unkept) < len(left):
                await self._edges.read("get", "snapshots", len(left))
        return new

    async def list_kept(self, run_id: str, users: Sequence[str]) -> frozenset[str]:
        if users:
            await self._edges.read("get", "snapshots", len(users))
        return frozenset(user for user in users if (snapshot_id(run_id), user) in self.kept)

    async def remove_snapshots(self, run_id: str, users: Sequence[str]) -> None:
        await self._edges.read("get", "snapshots", len(users))
        self.kept -= {(snapshot_id(run_id), user) for user in users}


class SimulatedErasures:
    """Nobody leaves."""

    def __init__(self, edges: Edges) -> None:
        self._edges = edges

    async def mark_erased(self, user: str, at: datetime) -> None:
        await self._edges.write("erasures", 1)

    async def read_era(self, user: str) -> Era:
        await self._edges.read("get", "erasures", 1)
        return Era(0)

    async def list_marks(self, since: datetime) -> Mapping[str, datetime]:
        await self._edges.read("query", "erasures", 0)
        return {}

    async def erase_some(self, user: str) -> Erased:
        return Erased({}, found=False)


class SimulatedParts:
    def __init__(self, edges: Edges, snapshots: SimulatedSnapshots) -> None:
        self._edges = edges
        self._snapshots = snapshots
        self._parts: dict[tuple[str, int], dict[str, tuple[Part, bytes]]] = {}

    async def add_part(self, part: Part) -> bool:
        packed = pack_part(part)
        of_group = self._parts.setdefault((part.run_id, part.key.group), {})
        if part.key.chain in of_group:
            await self._edges.call("commit")
            await self._edges.read("get", "parts", 1)
            return False
        await self._edges.write("parts", documents_of(packed))
        # The large contents are in what is packed; of the part itself its state is needed.
        bare = replace(part, balances={}, tokens={})
        return of_group.setdefault(part.key.chain, (bare, packed))[0] is bare

    async def count_parts(self, run_id: str, group: int) -> int:
        await self._edges.aggregate("counts", len(self._parts.get((run_id, group), ())))
        return len(self._parts.get((run_id, group), ()))

    async def read_parts(self, run_id: str, keys: Collection[PartKey]) -> Mapping[PartKey, Part]:
        found = {key: kept for key in keys if (kept := self._find(run_id, key)) is not None}
        documents = sum(documents_of(packed) for _, packed in found.values())
        if keys:
            await self._edges.read("get", "parts", documents + len(keys) - len(found))
        return {key: unpack_part(run_id, key, bare.state, packed) for key, (bare, packed) in found.items()}

    async def list_keys(self, run_id: str, first_group: int, last_group: int) -> frozenset[PartKey]:
        keys: set[PartKey] = set()
        for start in range(first_group, last_group + 1, _GROUPS_A_QUERY):
            groups = range(start, min(start + _GROUPS_A_QUERY, last_group + 1))
            found = {PartKey(g, chain) for g in groups for chain in self._parts.get((run_id, g), ())}
            await self._edges.read("query", "parts", len(found))
            keys |= found
        return frozenset(keys)

    async def read_progress(self, run_id: str) -> Progress:
        states = [
            bare.state
            for (run, _), of_group in self._parts.items()
            if run == run_id
            for bare, _ in of_group.values()
        ]
        of_run = snapshot_id(run_id)
        kept = sum(snapshot == of_run for snapshot, _ in self._snapshots.kept)
        incomplete = sum(snapshot == of_run for snapshot, _ in self._snapshots.incomplete)
        numbers = (states.count("read"), states.count("failed"), kept, incomplete)
        for number in numbers:
            await self._edges.aggregate("counts", number)
        return Progress(*numbers)

    def _find(self, run_id: str, key: PartKey) -> tuple[Part, bytes] | None:
        return self._parts.get((run_id, key.group), {}).get(key.chain)


class SimulatedLatest:
    """What is known is what the wallets held before."""

    def __init__(self, edges: Edges, before: Before) -> None:
        self._edges = edges
        self._before = before

    async def read_latest(self, keys: Sequence[FragmentKey]) -> Mapping[FragmentKey, Fragment]:
        await self._edges.read("get", "latest balances", len(keys))
        return self._before.fragments(keys)

    async def list_known(self, chain: str, wallets: Sequence[Address]) -> Mapping[FragmentKey, Fragment]:
        """One query for so many wallets; they held nothing in protocols."""
        if not wallets:
            return {}
        known = self._before.fragments([FragmentKey(wallet, chain, WALLET) for wallet in wallets])
        starts = range(0, len(wallets), _WALLETS_A_QUERY)
        held = {key.wallet for key in known}
        found = [len(held.intersection(wallets[start : start + _WALLETS_A_QUERY])) for start in starts]
        await self._edges.query_at_once("latest balances", found)
        return known

    async def list_latest(self, wallets: Sequence[Address], after: int = 0) -> News:
        return News((), after)

    async def put_latest(self, fragments: Sequence[Fragment]) -> int:
        await self._edges.read("get", "latest balances", len(fragments))
        for start in range(0, len(fragments), _WRITES_A_COMMIT):
            await self._edges.write("latest balances", min(len(fragments) - start, _WRITES_A_COMMIT))
        return len(fragments)
