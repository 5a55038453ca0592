"""What began before its user was erased is refused in the step that would keep it, on every store."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Iterator, Sequence
from dataclasses import replace
from threading import Event

import pytest

from shared.core.run_ids import run_id
from shared.core.trades import Trade
from shared.store.account_ports import Era
from shared.store.claims import ErasedMeanwhile
from shared.store.keeping import KEEP_ERASURE
from shared.store.ports import SavedWallet, Store
from tests.store.account_samples import NOTHING, erase, fill, held
from tests.store.run_samples import KEY, address, part, plan_page, price_page, run
from tests.store.samples import ALICE, BOB, START, Clock, once, snapshot, trade, tx

Write = Callable[[Store, Era], Awaitable[object]]

OWN = run_id(START, ALICE)
OWN_RUN = replace(run(OWN), user_id=ALICE)
WALLET = SavedWallet(address(7), "late", (), START)
SNAPSHOT = snapshot(7, START)
WRITES: dict[str, Write] = {
    "trades": lambda store, era: store.trades.add_trades(ALICE, [trade(7)], era=era),
    "trades_once": lambda store, era: store.trades.add_trades(ALICE, [trade(7)], once(), era=era),
    "import": lambda store, era: store.imports.import_trades(ALICE, [[trade(7)]], era=era),
    "import_once": lambda store, era: store.imports.import_trades(ALICE, [[trade(7)]], once(), era=era),
    "wallet": lambda store, era: store.wallets.add_wallet(ALICE, WALLET, era=era),
    "claim": lambda store, era: store.answers.begin_answer(ALICE, once().claim, era=era),
    "answer": lambda store, era: store.answers.finish_answer(ALICE, once(), era=era),
    "run": lambda store, era: store.runs.add_run(OWN_RUN, era=era),
    "snapshots": lambda store, era: store.run_snapshots.add_snapshots([SNAPSHOT], era=era),
}


async def erase_whole(store: Store, clock: Clock) -> None:
    """As a request does that finds everything in its first look."""
    for _ in range(2):
        await store.erasures.mark_erased(ALICE, clock())
        await erase(store, ALICE)


@pytest.mark.parametrize("name", WRITES)
async def test_what_began_before_the_erasure_is_refused(store: Store, clock: Clock, name: str) -> None:
    await fill(store, BOB)
    era = await store.erasures.read_era(ALICE)
    await erase_whole(store, clock)

    with pytest.raises(ErasedMeanwhile):
        await WRITES[name](store, era)
    assert await held(store, ALICE) == NOTHING


@pytest.mark.parametrize("name", WRITES)
async def test_what_began_between_two_erasures_is_refused(store: Store, clock: Clock, name: str) -> None:
    await erase_whole(store, clock)
    era = await store.erasures.read_era(ALICE)
    await erase_whole(store, clock)

    with pytest.raises(ErasedMeanwhile):
        await WRITES[name](store, era)
    assert await held(store, ALICE) == NOTHING


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("others", [False, True])
async def test_what_began_while_an_expired_mark_was_there_is_refused(
    store: Store, clock: Clock, name: str, others: bool
) -> None:
    """Expired marks are removed with the next erasure, whoever's it is."""
    await store.erasures.mark_erased(ALICE, clock())
    clock.pass_(days=KEEP_ERASURE.days + 1)
    era = await store.erasures.read_era(ALICE)
    if others:
        await store.erasures.mark_erased(BOB, clock())
    await store.erasures.mark_erased(ALICE, clock())
    await erase(store, ALICE)

    with pytest.raises(ErasedMeanwhile):
        await WRITES[name](store, era)
    assert await held(store, ALICE) == NOTHING


@pytest.mark.parametrize("name", WRITES)
@pytest.mark.parametrize("erased", [False, True])
async def test_what_begins_behind_it_is_kept_at_once(
    store: Store, clock: Clock, name: str, erased: bool
) -> None:
    if erased:
        await erase_whole(store, clock)
    era = await store.erasures.read_era(ALICE)
    await store.erasures.mark_erased(BOB, clock())

    await WRITES[name](store, era)

    assert await held(store, ALICE) != NOTHING
    assert await store.erasures.read_era(ALICE) == era


