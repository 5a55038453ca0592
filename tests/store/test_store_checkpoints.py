"""The Checkpoints port, on every store."""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable
from datetime import timedelta

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from shared.store.ports import SavedCheckpoint, Store
from tests.store.samples import ALICE, BOB, START, Clock, trade


async def checkpoint(store: Store, covered: int, state: bytes = b"{}") -> SavedCheckpoint:
    revision = await store.log.read_revision(ALICE)
    return SavedCheckpoint(revision, trade(covered).executed_at, state)


async def test_a_checkpoint_comes_back_as_it_was_given(store: Store) -> None:
    await store.trades.add_trades(ALICE, [trade(1)])
    kept = await checkpoint(store, 1, b'{"lots": "\xc3\xa9"}')

    await store.checkpoints.save_checkpoint(ALICE, "fifo:universal/UTC", kept)

    assert await store.checkpoints.load_checkpoint(ALICE, "fifo:universal/UTC") == kept
    assert await store.checkpoints.load_checkpoint(ALICE, "lifo") is None
    assert await store.checkpoints.load_checkpoint(BOB, "fifo:universal/UTC") is None


async def test_a_large_checkpoint_comes_back_and_can_be_replaced(store: Store) -> None:
    await store.trades.add_trades(ALICE, [trade(1)])
    for size in (2_500_000, 1_000_000, 10):
        kept = await checkpoint(store, 1, random.Random(size).randbytes(size))

        await store.checkpoints.save_checkpoint(ALICE, "fifo", kept)

        assert await store.checkpoints.load_checkpoint(ALICE, "fifo") == kept


async def test_a_checkpoint_survives_trades_behind_it(store: Store) -> None:
    await store.trades.add_trades(ALICE, [trade(1), trade(5)])
    kept = await checkpoint(store, 5)
    await store.checkpoints.save_checkpoint(ALICE, "fifo", kept)

    await store.trades.add_trades(ALICE, [trade(6), trade(7)])
    await store.trades.replace_trade(ALICE, trade(6, symbol="WETH"), 1)
    await store.trades.delete_trade(ALICE, "alice-000007")
    await store.trades.add_trades(BOB, [trade(1, BOB)])

    assert await store.checkpoints.load_checkpoint(ALICE, "fifo") == kept


async def add_an_older_one(store: Store) -> None:
    await store.trades.add_trades(ALICE, [trade(9), trade(4)])


async def add_one_at_the_same_time(store: Store) -> None:
    same_time = trade(5).executed_at
    await store.trades.add_trades(ALICE, [trade(0, executed_at=same_time)])


async def import_an_older_one(store: Store) -> None:
    await store.imports.import_trades(ALICE, [[trade(9)], [trade(2)]])


async def change_one(store: Store) -> None:
    await store.trades.replace_trade(ALICE, trade(5, symbol="WETH"), 1)


async def move_one_behind(store: Store) -> None:
    await store.trades.replace_trade(ALICE, trade(1, executed_at=START + timedelta(days=9)), 1)


async def move_one_before(store: Store) -> None:
    await store.trades.replace_trade(ALICE, trade(8, executed_at=START), 1)


async def delete_one(store: Store) -> None:
    await store.trades.delete_trade(ALICE, "alice-000001")


@pytest.mark.parametrize(
    "change",
    [
        add_an_older_one,
        add_one_at_the_same_time,
        import_an_older_one,
        change_one,
        move_one_behind,
        move_one_before,
        delete_one,
    ],
)
@pytest.mark.parametrize("saved", ["before", "after"])
async def test_a_change_at_or_before_its_boundary_ends_a_checkpoint(
    store: Store, change: Callable[[Store], Awaitable[None]], saved: str
) -> None:
    await store.trades.add_trades(ALICE, [trade(1), trade(5), trade(8)])
    kept = await checkpoint(store, 5)
    if saved == "before":
        await store.checkpoints.save_checkpoint(ALICE, "fifo", kept)

    await change(store)
    if saved == "after":  # somebody computed on what was there before the change
        await store.checkpoints.save_checkpoint(ALICE, "fifo", kept)

    assert await store.checkpoints.load_checkpoint(ALICE, "fifo") is None
    again = await checkpoint(store, 5)
    await store.checkpoints.save_checkpoint(ALICE, "fifo", again)
    assert await store.checkpoints.load_checkpoint(ALICE, "fifo") == again


async def test_a_checkpoint_is_not_older_than_what_the_log_remembers(store: Store, clock: Clock) -> None:
    await store.trades.add_trades(ALICE, [trade(1)])
    await store.checkpoints.save_checkpoint(ALICE, "fifo", await checkpoint(store, 1))

    clock.pass_(days=25)

    assert await store.checkpoints.load_checkpoint(ALICE, "fifo") is None


@settings(max_examples=15, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(covered=st.integers(0, 6), added=st.lists(st.integers(10, 69), max_size=4, unique=True))
async def test_a_checkpoint_holds_exactly_while_all_changes_are_behind_it(
    store: Store, covered: int, added: list[int]
) -> None:
    boundary = trade(covered * 10).executed_at
    kept = SavedCheckpoint(await store.log.read_revision(ALICE), boundary, b"state")
    await store.checkpoints.save_checkpoint(ALICE, "fifo", kept)
    for number in added:
        await store.trades.add_trades(ALICE, [trade(number)])

    found = await store.checkpoints.load_checkpoint(ALICE, "fifo")

    assert (found is None) == any(trade(number).executed_at <= boundary for number in added)
    for number in added:
        await store.trades.delete_trade(ALICE, f"alice-{number:06d}")
