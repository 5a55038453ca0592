"""What the server encodes is what is read, and what nobody can read is refused."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.api.stream_present import StreamEncoder
from shared.core.failures import Failure
from shared.core.fragments import Fragment
from shared.core.stream_ids import START, StreamId
from shared.facts import load_chains
from shared.services.chain_reads import PortfolioQuery
from shared.services.stream_events import Broken, End, Found, Heartbeat, Prices, PriceTold, Snapshot, Status
from shared.terminal.events import EventParser, ServerEvent
from shared.terminal.watch_told import (
    BrokenTold,
    EndTold,
    ErrorsTold,
    PricesTold,
    SnapshotTold,
    Told,
    parse_told,
)
from tests.terminal.watch_samples import NOON, USDC, WALLET, balance, fragment, tick

ETHEREUM = next(chain for chain in load_chains() if chain.slug == "ethereum")
ENCODER = StreamEncoder(PortfolioQuery((WALLET,), (ETHEREUM,)))
ID = StreamId(START, 1, 0, 0, 0)
DOWN = Failure("chain", "ethereum", "rpc_timeout", "no answer")
HELD = fragment(balance(150), balance(2**256 - 1, "USDC", USDC, "debt"), protocol="aave-v3")


def told(event: Any) -> Told | None:
    (only,) = EventParser().feed(ENCODER.encode(event))
    return parse_told(only)


@given(
    st.lists(
        st.builds(
            balance, st.integers(1, 2**256 - 1), st.text(max_size=5), kind=st.sampled_from(["wallet", "debt"])
        ),
        max_size=3,
    ),
    st.integers(0, 2**40),
)
def test_a_fragment_is_what_it_was(balances: list[Any], block: int) -> None:
    found = fragment(*balances, block=block)

    assert told(Found(found, ID)) == found


def test_a_snapshot_is_what_it_was() -> None:
    prices = (PriceTold(*tick("1.5")), PriceTold(*tick(None, "USDC", USDC)))
    event = told(Snapshot("new", 2, 3, NOON, (HELD,), prices, (DOWN,), ("base",), ID))

    assert isinstance(event, SnapshotTold)
    assert (event.chunk, event.chunks) == (2, 3)
    assert (event.addresses, event.chains) == ((WALLET,), ("ethereum",))
    assert event.fragments == (HELD,)
    assert event.ticks == (tick("1.5"), tick(None, "USDC", USDC))
    assert [error["code"] for error in event.errors] == ["rpc_timeout"]
    assert event.pending == ("base",)


def test_the_other_events_are_what_they_were() -> None:
    failing = told(Status((DOWN,), ("base",), ID))

    assert told(Prices((PriceTold(*tick("0.000001")),), ID)) == PricesTold((tick("0.000001"),))
    assert isinstance(failing, ErrorsTold)
    assert failing.errors[0]["message"] == "no answer"
    assert failing.pending == ("base",)
    assert told(Status((), (), ID)) == ErrorsTold(())
    assert told(Heartbeat(NOON, ID)) is None
    assert told(Broken("gone")) == BrokenTold("gone")
    assert told(End("time")) == EndTold("time")


def test_events_that_are_not_known_are_nothing() -> None:
    assert parse_told(ServerEvent("weather", "rain", "")) is None


def encoded(**changes: Any) -> str:
    (only,) = EventParser().feed(ENCODER.encode(Found(HELD, ID)))
    body = json.loads(only.data)
    held = {name: changes.pop(name) for name in list(changes) if name in body["positions"][0]}
    return json.dumps({**body, **changes, "positions": [{**body["positions"][0], **held}]})


def test_what_is_added_later_does_not_disturb() -> None:
    assert isinstance(parse_told(ServerEvent("fragment", encoded(colour="red"), "")), Fragment)


@pytest.mark.parametrize(
    "data",
    [
        "",
        "[]",
        "{}",
        "\ud800",
        encoded(balance_raw="-1"),
        encoded(balance_raw="1e9"),
        encoded(balance_raw="٣"),
        encoded(balance_raw=str(2**256)),
        encoded(balance_raw="9" * 10_000),
        encoded(decimals=10**9),
        encoded(decimals=-1),
        encoded(kind="loot"),
        encoded(block_time="soon"),
        encoded(block_number="many"),
        encoded(positions=None, wallet=None),
    ],
)
def test_what_is_not_understood_is_refused(data: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        parse_told(ServerEvent("fragment", data, ""))


@pytest.mark.parametrize("price", ["NaN", "1e5", "Infinity", "9" * 101])
def test_a_price_is_plain_digits(price: str) -> None:
    body = {
        "asset_id": USDC,
        "symbol": "USDC",
        "price_usd": price,
        "source": None,
        "as_of": None,
        "confidence": "0",
        "stale": False,
    }
    with pytest.raises(ValueError, match="is not a decimal number"):
        parse_told(ServerEvent("price", json.dumps({"type": "price", "prices": [body]}), ""))
