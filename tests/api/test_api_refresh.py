"""POST /api/v1/portfolio/refresh over fakes: what is read, written and answered."""

from __future__ import annotations

from typing import Any

import pytest

from shared.api.app import build_app
from shared.api.portfolio_routes import ROUTES
from shared.api.refresh import PATH
from shared.api.stream_schemas import RefreshBody
from shared.errors import RpcTimeout
from shared.web.app import App
from shared.wiring import Context
from tests.api.asking import ask
from tests.fakes import USDC, WALLET, Fakes

BODY = {"addresses": [WALLET], "chains": ["ethereum"]}
OTHER = "0x00000000219ab540356cBB839Cbe05303d7705Fa"


class Setting:
    """The function on its fakes; the wallet holds 12.5 USDC."""

    def __init__(self, **fakes: Any) -> None:
        self.fakes = Fakes(**fakes)
        self.context = self.fakes.context()
        self.app: App[Context] = build_app(
            "portfolio", ROUTES, self.fakes.settings, lambda: self.context, clock=self.fakes.clock.seconds
        )
        self.fakes.client(1).balances = {(WALLET, USDC.address): 12_500_000}

    def mine(self) -> None:
        self.fakes.client(1).block_number += 1

    async def refresh(self, **body: Any) -> Any:
        answer = await ask(self.app, PATH, method="POST", json=body or BODY)
        assert answer.status_code == 200, answer.text
        return answer.json()


async def test_what_is_found_is_answered_as_it_was_written() -> None:
    setting = Setting()
    body = await setting.refresh()
    news = await setting.context.store.latest.list_latest([WALLET])

    assert body["complete"] is True
    assert body["errors"] == []
    assert body["chains"] == [
        {"chain": "ethereum", "chain_id": 1, "status": "ok", "block_number": 23_800_000}
    ]
    (fragment,) = body["fragments"]
    assert fragment["sequence"] == news.fragments[0].sequence
    assert [held["balance"] for held in fragment["positions"]] == ["12.5"]
    assert set(body) == set(RefreshBody.__annotations__)


async def test_what_did_not_change_is_confirmed_at_the_same_block_and_at_a_later_one() -> None:
    setting = Setting()
    first = await setting.refresh()
    same = await setting.refresh()
    setting.mine()
    later = await setting.refresh()

    (before,), (again,), (after,) = first["fragments"], same["fragments"], later["fragments"]
    assert after["positions"] == again["positions"] == before["positions"]
    assert after["block_number"] == again["block_number"] + 1 == before["block_number"] + 1
    assert before["sequence"] < again["sequence"] < after["sequence"]


async def test_what_changes_within_a_block_is_found() -> None:
    setting = Setting()
    await setting.refresh()
    setting.fakes.client(1).balances = {(WALLET, USDC.address): 7_000_000}
    changed = await setting.refresh()
    setting.fakes.client(1).balances = {}
    emptied, again = await setting.refresh(), await setting.refresh()

    assert [held["balance"] for held in changed["fragments"][0]["positions"]] == ["7"]
    assert [each["positions"] for each in (*emptied["fragments"], *again["fragments"])] == [[], []]


async def test_a_wallet_that_never_held_anything_is_not_written() -> None:
    setting = Setting()
    setting.fakes.client(1).balances = {}

    assert (await setting.refresh())["fragments"] == []
    assert (await setting.refresh())["fragments"] == []


async def test_a_node_that_lags_behind_takes_nothing_back() -> None:
    setting = Setting()
    await setting.refresh()
    setting.fakes.client(1).block_number -= 1
    setting.fakes.client(1).balances = {(WALLET, USDC.address): 1}

    assert (await setting.refresh())["fragments"] == []


async def test_a_chain_that_fails_costs_only_itself_and_takes_nothing_away() -> None:
    setting = Setting()
    await setting.refresh()
    setting.mine()
    setting.fakes.client(1).error = RpcTimeout("ethereum: no answer in time")
    body = await setting.refresh(addresses=[WALLET], chains=["ethereum", "base"])
    news = await setting.context.store.latest.list_latest([WALLET])

    assert body["complete"] is False
    assert [(chain["chain"], chain["status"]) for chain in body["chains"]] == [
        ("ethereum", "error"),
        ("base", "ok"),
    ]
    assert [error["code"] for error in body["errors"]] == ["rpc_timeout"]
    assert [each.balances[0].raw for each in news.fragments] == [12_500_000]


async def test_the_chain_is_asked_though_it_just_was() -> None:
    setting = Setting()
    await ask(setting.app, f"/api/v1/portfolio?address={WALLET}&chains=ethereum")
    await setting.refresh()
    await setting.refresh()

    assert setting.fakes.client(1).reads == 3


async def test_without_a_body_it_reads_the_saved_wallets() -> None:
    answer = await ask(Setting().app, PATH, method="POST")

    assert answer.status_code == 200
    assert answer.json()["chains"] == []


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({"addresses": []}, ["addresses"]),
        ({"addresses": [WALLET, "nonsense"]}, ["addresses[1]"]),
        ({"addresses": [WALLET] * 51}, ["addresses"]),
        ({"addresses": [WALLET], "chains": ["nowhere", "base", ""]}, ["chains[0]", "chains[2]"]),
        ({"addresses": ["x"], "chains": ["nowhere"]}, ["addresses[0]", "chains[0]"]),
        ({"addresses": WALLET}, ["addresses"]),
        ({"colour": "red"}, ["colour"]),
    ],
)
async def test_a_body_that_is_wrong_is_refused_with_all_that_is_wrong(body: Any, fields: list[str]) -> None:
    answer = await ask(Setting().app, PATH, method="POST", json=body)

    assert answer.status_code == 400
    assert [fault["field"] for fault in answer.json()["errors"]] == fields


async def test_two_wallets_are_read_at_once() -> None:
    setting = Setting()
    await setting.refresh(addresses=[WALLET, OTHER], chains=["ethereum"])

    assert setting.fakes.client(1).reads == 1
