"""GET /api/v1/stream over fakes: what a client hears, and what it hears when it comes back."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import aclosing
from dataclasses import replace
from typing import Any

import pytest

from shared.api.app import build_app
from shared.api.stream import PATH, ROUTES
from shared.api.stream_answer import stream_bytes
from shared.config import StreamSettings
from shared.core.balances import BalanceRead, TokenFault
from shared.core.chains import Chain
from shared.core.ids import Address, ChainId
from shared.core.tokens import Token
from shared.errors import RpcTimeout, StoreUnavailable
from shared.prices.book import PriceAnswer
from shared.services.chain_reads import PortfolioQuery
from shared.services.stream_hub import hub_of
from shared.web.closing import Closing
from shared.web.log import request_id_var
from tests.api.listening import Event, listening, parse_event
from tests.api.streaming import LONG, MAINNET, OTHER, Served, close, make_served
from tests.fakes import USDC, WALLET, FakeBook, FakeClient, price


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    served = make_served(LONG)
    yield served
    await close(served)


async def settled(served: Served) -> str:
    """The id of a client that has heard everything."""
    async with listening(served.app, MAINNET) as listener:
        await listener.next("snapshot")
        assert listener.last_id is not None
        return listener.last_id


async def test_of_a_wallet_that_nobody_knew_the_whole_state_comes_first(served: Served) -> None:
    async with listening(served.app, MAINNET) as listener:
        snapshot = await listener.next()

    assert snapshot.name == "snapshot"
    assert snapshot.data["reason"] == "new"
    assert (snapshot.data["chunk"], snapshot.data["chunks"]) == (1, 1)
    assert snapshot.data["errors"] == snapshot.data["pending"] == []
    assert snapshot.retry is not None
    (fragment,), (tick,) = snapshot.data["fragments"], snapshot.data["prices"]
    (held,) = fragment["positions"]
    assert held == {
        "asset_id": USDC.asset_id,
        "kind": "wallet",
        "symbol": "USDC",
        "decimals": 6,
        "balance": "12.5",
        "balance_raw": "12500000",
        "contract": None,
        "market": None,
    }
    assert fragment["type"] == "wallet_update"
    assert fragment["wallet"] == WALLET
    assert fragment["protocol"] == "wallet"
    assert (tick["price_usd"], tick["source"]) == ("1", "llama")


async def test_what_is_found_later_comes_with_its_price_behind_it(served: Served) -> None:
    served.holds(0)
    async with listening(served.app, MAINNET) as listener:
        snapshot = await listener.next()
        served.holds(12_500_000)
        written = await served.refresh()
        fragment, tick = await listener.next(), await listener.next()

    assert snapshot.data["fragments"] == snapshot.data["prices"] == []
    assert [event.name for event in (snapshot, fragment, tick)] == ["snapshot", "fragment", "price"]
    assert fragment.data == written["fragments"][0]
    assert [each["price_usd"] for each in tick.data["prices"]] == ["1"]
    assert len({event.id for event in (snapshot, fragment, tick)}) == 3


async def test_a_chain_that_takes_too_long_is_named_and_told_when_it_is_read() -> None:
    served = make_served(LONG)
    slow, asked = SlowClient(served.fakes.chains[ChainId(8453)]), f"{PATH}?address={WALLET}&chains="
    served.fakes.clients.by_id[ChainId(8453)] = slow
    slow.balances = {(WALLET, None): 5}
    async with listening(served.app, f"{asked}ethereum,base") as listener:
        snapshot = await listener.next()
        slow.may_answer.set()
        fragment, status = await listener.next("fragment"), await listener.next("status")
        last_id = listener.last_id
    async with listening(served.app, f"{asked}ethereum,base", last_id) as listener:
        served.holds(1)
        await served.refresh()
        later: list[str] = []
        while "fragment" not in later:
            later.append((await listener.next()).name)
    await close(served)

    assert [each["chain"] for each in snapshot.data["fragments"]] == ["ethereum"]
    assert snapshot.data["pending"] == ["base"]
    assert fragment.data["chain"] == "base"
    assert status.data == {"type": "status", "complete": True, "errors": [], "pending": []}
    assert "status" not in later


class SlowClient(FakeClient):
    """Answers when it may."""

    def __init__(self, chain: Chain) -> None:
        super().__init__(chain)
        self.may_answer = asyncio.Event()

    async def read_balances(
        self, wallets: Sequence[Address], tokens: Sequence[Address], *, within: float
    ) -> BalanceRead:
        await self.may_answer.wait()
        return await super().read_balances(wallets, tokens, within=within)


async def test_a_token_that_misbehaves_is_told_and_its_balance_stays(served: Served) -> None:
    assert USDC.address is not None
    async with listening(served.app, MAINNET) as listener:
        await listener.next("snapshot")
        client = served.fakes.client(1)
        served.holds(0)
        client.balances = {(WALLET, None): 7}
        client.faults = (TokenFault(USDC.address, "balanceOf: reverted"),)
        answer = await served.refresh()
        fragment = await listener.next("fragment")
    async with listening(served.app, MAINNET) as listener:
        snapshot = await listener.next("snapshot")

    assert [error["asset_id"] for error in answer["errors"]] == [USDC.asset_id]
    assert {held["symbol"]: held["balance_raw"] for held in fragment.data["positions"]} == {
        "ETH": "7",
        "USDC": "12500000",
    }
    assert snapshot.data["fragments"] == [fragment.data]


async def test_what_is_known_is_in_the_snapshot_with_its_prices(served: Served) -> None:
    await served.refresh()
    async with listening(served.app, MAINNET) as listener:
        snapshot = await listener.next()

    (fragment,) = snapshot.data["fragments"]
    assert fragment["positions"][0]["balance"] == "12.5"
    assert [tick["price_usd"] for tick in snapshot.data["prices"]] == ["1"]


async def test_a_change_is_told_and_an_empty_wallet_too(served: Served) -> None:
    async with listening(served.app, MAINNET) as listener:
        await listener.next("snapshot")
        served.holds(7_000_000)
        await served.refresh()
        changed = await listener.next("fragment")
        served.holds(0)
        await served.refresh()
        emptied = await listener.next("fragment")

    assert changed.data["positions"][0]["balance"] == "7"
    assert emptied.data["positions"] == []
    assert emptied.data["sequence"] > changed.data["sequence"]


async def test_whoever_comes_back_hears_what_was_missed_and_nothing_else(served: Served) -> None:
    last_id = await settled(served)
    served.holds(7_000_000)
    written = await served.refresh()
    async with listening(served.app, MAINNET, last_id) as listener:
        first, second = await listener.next(), await listener.next()
        served.holds(8_000_000)
        await served.refresh()
        third = await listener.next()

    assert [first.name, second.name, third.name] == ["heartbeat", "fragment", "fragment"]
    assert second.data == written["fragments"][0]
    assert third.data["positions"][0]["balance"] == "8"


@pytest.mark.parametrize("header", ["", "nonsense", "v1.0.0.0.0.0.0", "v1.ffffffffffffffff.0.0.0.0.0.0"])
async def test_an_id_that_is_unknown_gives_a_snapshot_that_says_so(served: Served, header: str) -> None:
    async with listening(served.app, MAINNET, header) as listener:
        event = await listener.next()

    assert (event.name, event.data["reason"]) == ("snapshot", "unknown_id")


async def test_an_id_of_another_question_or_too_old_gives_one_as_well(served: Served) -> None:
    last_id = await settled(served)
    async with listening(served.app, f"{PATH}?address={OTHER}&chains=ethereum", last_id) as listener:
        other = await listener.next()
    served.fakes.clock.advance(31 * 86_400)
    async with listening(served.app, MAINNET, last_id) as listener:
        old = await listener.next()

    assert other.data["reason"] == "other_question"
    assert old.data["reason"] == "too_old"


async def test_the_same_question_in_other_words_goes_on(served: Served) -> None:
    last_id = await settled(served)
    async with listening(served.app, f"{PATH}?address={WALLET.lower()}&chains=eip155:1", last_id) as listener:
        assert (await listener.next()).name == "heartbeat"


async def test_what_cannot_be_read_is_told_and_its_end_and_nothing_becomes_zero() -> None:
    served = make_served(StreamSettings(refresh_seconds=0.02, heartbeat_seconds=60, longest_seconds=60))
    async with listening(served.app, MAINNET) as listener:
        await listener.next("snapshot")
        served.fakes.client(1).error = RpcTimeout("ethereum: no answer in time")
        failed = await listener.next("status", "fragment")
        served.fakes.client(1).error = None
        mended = await listener.next("status", "fragment")
    await close(served)

    assert failed.data["complete"] is False
    assert [(e["scope"], e["chain"], e["code"]) for e in failed.data["errors"]] == [
        ("chain", "ethereum", "rpc_timeout")
    ]
    assert mended.data == {"type": "status", "complete": True, "errors": [], "pending": []}


async def test_a_price_that_changes_is_told_to_all() -> None:
    served = make_served(LONG, price_ttl_seconds=0)
    async with listening(served.app, MAINNET) as one, listening(served.app, MAINNET) as two:
        for listener in (one, two):
            while not (await listener.next("price", "snapshot")).data["prices"]:
                pass
        served.fakes.book.known = {USDC.asset_id: price(USDC.asset_id, "0.9")}
        told = [await listener.next("price") for listener in (one, two)]
    await close(served)

    assert [[tick["price_usd"] for tick in event.data["prices"]] for event in told] == [["0.9"], ["0.9"]]


async def test_a_heartbeat_comes_though_nothing_happens() -> None:
    served = make_served(StreamSettings(refresh_seconds=60, heartbeat_seconds=0.02, longest_seconds=60))
    async with listening(served.app, MAINNET) as listener:
        await listener.next("snapshot")
        beats = [await listener.next() for _ in range(2)]
    await close(served)

    assert [beat.name for beat in beats] == ["heartbeat"] * 2
    assert all(beat.id for beat in beats)


@pytest.mark.parametrize("why", ["time", "shutdown"])
async def test_a_stream_ends_itself_and_says_when_to_come_back(why: str) -> None:
    longest = 0.05 if why == "time" else 60
    served = make_served(replace(LONG, longest_seconds=longest))
    async with listening(served.app, MAINNET) as listener:
        await listener.next("snapshot")
        if why == "shutdown":
            served.app.conduct.closing.set()
        end = await listener.next("end")
        await asyncio.wait_for(listener._task, 10)
    await close(served)

    assert end.data == {"type": "end", "reason": why}
    assert end.id is None
    assert end.retry is not None
    assert 1_000 <= end.retry < 3_000
    assert listener.ended


async def test_a_stream_ends_itself_before_it_is_too_large_and_goes_on_behind_it(served: Served) -> None:
    query = PortfolioQuery((WALLET,), (served.fakes.chains[ChainId(1)],))
    last_id: str | None = None
    told: list[str] = []
    for raw in range(2, 5):
        stream = stream_bytes(query, last_id, served.context, Closing(), most=1)
        events: list[Event] = []
        async with aclosing(stream), asyncio.timeout(10):
            await anext(stream)
            async for encoded in stream:
                events.append(parse_event(encoded.decode()))
                if events[-1].name in ("snapshot", "fragment"):
                    served.holds(raw)
                    await served.refresh()
        last_id = events[-2].id
        told += [event.name for event in events if event.name != "heartbeat"]
        assert events[-1].data == {"type": "end", "reason": "size"}

    assert told == ["snapshot", "end", "fragment", "end", "fragment", "end"]


async def test_a_slow_reader_gets_the_newest_and_nothing_is_kept_for_it(served: Served) -> None:
    async with listening(served.app, MAINNET) as listener:
        await listener.next("snapshot")
        listener.hold()
        for raw in range(1, 101):
            served.holds(raw)
            await served.refresh()
        listener.go_on()
        heard = [await listener.next("fragment")]
        while heard[-1].data["positions"][0]["balance_raw"] != "100":
            heard.append(await listener.next("fragment"))

    assert len(heard) <= 2
    assert served.context.counts.total("stream_fragments_merged_total") >= 98


async def test_streams_of_the_same_wallet_share_one_read(served: Served) -> None:
    async with listening(served.app, MAINNET) as first:
        await first.next("snapshot")
        for _ in range(5):
            async with listening(served.app, MAINNET) as another:
                await another.next("snapshot")

    assert served.fakes.client(1).reads == 1


async def test_without_a_stream_nothing_is_left_at_work(served: Served) -> None:
    before = asyncio.all_tasks()
    for _ in range(3):
        async with listening(served.app, MAINNET) as listener:
            await listener.next("snapshot")
    left = asyncio.all_tasks() - before
    await asyncio.gather(*left, return_exceptions=True)

    assert {task.cancelled() for task in left} <= {True}
    assert hub_of(served.context).streams == 0
    assert served.app.conduct.streams.number == 0


async def test_a_broken_store_is_a_problem_while_no_event_was_sent(served: Served) -> None:
    async def unavailable(*_: object) -> Any:
        raise StoreUnavailable("the store is away")

    store = served.fakes.stores.get()
    broken = replace(store, latest=replace_method(store.latest, list_latest=unavailable))
    served.fakes.stores._store = broken
    async with listening(served.app, MAINNET) as listener:
        status = await listener.answered()

    assert status == 503
    assert hub_of(served.context).streams == 0


def replace_method(port: Any, **methods: Any) -> Any:
    """The port, with these methods in place of its own."""
    return type("Replaced", (), {"__getattr__": lambda _, name: methods.get(name) or getattr(port, name)})()


class FaultyBook(FakeBook):
    """Has a fault of its own."""

    async def prices(self, tokens: Sequence[Token], *, within: float, fresh: bool = False) -> PriceAnswer:
        raise ZeroDivisionError


async def test_what_breaks_in_the_middle_is_an_error_and_then_the_end(
    served: Served, caplog: pytest.LogCaptureFixture
) -> None:
    served.fakes.book = FaultyBook()
    served.context = served.fakes.context()
    app = build_app("balances", ROUTES, served.fakes.settings, lambda: served.context)
    async with listening(app, MAINNET) as listener:
        error, end = await listener.next("error"), await listener.next("end")

    assert (error.data["scope"], error.data["code"]) == ("stream", "internal_error")
    assert end.data["reason"] == "error"
    assert "stream prices broke" in caplog.text


async def test_the_work_for_streams_is_not_part_of_the_request_that_began_it(served: Served) -> None:
    seen: list[str | None] = []

    class Asked(FakeBook):
        async def prices(self, tokens: Sequence[Token], *, within: float, fresh: bool = False) -> PriceAnswer:
            seen.append(request_id_var.get())
            return await super().prices(tokens, within=within)

    served.fakes.book = Asked()
    context = served.fakes.context()
    app = build_app("balances", ROUTES, served.fakes.settings, lambda: context)
    async with listening(app, MAINNET) as listener:
        await listener.next("snapshot")

    assert seen == [None]
