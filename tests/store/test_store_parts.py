"""The Parts port, on every store."""

from __future__ import annotations

import asyncio

import pytest

from shared.core.runs import PartKey, Progress
from shared.store.ports import Store
from tests.store.run_samples import RUN, failed_part, full_part, part
from tests.store.samples import ALICE, START, snapshot

CHAINS = ("arbitrum", "base", "ethereum")


async def test_a_part_comes_back_as_it_was_given(store: Store) -> None:
    read, failed = part(PartKey(3, "base")), failed_part(PartKey(3, "ethereum"))
    empty = part(PartKey(4, "base"), balances={}, tokens={}, failures=())

    for given in (read, failed, empty):
        assert await store.parts.add_part(given)

    keys = [read.key, failed.key, empty.key, PartKey(5, "base")]
    assert await store.parts.read_parts(RUN, keys) == {p.key: p for p in (read, failed, empty)}
    assert await store.parts.read_parts("another", keys) == {}
    assert await store.parts.read_parts(RUN, []) == {}


async def test_the_first_part_of_a_key_counts(store: Store) -> None:
    assert await store.parts.add_part(part())

    assert not await store.parts.add_part(failed_part())
    assert not await store.parts.add_part(part())

    assert await store.parts.read_parts(RUN, [part().key]) == {part().key: part()}


async def test_of_two_parts_added_at_once_one_is_kept(store: Store) -> None:
    given = [part(), failed_part()]

    added = await asyncio.gather(*map(store.parts.add_part, given))

    assert sorted(added) == [False, True]
    assert await store.parts.read_parts(RUN, [part().key]) == {part().key: given[added.index(True)]}


async def test_a_part_may_have_five_thousand_assets_in_each_of_fifty_wallets(store: Store) -> None:
    full = full_part(wallets=50, assets=5000)

    assert await store.parts.add_part(full)
    assert not await store.parts.add_part(full_part(wallets=50, assets=5000))

    found = await store.parts.read_parts(RUN, [full.key])
    assert found[full.key] == full
    assert await store.parts.count_parts(RUN, 0) == 1
    assert await store.parts.list_keys(RUN, 0, 0) == {full.key}


@pytest.mark.parametrize("group", [0, 1, 10, 100, 999_999, 1_000_000])
async def test_the_parts_of_a_group_are_counted(store: Store, group: int) -> None:
    assert await store.parts.count_parts(RUN, group) == 0

    for chain in CHAINS:
        await store.parts.add_part(part(PartKey(group, chain)))
    await store.parts.add_part(failed_part(PartKey(group, "base")))
    await store.parts.add_part(failed_part(PartKey(group + 1, "base")))
    await store.parts.add_part(part(PartKey(group, "base"), "another"))

    assert await store.parts.count_parts(RUN, group) == 3
    assert await store.parts.count_parts("another", group) == 1


async def test_keys_are_listed_by_a_range_of_groups(store: Store) -> None:
    groups = (0, 9, 10, 11, 69, 70, 99, 100, 999_999, 1_000_000)
    keys = {PartKey(group, chain) for group in groups for chain in CHAINS[:2]}
    for key in keys:
        await store.parts.add_part(part(key) if key.chain == "base" else failed_part(key))
    await store.parts.add_part(part(PartKey(50, "base"), "another"))

    for first, last in ((0, 99), (10, 69), (10, 10), (12, 68), (100, 199), (999_999, 1_000_001)):
        expected = {key for key in keys if first <= key.group <= last}
        assert await store.parts.list_keys(RUN, first, last) == expected


async def test_progress_is_counted(store: Store) -> None:
    assert await store.parts.read_progress(RUN) == Progress(0, 0, 0, 0)

    for group in range(5):
        await store.parts.add_part(part(PartKey(group, "base")))
    await store.parts.add_part(failed_part(PartKey(9, "base")))
    await store.parts.add_part(part(PartKey(9, "base"), "another"))
    for number, run_id in enumerate((RUN, RUN, RUN, "another", "another", None)):
        made = snapshot(number, START, run_id=run_id, complete=number not in (2, 3, 5))
        await store.snapshots.add_snapshot(ALICE, made)

    assert await store.parts.read_progress(RUN) == Progress(5, 1, 3, 1)
