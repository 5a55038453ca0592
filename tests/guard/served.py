"""The real servers, and an issuer whose tokens they accept: what the tests of the guard knock at."""

from __future__ import annotations

import json
import resource
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import httpx

from tests.devnet.local_server import run_server
from tests.functions.bundle import make_bundle, serve_bundle
from tests.ports import free_port
from tests.web.tokens import AUDIENCE, ISSUER, rsa_jwk, token

_FILES = 8192
LIMIT = 600
PAGE = "https://app.example"


@dataclass(frozen=True, slots=True)
class Served:
    """A server: as the platform runs a function, or the local one."""

    port: int
    deployed: bool

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def ask(self, path: str, method: str = "GET", **options: Any) -> httpx.Response:
        """One question on a connection of its own."""
        # No TLS is spoken here, and to load the certificates takes longer than most answers.
        with httpx.Client(base_url=self.url, trust_env=False, timeout=30, verify=False) as client:
            return client.request(method, path, **options)

    def counted(self, status: int) -> int:
        """How many answers of this status the metrics tell of."""
        lines = self.ask("/metrics", headers=bearer(sub="watcher")).text.splitlines()
        named = f'status="{status}"'
        told = [line for line in lines if line.startswith("http_request_duration_seconds_count")]
        return sum(int(float(line.split()[-1])) for line in told if named in line)


class _KeySet(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        body = json.dumps({"keys": [rsa_jwk("a")]}).encode()
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: Any) -> None:
        """Say nothing."""


@contextmanager
def run_issuer() -> Iterator[str]:
    """The URL of a key set that has the key `a`."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), _KeySet)
    serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
    serving.start()
    try:
        yield f"http://127.0.0.1:{server.server_address[1]}/keys"
    finally:
        server.shutdown()
        serving.join()
        server.server_close()


def settings(keys: str) -> dict[str, str]:
    """Of a server that has nobody but itself and the issuer."""
    return {
        "AUTH_MODE": "oidc",
        "OIDC_ISSUER": ISSUER,
        "OIDC_AUDIENCE": AUDIENCE,
        "OIDC_JWKS_URL": keys,
        "RATE_LIMIT_PER_MINUTE": str(LIMIT),
        "CORS_ORIGINS": PAGE,
        "CHAINS": "ethereum",
        "RPC_URL_1": "http://127.0.0.1:1",
        "LOG_LEVEL": "ERROR",
    }


@contextmanager
def deployed(function: str, variables: Mapping[str, str]) -> Iterator[Served]:
    """A function's bundle, served as the platform does it."""
    platform = {
        "K_SERVICE": "chainfolio",
        "STORE": "sqlite:store.db",
        "BUS": "local",
        "TRACES": "off",
        "ALLOW_PRIVATE_URLS": "true",
    }
    with TemporaryDirectory() as folder:
        bundle = make_bundle(function, Path(folder))
        with serve_bundle(bundle, function, {**variables, **platform}, path="/healthz") as port:
            yield Served(port, True)


@contextmanager
def local(variables: Mapping[str, str]) -> Iterator[Served]:
    """Every function on one port."""
    port = free_port()
    with run_server(port, {"STORE": "sqlite:store.db", **variables}):
        yield Served(port, False)


def allow_many_files() -> None:
    """Let this process, and servers that it starts from now on, have thousands of connections."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = _FILES if hard == resource.RLIM_INFINITY else min(_FILES, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, most), hard))


def bearer(**changes: Any) -> dict[str, str]:
    """The header of a token that is right but for the changes."""
    return {"Authorization": token(**changes).decode()}
