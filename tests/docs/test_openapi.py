"""The OpenAPI document: valid, as the routes are, and no generated request finds a 500."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
import schemathesis
from hypothesis import settings
from openapi_spec_validator import OpenAPIV31SpecValidator
from schemathesis.specs.openapi.checks import positive_data_acceptance

from shared.api.portfolio import PARAMETERS, PATH
from shared.core.chains import Chains
from shared.core.ids import ChainId
from shared.facts import load_chains
from shared.web.messages import Json
from tests.api.asking import app_of, ask
from tests.fakes import Fakes


@pytest.fixture(scope="module")
def document() -> Json:
    found: Json = asyncio.run(ask(app_of(Fakes()), "/openapi.json")).json()
    return found


def test_the_document_is_valid_openapi(document: Json) -> None:
    OpenAPIV31SpecValidator(document).validate()


def test_every_parameter_is_documented(document: Json) -> None:
    named = [parameter["name"] for parameter in document["paths"][PATH]["get"]["parameters"]]

    assert tuple(named) == PARAMETERS


def test_the_example_is_what_the_schema_says(document: Json) -> None:
    answer = document["paths"][PATH]["get"]["responses"]["200"]["content"]["application/json"]
    schemas = document["components"]["schemas"]

    assert set(answer["example"]) == set(schemas["PortfolioBody"]["required"])
    assert set(answer["example"]["assets"][0]) == set(schemas["AssetBody"]["required"])
    assert set(answer["example"]["chains"][0]) == set(schemas["ChainBody"]["required"])


def test_the_docs_page_shows_every_path() -> None:
    page = asyncio.run(ask(app_of(Fakes()), "/docs")).text

    for path in (PATH, "/healthz", "/readyz", "/metrics"):
        assert f"<code>{path}</code>" in page


def lone_chain() -> Fakes:
    """One chain is enough: what is looked for lies in the reading of the request."""
    known = load_chains()
    return Fakes(chains=Chains([known[ChainId(1)], known[ChainId(8453)]]))


schema = schemathesis.openapi.from_asgi("/openapi.json", app_of(lone_chain()))


@schema.parametrize()
@settings(max_examples=60, deadline=None, derandomize=True)
def test_no_generated_request_finds_a_500_or_an_undocumented_answer(case: schemathesis.Case[Any]) -> None:
    # Which chains exist and which checksums are right is more than a schema can say.
    case.call_and_validate(excluded_checks=[positive_data_acceptance])
