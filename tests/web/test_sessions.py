"""Sessions: ours, until they expire; never taken for an ID token, and no ID token for one of them."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta
from typing import Any

import jwt
import pytest

from shared.errors import Unauthenticated
from shared.web.auth import SessionOrToken
from shared.web.sessions import SessionTokens, is_session
from tests.web.tokens import AUDIENCE, ISSUER, RSA_KEY, Issuer, rsa_jwk, token, verifier

KEY = b"k" * 32
NOW = datetime.fromtimestamp(int(time.time()), UTC)
LATER = NOW + timedelta(minutes=15)
USER = "eip155:0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045"
DOMAIN = "app.example"


class Clock:
    def __init__(self) -> None:
        self.now = NOW.timestamp()

    def __call__(self) -> float:
        return self.now


def sessions(
    clock: Clock | None = None, key: bytes = KEY, domains: tuple[str, ...] = (DOMAIN,)
) -> SessionTokens:
    return SessionTokens(key, domains, clock or Clock())


def both(clock: Clock | None = None) -> SessionOrToken:
    return SessionOrToken(sessions(clock), verifier(Issuer(rsa_jwk("a"))), "eip155:")


def bearer(text: str) -> bytes:
    return b"Bearer " + text.encode()


def forged(key: Any = KEY, algorithm: str = "HS256", typ: str = "session+jwt", **changes: Any) -> bytes:
    now = int(NOW.timestamp())
    plain = {"iss": "chainfolio-session", "aud": DOMAIN, "sub": USER, "iat": now, "exp": now + 900, **changes}
    told = {name: value for name, value in plain.items() if value is not None}
    return bearer(jwt.encode(told, key, algorithm, headers={"typ": typ, "kid": "a"}))


async def test_a_session_tells_its_user() -> None:
    issued = sessions().issue(USER, DOMAIN, LATER)

    assert is_session(issued)
    assert sessions().user(issued) == USER
    assert await both().user(bearer(issued)) == USER
    assert await both().user(forged()) == USER


async def test_it_ends_when_it_expires() -> None:
    clock = Clock()
    authenticator = both(clock)
    issued = bearer(sessions().issue(USER, DOMAIN, LATER))
    clock.now = LATER.timestamp() - 1
    assert await authenticator.user(issued) == USER

    clock.now = LATER.timestamp()
    with pytest.raises(Unauthenticated, match="expired"):
        await authenticator.user(issued)


@pytest.mark.parametrize(
    "sent",
    [
        forged(key=b"x" * 32),
        forged(iss=ISSUER),
        forged(aud="other.example"),
        forged(aud=None),
        forged(sub=None),
        forged(exp=None),
        forged(exp="soon"),
        forged(iat=None),
        forged(algorithm="HS512", key=b"k" * 64),
        forged(algorithm="none", key=None),
        forged(algorithm="RS256", key=RSA_KEY, iss=ISSUER, aud=AUDIENCE),
        forged()[:-2],
        bearer("a.b.c"),
        bearer("not a token"),
        b"Basic YTpi",
    ],
)
async def test_what_is_not_ours_is_refused(sent: bytes) -> None:
    with pytest.raises(Unauthenticated):
        await both().user(sent)


@pytest.mark.parametrize("typ", ["JWT", "at+jwt"])
async def test_a_session_under_another_type_is_no_id_token(typ: str) -> None:
    with pytest.raises(Unauthenticated):
        await both().user(forged(typ=typ))


async def test_id_tokens_are_accepted_beside_sessions() -> None:
    authenticator = both()

    assert await authenticator.user(token()) == "user-1"
    assert await authenticator.user(None) is None
    await authenticator.close()


async def test_an_id_token_cannot_name_a_user_of_a_session() -> None:
    with pytest.raises(Unauthenticated, match="subject"):
        await both().user(token(sub=USER))


async def test_a_session_of_one_deployment_is_none_of_another() -> None:
    issued = sessions().issue(USER, DOMAIN, LATER)

    with pytest.raises(Unauthenticated):
        sessions(domains=("staging.example",)).user(issued)
    with pytest.raises(Unauthenticated):
        sessions(key=b"another key of the same length ..").user(issued)


async def test_without_sessions_none_is_accepted() -> None:
    with pytest.raises(Unauthenticated):
        await verifier(Issuer(rsa_jwk("a"))).user(bearer(sessions().issue(USER, DOMAIN, LATER)))
