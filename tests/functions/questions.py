"""What a function is asked first: something real that it can answer alone, with an empty store."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class Question:
    """A request, and the status of its answer."""

    method: str
    path: str
    status: int = 200
    body: bytes | None = None
    headers: Mapping[str, str] = field(default_factory=dict)


WALLET = "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045"
_JSON = {"Content-Type": "application/json"}
# Stores are files of its own, and the chain is not there.
_ALONE = {
    "STORE": "sqlite:store.db",
    "ARCHIVE": "file:archive",
    "CHAINS": "ethereum",
    "RPC_URL_1": "http://127.0.0.1:1",
}
# Only where users are told apart can anybody sign in.
_SIGNING_IN = {
    "AUTH_MODE": "oidc",
    "OIDC_ISSUER": "https://issuer.test",
    "OIDC_AUDIENCE": "chainfolio",
    "SIWE_DOMAINS": "app.example.com",
    "SESSION_KEY": "a-key-that-is-long-enough-for-nothing-but-tests",
}
# Where the plain GET of the root says little or is not there.
_OTHERS = {
    "archive": Question("POST", "/triggers/archive", 200, b"{}", _JSON),
    "balances": Question("GET", f"/v2/balances?addresses={WALLET}"),
    "me": Question("GET", "/api/v1/me/export"),
    "portfolio": Question("GET", f"/api/v1/portfolio?address={WALLET}"),
    "runs": Question("GET", "/api/v1/runs/20260101T000000Z", 404),
    "session": Question("POST", "/api/v1/session/nonce", 201),
    "snapshot": Question("POST", "/triggers/snapshot", 204, b'{"sweep": true}', _JSON),
    "fetch_balances": Question("POST", "/triggers/fetch-balances", 204, b"{}", _JSON),
}


def first_question(function: str) -> Question:
    """What a function is asked: by default what it shows at its root."""
    return _OTHERS.get(function, Question("GET", "/"))


def settings_alone(function: str) -> dict[str, str]:
    """What a function is told that has nobody but itself."""
    return {**_ALONE, **(_SIGNING_IN if function == "session" else {})}
