"""Triggers at the deployed server: with TRIGGER_EMAIL, only Google's tokens of these accounts get further."""

from __future__ import annotations

import time
from collections.abc import Iterator
from typing import Any

import pytest

from tests.guard.served import Served, bearer, deployed, settings
from tests.web.tokens import OTHER_KEY

SNAPSHOT = "/triggers/snapshot"
AUDIENCE = "https://snapshot.example"
PUSH, SCHEDULER = "push@project.iam.gserviceaccount.com", "scheduler@project.iam.gserviceaccount.com"
GOOGLES = {"iss": "https://accounts.google.com", "aud": AUDIENCE, "email": PUSH, "email_verified": True}
FORGED: dict[str, dict[str, Any]] = {
    "expired": {"exp": int(time.time()) - 1},
    "for another function": {"aud": "https://trades.example"},
    "of another issuer": {"iss": "https://issuer.example"},
    "signed with another key": {"key": OTHER_KEY},
    "not signed": {"key": None, "algorithm": "none"},
    "of another account": {"email": "somebody@project.iam.gserviceaccount.com"},
    "of an account that only says so": {"email_verified": False},
    "of an account that says so in words": {"email_verified": "true"},
    "of no account": {"email": None},
}


@pytest.fixture(scope="module")
def guarded(keys: str) -> Iterator[Served]:
    """The function `snapshot`, before which nobody stands."""
    accounts = {
        "TRIGGER_AUDIENCE": AUDIENCE,
        "TRIGGER_EMAIL": f"{PUSH},{SCHEDULER}",
        "TRIGGER_JWKS_URL": keys,
    }
    with deployed("snapshot", {**settings(keys), **accounts}) as server:
        yield server


def sweep(server: Served, headers: dict[str, str]) -> int:
    return server.ask(SNAPSHOT, "POST", headers=headers, json={"sweep": True}).status_code


@pytest.mark.parametrize("account", [PUSH, SCHEDULER])
def test_the_accounts_that_are_named_are_let_in(guarded: Served, account: str) -> None:
    assert sweep(guarded, bearer(**{**GOOGLES, "email": account})) == 204


@pytest.mark.parametrize("changes", FORGED.values(), ids=FORGED)
def test_a_token_that_is_wrong_is_refused_and_counted(guarded: Served, changes: dict[str, Any]) -> None:
    before = guarded.counted(401)

    assert sweep(guarded, bearer(**{**GOOGLES, **changes})) == 401
    assert guarded.counted(401) == before + 1


def test_a_push_without_a_token_is_refused(guarded: Served) -> None:
    push = {"message": {"data": "e30=", "messageId": "1"}, "subscription": "projects/p/subscriptions/s"}
    answer = guarded.ask(SNAPSHOT, "POST", json=push)

    assert (answer.status_code, answer.headers["www-authenticate"]) == (401, "Bearer")


def test_a_users_token_is_no_triggers(guarded: Served) -> None:
    assert sweep(guarded, bearer()) == 401


def test_a_token_without_its_signature_is_refused(guarded: Served) -> None:
    """As Cloud Run hands on what it has verified, and as anybody can write it."""
    head, body, _ = bearer(**GOOGLES)["Authorization"].split(".")

    assert sweep(guarded, {"Authorization": f"{head}.{body}.SIGNATURE_REMOVED_BY_GOOGLE"}) == 401


def test_a_body_is_not_read_before_it_is_known_whose_it_is(guarded: Served) -> None:
    answer = guarded.ask(SNAPSHOT, "POST", content=iter([b"x" * 1000]), headers=bearer())

    assert (answer.status_code, answer.headers["connection"]) == (401, "close")


def test_the_local_server_lets_nobody_trigger_what_its_own_bus_does(served: Served) -> None:
    assert served.ask(SNAPSHOT, "POST", headers=bearer(**GOOGLES)).status_code == 404
