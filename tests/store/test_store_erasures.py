"""The Erasures port, on every store."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from shared.store.account_ports import mark_of
from shared.store.keeping import LONGEST_REQUEST
from shared.store.ports import SavedCheckpoint, Store, TradeFilter
from tests.store.account_samples import HELD, NOTHING, erase, fill, held
from tests.store.run_samples import KEY, RUN, plan_page, run
from tests.store.samples import ALICE, BOB, START, Clock, once, snapshot, trade, tx

HOUR = timedelta(hours=1)


async def test_everything_of_the_user_is_removed_and_counted(store: Store) -> None:
    await fill(store, ALICE)
    assert await held(store, ALICE) == HELD

    assert await erase(store, ALICE) == HELD
    assert await held(store, ALICE) == NOTHING


async def test_nothing_of_another_user_is_touched(store: Store) -> None:
    await fill(store, ALICE)
    await fill(store, BOB)
    await store.runs.add_run(run())
    await store.runs.add_page(RUN, plan_page(0))

    await erase(store, ALICE)

    assert await held(store, BOB) == HELD
    assert await store.checkpoints.load_checkpoint(BOB, "pnl") is not None
    assert await store.answers.find_answer(BOB, once().claim) is not None
    assert await store.runs.get_page(RUN, 0) == plan_page(0)


async def test_a_run_of_the_user_goes_with_its_plan_its_prices_and_its_parts(store: Store) -> None:
    await fill(store, ALICE)
    own = f"20240101T000000.000000Z-{ALICE}"

    await erase(store, ALICE)

    assert await store.runs.get_run(own) is None
    assert await store.runs.get_page(own, 0) is None
    assert await store.runs.list_prices(own, 0) == ()
    assert await store.parts.read_parts(own, [KEY]) == {}


async def test_erasing_again_finds_nothing(store: Store) -> None:
    await fill(store, ALICE)
    await erase(store, ALICE)

    again = await store.erasures.erase_some(ALICE)

    assert (dict(again.gone), again.found) == (NOTHING, False)


async def test_an_erased_user_can_begin_anew(store: Store, clock: Clock) -> None:
    await fill(store, ALICE)
    await store.erasures.mark_erased(ALICE, clock())
    await erase(store, ALICE)
    again = trade(7, tx_hash=tx(1), chain="ethereum")

    assert await store.trades.add_trades(ALICE, [again], once("key", "other")) is None

    kept = (await store.trades.page_trades(ALICE, TradeFilter())).rows
    assert [each.trade.id for each in kept] == [again.id]


async def test_more_than_one_step_removes_are_removed_in_several(store: Store) -> None:
    trades = [trade(number) for number in range(500)]
    for chunk in range(5):
        moved = [each._replace(id=f"{chunk}-{each.id}") for each in trades]
        await store.trades.add_trades(ALICE, moved)

    assert (await erase(store, ALICE))["trades"] == 2500


async def test_a_checkpoint_of_what_is_gone_is_not_kept(store: Store, clock: Clock) -> None:
    await store.trades.add_trades(ALICE, [trade(1)])
    late = SavedCheckpoint(await store.log.read_revision(ALICE), START + HOUR, b"of what was there")
    await store.erasures.mark_erased(ALICE, clock())
    await erase(store, ALICE)

    await store.checkpoints.save_checkpoint(ALICE, "pnl", late)
    await store.checkpoints.save_checkpoint(BOB, "pnl", late)

    assert await store.checkpoints.load_checkpoint(ALICE, "pnl") is None
    assert (await held(store, ALICE))["checkpoints"] == 0
    assert (await held(store, BOB))["checkpoints"] == 1


async def test_later_a_checkpoint_is_kept_again(store: Store, clock: Clock) -> None:
    await store.erasures.mark_erased(ALICE, clock())
    clock.now += LONGEST_REQUEST

    saved = SavedCheckpoint(await store.log.read_revision(ALICE), START, b"new")
    await store.checkpoints.save_checkpoint(ALICE, "pnl", saved)

    assert await store.checkpoints.load_checkpoint(ALICE, "pnl") == saved


async def test_marks_are_listed_from_their_time_on(store: Store, clock: Clock) -> None:
    await store.erasures.mark_erased(ALICE, clock() - HOUR)
    await store.erasures.mark_erased(BOB, clock())

    assert await store.erasures.list_marks(clock() - HOUR) == {
        mark_of(ALICE): clock() - HOUR,
        mark_of(BOB): clock(),
    }
    assert await store.erasures.list_marks(clock()) == {mark_of(BOB): clock()}
    assert await store.erasures.list_marks(clock() + HOUR) == {}


async def test_a_user_who_is_erased_again_is_marked_with_the_later_time(store: Store, clock: Clock) -> None:
    await store.erasures.mark_erased(ALICE, clock() - HOUR)
    await store.erasures.mark_erased(ALICE, clock())

    assert await store.erasures.list_marks(clock()) == {mark_of(ALICE): clock()}


async def test_a_mark_does_not_tell_who_it_is_of() -> None:
    assert ALICE not in mark_of(ALICE)
    assert mark_of(ALICE) != mark_of(BOB)


async def test_a_runs_snapshots_of_some_users_are_removed(store: Store) -> None:
    for user in (ALICE, BOB):
        await store.runs.add_run(run())
        await store.snapshots.add_snapshot(user, snapshot(1, START, user))
        made = replace(snapshot(2, START, user, run_id=RUN), id=RUN)
        await store.run_snapshots.add_snapshots([made])

    await store.run_snapshots.remove_snapshots(RUN, [ALICE, "nobody"])
    await store.run_snapshots.remove_snapshots(RUN, [ALICE])

    assert await store.run_snapshots.list_kept(RUN, [ALICE, BOB]) == {BOB}
    assert (await held(store, ALICE))["snapshots"] == 1
