"""Reading a range piece by piece: whatever fails and wherever it stops, nothing is lost or comes twice."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.chain.transfer_logs import Span, TransactionPlace
from shared.core.balances import Block, TokenFault
from shared.core.chains import Chain, Chains
from shared.core.ids import Address, ChainId
from shared.core.tokens import Token
from shared.core.transactions import Movement, NativeChange, Receipt, Transaction, TransactionRead
from shared.errors import InvalidInput, RpcBadResponse, RpcError, RpcTimeout, RpcUnavailable, RpcUnsupported
from shared.services.discovery import MAX_SPANS, Progress, RangeQuery, discover_range
from shared.store.ports import Store
from shared.store.trade_ids import TradeIds
from tests.chain.setting import OTHER, WALLET, chain_for
from tests.fakes import NOON

TROUBLES: tuple[type[RpcError], ...] = (RpcUnavailable, RpcTimeout, RpcUnsupported)


@dataclass
class FakeHistory:
    """A chain's past that answers with so many blocks at once as `widths` has next, and has some troubles."""

    places: Sequence[TransactionPlace]
    head: int
    widths: Iterator[int]
    troubles: Iterator[type[RpcError] | None]
    spans: int = 0

    async def read_head(self, *, within: float) -> int:
        self._maybe_fail()
        return self.head

    async def read_transfers(self, wallet: Address, first: int, last: int, *, within: float) -> Span:
        self._maybe_fail()
        self.spans += 1
        reached = min(last, first + next(self.widths) - 1)
        return Span(tuple(p for p in self.places if first <= p.block <= reached), reached)

    async def read_transaction(self, tx_hash: str, *, within: float) -> TransactionRead:
        self._maybe_fail()
        place = next(place for place in self.places if place.tx_hash == tx_hash)
        receipt = Receipt(Block(place.block, NOON), True, 0, (Movement(None, OTHER, WALLET, 1),))
        return TransactionRead(tx_hash, Transaction(tx_hash, OTHER, WALLET, False), receipt)

    async def read_native_change(self, wallet: Address, block_number: int, *, within: float) -> NativeChange:
        raise AssertionError

    def _maybe_fail(self) -> None:
        trouble = next(self.troubles)
        if trouble is not None:
            raise trouble("trouble")


@dataclass
class FakeSources:
    """A history and nothing else; it is its own client."""

    history: FakeHistory
    clock: Callable[[], datetime] = lambda: NOON

    chains = Chains([chain_for()])

    @property
    def store(self) -> Store:
        raise AssertionError

    @property
    def trade_ids(self) -> TradeIds:
        raise AssertionError

    @property
    def token_lists(self) -> Callable[[ChainId], tuple[Token, ...]]:
        return lambda chain_id: ()

    def client(self, chain: Chain) -> FakeSources:
        return self

    async def read_tokens(self, addresses: Sequence[Address], *, within: float) -> list[Token | TokenFault]:
        return []


def place_of(block: int, order: int) -> TransactionPlace:
    return TransactionPlace(block, order, f"0x{block:032x}{order:032x}")


async def walk(sources: FakeSources, limit: int, to_block: int | None) -> list[str]:
    query = RangeQuery(chain_for(), WALLET, to_block, limit)
    progress, found = Progress(0), list[str]()
    while not progress.is_done:
        before, sources.history.spans = progress, 0
        discovery = await discover_range(query, progress, sources)
        assert discovery.progress is not None
        progress = discovery.progress
        some = [proposal.read.tx_hash for proposal in discovery.proposals]
        assert len(some) <= limit
        assert sources.history.spans <= MAX_SPANS
        assert discovery.failures or progress != before
        assert before[:2] <= progress[:2]
        found += some
    return found


def cycle_of(draw: Sequence[type[RpcError] | None]) -> Iterator[type[RpcError] | None]:
    """The troubles drawn, then none."""
    yield from draw
    while True:
        yield None


@given(
    places=st.sets(st.builds(place_of, st.integers(0, 40), st.integers(0, 12)), max_size=40),
    head=st.integers(0, 40),
    to_block=st.none() | st.integers(0, 60),
    widths=st.lists(st.integers(1, 20), min_size=1, max_size=10),
    troubles=st.lists(st.none() | st.sampled_from(TROUBLES), max_size=60),
    limit=st.integers(1, 10),
)
def test_a_range_is_read_once_and_in_order_whatever_happens(
    places: set[TransactionPlace],
    head: int,
    to_block: int | None,
    widths: list[int],
    troubles: list[type[RpcError] | None],
    limit: int,
) -> None:
    def endless() -> Iterator[int]:
        while True:
            yield from widths

    ordered = sorted(places)
    sources = FakeSources(FakeHistory(ordered, head, endless(), cycle_of(troubles)))
    found = asyncio.run(walk(sources, limit, to_block))

    end = head if to_block is None else min(head, to_block)
    assert found == [place.tx_hash for place in ordered if place.block <= end]


async def test_a_transaction_that_nobody_can_read_is_named_and_does_not_hold_up_the_rest() -> None:
    class Garbled(FakeHistory):
        async def read_transaction(self, tx_hash: str, *, within: float) -> TransactionRead:
            if tx_hash == self.places[1].tx_hash:
                raise RpcBadResponse("a topic does not have 32 bytes")
            return await super().read_transaction(tx_hash, within=within)

    places = [place_of(block, 0) for block in range(3)]
    history = Garbled(places, 5, iter([100]), cycle_of([]))
    found = await discover_range(RangeQuery(chain_for(), WALLET, None, 10), Progress(0), FakeSources(history))

    assert [p.read.tx_hash for p in found.proposals] == [places[0].tx_hash, places[2].tx_hash]
    assert [places[1].tx_hash in failure.message for failure in found.failures] == [True]
    assert cast(Progress, found.progress).is_done


async def test_a_range_begins_no_later_than_the_next_block() -> None:
    history = FakeHistory([], 5, iter([100]), cycle_of([]))
    query = RangeQuery(chain_for(), WALLET, None, 10)
    following = await discover_range(query, Progress(6), FakeSources(history))
    with pytest.raises(InvalidInput) as raised:
        await discover_range(query, Progress(7), FakeSources(history))

    assert following.complete
    assert following.progress == Progress(6, -1, 5)
    assert raised.value.field == "from_block"
