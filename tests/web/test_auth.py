"""ID tokens: only those that the issuer signed for us, now, are accepted; keys rotate."""

from __future__ import annotations

import asyncio
import base64
import gzip
import json
import time
from collections.abc import Mapping
from typing import Any

import pytest

from shared.errors import Unauthenticated, Unavailable
from shared.web.app import Conduct
from shared.web.auth import LocalUser, TokenUser
from shared.web.jwks import SigningKeys
from shared.web.limits import RateLimiter
from tests.web.serving import ask, make_app, quiet
from tests.web.tokens import (
    AUDIENCE,
    EC_KEY,
    ISSUER,
    OTHER_KEY,
    RSA_KEY,
    Issuer,
    ec_jwk,
    rsa_jwk,
    token,
    verifier,
)

BAD: Mapping[str, dict[str, Any]] = {
    "over": {"exp": int(time.time()) - 1},
    "without an end": {"exp": None},
    "issued in an hour": {"iat": int(time.time()) + 3600},
    "issued at no time": {"iat": None},
    "good in an hour": {"nbf": int(time.time()) + 3600},
    "of another issuer": {"iss": "https://other.example"},
    "of no issuer": {"iss": None},
    "for another project": {"aud": "another-project"},
    "for no project": {"aud": None},
    "of a user without a letter": {"sub": ""},
    "of a user with too many": {"sub": "x" * 129},
    "of no user": {"sub": None},
    "of a user who is no text": {"sub": "\ud800x"},
    "signed with another key": {"key": OTHER_KEY},
    "without a key's id": {"kid": None},
    "with an unknown key's id": {"kid": "unknown"},
    "signed with a key of another kind": {"key": EC_KEY, "algorithm": "ES256"},
    "signed with a shared secret": {
        "key": "a shared secret that is long enough for HS256",
        "algorithm": "HS256",
    },
    "signed by an algorithm that is not ours": {"key": RSA_KEY, "algorithm": "RS384"},
    "not signed": {"key": None, "algorithm": "none"},
}


async def test_the_user_is_the_subject_of_a_token_that_verifies() -> None:
    issuer = Issuer(rsa_jwk("a"), ec_jwk("b"))

    assert await verifier(issuer).user(token()) == "user-1"
    assert await verifier(issuer).user(token(EC_KEY, "ES256", "b", sub="user-2")) == "user-2"


async def test_without_a_token_there_is_no_user_and_locally_there_is_only_one() -> None:
    assert await verifier(Issuer()).user(None) is None
    assert await LocalUser().user(b"Bearer whatever") == "local"


async def test_a_clock_that_runs_a_little_ahead_is_forgiven() -> None:
    assert await verifier(Issuer(rsa_jwk("a"))).user(token(iat=int(time.time()) + 5))


@pytest.mark.parametrize("bad", BAD.values(), ids=BAD)
async def test_a_token_that_is_not_right_in_every_way_is_refused(bad: dict[str, Any]) -> None:
    with pytest.raises(Unauthenticated):
        await verifier(Issuer(rsa_jwk("a"))).user(token(**bad))


async def test_a_subject_that_is_no_text_is_a_401_that_counts_against_the_address() -> None:
    conduct = Conduct(verifier(Issuer(rsa_jwk("a"))), RateLimiter(2, lambda: 0.0), log=quiet())
    answer = await ask(make_app(conduct=conduct), headers={"Authorization": token(sub="\ud800x").decode()})

    assert answer.status_code == 401
    assert answer.headers["ratelimit-remaining"] == "1"


@pytest.mark.parametrize(
    "header",
    [b"", b"Bearer", b"Bearer ", b"Basic abc", b"Bearer a.b.c", b"Bearer \xff", b"Bearer " + b"x" * 9000],
)
async def test_a_header_that_is_no_bearer_token_is_refused(header: bytes) -> None:
    with pytest.raises(Unauthenticated):
        await verifier(Issuer(rsa_jwk("a"))).user(header)


async def test_keys_are_fetched_once_and_again_when_they_are_an_hour_old() -> None:
    now = [0.0]
    issuer = Issuer(rsa_jwk("a"))
    verify = verifier(issuer, lambda: now[0])
    for now[0] in (0.0, 3599.0, 3600.0):
        await verify.user(token())

    assert issuer.asked == 2


async def test_a_new_key_is_accepted_as_soon_as_it_signs() -> None:
    issuer = Issuer(rsa_jwk("a"))
    verify = verifier(issuer)
    await verify.user(token())
    issuer.keys = [rsa_jwk("b", OTHER_KEY)]

    assert await verify.user(token(OTHER_KEY, kid="b")) == "user-1"
    with pytest.raises(Unauthenticated):
        await verify.user(token())


async def test_unknown_key_ids_cannot_make_us_flood_the_issuer() -> None:
    issuer = Issuer(rsa_jwk("a"))
    verify = verifier(issuer)
    for number in range(50):
        with pytest.raises(Unauthenticated):
            await verify.user(token(kid=f"made-up-{number}"))

    assert issuer.asked <= 6


