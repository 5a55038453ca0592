"""Every function from its bundle alone: installed where nothing is, started as the platform does, called."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from infra.terraform.bundle import function_names
from tests.functions.bundle import install, make_bundle, serve_bundle
from tests.functions.questions import first_question, settings_alone

Install = Callable[[Path], str]
# As Terraform sets them; nothing of it is asked for anything before a caller is known.
DEPLOYED = {
    "K_SERVICE": "chainfolio",
    "K_REVISION": "chainfolio-00001-abc",
    "AUTH_MODE": "oidc",
    "OIDC_ISSUER": "https://issuer.test",
    "OIDC_AUDIENCE": "chainfolio",
    "GOOGLE_CLOUD_PROJECT": "project",
    "FIRESTORE_EMULATOR_HOST": "127.0.0.1:1",
    "PUBSUB_EMULATOR_HOST": "127.0.0.1:1",
    "ALLOW_PRIVATE_URLS": "true",
}


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Install:
    """The Python of an environment with a bundle's pins; functions with the same pins share one."""
    pythons: dict[bytes, str] = {}

    def installed(bundle: Path) -> str:
        pins = bundle / "requirements.txt"
        content = pins.read_bytes()
        if content not in pythons:
            pythons[content] = install(pins, tmp_path_factory.mktemp("environment"))
        return pythons[content]

    return installed


@pytest.mark.parametrize("function", function_names())
def test_a_bundle_answers_from_an_empty_environment(
    function: str, tmp_path: Path, installed: Install
) -> None:
    bundle = make_bundle(function, tmp_path)
    question = first_question(function)
    with serve_bundle(
        bundle, function, settings_alone(function), first=question, python=installed(bundle)
    ) as port:
        document = httpx.get(f"http://127.0.0.1:{port}/openapi.json").json()

    assert document["openapi"] == "3.1.0"
    assert any(path.startswith(("/api/", "/v2/", "/triggers/")) for path in document["paths"])


@pytest.mark.parametrize("function", function_names())
def test_a_deployed_bundle_tells_what_it_does_and_refuses_strangers(
    function: str, tmp_path: Path, installed: Install
) -> None:
    """What the smoke test of a release asks, too."""
    bundle, log = make_bundle(function, tmp_path), tmp_path / "log"
    with serve_bundle(
        bundle, function, DEPLOYED, path="/openapi.json", log=log, python=installed(bundle)
    ) as port:
        refused = httpx.get(f"http://127.0.0.1:{port}/")

    assert 400 <= refused.status_code < 500
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    assert {line["function"] for line in lines} == {function}
