"""GET /api/v1/stream: what is asked, by whom, and that every event is as it is documented."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from dataclasses import replace
from typing import Any

import pytest
from pydantic import TypeAdapter

from shared.api.refresh import PATH as REFRESH
from shared.api.stream import PATH
from shared.api.stream_present import StreamEncoder
from shared.api.stream_schemas import (
    EndEventBody,
    FragmentBody,
    HeartbeatEventBody,
    PriceEventBody,
    SnapshotEventBody,
    StatusEventBody,
    StreamErrorBody,
)
from shared.config import StreamSettings
from shared.core.failures import Failure
from shared.core.stream_ids import START, StreamId
from shared.errors import RpcTimeout, StoreUnavailable
from shared.services.chain_reads import PortfolioQuery
from shared.services.stream_events import Status
from shared.services.stream_hub import hub_of
from shared.store.ports import SavedWallet
from tests.api.asking import ask
from tests.api.listening import listening, parse_event
from tests.api.streaming import LONG, MAINNET, Served, close, make_served
from tests.api.test_api_stream import replace_method
from tests.fakes import WALLET

LOCAL_USER = "local"
DOWN = Failure("chain", "ethereum", "rpc_timeout", "no answer")


@pytest.fixture
async def served() -> AsyncIterator[Served]:
    served = make_served(LONG)
    yield served
    await close(served)


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("address=nonsense", "address"),
        ("address=", "address"),
        (f"address={WALLET}&chains=nowhere", "chains"),
        (f"address={WALLET}&colour=red", "colour"),
        (f"address={','.join([WALLET] * 51)}", "address"),
    ],
)
async def test_a_question_that_is_wrong_is_a_problem(served: Served, query: str, field: str) -> None:
    answer = await ask(served.app, f"{PATH}?{query}")

    assert answer.status_code == 400
    assert [fault["field"] for fault in answer.json()["errors"]] == [field]


async def test_without_an_address_it_is_about_the_saved_wallets(served: Served) -> None:
    async with listening(served.app, f"{PATH}?chains=ethereum") as listener:
        event = await listener.next("snapshot")

    assert event.data["addresses"] == []
    assert event.data["fragments"] == []


async def test_a_stream_of_the_saved_wallets_ends_when_they_are_other_ones() -> None:
    served = make_served(StreamSettings(refresh_seconds=0.05, heartbeat_seconds=60, longest_seconds=60))
    path = f"{PATH}?chains=ethereum"
    wallets = served.fakes.stores.get().wallets
    async with listening(served.app, path) as listener:
        await listener.next("snapshot")
        await wallets.add_wallet(LOCAL_USER, SavedWallet(WALLET, "", (), served.fakes.clock()))
        saved, last_id = await listener.next("end"), listener.last_id
    async with listening(served.app, path, last_id) as listener:
        snapshot = await listener.next()
        await wallets.remove_wallet(LOCAL_USER, WALLET)
        removed = await listener.next("end")
    await close(served)

    assert saved.data == removed.data == {"type": "end", "reason": "wallets"}
    assert saved.retry is not None
    assert (snapshot.name, snapshot.data["reason"]) == ("snapshot", "other_question")
    assert [each["wallet"] for each in snapshot.data["fragments"]] == [WALLET]


async def test_a_store_that_cannot_say_which_wallets_are_saved_ends_no_stream(
    caplog: pytest.LogCaptureFixture,
) -> None:
    served = make_served(StreamSettings(refresh_seconds=0.02, heartbeat_seconds=60, longest_seconds=60))
    store, was_away = served.fakes.stores.get(), asyncio.Event()
    answers = iter(["here", "away"])

    async def unavailable(user: str) -> Any:
        if next(answers, "here") == "away":
            was_away.set()
            raise StoreUnavailable("the store is away")
        return await store.wallets.list_wallets(user)

    served.fakes.stores._store = replace(
        store, wallets=replace_method(store.wallets, list_wallets=unavailable)
    )
    async with listening(served.app, f"{PATH}?chains=ethereum") as listener:
        await listener.next("snapshot")
        wallet = SavedWallet(WALLET, "", (), served.fakes.clock())
        async with asyncio.timeout(10):
            await was_away.wait()
        await store.wallets.add_wallet(LOCAL_USER, wallet)
        end = await listener.next()
    await close(served)

    assert end.data == {"type": "end", "reason": "wallets"}
    assert "could not be read: the store is away" in caplog.text


async def test_what_failed_of_a_chain_says_where_to_ask_for_it_again(served: Served) -> None:
    served.fakes.client(1).error = RpcTimeout("no answer in time")
    wallet = SavedWallet(WALLET, "", (), served.fakes.clock())
    await served.fakes.stores.get().wallets.add_wallet(LOCAL_USER, wallet)
    urls = []
    for path in (MAINNET, f"{PATH}?chains=ethereum"):
        async with listening(served.app, path) as listener:
            urls += [each["retry_url"] for each in (await listener.next("snapshot")).data["errors"]]
    refreshed = await served.refresh()
    own = await ask(served.app, REFRESH, method="POST", json={"chains": ["ethereum"]})
    urls += [each["retry_url"] for body in (refreshed, own.json()) for each in body["errors"]]

    named = f"/api/v1/portfolio?address={WALLET}&chains=ethereum&refresh=true"
    assert urls == [named, "/api/v1/portfolio?chains=ethereum&refresh=true"] * 2


def test_what_failed_of_no_chain_has_no_place_to_ask_again() -> None:
    encoder = StreamEncoder(PortfolioQuery((WALLET,), ()))
    failed = Failure("price", None, "price_unavailable", "no answer")
    encoded = encoder.encode(Status((failed,), (), StreamId(START, 1, 0, 0, 0)))

    assert [each["retry_url"] for each in parse_event(encoded.decode()).data["errors"]] == [None]


async def test_streams_hear_what_a_refresh_could_not_read_and_that_a_later_one_could(served: Served) -> None:
    async with listening(served.app, MAINNET) as listener:
        await listener.next("snapshot")
        served.fakes.client(1).error = RpcTimeout("no answer in time")
        await served.refresh()
        failed = await listener.next()
        served.fakes.client(1).error = None
        await served.refresh()
        mended = await listener.next("status")

    assert failed.name == "status"
    assert [each["chain"] for each in failed.data["errors"]] == ["ethereum"]
    assert mended.data["complete"] is True


async def test_a_stream_hears_of_a_change_within_a_block_and_of_what_a_refresh_confirms(
    served: Served,
) -> None:
    async with listening(served.app, MAINNET) as listener:
        before = (await listener.next("snapshot")).data["fragments"][0]
        served.fakes.client(1).balances = {(WALLET, None): 7}
        await served.refresh()
        changed = (await listener.next("fragment")).data
        await served.refresh()
        again = (await listener.next("fragment")).data

    assert [each["symbol"] for each in changed["positions"]] == ["ETH"]
    assert again == {**changed, "sequence": again["sequence"]}
    assert before["block_number"] == changed["block_number"]
    assert before["sequence"] < changed["sequence"] < again["sequence"]


class Nobody:
    """No caller has a token."""

    async def user(self, authorization: bytes | None) -> str | None:
        return None

    async def close(self) -> None:
        """Nothing is open."""


async def test_whoever_has_no_token_must_name_an_address(served: Served) -> None:
    object.__setattr__(served.app.conduct, "auth", Nobody())
    answers = [await ask(served.app, PATH), await ask(served.app, REFRESH, method="POST")]
    async with listening(served.app, MAINNET) as listener:
        status = await listener.answered()

    assert [answer.status_code for answer in answers] == [401, 401]
    assert status == 200


BODIES = {
    "snapshot": SnapshotEventBody,
    "fragment": FragmentBody,
    "price": PriceEventBody,
    "status": StatusEventBody,
    "heartbeat": HeartbeatEventBody,
    "error": StreamErrorBody,
    "end": EndEventBody,
}


async def test_every_event_is_as_its_schema_says() -> None:
    served = make_served(StreamSettings(refresh_seconds=0.05, heartbeat_seconds=0.05, longest_seconds=60))
    served.holds(0)
    heard: dict[str, Any] = {}
    async with listening(served.app, MAINNET) as listener:
        heard["snapshot"] = (await listener.next("snapshot")).data
        served.holds(12_500_000)
        while len(heard) < 4:
            event = await listener.next()
            heard[event.name] = event.data
        served.fakes.client(1).error = RpcTimeout("no answer in time")
        heard["status"] = (await listener.next("status")).data
        next(iter(hub_of(served.context)._open)).break_off("it is broken")
        heard |= {name: (await listener.next(name)).data for name in ("error", "end")}
    await close(served)

    assert heard.keys() == BODIES.keys()
    for name, data in heard.items():
        TypeAdapter(BODIES[name]).validate_python(data, strict=True, extra="forbid")


@pytest.mark.parametrize(
    ("failures", "pending", "complete"),
    [((), (), True), ((DOWN,), (), False), ((), ("base",), False), ((DOWN,), ("base",), False)],
)
def test_a_status_is_complete_when_nothing_fails_and_nothing_is_pending(
    failures: tuple[Failure, ...], pending: tuple[str, ...], complete: bool
) -> None:
    encoder = StreamEncoder(PortfolioQuery((WALLET,), ()))
    encoded = encoder.encode(Status(failures, pending, StreamId(START, 1, 0, 0, 0)))
    data = parse_event(encoded.decode()).data

    assert (data["complete"], data["pending"]) == (complete, list(pending))
    assert [each["chain"] for each in data["errors"]] == [each.chain for each in failures]


async def test_asking_for_the_head_alone_leaves_nothing_open(served: Served) -> None:
    answer = await ask(served.app, MAINNET, method="HEAD")

    assert (answer.status_code, answer.content) == (200, b"")
    assert answer.headers["content-type"].startswith("text/event-stream")
    assert answer.headers["cache-control"] == "no-store"
    assert hub_of(served.context).streams == 0