@pytest.mark.parametrize(
    "content", [b"not json", b"[]", b"{}", b'{"keys": 1}', b"x" * 300_000, b"[" * 200_000]
)
async def test_an_issuer_without_usable_keys_is_unavailable(content: bytes) -> None:
    issuer = Issuer()
    issuer.content = content
    with pytest.raises(Unavailable):
        await verifier(issuer).user(token())


@pytest.mark.parametrize("public_only", [False, True])
async def test_keys_are_not_fetched_from_a_private_network_that_a_name_leads_to(public_only: bool) -> None:
    asked: list[bytes] = []
    ended = asyncio.Event()

    async def answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        asked.append(await reader.read(1000))
        writer.close()
        await writer.wait_closed()
        ended.set()

    server = await asyncio.start_server(answer, "127.0.0.1", 0)
    port = server.sockets[0].getsockname()[1]
    keys = SigningKeys(f"http://localhost:{port}/keys", public_only=public_only)
    async with server:
        with pytest.raises(Unavailable):
            await TokenUser(ISSUER, AUDIENCE, keys).user(token())
        await keys.close()
        await asyncio.wait_for(ended.wait(), 10)

    assert any(asked) is not public_only


@pytest.mark.parametrize("layers", [1, 2])
async def test_a_key_set_in_a_bomb_is_not_unpacked(layers: int) -> None:
    issuer = Issuer()
    issuer.content = bytes(2**20)
    for _ in range(layers):
        issuer.content = gzip.compress(issuer.content)
    issuer.headers = {"Content-Encoding": ", ".join(["gzip"] * layers)}
    with pytest.raises(Unavailable):
        await verifier(issuer).user(token())


async def test_a_packed_key_set_is_read() -> None:
    issuer = Issuer()
    issuer.content = gzip.compress(json.dumps({"keys": [rsa_jwk("a")]}).encode())
    issuer.headers = {"Content-Encoding": "gzip"}

    assert await verifier(issuer).user(token()) == "user-1"


@pytest.mark.parametrize(
    ("key", "algorithm"),
    [(None, "none"), ("a shared secret that is long enough for HS256", "HS256"), (RSA_KEY, "RS384")],
)
async def test_a_way_of_signing_that_is_not_accepted_is_401_without_asking_for_keys(
    key: object, algorithm: str
) -> None:
    issuer = Issuer()
    issuer.status = 500

    with pytest.raises(Unauthenticated):
        await verifier(issuer).user(token(key, algorithm))
    assert issuer.asked == 0


@pytest.mark.parametrize(
    "header", [b"[" * 5_000, b"[]", b'{"alg": ["RS256"]}', b'{"alg": "RS256", "kid": 1}']
)
async def test_a_token_with_a_hostile_header_is_refused(header: bytes) -> None:
    packed = base64.urlsafe_b64encode(header).rstrip(b"=")

    with pytest.raises(Unauthenticated):
        await verifier(Issuer()).user(b"Bearer " + packed + b".e30.AA")


async def test_an_issuer_that_is_down_is_503_at_first_and_no_matter_once_its_keys_are_known() -> None:
    now = [0.0]
    issuer = Issuer(rsa_jwk("a"))
    verify = verifier(issuer, lambda: now[0])
    issuer.status = 500
    with pytest.raises(Unavailable):
        await verify.user(token())
    issuer.status, now[0] = 200, 60.0
    await verify.user(token())
    issuer.status, now[0] = 500, 9999.0

    assert await verify.user(token()) == "user-1"


async def test_odd_keys_in_the_set_do_no_harm() -> None:
    odd = [
        1,
        {"kty": "oct", "k": "AAAA", "kid": "a"},
        {"kty": "RSA", "kid": "x"},
        {"kty": "EC", "crv": "P-0"},
    ]
    issuer = Issuer(*odd, rsa_jwk("a"))  # type: ignore[arg-type]  # odd on purpose

    assert await verifier(issuer).user(token()) == "user-1"


async def test_a_bad_token_is_401_also_where_none_is_needed_and_counts_against_the_address() -> None:
    conduct = Conduct(verifier(Issuer(rsa_jwk("a"))), RateLimiter(2, lambda: 0.0), log=quiet())
    app = make_app(conduct=conduct)
    bad = {"Authorization": token(exp=1).decode()}
    good = {"Authorization": token().decode()}

    statuses = [(await ask(app, headers=headers)).status_code for headers in (bad, bad, bad, good)]
    answer = await ask(make_app(conduct=Conduct(verifier(Issuer(rsa_jwk("a"))), log=quiet())), headers=bad)

    assert statuses == [401, 401, 429, 200]
    assert answer.headers["www-authenticate"] == "Bearer"
    assert answer.json()["detail"] == "the token is not valid: it has expired"
