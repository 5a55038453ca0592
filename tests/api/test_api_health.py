"""Readiness and metrics name the chains and price sources that are in trouble, and no secret."""

from __future__ import annotations

from shared.core.chains import Chains
from shared.core.failures import Failure
from shared.core.ids import ChainId
from shared.errors import RpcReverted, RpcUnavailable
from shared.facts import load_chains
from tests.api.asking import app_of, ask
from tests.fakes import Fakes, price


def two_chains() -> Fakes:
    known = load_chains()
    fakes = Fakes(chains=Chains([known[ChainId(1)], known[ChainId(8453)]]))
    native = known[ChainId(1)].native_asset_id
    fakes.book.known = {native: price(native, "3000")}
    return fakes


async def test_readiness_names_the_chain_that_cannot_be_reached() -> None:
    fakes = two_chains()
    fakes.client(8453).error = RpcUnavailable("base: no connection")
    answer = await ask(app_of(fakes), "/readyz")

    assert (answer.status_code, answer.json()["status"]) == (200, "degraded")
    assert answer.json()["dependencies"] == [
        {"kind": "chain", "name": "ethereum", "reachable": True, "message": None},
        {"kind": "chain", "name": "base", "reachable": False, "message": "base: no connection"},
        {"kind": "prices", "name": "price sources", "reachable": True, "message": None},
    ]


async def test_without_any_chain_nothing_can_be_said() -> None:
    fakes = two_chains()
    for chain_id in (1, 8453):
        fakes.client(chain_id).error = RpcUnavailable("no connection")

    assert (await ask(app_of(fakes), "/readyz")).status_code == 503


async def test_a_chain_that_refuses_the_probe_is_there() -> None:
    fakes = two_chains()
    fakes.client(1).error = RpcReverted("reverted")

    assert (await ask(app_of(fakes), "/readyz")).json()["status"] == "ready"


async def test_without_any_price_source_nothing_can_be_priced() -> None:
    fakes = two_chains()
    fakes.book.known = {}
    fakes.book.failures = (Failure("price", None, "price_unavailable", "llama: timeout"),)
    answer = await ask(app_of(fakes), "/readyz")

    assert answer.status_code == 503
    assert answer.json()["dependencies"][-1]["message"] == "llama: timeout"


async def test_metrics_show_each_endpoint_that_was_asked() -> None:
    fakes = two_chains()
    fakes.client(8453).error = RpcUnavailable("base: no connection")
    fakes.client(1)
    page = (await ask(app_of(fakes), "/metrics")).text

    assert 'rpc_endpoint_up{chain="ethereum",endpoint="ethereum.example"} 1.0' in page
    assert 'rpc_endpoint_up{chain="base",endpoint="base.example"} 0.0' in page
    assert 'rpc_endpoint_latency_seconds{chain="base",endpoint="base.example"} 0.084' in page


async def test_health_needs_nobody() -> None:
    fakes = two_chains()
    fakes.client(1).error = RpcUnavailable("no connection")
    answer = await ask(app_of(fakes), "/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
