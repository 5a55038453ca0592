"""/api/v1/session: who signs in is who the wallet says, once for each message and not for long."""

from __future__ import annotations

import asyncio
import json
import logging
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from shared.api import me, session, wallets
from shared.api.wallets_proof import PROOF_PATH
from shared.config import SiweSettings
from shared.core.ids import ChainId
from shared.errors import RpcReverted, RpcUnavailable
from tests.api.asking import ask
from tests.api.asking_session import (
    ACCOUNT,
    DOMAIN,
    KEY,
    OTHER,
    USER,
    message_for,
    nonce_of,
    post_signed,
    session_app,
    sign_in,
    signature_of,
    signed_in,
    siwe_fakes,
)
from tests.api.asking_trades import Caller
from tests.fakes import Fakes

VALID = bytes.fromhex("1626ba7e")


@pytest.fixture
async def fakes() -> AsyncIterator[Fakes]:
    fakes = siwe_fakes()
    yield fakes
    await fakes.stores.close()


async def test_whoever_signs_the_message_is_signed_in(fakes: Fakes) -> None:
    app = session_app(fakes)
    answer = await sign_in(app, fakes)

    assert (answer.status_code, answer.headers["cache-control"]) == (201, "no-store")
    body = answer.json()
    user = Caller(app, body.pop("token"))
    assert body == {
        "token_type": "Bearer",
        "expires_at": "2026-11-21T12:15:00Z",
        "user_id": USER,
        "address": ACCOUNT.address,
        "chain_id": 1,
    }
    assert (await user("GET", me.EXPORT_PATH)).json()["user_id"] == USER


@pytest.mark.parametrize(
    ("body", "status"),
    [(b"", 201), (b"{}", 201), (b" {} ", 201), (b'{"a": 1}', 400), (b"[]", 400), (b"{", 400)],
)
async def test_a_nonce_is_asked_for_with_nothing_or_an_empty_object(
    fakes: Fakes, body: bytes, status: int
) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await ask(session_app(fakes), session.NONCE_PATH, method="POST", content=body, headers=headers)

    assert answer.status_code == status


async def test_log_lines_name_a_wallet_by_a_hash_that_needs_the_session_key(
    capsys: pytest.CaptureFixture[str],
) -> None:
    named = []
    for key in (KEY, KEY, f"{KEY} of another"):
        fakes = siwe_fakes(siwe=SiweSettings((DOMAIN,), key), log_level="INFO")
        await (await signed_in(session_app(fakes), fakes))("GET", wallets.PATH)
        named.append(json.loads(capsys.readouterr().err.splitlines()[-1])["user"])
        await fakes.stores.close()

    assert named[0] == named[1] != named[2]


async def test_a_nonce_says_until_when_and_for_whom(fakes: Fakes) -> None:
    answer = await ask(session_app(fakes), session.NONCE_PATH, method="POST")
    told = {"expires_at": "2026-11-21T12:10:00Z", "domains": [DOMAIN]}

    assert {**answer.json(), "nonce": ""} == {"nonce": "", **told}


async def test_a_session_ends(fakes: Fakes) -> None:
    user = await signed_in(session_app(fakes), fakes)
    fakes.clock.advance(899)
    assert (await user("GET", wallets.PATH)).status_code == 200

    fakes.clock.advance(1)
    assert (await user("GET", wallets.PATH)).status_code == 401


async def test_a_session_does_not_outlive_its_message(fakes: Fakes) -> None:
    soon = fakes.clock() + timedelta(seconds=30)
    answer = await sign_in(session_app(fakes), fakes, expires_at=soon)

    assert answer.json()["expires_at"] == "2026-11-21T12:00:30Z"


async def test_a_message_is_good_once(fakes: Fakes) -> None:
    app = session_app(fakes)
    message = message_for(fakes, await nonce_of(app))
    answers = await asyncio.gather(*(post_signed(app, message, signature_of(message)) for _ in range(5)))

    assert sorted(answer.status_code for answer in answers) == [201, 401, 401, 401, 401]
    assert (await post_signed(app, message, signature_of(message))).status_code == 401


async def test_a_nonce_is_good_for_one_message_whoever_signs(fakes: Fakes) -> None:
    app = session_app(fakes)
    nonce = await nonce_of(app)
    answers = []
    for account in (ACCOUNT, OTHER):
        message = message_for(fakes, nonce, account.address)
        answers.append((await post_signed(app, message, signature_of(message, account))).status_code)

    assert answers == [201, 401]


async def test_a_failed_try_leaves_the_nonce_to_its_owner(fakes: Fakes) -> None:
    app = session_app(fakes)
    message = message_for(fakes, await nonce_of(app))

    assert (await post_signed(app, message, signature_of(message, OTHER))).status_code == 401
    assert (await post_signed(app, message, signature_of(message))).status_code == 201


