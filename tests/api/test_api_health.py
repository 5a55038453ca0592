"""Readiness and metrics name the chains and price sources that are in trouble, and no secret."""

from __future__ import annotations

import dataclasses
import logging
from collections.abc import Sequence

import pytest

from shared.api import history, me, portfolio, runs, session, trades_routes, wallets
from shared.api.app import build_app
from shared.chain.clients import ChainClients
from shared.config import Oidc, Settings
from shared.core.chains import Chains
from shared.core.failures import Failure
from shared.core.ids import ChainId
from shared.errors import RpcReverted, RpcUnavailable, StoreUnavailable
from shared.facts import load_chains
from shared.store.opening import StoreOnDemand, open_store
from shared.store.ports import Store
from shared.web.messages import Route
from shared.web.operations import OPERATION_PATHS
from shared.wiring import Context
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
        {"kind": "store", "name": "sqlite", "reachable": True, "message": None},
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


def without_store(fakes: Fakes, message: str, remedy: str | None = None) -> Fakes:
    """Fakes whose store does not answer."""

    async def unready() -> None:
        raise StoreUnavailable(message, remedy)

    def open_it() -> Store:
        return dataclasses.replace(open_store("sqlite::memory:", None, fakes.clock), ready=unready)

    fakes.stores = StoreOnDemand(open_it)
    return fakes


async def test_readiness_names_the_store_that_cannot_be_read() -> None:
    answer = await ask(app_of(without_store(two_chains(), "Firestore needs credentials: …")), "/readyz")

    assert answer.status_code == 503
    assert answer.json()["dependencies"][0] == {
        "kind": "store",
        "name": "sqlite",
        "reachable": False,
        "message": "Firestore needs credentials: …",
    }


async def test_readiness_says_what_the_operator_can_do() -> None:
    fakes = without_store(two_chains(), "Firestore cannot be used (PermissionDenied)", "switch the API on")
    answer = await ask(app_of(fakes), "/readyz")

    assert answer.json()["dependencies"][0]["message"] == "switch the API on"


@pytest.mark.parametrize(
    "routes",
    [history.ROUTES, me.ROUTES, runs.ROUTES, session.ROUTES, trades_routes.ROUTES, wallets.ROUTES],
    ids=lambda routes: routes[0].function,
)
async def test_functions_that_read_no_chain_are_ready_without_any(routes: Sequence[Route[Context]]) -> None:
    fakes = two_chains()
    for chain_id in (1, 8453):
        fakes.client(chain_id).error = RpcUnavailable("no connection")
    app = build_app(routes[0].function, routes, fakes.settings, fakes.context)
    answer = await ask(app, "/readyz")

    assert (answer.status_code, answer.json()["status"]) == (200, "ready")
    assert {d["kind"] for d in answer.json()["dependencies"]} - {"bus"} == {"store"}


async def test_a_probe_that_fails_logs_nothing_that_alerts_count(caplog: pytest.LogCaptureFixture) -> None:
    known = load_chains()
    fakes = Fakes(chains=Chains([known[ChainId(8453)]]))
    clients = ChainClients({8453: ("http://127.0.0.1:1",)})
    context = dataclasses.replace(fakes.context(), clients=clients)
    app = build_app("portfolio", portfolio.ROUTES, fakes.settings, lambda: context)
    with caplog.at_level(logging.INFO):
        answer = await ask(app, "/readyz")

    assert answer.json()["dependencies"][1]["reachable"] is False
    assert "chain could not be read" not in caplog.text
    await clients.close()
    await fakes.stores.close()


@pytest.mark.parametrize(
    ("path", "status"), [("/readyz", 429), ("/metrics", 429), ("/docs", 429), ("/healthz", 200)]
)
async def test_only_health_is_asked_for_as_often_as_one_likes(path: str, status: int) -> None:
    fakes = two_chains()
    oidc = Oidc("https://issuer.example", "us")
    fakes.settings = Settings(log_level="ERROR", auth_mode="oidc", oidc=oidc, rate_limit_per_minute=1)
    app = app_of(fakes)

    assert [(await ask(app, path)).status_code for _ in range(2)] == [200, status]


@pytest.mark.parametrize("path", OPERATION_PATHS)
@pytest.mark.parametrize("query", ["x=1", "x"])
async def test_a_parameter_is_refused_here_as_everywhere(path: str, query: str) -> None:
    answer = await ask(app_of(two_chains()), f"{path}?{query}")

    assert answer.status_code == 400
    assert answer.json()["errors"] == [{"field": "x", "message": "is not a parameter of this endpoint"}]


async def test_health_needs_nobody() -> None:
    fakes = two_chains()
    fakes.client(1).error = RpcUnavailable("no connection")
    answer = await ask(app_of(fakes), "/healthz")

    assert (answer.status_code, answer.json()) == (200, {"status": "ok"})
