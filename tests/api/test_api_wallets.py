"""/api/v1/wallets: saved, listed, forgotten, each user's own."""

from __future__ import annotations

from typing import Any

import pytest

from shared.errors import RpcUnavailable
from tests.api.asking_trades import WALLETS, Caller, alice, alice_and_bob, fields_of, ledger_app
from tests.fakes import WALLET, Fakes

OTHER = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"


async def listed(user: Caller) -> list[str]:
    return [wallet["address"] for wallet in (await user("GET", WALLETS)).json()["items"]]


async def test_a_saved_wallet_is_listed() -> None:
    user = alice()
    told = {"address": WALLET.lower(), "label": "savings 🏦", "chains": ["8453", "eip155:1", "base"]}
    answer = await user("POST", WALLETS, json=told)

    assert answer.status_code == 201
    assert answer.json() == {
        "address": WALLET,
        "label": "savings 🏦",
        "chains": ["base", "ethereum"],
        "created_at": "2026-11-21T12:00:00Z",
        "verified_at": None,
    }
    assert (await user("GET", WALLETS)).json() == {"items": [answer.json()], "next_cursor": None}


@pytest.mark.parametrize("extra", [{}, {"label": None, "chains": None}, {"label": "", "chains": []}])
async def test_label_and_chains_may_be_left_out(extra: dict[str, Any]) -> None:
    body = (await alice()("POST", WALLETS, json={"address": WALLET, **extra})).json()

    assert (body["label"], body["chains"]) == ("", [])


async def test_the_oldest_comes_first() -> None:
    fakes = Fakes()
    user = alice(fakes)
    for address in (WALLET, OTHER):
        await user("POST", WALLETS, json={"address": address})
        fakes.clock.advance(1)

    assert await listed(user) == [WALLET, OTHER]


async def test_a_forgotten_wallet_is_gone() -> None:
    user = alice()
    await user("POST", WALLETS, json={"address": WALLET})
    answer = await user("DELETE", f"{WALLETS}?address={WALLET.lower()}")

    assert (answer.status_code, answer.content) == (204, b"")
    assert await listed(user) == []
    assert (await user("DELETE", f"{WALLETS}?address={WALLET}")).status_code == 404


async def test_an_address_is_saved_once() -> None:
    user = alice()
    await user("POST", WALLETS, json={"address": WALLET})

    assert (await user("POST", WALLETS, json={"address": WALLET.lower()})).status_code == 409


async def test_a_hundred_are_as_many_as_may_be() -> None:
    user = alice()
    statuses = [
        (await user("POST", WALLETS, json={"address": f"0x{number:040x}"})).status_code
        for number in range(1, 102)
    ]

    assert statuses == [201] * 100 + [409]
    assert len(await listed(user)) == 100


async def test_a_name_is_saved_as_its_address() -> None:
    fakes = Fakes()
    fakes.names.known["vitalik.eth"] = WALLET
    user = alice(fakes)

    assert (await user("POST", WALLETS, json={"address": "vitalik.eth"})).json()["address"] == WALLET
    assert (await user("DELETE", f"{WALLETS}?address=vitalik.eth")).status_code == 204
    fakes.names.error = RpcUnavailable("down")
    assert (await user("POST", WALLETS, json={"address": "nick.eth"})).status_code == 503


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "address"),
        ({"address": ""}, "address"),
        ({"address": "banana"}, "address"),
        ({"address": "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96046"}, "address"),
        ({"address": None}, "address"),
        ({"address": WALLET, "label": "x" * 101}, "label"),
        ({"address": WALLET, "label": "two\nlines"}, "label"),
        ({"address": WALLET, "label": 5}, "label"),
        ({"address": WALLET, "chains": ["base", "atlantis"]}, "chains[1]"),
        ({"address": WALLET, "chains": "base"}, "chains"),
        ({"address": WALLET, "chains": [1]}, "chains[0]"),
        ({"address": WALLET, "created_at": "2026-01-01T00:00:00Z"}, "created_at"),
    ],
)
async def test_a_field_that_is_wrong_is_named(body: dict[str, Any], field: str) -> None:
    user = alice()
    answer = await user("POST", WALLETS, json=body)

    assert (answer.status_code, fields_of(answer)) == (400, [field])
    assert await listed(user) == []


@pytest.mark.parametrize(
    "query", ["", "?address=", "?address=banana", f"?address={WALLET}&address={OTHER}", "?a=1"]
)
async def test_what_is_to_be_forgotten_is_one_address(query: str) -> None:
    answer = await alice()("DELETE", WALLETS + query)

    assert answer.status_code == 400


async def test_another_users_wallets_do_not_exist() -> None:
    user, other = alice_and_bob()
    await user("POST", WALLETS, json={"address": WALLET})

    assert await listed(other) == []
    assert (await other("DELETE", f"{WALLETS}?address={WALLET}")).status_code == 404
    assert (await other("POST", WALLETS, json={"address": WALLET, "label": "mine"})).status_code == 201
    assert (await user("GET", WALLETS)).json()["items"][0]["label"] == ""


@pytest.mark.parametrize("method", ["GET", "POST", "DELETE"])
@pytest.mark.parametrize("user", [None, "forged"])
async def test_without_a_good_token_everything_is_401(method: str, user: str | None) -> None:
    assert (await Caller(ledger_app(), user)(method, WALLETS)).status_code == 401


async def test_a_list_that_did_not_change_is_304() -> None:
    user = alice()
    tag = (await user("GET", WALLETS)).headers["etag"]

    assert (await user("GET", WALLETS, headers={"if-none-match": tag})).status_code == 304
    await user("POST", WALLETS, json={"address": WALLET})
    assert (await user("GET", WALLETS, headers={"if-none-match": tag})).status_code == 200
