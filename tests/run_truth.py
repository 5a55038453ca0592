"""What has to be true of every run when nothing is under way any more, computed from the world itself."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from decimal import Decimal
from typing import TypeVar

from shared.core.amounts import add, from_raw, multiply
from shared.core.fragments import FragmentKey, HeldAs
from shared.core.ids import Address, AssetId
from shared.core.runs import Part, PartKey, PlanPage, PlanTotals, PricePage, Progress, Run, is_past
from shared.core.snapshots import Snapshot
from tests.run_play import Play
from tests.run_world import RUN, SLUGS, World

T = TypeVar("T")
Wishes = Mapping[Address, tuple[str, ...]]
Read = tuple[Address, str]
Row = tuple[AssetId, str, HeldAs]
"""An asset, the protocol that holds it, and as what."""


def check_runs(world: World) -> None:
    """Every run that was begun is finished, and its snapshots are right."""
    for run in world.runs.runs.values():
        assert run.finished_at is not None, f"{run.id} is not finished"
        _Ending(world, run).check()


def played(world: World) -> Run:
    """The scheduler's run at noon, after everything that it takes."""
    play = Play(world)
    world.call()
    play.drain()
    check_runs(world)
    return world.runs.runs[RUN.id]


def check_so_far(world: World) -> None:
    """No run is called finished before it is."""
    for run in world.runs.runs.values():
        if run.finished_at is not None:
            assert run.totals is not None
            assert len(snapshots_of(world, run)) == run.totals.users


def snapshots_of(world: World, run: Run) -> dict[str, Snapshot]:
    """The run's snapshots, by user."""
    return {user: s for (user, _), s in world.shelf.snapshots.items() if s.run_id == run.id}


