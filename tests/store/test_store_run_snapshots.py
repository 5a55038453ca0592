"""The RunSnapshots port, on every store."""

from __future__ import annotations

import asyncio
import secrets
from dataclasses import replace
from decimal import Decimal

from shared.core.failures import Failure
from shared.core.ids import AssetId
from shared.core.snapshots import Snapshot, SnapshotAsset
from shared.store.ports import SnapshotFilter, Store
from tests.store.run_samples import RUN
from tests.store.samples import ALICE, BOB, ETH, START, snapshot

ASSETS = (SnapshotAsset(ETH, "ETH", Decimal("1.50"), None, None),)


def of_run(user: str, total: int = 1, run_id: str = RUN) -> Snapshot:
    return replace(snapshot(total, START, user, assets=ASSETS, run_id=run_id), id=run_id)


async def kept(store: Store, user: str) -> tuple[Snapshot, ...]:
    return (await store.snapshots.page_snapshots(user, SnapshotFilter(), with_assets=True)).rows


async def test_snapshots_of_many_users_are_kept(store: Store) -> None:
    given = [of_run(user) for user in (ALICE, BOB, "c/\N{CLOWN FACE}")]

    assert await store.run_snapshots.add_snapshots(given) == 3
    assert await store.run_snapshots.add_snapshots([]) == 0

    for each in given:
        assert await kept(store, each.user_id) == (each,)


async def test_a_snapshot_that_is_there_stays_and_the_others_are_added(store: Store) -> None:
    await store.run_snapshots.add_snapshots([of_run(ALICE)])

    assert await store.run_snapshots.add_snapshots([of_run(ALICE, 2), of_run(BOB, 2)]) == 1
    assert await store.run_snapshots.add_snapshots([of_run(ALICE, 3), of_run(BOB, 3)]) == 0

    assert await kept(store, ALICE) == (of_run(ALICE),)
    assert await kept(store, BOB) == (of_run(BOB, 2),)


async def test_a_user_given_twice_has_one_snapshot(store: Store) -> None:
    assert await store.run_snapshots.add_snapshots([of_run(ALICE, 1), of_run(ALICE, 2)]) == 1

    assert await kept(store, ALICE) == (of_run(ALICE, 1),)


async def test_two_who_finish_at_once_keep_each_snapshot_once(store: Store) -> None:
    users = [f"user-{number}" for number in range(40)]
    own, others = [of_run(user, 1) for user in users[:30]], [of_run(user, 2) for user in users[10:]]

    new = await asyncio.gather(*map(store.run_snapshots.add_snapshots, (own, others)))

    assert sum(new) == 40
    assert await store.run_snapshots.list_kept(RUN, users) == set(users)
    for user in users:
        assert len(await kept(store, user)) == 1


async def test_of_five_hundred_users_those_are_listed_who_have_a_snapshot(store: Store) -> None:
    users = [f"user/{number}" for number in range(500)]
    await store.run_snapshots.add_snapshots([of_run(user) for user in users[::2]])
    await store.run_snapshots.add_snapshots([of_run(users[1], run_id="another")])

    assert await store.run_snapshots.list_kept(RUN, users) == set(users[::2])
    assert await store.run_snapshots.list_kept("another", users) == {users[1]}
    assert await store.run_snapshots.list_kept(RUN, []) == frozenset()


async def test_other_snapshots_are_untouched(store: Store) -> None:
    before, others = snapshot(1, START), snapshot(2, START, BOB, assets=ASSETS)
    await store.snapshots.add_snapshot(ALICE, before)
    await store.snapshots.add_snapshot(BOB, others)

    await store.run_snapshots.add_snapshots([of_run(ALICE)])

    assert set(await kept(store, ALICE)) == {before, of_run(ALICE)}
    assert await kept(store, BOB) == (others,)


async def test_every_asset_may_have_failed(store: Store) -> None:
    failures = tuple(
        Failure(
            "price",
            "base",
            "price_unavailable",
            "no source",
            AssetId(f"eip155:1/erc20:0x{secrets.token_hex(20)}"),
        )
        for _ in range(8000)
    )
    given = replace(of_run(ALICE), errors=failures, complete=False)

    await store.run_snapshots.add_snapshots([given, of_run(BOB)])

    assert await kept(store, ALICE) == (given,)


async def test_snapshots_of_five_thousand_assets_are_kept_beside_small_ones(store: Store) -> None:
    assets = tuple(
        SnapshotAsset(
            AssetId(f"eip155:1/erc20:0x{secrets.token_hex(20)}"),
            secrets.token_hex(4),
            *(Decimal(secrets.randbelow(10**36)).scaleb(-18) for _ in range(3)),
        )
        for _ in range(5000)
    )
    users = [f"user-{number}" for number in range(8)]
    given = [replace(of_run(user), assets=assets) for user in users]

    assert await store.run_snapshots.add_snapshots([of_run(ALICE), *given, of_run(BOB)]) == 10

    assert await kept(store, users[0]) == (given[0],)
    assert await kept(store, users[-1]) == (given[-1],)
    assert await kept(store, BOB) == (of_run(BOB),)
