"""What callers write never becomes a URL that is asked: whatever they name, nobody knocks there."""

from __future__ import annotations

import copy
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.guard.served import LIMIT, Served, bearer, local, settings

SHARED = Path(__file__).parent.parent.parent / "shared"
# Where connections are made: the edges, the issuer's keys, and the exporter of traces. What they are told
# comes from the settings; that of an ENS gateway, which does not, has tests of its own. The check of whom
# a connection leads to knows their client.
EDGES = ("chain/", "prices/", "store/", "bus/", "archive/", "telemetry/")
OTHERS = {"web/jwks.py", "peer_check.py"}


class Ear:
    """Listens on a port, and counts who knocks."""

    def __init__(self) -> None:
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.port: int = self._socket.getsockname()[1]
        self.knocks = 0
        self._listening = threading.Thread(target=self._listen)
        self._listening.start()

    def _listen(self) -> None:
        while True:
            caller, _ = self._socket.accept()
            said = caller.recv(64)
            caller.close()
            if said == b"end":
                return
            self.knocks += 1

    def close(self) -> None:
        with socket.create_connection(("127.0.0.1", self.port)) as caller:
            caller.sendall(b"end")
        self._listening.join()
        self._socket.close()


@contextmanager
def listening() -> Iterator[Ear]:
    ear = Ear()
    try:
        yield ear
    finally:
        ear.close()


@pytest.fixture(scope="module")
def everything(keys: str) -> Iterator[Served]:
    """The local server with all functions, for callers who may ask a lot."""
    more = {"RATE_LIMIT_PER_MINUTE": str(LIMIT * 100), "SIWE_DOMAINS": "app.example", "SESSION_KEY": "k" * 40}
    with local({**settings(keys), **more}) as server:
        yield server


def urls_of(port: int) -> tuple[str, ...]:
    return (
        f"http://127.0.0.1:{port}/x",
        f"//127.0.0.1:{port}/x",
        f"127.0.0.1:{port}",
        f"localhost:{port}.eth",
    )


def replaced(content: Any, url: str) -> Iterator[Any]:
    """The content with one of its texts replaced, each in turn."""
    if isinstance(content, str):
        yield url
    for key in (
        content if isinstance(content, dict) else range(len(content)) if isinstance(content, list) else ()
    ):
        for changed in replaced(content[key], url):
            whole = copy.deepcopy(content)
            whole[key] = changed
            yield whole


def parameters(operation: dict[str, Any], url: str, place: str) -> dict[str, str]:
    return {p["name"]: url for p in operation.get("parameters", ()) if p["in"] == place}


def questions(document: Any, url: str) -> Iterator[tuple[str, str, dict[str, Any]]]:
    """Every operation with the URL in each of its parameters and in each text of its body's examples."""
    for path, operations in document["paths"].items():
        for method, operation in operations.items():
            filled = re.sub(r"\{[^}]+\}", url.replace("/", "%2F"), path)
            headers = parameters(operation, url, "header")
            for name in parameters(operation, url, "query"):
                yield filled, method, {"params": {name: url}, "headers": headers}
            media = operation.get("requestBody", {}).get("content", {})
            bodies = [kind["example"] for kind in media.values() if not isinstance(kind.get("example"), str)]
            for example in bodies:
                for body in replaced(example, url):
                    yield filled, method, {"json": body, "headers": headers}
            yield filled, method, {"headers": headers}


def status(client: httpx.Client, method: str, path: str, options: dict[str, Any]) -> int:
    """Of the answer, which may be a stream without an end."""
    with client.stream(method.upper(), path, **options) as answer:
        return answer.status_code


def test_nobody_knocks_where_a_caller_says(everything: Served) -> None:
    document = everything.ask("/openapi.json").json()
    asked = 0
    with listening() as ear, httpx.Client(base_url=everything.url, trust_env=False, timeout=20) as client:
        for url in urls_of(ear.port):
            names = ("Referer", "Origin", "Host", "Forwarded", "X-Forwarded-Host", "X-Original-URL", "Link")
            given = dict.fromkeys(names, url) | bearer()
            for path, method, options in questions(document, url):
                options["headers"] = {**options["headers"], **given}
                asked += 1
                assert status(client, method, path, options) != 500, (method, path, options)
        knocks = ear.knocks

    assert asked > 300
    assert knocks == 0


def test_a_caller_cannot_name_the_keys_that_a_token_is_signed_with(served: Served) -> None:
    """Neither `jku` nor `x5u`, nor an issuer of one's own."""
    with listening() as ear:
        url = f"http://127.0.0.1:{ear.port}/keys"
        statuses = [
            served.ask("/api/v1/wallets", headers=bearer(**changes)).status_code
            for changes in ({"iss": url}, {"jku": url}, {"kid": url})
        ]
        knocks = ear.knocks

    assert statuses == [401, 200, 401]
    assert knocks == 0


def test_only_edges_make_connections() -> None:
    clients = re.compile(
        r"\b(httpx|socket|urllib3|requests|aiohttp|urlopen|open_connection|create_connection)\b"
    )
    makers = {
        str(path.relative_to(SHARED))
        for path in SHARED.rglob("*.py")
        if any(
            clients.search(line)
            for line in path.read_text().splitlines()
            if re.match(r"\s*(from|import)\s", line)
        )
    }

    assert makers
    assert {name for name in makers if not name.startswith(EDGES)} == OTHERS
