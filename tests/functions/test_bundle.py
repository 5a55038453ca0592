"""Every function as it is deployed: the flat bundle, loaded and served by the real framework."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import httpx
import pytest

from tests.functions.bundle import ROOT, environment, make_bundle, serve_bundle

FUNCTIONS = sorted(path.parent.name for path in (ROOT / "functions").glob("*/main.py"))
LOCAL = {"LOG_LEVEL": "INFO"}


@pytest.fixture
def bundle(tmp_path: Path) -> Path:
    return make_bundle("portfolio", tmp_path)


def run(bundle: Path, code: str, **variables: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", "-c", code],
        cwd=bundle,
        env=environment(variables),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.mark.parametrize("function", FUNCTIONS)
def test_the_framework_finds_a_function_by_its_folders_name(function: str, tmp_path: Path) -> None:
    code = f"from functions_framework import create_app; print(type(create_app('{function}', 'main.py')))"
    done = run(make_bundle(function, tmp_path), code)

    assert (done.stderr, done.returncode) == ("", 0)
    assert "starlette" in done.stdout


@pytest.mark.parametrize("function", FUNCTIONS)
def test_a_main_is_a_name_and_an_app(function: str) -> None:
    source = (ROOT / "functions" / function / "main.py").read_text()

    assert len(source.splitlines()) <= 15
    assert f"async def {function}(" in source
    assert "if " not in source


def test_the_production_server_answers_at_the_root_and_at_the_canonical_path(bundle: Path) -> None:
    log = bundle / "server.log"
    with (
        serve_bundle(bundle, "portfolio", LOCAL, path="/healthz", log=log) as port,
        httpx.Client(base_url=f"http://127.0.0.1:{port}") as client,
    ):
        answers = [client.get(f"{path}?address=banana") for path in ("/", "/api/v1/portfolio")]
        gone = client.get("/nowhere", headers={"X-Request-Id": "trace-1"})
        posted = client.post("/", content=b"x" * 2_000_000)
        document = client.get("/openapi.json").json()

    assert [a.status_code for a in answers] == [400, 400]
    assert [a.json()["instance"] for a in answers] == ["/", "/api/v1/portfolio"]
    assert (gone.status_code, gone.headers["x-request-id"]) == (404, "trace-1")
    assert posted.status_code == 405
    assert document["openapi"] == "3.1.0"
    lines = [json.loads(line) for line in log.read_text().splitlines() if line.startswith("{")]
    assert {line["request_id"] for line in lines} >= {"trace-1"}
    assert {line["function"] for line in lines} == {"portfolio"}


@pytest.mark.parametrize(
    ("variables", "named"),
    [
        ({"PORT": "abc"}, "PORT"),
        ({"CHAINS": "ethereum,atlantis"}, "CHAINS"),
        ({"RPC_URL_1": "not a url"}, "RPC_URL_1"),
        ({"K_SERVICE": "portfolio"}, "AUTH_MODE"),
        ({"AUTH_MODE": "oidc"}, "OIDC_ISSUER"),
        ({"LOG_LEVEL": "LOUD"}, "LOG_LEVEL"),
        ({"STORE": "firestore"}, "GOOGLE_CLOUD_PROJECT"),
    ],
)
def test_a_bad_setting_stops_the_start_with_one_line_that_names_it(
    bundle: Path, variables: dict[str, str], named: str
) -> None:
    load = "from functions_framework import create_app; create_app('portfolio', 'main.py')"
    done = run(bundle, load, **variables)

    assert done.returncode == 2
    assert done.stderr.startswith(named)
    assert done.stderr.endswith(" (see README.md, Settings)\n")
    assert done.stderr.count("\n") == 1


@pytest.mark.parametrize("function", FUNCTIONS)
def test_importing_a_function_loads_no_heavy_library(function: str, tmp_path: Path) -> None:
    heavy = (
        "httpx",
        "pydantic",
        "jwt",
        "cryptography",
        "prometheus_client",
        "ens_normalize",
        "web3",
        "grpc",
    )
    code = f"import main, sys; print([name for name in {heavy} if name in sys.modules])"
    done = run(make_bundle(function, tmp_path), code)

    assert (done.stdout, done.stderr) == ("[]\n", "")