async def test_a_nonce_expires(fakes: Fakes) -> None:
    app = session_app(fakes)
    nonce = await nonce_of(app)
    fakes.clock.advance(600)
    message = message_for(fakes, nonce)

    assert (await post_signed(app, message, signature_of(message))).status_code == 401


@pytest.mark.parametrize(
    ("changes", "status"),
    [
        ({"nonce": "0" * 72}, 401),
        ({"nonce": "madeupbyme"}, 401),
        ({"domain": "evil.example"}, 401),
        ({"uri": "https://evil.example"}, 401),
        ({"scheme": "http"}, 401),
        ({"chain_id": ChainId(987654321)}, 400),
    ],
    ids=str,
)
async def test_a_message_that_is_not_for_us_is_refused(
    fakes: Fakes, changes: dict[str, Any], status: int
) -> None:
    app = session_app(fakes)
    message = message_for(fakes, changes.pop("nonce", None) or await nonce_of(app), **changes)

    assert (await post_signed(app, message, signature_of(message))).status_code == status


@pytest.mark.parametrize("signature", ["", "0x", "0x" + "00" * 65, "0x" + "5e" * 65, "0x" + "5e" * 64])
async def test_what_nobody_signed_is_refused(fakes: Fakes, signature: str) -> None:
    app = session_app(fakes)

    assert (await post_signed(app, message_for(fakes, await nonce_of(app)), signature)).status_code == 401


@pytest.mark.parametrize("signature", ["0xzz", "0x5", "0x 5e 5e", "5e 5e", "0x" + "5e" * 8193])
async def test_what_is_no_signature_is_named(fakes: Fakes, signature: str) -> None:
    app = session_app(fakes)
    answer = await post_signed(app, message_for(fakes, await nonce_of(app)), signature)

    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "signature")


@pytest.mark.parametrize("change", ["a", "A", " ", "\n"])
async def test_a_message_that_was_changed_behind_the_signature_is_refused(fakes: Fakes, change: str) -> None:
    app = session_app(fakes)
    message = message_for(fakes, await nonce_of(app), statement="Sign in")
    answer = await post_signed(app, message.replace("Sign in", f"Sign in{change}"), signature_of(message))

    assert answer.status_code in (400, 401)


async def test_a_body_with_something_else_in_it_is_refused(fakes: Fakes) -> None:
    app = session_app(fakes)
    for body in (
        {},
        {"message": "x"},
        {"message": 1, "signature": "0x"},
        {"message": "x", "signature": "0x", "a": 1},
    ):
        assert (await ask(app, session.PATH, method="POST", json=body)).status_code == 400


async def test_a_body_that_is_too_long_is_refused(fakes: Fakes) -> None:
    answer = await post_signed(session_app(fakes), "x" * session.MAX_SIGNED, "0x")

    assert answer.status_code == 413


async def test_where_no_domain_is_set_nobody_signs_in() -> None:
    fakes = siwe_fakes(siwe=SiweSettings())
    app = session_app(fakes)

    for path in (session.PATH, session.NONCE_PATH):
        assert (await ask(app, path, method="POST")).status_code == 404


async def test_a_caller_who_asks_too_often_has_to_wait() -> None:
    app = session_app(siwe_fakes(rate_limit_per_minute=3))
    statuses = [(await ask(app, session.NONCE_PATH, method="POST")).status_code for _ in range(4)]

    assert statuses == [201, 201, 201, 429]


async def test_a_bad_token_beside_it_does_not_matter(fakes: Fakes) -> None:
    app = session_app(fakes)
    message = message_for(fakes, await nonce_of(app))
    headers = {"authorization": "Bearer expired"}

    assert (await post_signed(app, message, signature_of(message), headers=headers)).status_code == 201


async def test_nothing_secret_is_logged(fakes: Fakes, caplog: pytest.LogCaptureFixture) -> None:
    app = session_app(fakes)
    with caplog.at_level(logging.DEBUG):
        token = (await sign_in(app, fakes)).json()["token"]
        await Caller(app, token)("GET", wallets.PATH)

    assert token not in caplog.text
    assert KEY not in caplog.text + repr(fakes.settings)


class Contract:
    """A chain on which a wallet is a contract that answers so."""

    def __init__(self, fakes: Fakes, answer: bytes | Exception) -> None:
        self.asked: list[tuple[str, bytes]] = []
        self._answer = answer
        object.__setattr__(fakes.client(1), "call", self.call)

    async def call(self, to: str, data: bytes, *, within: float) -> bytes:
        self.asked.append((to, data))
        if isinstance(self._answer, Exception):
            raise self._answer
        return self._answer


TRUSTED = {1: ("https://rpc.example",)}