async def test_several_writes_of_an_era_do_not_stand_in_each_others_way(store: Store, clock: Clock) -> None:
    await erase_whole(store, clock)
    era = await store.erasures.read_era(ALICE)

    await asyncio.gather(*(store.trades.add_trades(ALICE, [trade(n)], era=era) for n in range(20)))

    assert (await held(store, ALICE))["trades"] == 20


async def test_what_is_recorded_already_is_said_to_be(store: Store) -> None:
    era = await store.erasures.read_era(ALICE)
    first = trade(1, tx_hash=tx(1), chain="ethereum")
    await store.trades.add_trades(ALICE, [first], once(), era=era)

    again = await store.trades.add_trades(ALICE, [trade(2)], once(), era=era)

    assert again == once().answer


async def test_an_import_that_was_being_checked_keeps_nothing(store: Store, clock: Clock) -> None:
    await fill(store, ALICE)
    era, since = await store.erasures.read_era(ALICE), await store.log.read_revision(ALICE)
    await erase_whole(store, clock)

    with pytest.raises(ErasedMeanwhile):
        await store.imports.import_trades(ALICE, [[trade(9)]], once(), since=since, era=era)
    assert await held(store, ALICE) == NOTHING


@pytest.mark.parametrize("store", ["sqlite", "firestore"], indirect=True)
async def test_an_import_that_is_being_kept_says_that_the_user_was_erased(store: Store, clock: Clock) -> None:
    era = await store.erasures.read_era(ALICE)
    begun, erased = Event(), Event()

    def chunks() -> Iterator[Sequence[Trade]]:
        yield [trade(number) for number in range(300)]
        begun.set()
        assert erased.wait(20)
        yield [trade(number) for number in range(300, 600)]

    importing = asyncio.ensure_future(store.imports.import_trades(ALICE, chunks(), era=era))
    assert await asyncio.to_thread(begun.wait, 20)
    await erase_whole(store, clock)
    erased.set()

    with pytest.raises(ErasedMeanwhile):
        await importing
    assert await held(store, ALICE) == NOTHING


async def test_a_run_of_a_user_takes_nothing_any_more_when_it_is_gone(store: Store) -> None:
    await store.runs.add_run(OWN_RUN)
    await store.runs.add_page(OWN, plan_page(0))
    assert await store.parts.add_part(replace(part(KEY), run_id=OWN))
    await erase(store, ALICE)
    made = replace(snapshot(1, START, ALICE, run_id=OWN), id=OWN)

    for page in (store.runs.add_page(OWN, plan_page(0)), store.runs.add_prices(OWN, price_page(0))):
        with pytest.raises(ErasedMeanwhile):
            await page
    assert not await store.parts.add_part(replace(part(KEY), run_id=OWN))
    assert await store.run_snapshots.add_snapshots([made], of_run=OWN) == 0

    assert await store.runs.get_page(OWN, 0) is None
    assert await store.runs.list_prices(OWN, 0) == ()
    assert await store.parts.read_parts(OWN, [KEY]) == {}
    assert await held(store, ALICE) == NOTHING


async def test_a_snapshot_of_a_run_that_is_there_is_kept_and_so_is_one_that_is_restored(store: Store) -> None:
    await store.runs.add_run(OWN_RUN)
    made = replace(snapshot(1, START, ALICE, run_id=OWN), id=OWN)
    restored = replace(snapshot(2, START, ALICE, run_id=run_id(START, BOB)), id="restored")

    assert await store.run_snapshots.add_snapshots([made], of_run=OWN) == 1
    assert await store.run_snapshots.add_snapshots([made], of_run=OWN) == 0
    assert await store.run_snapshots.add_snapshots([restored]) == 1
