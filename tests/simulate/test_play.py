"""The simulated run: every user gets a snapshot, and documents are counted as the real store counts them."""

from __future__ import annotations

import secrets
from collections.abc import Generator, Iterator
from datetime import datetime

import pytest

from shared.core.fragments import FragmentKey
from shared.core.run_ids import run_id
from shared.counts import Counts
from shared.store.firestore.cloud import Cloud
from shared.store.firestore.opening import store_in
from shared.store.ports import SavedWallet, Store
from tests.simulate.before import Before
from tests.simulate.edges import Edges, Pause
from tests.simulate.engine import Delivery
from tests.simulate.facts import load_edges
from tests.simulate.market import ACTIVE_ONE_IN, CHANGED_ONE_IN, Crowd, Market, address_of
from tests.simulate.play import START, RunPlay, act, play_again
from tests.simulate.process import Process, SimulatedBus, SimulatedPrices, requests_of, simulated_store
from tests.store.emulator import EmulatorMissing, run_emulator

FACTS = load_edges()


def test_a_run_is_played_to_its_end() -> None:
    played = RunPlay(Crowd(120, 2), 3, 4, FACTS).play()

    assert played.totals.users == 120
    assert played.totals.wallets == 238  # two of the users follow a wallet of another
    assert played.totals.groups == 5
    assert played.totals.parts == 15
    assert played.tally["write", "snapshots"] == 120
    assert played.tally["write", "parts"] == 15
    assert played.tally["messages", "fetch-balances"] >= 20


def test_a_play_can_be_played_again_with_fewer_instances() -> None:
    played = RunPlay(Crowd(400, 2), 4, 8, FACTS).play()

    assert play_again(played, 8, FACTS) == pytest.approx(played.done_after)
    assert play_again(played, 1, FACTS) > played.done_after


def test_a_list_of_some_hundred_tokens_is_read_in_one_request_for_a_full_group() -> None:
    assert requests_of(50, 149) == 1
    assert requests_of(50, 564) == 4


def test_a_tenth_of_the_balances_there_are_changed_since_the_run_before() -> None:
    market = Market(4)
    reads = [(chain, address_of(number)) for chain in market.chains for number in range(5000)]
    held = [read for read in reads if market.holds(*read)]
    changed = [read for read in held if market.holds(*read) != market.holds(*read, before=True)]

    assert len(held) / len(reads) == pytest.approx(1 / ACTIVE_ONE_IN, rel=0.05)
    assert len(changed) / len(held) == pytest.approx(1 / CHANGED_ONE_IN, rel=0.15)


async def test_documents_are_counted_as_the_real_store_counts_them(emulator: str) -> None:
    crowd, counts = Crowd(120, 2), Counts()
    simulated, real = InstantEdges(FACTS), InstantEdges(FACTS)
    before = Before(Market(3), START)
    store = store_in(Cloud(f"demo-{secrets.token_hex(6)}", counts=counts), clock)
    try:
        await remember(before, crowd, store)
        known = (counts.total("store_reads_total"), counts.total("store_writes_total"))
        await one_by_one(store, real)
        reads = counts.total("store_reads_total") - known[0]
        writes = counts.total("store_writes_total") - known[1]
    finally:
        await store.close()

    await one_by_one(simulated_store(simulated, crowd, before, clock), simulated)

    assert sum_of(simulated, "read") == reads
    assert sum_of(simulated, "write") == writes


class Instant(Pause):
    """Nobody waits."""

    def __await__(self) -> Generator[Pause, None, None]:
        yield from ()


class InstantEdges(Edges):
    """Edges for coroutines that an event loop steps."""

    def pause(self, seconds: float, cpu: float) -> Pause:
        return Instant(seconds, cpu)


def clock() -> datetime:
    return START


def sum_of(edges: Edges, what: str) -> int:
    return sum(number for (counted, _), number in edges.tally.items() if counted == what)


async def remember(before: Before, crowd: Crowd, store: Store) -> None:
    """Save the crowd's wallets, and what the run before left behind."""
    await store.runs.add_run(before.run)
    await store.runs.add_prices(before.run.id, before.prices)
    for owner in crowd.owners_after(None, crowd.users):
        for address, chains in owner.wallets:
            await store.wallets.add_wallet(owner.user_id, SavedWallet(address, "", chains, START))
    keys = [
        FragmentKey(address_of(number), chain, "wallet")
        for number in range(crowd.users * crowd.wallets)
        for chain in before.run.chains
    ]
    await store.latest.put_latest([*before.fragments(keys).values()])


async def one_by_one(store: Store, edges: Edges) -> None:
    """A run in one process, one message after the other."""
    prices = SimulatedPrices(edges, clock)
    process = Process(store, SimulatedBus(edges), prices, Market(3), edges, clock)
    waiting = [Delivery("snapshot", b"", 0)]
    while waiting:
        await act(waiting.pop(0), process)
        waiting += edges.sent
        edges.sent = []
    run = await store.runs.get_run(run_id(START))
    assert run is not None
    assert run.finished_at is not None


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    try:
        with run_emulator() as address:
            monkeypatch.setenv("FIRESTORE_EMULATOR_HOST", address)
            yield address
    except EmulatorMissing as error:
        pytest.fail(str(error), pytrace=False)
