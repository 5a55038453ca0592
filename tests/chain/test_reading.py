"""A read of many pieces: every pair once, all at one block, whatever the endpoint bears."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import httpx
import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.chain.endpoint import Endpoint
from shared.chain.pieces import Calls, Grid, cut_calls, cut_grid
from shared.chain.reading import (
    Part,
    Session,
    parse_bytes,
    parse_quantity,
    read_at_one_block,
    together,
)
from shared.chain.ways import EndpointMemory, Limit
from shared.core.balances import Block
from shared.errors import RpcBadResponse, RpcTimeout, RpcTooLarge, RpcUnavailable, RpcUnsupported
from tests.chain.setting import chain_for, nth_address
from tests.chain.test_pieces import TOKENS, WALLETS, numbered

GENESIS = datetime(2026, 1, 1, tzinfo=UTC)


def block_at(number: int) -> Block:
    return Block(number, GENESIS + timedelta(seconds=12 * number))


def session(within: float = 5.0) -> Session:
    endpoint = Endpoint("http://127.0.0.1:1", httpx.AsyncClient(trust_env=False))
    return Session(chain_for(), endpoint, EndpointMemory(), asyncio.get_running_loop().time() + within)


class Node:
    """Answers for grids: refuses those that are too large, stops early, and its head moves on."""

    def __init__(self, heads: list[int], *, bears: int = 10**9, reaches: int = 10**9) -> None:
        self.asked: list[str] = []
        self._heads = heads
        self._bears = bears
        self._reaches = reaches

    async def ask(self, grid: Grid, tag: str) -> Part[Grid, range]:
        self.asked.append(tag)
        if grid.pairs - grid.first > self._bears:
            raise RpcTooLarge("too large")
        block = block_at(int(tag, 16)) if tag != "latest" else block_at(self._head())
        reached = min(grid.pairs, grid.first + self._reaches)
        return Part(grid, block, range(grid.first, reached), grid.after(reached))

    def _head(self) -> int:
        return self._heads.pop(0) if len(self._heads) > 1 else self._heads[0]


@given(
    st.integers(1, 6),
    st.integers(1, 40),
    st.integers(5, 200),
    st.lists(st.integers(100, 103), min_size=1, max_size=5),
    st.integers(1, 20),
    st.integers(1, 20),
)
def test_every_pair_is_read_once_at_one_block(
    wallets: int, tokens: int, most: int, heads: list[int], bears: int, reaches: int
) -> None:
    node = Node(heads, bears=bears, reaches=reaches)

    async def run() -> tuple[Block, list[Part[Grid, range]]]:
        grids = cut_grid(WALLETS[:wallets], TOKENS[:tokens], most)
        return await read_at_one_block(session(), Limit(8000), grids, node.ask)

    block, parts = asyncio.run(run())
    pairs = sorted(part.piece.pair(i) for part in parts for i in part.answer)
    assert pairs == sorted((wallet, token) for wallet in WALLETS[:wallets] for token in TOKENS[:tokens])
    assert all(part.block == block for part in parts)


async def test_one_piece_is_one_request() -> None:
    node = Node([100])
    await read_at_one_block(session(), Limit(8000), [Grid(WALLETS[:1], TOKENS[:9])], node.ask)

    assert node.asked == ["latest"]


async def test_only_pieces_that_met_a_newer_block_are_read_again() -> None:
    node = Node([101, 100, 102])
    grids = cut_grid(WALLETS[:1], TOKENS[:9], 12)
    block, _ = await read_at_one_block(session(), Limit(8000), grids, node.ask)

    assert block == block_at(100)
    assert node.asked == ["latest"] * 3 + [hex(100)] * 2


async def test_a_node_that_answers_for_another_block_than_asked_is_refused() -> None:
    heads = iter([100, 101, 102, 103])

    async def ask(grid: Grid, tag: str) -> Part[Grid, None]:
        return Part(grid, block_at(next(heads)), None)

    with pytest.raises(RpcBadResponse, match="changed during"):
        await read_at_one_block(session(), Limit(8000), cut_grid(WALLETS[:1], TOKENS[:2], 4), ask)


async def test_what_the_endpoint_bears_is_remembered() -> None:
    reader, limit = session(), Limit(8000)
    node = Node([100], bears=300)
    await read_at_one_block(reader, limit, cut_grid(WALLETS[:1], TOKENS[:1000], 8000), node.ask)
    assert node.asked == ["latest"] * 7  # 1000, 2 × 500, 4 × 250

    node.asked.clear()
    grids = cut_grid(WALLETS[:1], TOKENS[:1000], limit.at(reader.now()))
    await read_at_one_block(reader, limit, grids, node.ask)
    assert node.asked == ["latest"] * 4


async def test_an_endpoint_that_refuses_the_smallest_piece_cannot_do_it() -> None:
    node = Node([100], bears=0)
    with pytest.raises(RpcUnsupported):
        await read_at_one_block(session(), Limit(8000), [Grid(WALLETS[:1], TOKENS[:4])], node.ask)


async def test_an_endpoint_that_makes_no_progress_cannot_do_it() -> None:
    node = Node([100], reaches=0)
    with pytest.raises(RpcUnsupported, match="too little gas"):
        await read_at_one_block(session(), Limit(8000), [Grid(WALLETS[:1], TOKENS[:4])], node.ask)
    assert len(node.asked) == 1


async def test_a_time_out_halves_while_there_is_time() -> None:
    asked: list[int] = []

    async def ask(piece: Calls, tag: str) -> Part[Calls, None]:
        asked.append(piece.cost)
        if piece.cost > 2:
            raise RpcTimeout("its gateway timed out")
        return Part(piece, block_at(1), None)

    await read_at_one_block(session(), Limit(500), cut_calls(numbered(8), 8), ask)
    assert asked == [8, 4, 4, 2, 2, 2, 2]

    asked.clear()
    with pytest.raises(RpcTimeout, match="used up"):
        await read_at_one_block(session(within=0), Limit(500), cut_calls(numbered(8), 8), ask)
    assert asked == [8]


async def test_the_first_failure_ends_what_runs_beside_it() -> None:
    ended: list[str] = []

    async def waits() -> None:
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("waits")

    async def fails() -> None:
        raise RpcUnavailable("down")

    with pytest.raises(RpcUnavailable):
        await together([waits(), fails()])
    await asyncio.sleep(0)
    assert ended == ["waits"]


@pytest.mark.parametrize("value", [None, 5, "", "0", "12", "0x1g", "0x123", {"a": "b"}, ["0x"]])
def test_what_is_not_hexadecimal_bytes_is_refused(value: object) -> None:
    with pytest.raises(RpcBadResponse):
        parse_bytes(value)  # type: ignore[arg-type] # hostile input


@pytest.mark.parametrize("value", [None, 5, "", "0x", "12", "0x1_0", "0x+1", "0x" + "f" * 65])
def test_what_is_not_a_quantity_is_refused(value: object) -> None:
    with pytest.raises(RpcBadResponse):
        parse_quantity(value)  # type: ignore[arg-type] # hostile input


@pytest.mark.parametrize("refusing", [RpcTooLarge, RpcTimeout])
async def test_halving_spares_no_call(refusing: Callable[[str], Exception]) -> None:
    async def ask(piece: Calls, tag: str) -> Part[Calls, None]:
        if piece.cost > 3:
            raise refusing("no")
        return Part(piece, block_at(1), None)

    _, parts = await read_at_one_block(session(), Limit(500), cut_calls(numbered(100), 50), ask)
    assert sorted(part.piece.start + i for part in parts for i in range(part.piece.cost)) == list(range(100))
    assert nth_address(0) == parts[0].piece.calls[0].target