async def test_a_contract_signs_in_where_the_operator_has_set_the_endpoint() -> None:
    fakes = siwe_fakes(rpc_urls=TRUSTED)
    contract = Contract(fakes, VALID.ljust(32, b"\0"))
    app = session_app(fakes)
    message = message_for(fakes, await nonce_of(app))
    answer = await post_signed(app, message, "0x" + "5e" * 300)

    assert (answer.status_code, answer.json()["user_id"]) == (201, f"eip155:1:{ACCOUNT.address}")
    ((to, data),) = contract.asked
    assert (to, data[:4], data[68:100], data[100:400]) == (
        ACCOUNT.address,
        VALID,
        (300).to_bytes(32, "big"),
        b"\x5e" * 300,
    )


@pytest.mark.parametrize(
    ("answer", "status"),
    [
        (b"", 401),
        (VALID, 401),
        (b"\xff" * 32, 401),
        (b"\0" * 28 + VALID, 401),
        (RpcReverted("no"), 401),
        (RpcUnavailable("down"), 503),
    ],
)
async def test_a_contract_that_does_not_say_so_signs_nobody_in(
    answer: bytes | Exception, status: int
) -> None:
    fakes = siwe_fakes(rpc_urls=TRUSTED)
    Contract(fakes, answer)
    app = session_app(fakes)
    message = message_for(fakes, await nonce_of(app))

    assert (await post_signed(app, message, "0x" + "5e" * 65)).status_code == status


async def test_an_endpoint_of_the_public_is_not_asked_who_signs_in(fakes: Fakes) -> None:
    contract = Contract(fakes, VALID.ljust(32, b"\0"))
    app = session_app(fakes)
    message = message_for(fakes, await nonce_of(app))

    assert (await post_signed(app, message, "0x" + "5e" * 65)).status_code == 401
    assert contract.asked == []


async def test_a_key_needs_no_chain(fakes: Fakes) -> None:
    app = session_app(fakes)
    contract = Contract(fakes, RpcUnavailable("down"))

    assert (await sign_in(app, fakes)).status_code == 201
    assert contract.asked == []


async def saved(user: Caller) -> list[Any]:
    return [wallet["verified_at"] for wallet in (await user("GET", wallets.PATH)).json()["items"]]


async def test_the_wallet_that_signed_in_is_verified_when_it_is_saved(fakes: Fakes) -> None:
    user = await signed_in(session_app(fakes), fakes)
    for account in (ACCOUNT, OTHER):
        await user("POST", wallets.PATH, json={"address": account.address})
        fakes.clock.advance(1)

    assert await saved(user) == ["2026-11-21T12:00:00Z", None]


async def test_signing_in_again_verifies_the_saved_wallet_anew(fakes: Fakes) -> None:
    app = session_app(fakes)
    user = await signed_in(app, fakes)
    await user("POST", wallets.PATH, json={"address": ACCOUNT.address})
    fakes.clock.advance(60)

    assert await saved(await signed_in(app, fakes)) == ["2026-11-21T12:01:00Z"]


async def test_another_saved_wallet_is_proven_by_its_own_signature(fakes: Fakes) -> None:
    app = session_app(fakes)
    user = await signed_in(app, fakes)
    await user("POST", wallets.PATH, json={"address": OTHER.address})
    message = message_for(fakes, await nonce_of(app), OTHER.address)
    body = {"message": message, "signature": signature_of(message)}
    assert (await user("POST", PROOF_PATH, json=body)).status_code == 401
    body["signature"] = signature_of(message, OTHER)
    proven = await user("POST", PROOF_PATH, json=body)

    assert (proven.status_code, proven.json()["verified_at"]) == (200, "2026-11-21T12:00:00Z")
    assert await saved(user) == ["2026-11-21T12:00:00Z"]
    assert (await user("POST", PROOF_PATH, json=body)).status_code == 401
    assert (await post_signed(app, message, body["signature"])).status_code == 401


async def test_only_a_saved_wallet_is_proven_and_the_nonce_stays_good(fakes: Fakes) -> None:
    app = session_app(fakes)
    user = await signed_in(app, fakes)
    message = message_for(fakes, await nonce_of(app), OTHER.address)
    body = {"message": message, "signature": signature_of(message, OTHER)}

    assert (await user("POST", PROOF_PATH, json=body)).status_code == 404
    await user("POST", wallets.PATH, json={"address": OTHER.address})
    assert (await user("POST", PROOF_PATH, json=body)).status_code == 200


async def test_users_who_signed_in_are_apart(fakes: Fakes) -> None:
    app = session_app(fakes)
    one, other = await signed_in(app, fakes), await signed_in(app, fakes, OTHER)
    await one("POST", wallets.PATH, json={"address": ACCOUNT.address})

    assert await saved(other) == []
    assert (await other("DELETE", me.PATH)).status_code == 200
    assert len(await saved(one)) == 1
