"""Whatever happens to a stream, in whatever order: its client ends up with what the store has."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.core.fragments import Fragment, FragmentKey, merge
from shared.core.stream_ids import START, Start, start_of, through
from shared.services.stream_events import Broken, Found, Prices, Snapshot, StreamEvent
from shared.services.stream_outbox import Outbox
from shared.services.stream_told import Failing
from shared.store.keeping import KEEP_LATEST
from shared.store.run_ports import News
from tests.services.stream_model import (
    KEYS,
    MANY,
    NOON,
    ModelBoard,
    ModelClient,
    ModelStore,
    asset,
    failing,
)
from tests.services.stream_setting import QUESTION, Setting, came_back


@dataclass(frozen=True)
class Write:
    """Fragments that are written together."""

    keys: frozenset[FragmentKey]
    held: tuple[int, ...]
    pause: int


@dataclass(frozen=True)
class Session:
    """A connection: what is written before it, while it begins, and what happens until it breaks."""

    at: int
    away: list[Write]
    before_listing: list[Write]
    before_beginning: list[Write]
    told_early: int
    steps: list[Any]
    received: int


HELD = st.sampled_from([(), (1,), (2, 3), tuple(range(MANY)), tuple(range(5, 5 + MANY))])
WRITES = st.builds(
    Write, st.frozensets(st.sampled_from(KEYS), min_size=1, max_size=4), HELD, st.integers(0, 1)
)
FEW = st.lists(WRITES, max_size=3)
STEPS = st.lists(
    st.one_of(
        WRITES,
        WRITES,
        st.tuples(st.just("tell"), st.integers(1, 3)),
        st.tuples(st.just("send"), st.integers(1, 4)),
        st.tuples(st.just("price"), st.integers(1, 2)),
        st.tuples(st.just("fail"), st.sampled_from(["", "ethereum", "ethereum base"])),
        st.tuples(st.just("pend"), st.sampled_from(["", "ethereum"])),
        st.tuples(st.just("beat"), st.just(1)),
    ),
    max_size=12,
)
SESSIONS = st.builds(
    Session, st.integers(0, 1), FEW, FEW, FEW, st.integers(0, 6), STEPS, st.integers(0, 8) | st.just(1_000)
)


class Play:
    """Two processes, to one of which the client is connected at a time."""

    def __init__(self) -> None:
        self.store, self.client = ModelStore(), ModelClient()
        self.boards = (ModelBoard(), ModelBoard())
        self.failing: list[Failing] = [failing((), "base", "ethereum")] * 2
        self.untold: deque[News] = deque()
        self.wire: deque[StreamEvent] = deque()

    def write(self, writes: Iterable[Write]) -> None:
        for each in writes:
            self.untold.append(self.store.write(sorted(each.keys), each.held, each.pause))

    def connect(self, session: Session) -> None:
        self.write(session.away)
        self.untold.clear()
        self.at = session.at
        self.outbox = self._open()
        self.write(session.before_listing)
        listed = self.store.list()
        self.write(session.before_beginning)
        self.tell(session.told_early)
        self.outbox.queue.begin(listed)
        self.step(("send", 1))
        for step in session.steps:
            self.step(step)

    def step(self, step: Any) -> None:
        match step:
            case Write():
                self.write([step])
            case "tell", most:
                self.tell(most)
            case "send", most:
                events = (self.outbox.take(NOON) for _ in range(most))
                self.wire.extend(event for event in events if event is not None)
            case "beat", _:
                self.wire.append(self.outbox.heartbeat(NOON))
            case "price", version:
                self.outbox.priced(self.boards[self.at].ask(version))
            case "fail", chains:
                self.failing[self.at] = failing(chains.split())
                self.outbox.failed()
            case "pend", chains:
                self.failing[self.at] = failing(chains.split(), "base")
                self.outbox.failed()

    def tell(self, most: int) -> None:
        for _ in range(min(most, len(self.untold))):
            self.outbox.hear(self.untold.popleft())

    def receive(self, most: int) -> None:
        for _ in range(min(most, len(self.wire))):
            self.client.receive(self.wire.popleft())
        self.wire.clear()

    def _open(self) -> Outbox:
        at = self.at
        return Outbox(
            start_of(self.client.header, QUESTION, NOON, KEEP_LATEST),
            QUESTION,
            covers=lambda _: True,
            board=self.boards[at],
            failing=lambda: self.failing[at],
            stir=lambda: None,
        )


@given(st.lists(SESSIONS, max_size=3), SESSIONS)
@settings(max_examples=400)
def test_however_often_a_stream_breaks_its_client_ends_up_with_what_the_store_has(
    broken: list[Session], last: Session
) -> None:
    play = Play()
    for session in broken:
        play.connect(session)
        play.receive(session.received)
    play.connect(last)
    for step in (("tell", 100), ("price", 1), ("fail", "base"), ("send", 1_000)):
        play.step(step)
    play.receive(1_000)
    client, latest = play.client, play.store.latest
    held = {balance.asset_id for each in latest.values() for balance in each.balances}

    assert client.fragments == merge({}, latest.values()) == latest
    assert {client.prices[each].price_usd for each in held} <= {1}
    assert client.failing == failing(["base"])


def fragments_of(events: Iterable[StreamEvent]) -> list[Fragment]:
    return [event.fragment for event in events if isinstance(event, Found)]


def test_a_slow_reader_gets_the_newest_of_each_key_and_the_queue_does_not_grow() -> None:
    setting = Setting()
    setting.begin()
    setting.taken()
    for _ in range(1_000):
        setting.write(0)
        setting.write(1)
    found = fragments_of(setting.taken())

    assert [(each.key, each.block.number) for each in found] == [(KEYS[0], 1_999), (KEYS[1], 2_000)]
    assert setting.outbox.queue.merged == 1_998


def test_what_nobody_asked_about_is_not_told() -> None:
    setting = Setting()
    setting.begin()
    setting.taken()
    setting.write(2)

    assert KEYS[2].chain == "base"
    assert setting.taken() == []


def test_a_snapshot_without_anything_is_one_empty_chunk() -> None:
    setting = Setting()
    setting.begin()
    (event,) = setting.taken()

    assert isinstance(event, Snapshot)
    assert (event.chunk, event.chunks, event.fragments, event.id.chunk) == (1, 1, (), 0)


def test_a_snapshot_of_many_positions_comes_in_chunks_with_their_prices() -> None:
    setting = Setting()
    for number in (0, 1, 3):
        setting.store.write([KEYS[number]], range(MANY), 0)
    setting.begin()
    changed = setting.board.ask(1)
    setting.outbox.priced(changed)
    chunks = [event for event in setting.taken() if isinstance(event, Snapshot)]

    assert [(event.chunk, event.chunks, event.id.chunk) for event in chunks] == [
        (1, 3, 1),
        (2, 3, 2),
        (3, 3, 0),
    ]
    assert [len(event.prices) for event in chunks] == [MANY, 0, 0]


def test_prices_are_told_when_they_change_and_only_of_what_is_held() -> None:
    setting = Setting()
    setting.store.write([KEYS[0]], (1, 2), 0)
    setting.begin()
    setting.outbox.priced(setting.board.ask(1))
    setting.taken()
    setting.board.wanted |= {asset(9)}
    setting.write(0, held=(2,))
    setting.outbox.priced(setting.board.ask(2))
    told = [event.prices for event in setting.taken() if isinstance(event, Prices)]
    setting.outbox.priced(setting.board.ask(2))

    assert [[tick.price.asset_id for tick in prices] for prices in told] == [[asset(2)]]
    assert setting.taken() == []


def test_a_broken_stream_says_so_before_anything_else() -> None:
    setting = Setting()
    setting.begin()
    setting.outbox.break_off("it is broken")

    assert setting.outbox.take(NOON) == Broken("it is broken")


def test_whoever_waits_is_stirred_by_all_that_may_be_told() -> None:
    setting = Setting()
    setting.store.write([KEYS[0]], (1,), 0)
    setting.begin()
    ways: list[Callable[[], None]] = [
        lambda: setting.write(0),
        lambda: setting.outbox.priced(setting.board.ask(1)),
        setting.outbox.failed,
        lambda: setting.outbox.break_off("broken"),
    ]
    for stir in ways:
        before = setting.stirred
        stir()

        assert setting.stirred == before + 1


def test_a_place_is_passed_when_everything_up_to_it_was_given_out() -> None:
    setting = Setting()
    setting.begin()
    setting.taken()
    at_rest = setting.place()
    setting.write(0)

    assert START < setting.place() == at_rest
    setting.taken()
    assert at_rest < setting.place() == through(setting.store.sequence)
    setting.write(2)  # of a chain that is not asked about
    setting.taken()
    assert setting.place() == through(setting.store.sequence)


def with_prices(held: Iterable[int] = (1, 2)) -> Setting:
    setting = Setting()
    setting.store.write([KEYS[0]], held, 0)
    setting.begin()
    setting.outbox.priced(setting.board.ask(1))
    setting.taken()
    return setting


def test_whoever_comes_back_is_not_told_again_what_is_still_so() -> None:
    again = came_back(with_prices())
    again.begin()

    assert again.taken() == []


def test_nor_after_an_asset_is_held_no_more() -> None:
    setting = with_prices()
    setting.write(0, held=(2,))
    setting.taken()
    again = came_back(setting)
    again.begin()

    assert again.taken() == []


def test_a_price_that_changed_in_between_is_told() -> None:
    again = came_back(with_prices())
    again.board.ask(2)
    again.begin()
    (event,) = again.taken()

    assert isinstance(event, Prices)
    assert {price.price_usd for _, price in event.prices} == {2}


@pytest.mark.parametrize("chunk", [0, 2])
def test_an_interrupted_snapshot_goes_on_with_the_chunk_that_is_missing(chunk: int) -> None:
    setting = Setting()
    for number in (0, 1, 3, 4):
        setting.store.write([KEYS[number]], range(MANY), 0)
    setting.begin()
    events = setting.taken()[: chunk + 1]
    (*_, last) = events
    assert isinstance(last, Snapshot)
    again = Setting(Start("interrupted", last.id), setting)
    again.store.write([KEYS[0]], (1,), 0)
    again.begin()
    left = [event for event in again.taken() if isinstance(event, Snapshot)]

    assert [event.chunk for event in left] == list(range(chunk + 2, left[-1].chunks + 1))
    assert KEYS[0] in [each.key for event in left for each in event.fragments]
