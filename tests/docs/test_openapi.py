"""The OpenAPI document of all functions: valid, as the routes are, and no generated request finds a 500."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
import schemathesis
from hypothesis import settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.checks import CheckFunction
from schemathesis.specs.openapi.checks import positive_data_acceptance

from shared.api import (
    archive,
    balances_routes,
    fetch_balances,
    history,
    me,
    pnl,
    portfolio,
    portfolio_routes,
    runs,
    session,
    snapshot,
    trades_read,
    trades_routes,
    wallets,
)
from shared.api.app import build_app
from shared.api.local_bus import deliver_here
from shared.config import Settings, StreamSettings
from shared.core.chains import Chains
from shared.core.ids import ChainId
from shared.errors import Unauthenticated
from shared.facts import load_chains
from shared.web.app import App
from shared.web.messages import Json
from shared.wiring import Context
from tests.api.asking import ask
from tests.fakes import Fakes

ROUTES = (
    *portfolio_routes.ROUTES,
    *pnl.ROUTES,
    *history.ROUTES,
    *trades_routes.ROUTES,
    *wallets.ROUTES,
    *me.ROUTES,
    *session.ROUTES,
    *runs.ROUTES,
    *snapshot.ROUTES,
    *fetch_balances.ROUTES,
    *archive.ROUTES,
    *balances_routes.ROUTES,
)
TOKEN = "Bearer good"
FUNCTIONS = Path(__file__).parent.parent.parent / "functions"


class OneToken:
    """One token is good."""

    async def user(self, authorization: bytes | None) -> str | None:
        if authorization not in (None, TOKEN.encode()):
            raise Unauthenticated("the token is not valid")
        return None if authorization is None else "alice"

    async def close(self) -> None:
        """Nothing is open."""


def joined(fakes: Fakes) -> App[Context]:
    """Every function on one port, for the one user who has the token."""
    app = build_app(
        "local", ROUTES, fakes.settings, fakes.context, clock=fakes.clock.seconds, opened=deliver_here
    )
    object.__setattr__(app.conduct, "auth", OneToken())
    return app


@pytest.fixture(scope="module")
def document() -> Json:
    found: Json = asyncio.run(ask(joined(Fakes()), "/openapi.json")).json()
    return found


def parameters_of(document: Json, path: str) -> tuple[str, ...]:
    return tuple(parameter["name"] for parameter in document["paths"][path]["get"]["parameters"])


def test_the_document_is_valid_openapi(document: Json) -> None:
    assert list(OpenAPIV31SpecValidator(document).iter_errors()) == []


def test_no_function_is_left_out() -> None:
    assert {route.function for route in ROUTES} == {path.parent.name for path in FUNCTIONS.glob("*/main.py")}


def test_every_route_is_documented_once(document: Json) -> None:
    operations = [(method.upper(), path) for path, methods in document["paths"].items() for method in methods]
    names = [
        operation["operationId"]
        for methods in document["paths"].values()
        for operation in methods.values()
        if "operationId" in operation
    ]

    assert set(operations) >= {(route.method, route.path) for route in ROUTES}
    assert len(set(names)) == len(names) == len(ROUTES)


def test_what_most_people_look_for_comes_first(document: Json) -> None:
    paths = list(document["paths"])
    last = [path for path in paths if path.startswith("/triggers/")] + ["/healthz", "/metrics", "/readyz"]

    assert paths[0] == portfolio.PATH
    assert paths[-len(last) :] == last


def test_every_parameter_is_documented(document: Json) -> None:
    assert parameters_of(document, portfolio.PATH) == portfolio.PARAMETERS
    assert parameters_of(document, "/api/v1/trades") == trades_read.LIST_PARAMETERS


def test_the_example_is_what_the_schema_says(document: Json) -> None:
    answer = document["paths"][portfolio.PATH]["get"]["responses"]["200"]["content"]["application/json"]
    schemas = document["components"]["schemas"]

    assert set(answer["example"]) == set(schemas["PortfolioBody"]["required"])
    assert set(answer["example"]["assets"][0]) == set(schemas["AssetBody"]["required"])
    assert set(answer["example"]["chains"][0]) == set(schemas["ChainBody"]["required"])
    page = document["paths"]["/api/v1/trades"]["get"]["responses"]["200"]["content"]["application/json"]
    assert set(page["example"]["items"][0]) == set(schemas["TradeBody"]["required"])


def test_every_type_of_zappers_document_has_its_name(document: Json) -> None:
    schemas = document["components"]["schemas"]

    assert set(schemas) >= {
        "AppPayload",
        "BalancePayload",
        "CategoryNames",
        "DisplayItem",
        "ErrorItem",
        "MetaType",
        "NonFungibleTokenBreakdown",
        "PartialTotal",
        "PositionBreakdown",
        "PresentedBalancePayload",
        "TokenBreakdown",
        "TotalsPayload",
    }
    totals = schemas["PresentedBalancePayload"]["properties"]["totals"]
    assert totals == {"$ref": "#/components/schemas/TotalsPayload"}
    assert set(schemas["BalancePayload"]["properties"]) == set(schemas["CategoryNames"]["enum"])


def test_the_docs_page_shows_every_path() -> None:
    page = asyncio.run(ask(joined(Fakes()), "/docs")).text

    for path in (*(route.path for route in ROUTES), "/healthz", "/readyz", "/metrics"):
        assert f"<code>{path}</code>" in page


def two_chains() -> Fakes:
    """These are enough: what is looked for lies in the reading of the request. Streams end at once."""
    known = load_chains()
    brief = Settings(log_level="ERROR", streams=StreamSettings(longest_seconds=0.01))
    return Fakes(settings=brief, chains=Chains([known[ChainId(1)], known[ChainId(8453)]]))


schema = schemathesis.openapi.from_asgi("/openapi.json", joined(two_chains()))
# A body that is wrong and too long is refused for its length.
REFUSED = schema.config.checks.negative_data_rejection
REFUSED.expected_statuses = [*REFUSED.expected_statuses, "413"]


@schema.auth()
class Token:
    """Generated requests are the user's."""

    def get(self, case: schemathesis.Case[Any], context: schemathesis.AuthContext) -> str:
        return TOKEN

    def set(self, case: schemathesis.Case[Any], data: str, context: schemathesis.AuthContext) -> None:
        case.headers["Authorization"] = data


# Which chains exist and which numbers agree is more than a schema can say. It is a parameter because the
# operations' tests have ids of their own only if there is one.
@schema.parametrize()
@pytest.mark.parametrize("unchecked", [positive_data_acceptance], ids=["but for meaning"])
@settings(max_examples=40, deadline=None, derandomize=True)
def test_no_generated_request_finds_a_500_or_an_undocumented_answer(
    case: schemathesis.Case[Any], unchecked: CheckFunction
) -> None:
    case.call_and_validate(excluded_checks=[unchecked])
