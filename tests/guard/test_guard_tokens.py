"""Tokens at the real servers: what is forged, expired, of others or used before opens nothing."""

from __future__ import annotations

import base64
import json
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from eth_account import Account

from shared.core.ids import Address, ChainId
from shared.core.siwe import SignIn, format_sign_in
from tests.api.asking_session import signature_of
from tests.guard.served import Served, bearer, deployed, settings
from tests.web.tokens import OTHER_KEY, RSA_KEY, claims, token

WALLETS = "/api/v1/wallets"
DOMAIN = "app.example"
ACCOUNT = Account.from_key("0x" + "11" * 32)
FORGED: dict[str, dict[str, Any]] = {
    "expired": {"exp": int(time.time()) - 1},
    "of another project": {"aud": "another-project"},
    "of another issuer": {"iss": "https://securetoken.google.com/another-project"},
    "signed with another key": {"key": OTHER_KEY},
    "not signed": {"key": None, "algorithm": "none"},
    "signed with a shared secret": {
        "key": "a secret that is long enough for HS256 to be used",
        "algorithm": "HS256",
    },
    "not yet": {"nbf": int(time.time()) + 3600},
    "without an end": {"exp": None},
    "of nobody": {"sub": ""},
}


def altered() -> str:
    """A good token whose subject somebody changed."""
    head, _, signature = token().decode().removeprefix("Bearer ").split(".")
    body = base64.urlsafe_b64encode(json.dumps(claims(sub="somebody-else")).encode()).rstrip(b"=").decode()
    return f"Bearer {head}.{body}.{signature}"


@pytest.fixture(scope="module")
def signing_in(keys: str) -> Iterator[Served]:
    """The deployed function where wallets sign in."""
    more = {"SIWE_DOMAINS": DOMAIN, "SESSION_KEY": "a-key-that-is-long-enough-for-nothing-but-tests"}
    with deployed("session", {**settings(keys), **more}) as server:
        yield server


def test_a_good_token_opens_what_is_its_users(served: Served) -> None:
    assert served.ask(WALLETS, headers=bearer()).status_code == 200
    assert served.ask(WALLETS).status_code == 401


@pytest.mark.parametrize("changes", FORGED.values(), ids=FORGED)
def test_a_token_that_is_wrong_opens_nothing_and_is_counted(served: Served, changes: dict[str, Any]) -> None:
    before = served.counted(401)
    answer = served.ask(WALLETS, headers=bearer(**changes))

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"
    assert served.counted(401) == before + 1
    assert served.ask(WALLETS, headers=bearer()).status_code == 200


def test_a_token_that_was_altered_opens_nothing(served: Served) -> None:
    assert served.ask(WALLETS, headers={"Authorization": altered()}).status_code == 401


def test_key_ids_that_are_made_up_do_not_keep_others_out(served: Served) -> None:
    statuses = [served.ask(WALLETS, headers=bearer(kid=f"made-up-{n}")).status_code for n in range(20)]

    assert set(statuses) == {401}
    assert served.ask(WALLETS, headers=bearer()).status_code == 200


def test_a_token_in_the_address_is_no_token(served: Served) -> None:
    given = token(key=RSA_KEY).decode().removeprefix("Bearer ")

    assert served.ask(WALLETS, params={"access_token": given}).status_code == 401


def test_a_signature_that_was_used_opens_nothing_again(signing_in: Served) -> None:
    nonce = signing_in.ask("/api/v1/session/nonce", "POST").json()["nonce"]
    message = format_sign_in(
        SignIn(
            domain=DOMAIN,
            address=Address(ACCOUNT.address),
            uri=f"https://{DOMAIN}",
            chain_id=ChainId(1),
            nonce=nonce,
            issued_at=datetime.now(UTC).replace(microsecond=0),
        )
    )
    signed = {"message": message, "signature": signature_of(message, ACCOUNT)}
    answers = [signing_in.ask("/api/v1/session", "POST", json=signed) for _ in range(3)]

    assert [answer.status_code for answer in answers] == [201, 401, 401]
