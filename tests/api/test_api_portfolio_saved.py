"""GET /api/v1/portfolio without an address: the caller's saved wallets, each on its own chains."""

from __future__ import annotations

import httpx
import pytest

from shared.api import portfolio, wallets
from shared.api.app import build_app
from shared.core.ids import Address, native_asset_id
from shared.errors import RpcUnavailable
from tests.api.asking_trades import WALLETS, Caller, NamedUser
from tests.fakes import WALLET, Fakes, price

PATH = "/api/v1/portfolio"
OTHER = Address("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266")
ETHEREUM, BASE, SEPOLIA = 1, 8453, 11155111


@pytest.fixture
def fakes() -> Fakes:
    made = Fakes()
    for chain_id in (ETHEREUM, BASE, SEPOLIA):
        chain = made.client(chain_id).chain
        made.client(chain_id).balances = {(WALLET, None): 10**18, (OTHER, None): 2 * 10**18}
        asset_id = native_asset_id(chain.chain_id, chain.native.slip44)
        made.book.known[asset_id] = price(asset_id, "2000")
    return made


def callers(fakes: Fakes) -> tuple[Caller, Caller]:
    context = fakes.context()
    routes = (*portfolio.ROUTES, *wallets.ROUTES)
    app = build_app("both", routes, fakes.settings, lambda: context, clock=fakes.clock.seconds)
    object.__setattr__(app.conduct, "auth", NamedUser())
    return Caller(app, "alice"), Caller(app, "bob")


async def save(user: Caller, address: str, *chains: str) -> None:
    assert (await user("POST", WALLETS, json={"address": address, "chains": list(chains)})).status_code == 201


def held(answer: httpx.Response) -> dict[str, str]:
    """The native balance of each chain that holds any."""
    return {asset["chain"]: asset["balance"] for asset in answer.json()["assets"]}


async def test_it_shows_the_saved_wallets(fakes: Fakes) -> None:
    user, _ = callers(fakes)
    await save(user, WALLET)
    await save(user, OTHER)
    body = (await user("GET", PATH)).json()

    assert body["addresses"] == [WALLET, OTHER]
    assert {asset["chain"]: asset["balance"] for asset in body["assets"]} == {"ethereum": "3", "base": "3"}
    assert body["total_usd"] == "12000"


async def test_another_user_sees_none_of_them(fakes: Fakes) -> None:
    user, other = callers(fakes)
    await save(user, WALLET)
    await save(other, OTHER, "base")

    assert held(await user("GET", PATH)) == {"ethereum": "1", "base": "1"}
    assert held(await other("GET", PATH)) == {"base": "2"}


async def test_a_wallet_is_read_on_its_own_chains_alone(fakes: Fakes) -> None:
    user, _ = callers(fakes)
    await save(user, WALLET, "base")
    await save(user, OTHER)

    assert held(await user("GET", PATH)) == {"ethereum": "2", "base": "3"}
    assert held(await user("GET", f"{PATH}?chains=ethereum")) == {"ethereum": "2"}


async def test_a_chain_that_no_wallet_is_on_is_not_read(fakes: Fakes) -> None:
    user, _ = callers(fakes)
    await save(user, WALLET, "base")
    body = (await user("GET", f"{PATH}?chains=ethereum")).json()

    assert (body["chains"], body["assets"], body["complete"]) == ([], [], True)


async def test_a_saved_chain_is_read_even_if_it_is_not_by_default(fakes: Fakes) -> None:
    user, _ = callers(fakes)
    await save(user, WALLET, "sepolia")

    assert held(await user("GET", PATH)) == {"sepolia": "1"}
    assert held(await user("GET", f"{PATH}?chains=base")) == {}


async def test_a_saved_wallet_shows_at_once_and_a_forgotten_one_no_more(fakes: Fakes) -> None:
    user, _ = callers(fakes)
    await save(user, WALLET)
    assert (await user("GET", PATH)).json()["addresses"] == [WALLET]
    await save(user, OTHER)
    assert (await user("GET", PATH)).json()["addresses"] == [WALLET, OTHER]
    await user("DELETE", f"{WALLETS}?address={WALLET}")

    assert (await user("GET", PATH)).json()["addresses"] == [OTHER]


async def test_what_failed_is_asked_again_by_the_caller_and_needs_no_address(fakes: Fakes) -> None:
    user, _ = callers(fakes)
    await save(user, WALLET)
    fakes.client(BASE).error = RpcUnavailable("down")
    (error,) = (await user("GET", PATH)).json()["errors"]

    assert error["retry_url"] == f"{PATH}?chains=base&refresh=true"
    assert (await user("GET", error["retry_url"])).status_code == 200


async def test_an_address_asked_for_is_read_whatever_is_saved(fakes: Fakes) -> None:
    user, _ = callers(fakes)
    await save(user, WALLET, "base")

    assert held(await user("GET", f"{PATH}?address={WALLET}")) == {"ethereum": "1", "base": "1"}
