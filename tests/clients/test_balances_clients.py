"""Off-the-shelf clients do the steps of Zapper's guide and arrive at the portfolio's total."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any
from urllib.parse import urlencode

import httpx
import httpx_sse
import pytest

from shared.core.amounts import add
from tests.clients.devnet import OTHER, WALLET, Served, run_devnet

CLIENT = Path(__file__).with_name("zapper_client.mjs")
BOTH = f"{WALLET},{OTHER}"


@pytest.fixture(scope="module")
def served() -> Iterator[Served]:
    with run_devnet() as devnet:
        yield devnet


def url_of(served: Served, **query: str) -> str:
    asked = {"addresses[]": WALLET, "useNewBalancesFormat": "true", **query}
    return f"{served.url}/v2/balances?{urlencode(asked)}"


def portfolio_total(served: Served, addresses: str = WALLET) -> Decimal:
    answer = httpx.get(f"{served.url}/api/v1/portfolio?address={addresses}", trust_env=False)
    body = answer.json()
    assert body["complete"], body["errors"]
    return Decimal(body["total_usd"])


def eventsource(served: Served, **query: str) -> Any:
    """What the npm package's client has when it has closed the connection."""
    asked = json.dumps({"url": url_of(served, **query)})
    done = subprocess.run(
        ["node", str(CLIENT)], input=asked, capture_output=True, text=True, check=True, timeout=60
    )
    return json.loads(done.stdout)


def sse(served: Served, **query: str) -> list[httpx_sse.ServerSentEvent]:
    """All events up to `end`, where the client closes the connection."""
    events = []
    with (
        httpx.Client(trust_env=False) as client,
        httpx_sse.connect_sse(client, "GET", url_of(served, **query)) as source,
    ):
        for event in source.iter_sse():
            events.append(event)
            if event.event == "end":
                break
    return events


def exact(events: list[httpx_sse.ServerSentEvent], name: str) -> list[Any]:
    return [json.loads(event.data, parse_float=Decimal) for event in events if event.event == name]


def test_an_eventsource_from_npm_adds_up_to_the_portfolio(served: Served) -> None:
    got = eventsource(served)
    total = float(portfolio_total(served))

    assert got["errors"] == []
    assert got["netWorth"] == pytest.approx(total, rel=1e-12)
    assert got["netWorthWithoutNFT"] == got["netWorth"]
    assert sum(got["categories"].values()) == pytest.approx(total, rel=1e-12)
    assert got["categories"]["debt"] < 0 < got["categories"]["deposits"]
    assert set(got["seen"]) == {"ethereum tokens", "ethereum aave-v3", "binance-smart-chain tokens"}
    assert len(got["seen"]) == 3


def test_httpx_sse_adds_up_to_the_portfolio_to_the_last_digit(served: Served) -> None:
    events = sse(served)
    totals = {part["key"]: part for each in exact(events, "balance") for part in each["totals"]}
    by_category = [
        Decimal(token["balanceUSD"])
        for each in exact(events, "balance")
        for tokens in each["balance"].values()
        for token in tokens.values()
    ]
    (summary,) = exact(events, "summary")

    total = portfolio_total(served)
    assert add([Decimal(part["balanceUSD"]) for part in totals.values()]) == total
    assert add(by_category) == total == Decimal(summary["total_usd"])
    assert (events[-1].event, events[-1].data) == ("end", "end")
    assert summary["complete"] is True


@pytest.mark.parametrize("bundled", ["true", "false"])
def test_several_addresses_add_up_whether_bundled_or_not(served: Served, bundled: str) -> None:
    query = {"addresses[]": BOTH, "bundled": bundled}
    total = portfolio_total(served, BOTH)
    parts = {p["key"]: p for each in exact(sse(served, **query), "balance") for p in each["totals"]}

    assert eventsource(served, **query)["netWorth"] == pytest.approx(float(total), rel=1e-12)
    assert add([Decimal(part["balanceUSD"]) for part in parts.values()]) == total


def test_as_json_it_adds_up_too(served: Served) -> None:
    answer = httpx.get(url_of(served), headers={"accept": "application/json"}, trust_env=False)
    body = json.loads(answer.text, parse_float=Decimal)

    parts = {part["key"]: part for each in body["items"] for part in each["totals"]}
    assert add([Decimal(part["balanceUSD"]) for part in parts.values()]) == portfolio_total(served)


def test_an_eventsource_that_asks_wrongly_is_told_before_the_stream(served: Served) -> None:
    got = eventsource(served, bundled="maybe")

    assert got["seen"] == []
    assert got["errors"][0]["message"].startswith("400")
