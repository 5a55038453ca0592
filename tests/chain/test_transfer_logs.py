"""Ranges of logs: split as endpoints refuse them, with nothing lost, and checked against what was asked."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.chain.rpc_errors import suggested_range
from shared.chain.token_logs import DEPOSIT, TRANSFER, WITHDRAWAL
from shared.chain.transfer_logs import MAX_LOGS, Span, TransactionPlace, widest
from shared.chain.ways import Limit
from shared.core.ids import address_bytes
from shared.errors import RpcBadResponse, RpcTimeout, RpcTooLarge, RpcUnavailable, RpcUnsupported
from tests.chain.rpc_proxy import RpcProxy
from tests.chain.setting import OTHER, WALLET, WITHIN, chain_for, client_of, nth_address

TOKEN, WRAPPED = nth_address(1), nth_address(2)


class Timer:
    def now(self) -> float:
        return 0.0

    def left(self) -> float:
        return 1.0


def place_of(block: int, order: int) -> TransactionPlace:
    return TransactionPlace(block, order, f"0x{block:032x}{order:032x}")


async def walk(
    places: set[TransactionPlace], last: int, *, blocks: int, results: int, suggests: bool, usual: int
) -> list[Span]:
    """A range from block 0 on, at an endpoint with a limit on blocks and one on results."""

    async def ask(start: int, end: int) -> set[TransactionPlace]:
        found = sorted(place for place in places if start <= place.block <= end)
        if end - start + 1 > blocks:
            raise RpcTooLarge("too many blocks")
        if len(found) > results and end > start:
            fits = max(start, found[results].block - 1)
            raise RpcTooLarge("too many results", suggested=(start, fits) if suggests else None)
        return set(found)

    limit, spans, first = Limit(usual), list[Span](), 0
    while first <= last:
        spans.append(await widest(ask, limit, first, last, Timer()))
        first = spans[-1].reached + 1
    return spans


@given(
    places=st.sets(st.builds(place_of, st.integers(0, 60), st.integers(0, 4)), max_size=40),
    last=st.integers(0, 60),
    blocks=st.integers(1, 70),
    results=st.integers(1, 10),
    suggests=st.booleans(),
    usual=st.integers(1, 100),
)
def test_whatever_an_endpoint_refuses_each_transaction_is_found_once_and_in_order(
    places: set[TransactionPlace], last: int, blocks: int, results: int, suggests: bool, usual: int
) -> None:
    walking = walk(places, last, blocks=blocks, results=results, suggests=suggests, usual=usual)
    spans = asyncio.run(walking)

    assert [place for span in spans for place in span.places] == sorted(p for p in places if p.block <= last)
    assert spans[-1].reached == last


@given(st.integers(0, 2**64 - 1), st.integers(0, 2**64 - 1))
def test_no_suggestion_leads_astray(low: int, high: int) -> None:
    async def ask(start: int, end: int) -> set[TransactionPlace]:
        if end - start + 1 > 3:
            raise RpcTooLarge("no", suggested=(low, high))
        return set()

    async def all_of() -> list[int]:
        limit, reached = Limit(100), [9]
        while reached[-1] < 50:
            reached.append((await widest(ask, limit, reached[-1] + 1, 50, Timer())).reached)
        return reached

    reached = asyncio.run(all_of())

    assert reached == sorted(set(reached))
    assert reached[-1] == 50


async def test_a_suggestion_of_what_was_just_refused_is_not_followed() -> None:
    async def ask(start: int, end: int) -> set[TransactionPlace]:
        await asyncio.sleep(0)
        if end - start + 1 > 3:
            raise RpcTooLarge("no", suggested=(start, end))
        return set()

    async with asyncio.timeout(5):
        span = await widest(ask, Limit(100), 0, 50, Timer())

    assert span.reached < 3


async def test_what_an_endpoint_allows_is_remembered() -> None:
    asked: list[int] = []

    async def ask(start: int, end: int) -> set[TransactionPlace]:
        asked.append(end - start + 1)
        if end - start + 1 > 2_500:
            raise RpcTooLarge("block range is too wide")
        return set()

    limit = Limit(10_000)
    await widest(ask, limit, 0, 99_999, Timer())
    await widest(ask, limit, 2_500, 99_999, Timer())

    assert asked == [10_000, 5_000, 2_500, 2_500]


async def test_an_endpoint_that_refuses_one_block_is_of_no_use() -> None:
    async def ask(start: int, end: int) -> set[TransactionPlace]:
        raise RpcTooLarge("no")

    with pytest.raises(RpcUnsupported):
        await widest(ask, Limit(10), 0, 99, Timer())


async def test_when_the_time_is_up_the_range_is_not_blamed() -> None:
    class Over(Timer):
        def left(self) -> float:
            raise RpcTimeout("used up")

    async def ask(start: int, end: int) -> set[TransactionPlace]:
        raise RpcTimeout("slow")

    limit = Limit(10)
    with pytest.raises(RpcTimeout):
        await widest(ask, limit, 0, 99, Over())
    assert limit.at(0) == 10


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Log response size exceeded. … this block range should work: [0x10, 0x1f]", (16, 31)),
        (
            "query returned more than 10000 results. Try with this block range [0x112A880, 0x112B3E7].",
            (18_000_000, 18_002_919),
        ),
        ("[0x1,0x2]", (1, 2)),
        ("block range is too wide", None),
        ("[0x1]", None),
        ("[1, 2]", None),
        ("[0x" + "f" * 40 + ", 0x1]", None),
    ],
)
def test_the_range_that_a_provider_suggests_is_found(text: str, expected: tuple[int, int] | None) -> None:
    assert suggested_range(text) == expected


def word(raw: bytes) -> str:
    return "0x" + raw.rjust(32, b"\0").hex()


def log_of(**changes: Any) -> dict[str, Any]:
    """A transfer of the wallet in block 5."""
    topics = [word(TRANSFER), word(address_bytes(WALLET)), word(address_bytes(OTHER))]
    log = {
        "address": TOKEN,
        "topics": topics,
        "data": word(b"\x07"),
        "blockNumber": "0x5",
        "transactionIndex": "0x1",
        "transactionHash": "0x" + "ab" * 32,
    }
    return {**log, **changes}


async def read(*logs: dict[str, Any], head: str = "0xff") -> Span:
    """What is found of the wallet in the blocks 1 to 9, when these are all logs."""

    def answer(method: str, params: list[Any]) -> Any:
        if method == "eth_blockNumber":
            return head
        return list(logs) if params[0]["topics"][0] == word(TRANSFER) else []

    chain = replace(chain_for(), wrapped_native=WRAPPED)
    async with RpcProxy(answer) as node, client_of(chain, node.url) as client:
        return await client.history.read_transfers(WALLET, 1, 9, within=WITHIN)


async def test_a_transfer_is_found_where_it_is() -> None:
    assert await read(log_of()) == Span((TransactionPlace(5, 1, "0x" + "ab" * 32),), 9)


WRAP = {"address": WRAPPED, "topics": [word(DEPOSIT), word(address_bytes(WALLET))]}


@pytest.mark.parametrize(
    "changes",
    [
        {"topics": [*log_of()["topics"], word(b"\x07")], "data": "0x"},
        {"data": word(b"")},
        {"removed": True},
        {**WRAP, "address": TOKEN},
        {"data": "0x"},
    ],
    ids=["an NFT", "nothing moved", "removed", "another's deposit", "no amount"],
)
async def test_what_moves_no_coins_is_passed_over(changes: dict[str, Any]) -> None:
    assert (await read(log_of(**changes))).places == ()


@pytest.mark.parametrize("topic", [DEPOSIT, WITHDRAWAL])
async def test_wrapping_is_found_too(topic: bytes) -> None:
    found = await read(log_of(address=WRAPPED, topics=[word(topic), word(address_bytes(WALLET))]))

    assert len(found.places) == 1


@pytest.mark.parametrize(
    "changes",
    [
        {"blockNumber": "0x0"},
        {"blockNumber": "0xa"},
        {"blockNumber": None},
        {"transactionIndex": None},
        {"transactionHash": "0x12"},
        {"topics": [word(TRANSFER), word(address_bytes(OTHER)), word(address_bytes(TOKEN))]},
        {"topics": "0x"},
        {"address": None},
    ],
    ids=str,
)
async def test_a_log_that_was_not_asked_for_is_a_bad_answer(changes: dict[str, Any]) -> None:
    with pytest.raises(RpcBadResponse):
        await read(log_of(**changes))


async def test_two_transactions_at_one_place_are_a_bad_answer() -> None:
    with pytest.raises(RpcBadResponse):
        await read(log_of(), log_of(transactionHash="0x" + "cd" * 32))


async def test_an_endpoint_without_the_last_block_is_not_believed() -> None:
    with pytest.raises(RpcUnavailable):
        await read(log_of(), head="0x8")


async def test_more_logs_than_are_taken_at_once_are_asked_for_in_smaller_ranges() -> None:
    asked: list[tuple[int, int]] = []

    def answer(method: str, params: list[Any]) -> Any:
        if method == "eth_blockNumber":
            return "0xff"
        first, last = (int(params[0][name], 16) for name in ("fromBlock", "toBlock"))
        asked.append((first, last))
        return [log_of()] * (MAX_LOGS + 1) if last - first > 4 else []

    async with RpcProxy(answer) as node, client_of(chain_for(), node.url) as client:
        span = await client.history.read_transfers(WALLET, 1, 9, within=WITHIN)

    assert span.reached == 4
    assert set(asked) == {(1, 9), (1, 4)}