class _Ending:
    """One run, and what is kept of it."""

    def __init__(self, world: World, run: Run) -> None:
        self.world = world
        self.run = run
        self.pages: list[PlanPage] = _ordered(world.runs.pages, run)
        self.groups = [group for page in self.pages for group in page.groups]
        self.prices = _lowest(_ordered(world.runs.prices, run))
        self.may_be_late = is_past(run, world.clock.now)

    def check(self) -> None:
        self._check_plan()
        self._check_parts()
        self._check_prices()
        self._check_latest()
        self._check_snapshots()
        self._check_outcome()

    def _check_plan(self) -> None:
        assert [page.number for page in self.pages] == list(range(len(self.pages)))
        assert [page.last for page in self.pages] == [False] * (len(self.pages) - 1) + [True]
        assert [group.number for group in self.groups] == list(range(len(self.groups)))
        wallets = {w for group in self.groups for _, found in group.reads for w in found}
        assert self.run.totals == PlanTotals(
            pages=len(self.pages),
            groups=len(self.groups),
            parts=sum(len(group.reads) for group in self.groups),
            users=sum(len(group.users) for group in self.groups),
            wallets=len(wallets),
        )

    def _check_parts(self) -> None:
        """All that was planned is there, and nothing else."""
        kept = {key for run, key in self.world.runs.parts if run == self.run.id}
        assert kept == {PartKey(group.number, slug) for group in self.groups for slug, _ in group.reads}
        for key in kept:
            self._check_part(key)

    def _check_outcome(self) -> None:
        """What is said of the run for ever is what is kept at its end."""
        states = [part.state for (run, _), part in self.world.runs.parts.items() if run == self.run.id]
        kept = [snapshot.complete for snapshot in snapshots_of(self.world, self.run).values()]
        outcome = Progress(states.count("read"), states.count("failed"), len(kept), kept.count(False))
        assert self.run.outcome == outcome

    def _check_part(self, key: PartKey) -> None:
        """It failed only if the chain did, if a sweep gave it up, or if it was too late."""
        part = self.world.runs.parts[self.run.id, key]
        if part.state == "failed":
            (failure,) = part.failures
            is_late = failure.message == f"{key.chain}: was not read in time"
            given_up = is_late and (self.world.sweeps or self.may_be_late)
            assert failure.chain == key.chain
            assert given_up or key.chain in self.world.has_failed
        else:
            assert not part.failures or f"{key.chain} vaults" in self.world.has_failed
            assert {failure.protocol for failure in part.failures} <= {"vaults"}

    def _check_prices(self) -> None:
        numbers = [number for run, number in self.world.runs.prices if run == self.run.id]
        assert sorted(numbers) == list(range(len(numbers)))
        for asset_id, (dollars, failed) in self.prices.items():
            assert (asset_id, dollars) in self.world.said if dollars is not None else failed
            assert not failed or "llama" in self.world.has_failed or self.may_be_late

    def _check_latest(self) -> None:
        """Streams were told of everything that was read."""
        for (wallet, slug), part in self._was_read().items():
            answered = {"wallet", "market", "vaults"} - {failure.protocol for failure in part.failures}
            held: dict[str, dict[Row, int]] = {protocol: {} for protocol in answered}
            for row, raw, _ in self._held(wallet, slug, part):
                held[row[1]][row] = raw
            for protocol, rows in held.items():
                _, told = self.world.runs.latest.get(FragmentKey(wallet, slug, protocol), (None, None))
                balances = told.balances if told else ()
                assert rows == {(each.asset_id, protocol, each.kind): each.raw for each in balances}

    def _check_snapshots(self) -> None:
        made = snapshots_of(self.world, self.run)
        assert sorted(made) == sorted(user.user_id for group in self.groups for user in group.users)
        versions = [self._everybody(version) for version in self.world.versions]
        for user in {user for version in versions for user in version}:
            wishes = [version.get(user) for version in versions]
            never_began = self.may_be_late and not self.groups
            assert user in made or None in wishes or never_began, f"{user} has no snapshot"
        for user, snapshot in made.items():
            told = (snapshot.id, snapshot.timestamp, _contents(snapshot))
            true = [self._expected(version[user]) for version in versions if user in version]
            assert told in [(self.run.id, self.run.started_at, each) for each in true], f"{user}'s is wrong"

    def _everybody(self, version: Mapping[str, Wishes]) -> dict[str, set[Read]]:
        """Who the run is for, with something to read."""
        wanted = {
            user: {(wallet, slug) for wallet, on in wishes.items() for slug in on or SLUGS}
            for user, wishes in version.items()
            if self.run.user_id in (None, user)
        }
        return {user: reads for user, reads in wanted.items() if reads}

    def _expected(self, wanted: set[Read]) -> tuple[Decimal, bool, dict[Row, Decimal]]:
        """Total, whether that is all, and the balances: of what was read, added up from the chains' state."""
        was_read = self._was_read()
        there = [(*read, was_read[read]) for read in wanted & was_read.keys()]
        balances: dict[Row, list[Decimal]] = defaultdict(list)
        for wallet, slug, part in there:
            for row, raw, decimals in self._held(wallet, slug, part):
                balances[row].append(from_raw(raw, decimals))
        sums = {row: add(parts) for row, parts in balances.items()}
        values = [
            multiply(amount.copy_negate() if row[2] == "debt" else amount, dollars)
            for row, amount in sums.items()
            if (dollars := self.prices[row[0]][0]) is not None
        ]
        has_failed = any(part.failures for _, _, part in there)
        is_priced = not any(self.prices[asset_id][1] for asset_id, _, _ in sums)
        return add(values), wanted <= was_read.keys() and not has_failed and is_priced, sums

    def _held(self, wallet: Address, slug: str, part: Part) -> Iterator[tuple[Row, int, int]]:
        """What the wallet has by the chain's state, but for a protocol that failed: raw, and the decimals."""
        for token, raw in self.world.holds(slug, wallet).items():
            yield (token.asset_id, "wallet", "wallet"), raw, token.decimals
        failed = {failure.protocol for failure in part.failures}
        for (protocol, kind, token), raw in self.world.positions(slug, wallet).items():
            if protocol not in failed:
                yield (token.asset_id, protocol, kind), raw, token.decimals

    def _was_read(self) -> dict[Read, Part]:
        """The part in which each wallet was read on each chain."""
        return {
            (wallet, slug): part
            for group in self.groups
            for slug, wallets in group.reads
            for wallet in wallets
            if (part := self.world.runs.parts[self.run.id, PartKey(group.number, slug)]).state == "read"
        }


def _contents(snapshot: Snapshot) -> tuple[Decimal, bool, dict[Row, Decimal]]:
    """Total, whether that is all, and the balances."""
    rows = {(asset.asset_id, asset.protocol, asset.kind): asset.balance for asset in snapshot.assets}
    assert len(rows) == len(snapshot.assets)
    return snapshot.total_usd, snapshot.complete, rows


def _ordered(kept: Mapping[tuple[str, int], T], run: Run) -> list[T]:
    return [kept[key] for key in sorted(key for key in kept if key[0] == run.id)]


def _lowest(pages: list[PricePage]) -> dict[AssetId, tuple[Decimal | None, bool]]:
    """Each asset's price, and whether there is none because a source failed or nobody asked in time."""
    prices: dict[AssetId, tuple[Decimal | None, bool]] = {}
    for page in pages:
        for asset_id, price in page.prices.items():
            failed = price.price_usd is None and any(f.asset_id in (None, asset_id) for f in page.failures)
            prices.setdefault(asset_id, (price.price_usd, failed))
    return prices
