"""What snapshots have to say, computed from the state of the chains, and whether those of a run do."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from datetime import timedelta
from decimal import Context, Decimal

from shared.core.ids import Address
from shared.core.runs import PlanTotals, Run
from shared.core.snapshots import Snapshot
from shared.store.ports import SnapshotFilter, Store
from tests.devnet.anvil import Anvil, Json
from tests.faults.holdings import ASSETS, SLUGS, Asset, Wallets

_EXACT = Context(prec=120)
_BALANCE_OF = "0x70a08231"
Read = tuple[Address, str]


@dataclass(frozen=True)
class Worth:
    """What a user's snapshot has to say: dollars, amounts by asset, and the chains that are missing."""

    total: Decimal
    amounts: Mapping[str, Decimal]
    missing: frozenset[str]


class Truth:
    """Raw balances, read one by one from the chains as they are now."""

    def __init__(
        self, anvils: Mapping[str, Anvil], people: Mapping[str, Wallets], assets: Iterable[Asset] = ASSETS
    ):
        self.people = people
        self._raw: dict[tuple[Asset, Address], int] = {}
        asked = {
            (at, slug) for wallets in people.values() for at, on in wallets.items() for slug in on or SLUGS
        }
        for slug, anvil in anvils.items():
            pairs = [(a, at) for a in assets for at, on in asked if a.chain.slug == slug == on]
            answers = anvil.batch([_question(asset, address) for asset, address in pairs])
            self._raw.update(zip(pairs, (int(str(raw), 16) for raw in answers), strict=True))

    def worth(self, user: str, lost: Collection[Read] = ()) -> Worth:
        """What the user has on all chains that could be read."""
        wanted = {(at, slug) for at, on in self.people[user].items() for slug in on or SLUGS}
        there = wanted.difference(lost)
        amounts: dict[Asset, int] = defaultdict(int)
        for (asset, address), raw in self._raw.items():
            if raw and (address, asset.chain.slug) in there:
                amounts[asset] += raw
        exact = {asset: Decimal(raw).scaleb(-asset.decimals, _EXACT) for asset, raw in amounts.items()}
        total = Decimal(0)
        for asset, amount in exact.items():
            total = _EXACT.add(total, _EXACT.multiply(amount, Decimal(asset.dollars)))
        missing = frozenset(slug for _, slug in wanted.intersection(lost))
        return Worth(total, {asset.asset_id: amount for asset, amount in exact.items()}, missing)


def _question(asset: Asset, address: Address) -> tuple[str, list[Json]]:
    if asset.address is None:
        return "eth_getBalance", [address, "latest"]
    call: Json = {"to": asset.address, "data": f"{_BALANCE_OF}{int(address, 16):064x}"}
    return "eth_call", [call, "latest"]


async def check_run(run_id: str, store: Store, truth: Truth, lost: Collection[Read] = ()) -> None:
    """The run is finished and everybody has one snapshot of it, which is right and says what is missing."""
    run = await store.runs.get_run(run_id)
    assert run is not None
    assert run.finished_at is not None, f"{run_id} is not finished"
    users = sorted(truth.people)
    assert isinstance(run.totals, PlanTotals)
    assert run.totals.users == len(users)
    progress = await store.parts.read_progress(run_id)
    assert progress.parts_read + progress.parts_failed == run.totals.parts
    assert progress.snapshots == len(users), "there is a snapshot too many or too few"
    for user in users:
        (snapshot,) = await snapshots_of(run, user, store)
        assert _told(snapshot) == truth.worth(user, lost), f"{user}'s snapshot is wrong"
        assert snapshot.complete == (not truth.worth(user, lost).missing)


async def snapshots_of(run: Run, user: str, store: Store) -> list[Snapshot]:
    """The user's snapshots of the moment when the run started."""
    moment = SnapshotFilter(run.started_at, run.started_at + timedelta(microseconds=1))
    page = await store.snapshots.page_snapshots(user, moment, with_assets=True)
    return [snapshot for snapshot in page.rows if snapshot.run_id == run.id]


def _told(snapshot: Snapshot) -> Worth:
    amounts = {str(asset.asset_id): asset.balance for asset in snapshot.assets}
    assert len(amounts) == len(snapshot.assets)
    return Worth(snapshot.total_usd, amounts, frozenset(str(error.chain) for error in snapshot.errors))
