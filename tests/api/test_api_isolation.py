"""Two users with signed tokens: neither reads, guesses, pages into or changes what is the other's."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

import httpx
import pytest

from shared.api import history, me, pnl, portfolio, portfolio_routes, trades_routes, wallets
from shared.api.app import build_app
from shared.config import Oidc, Settings
from shared.core.snapshots import Snapshot
from tests.api.asking_trades import BUY, TRADES, TX, WALLETS, Caller
from tests.fakes import WALLET, Fakes
from tests.web.tokens import AUDIENCE, EC_KEY, ISSUER, OTHER_KEY, Issuer, ec_jwk, rsa_jwk, token, verifier

ROUTES = (
    *portfolio_routes.ROUTES,
    *pnl.ROUTES,
    *history.ROUTES,
    *trades_routes.ROUTES,
    *wallets.ROUTES,
    *me.ROUTES,
)
KEY = {"Idempotency-Key": "k-1"}


@dataclass
class Two:
    """Ann, who has three trades, a wallet and two snapshots; and Ben, who has nothing."""

    fakes: Fakes
    ann: Caller
    ben: Caller
    forger: Caller
    nobody: Caller
    trades: list[Any]


def bearer(**options: Any) -> str:
    return token(**options).decode().removeprefix("Bearer ")


@pytest.fixture
async def two() -> AsyncIterator[Two]:
    oidc = Oidc(ISSUER, AUDIENCE, "https://issuer.example/jwks")
    fakes = Fakes(settings=Settings(log_level="ERROR", auth_mode="oidc", oidc=oidc))
    app = build_app("local", ROUTES, fakes.settings, fakes.context, clock=fakes.clock.seconds)
    object.__setattr__(app.conduct, "auth", verifier(Issuer(rsa_jwk("a"), ec_jwk("b"))))
    ann = Caller(app, bearer(sub="ann"))
    ben = Caller(app, bearer(key=EC_KEY, algorithm="ES256", kid="b", sub="ben"))
    forger = Caller(app, bearer(key=OTHER_KEY, sub="ann"))
    trades = [
        await ann.record(executed_at=f"2026-01-0{day}T00:00:00Z", notes="mine", tx_hash=tx_hash)
        for day, tx_hash in ((1, None), (2, None), (3, TX))
    ]
    assert (await ann("POST", WALLETS, json={"address": WALLET, "label": "savings"})).status_code == 201
    for days in range(2):
        at = fakes.clock() - timedelta(days=days)
        snapshot = Snapshot(f"run-{days}", "ann", at, Decimal(100), complete=True)
        await fakes.stores.get().snapshots.add_snapshot("ann", snapshot)
    yield Two(fakes, ann, ben, forger, Caller(app, None), trades)
    await fakes.stores.close()


def without_request(problem: httpx.Response) -> Any:
    return {name: value for name, value in problem.json().items() if name not in ("request_id", "instance")}


@pytest.mark.parametrize(
    "route", [route for route in ROUTES if route.private], ids=lambda r: r.method + r.path
)
async def test_without_a_token_or_with_a_forged_one_nothing_is_answered(two: Two, route: Any) -> None:
    path = route.path.replace("{id}", two.trades[0]["id"])
    for caller in (two.nobody, two.forger):
        answer = await caller(route.method, path)

        assert answer.status_code == 401
        assert answer.headers["www-authenticate"] == "Bearer"
    assert len(await two.ann.all_trades()) == 3


async def test_lists_and_exports_hold_only_what_is_the_callers(two: Two) -> None:
    assert {trade["user_id"] for trade in two.trades} == {"ann"}
    for path in (TRADES, f"{TRADES}?asset=eip155:1/slip44:60", f"{TRADES}/export?format=json", WALLETS):
        assert (await two.ben("GET", path)).json()["items"] == []
        assert (await two.ann("GET", path)).json()["items"] != []
    table = await two.ben("GET", f"{TRADES}/export?format=csv")

    assert len(table.text.splitlines()) == 1


async def test_gains_history_and_portfolio_are_of_the_caller(two: Two) -> None:
    gains = (await two.ben("GET", f"{pnl.PATH}?include=lots,disposals,transfers&compare=true")).json()
    past = (await two.ben("GET", history.PATH)).json()
    held = (await two.ben("GET", portfolio.PATH)).json()

    assert gains["assets"] == gains["lots"] == gains["reconciliation"] == past["items"] == []
    assert gains["totals"]["invested_usd"] == "0"
    assert {row["totals"]["invested_usd"] for row in gains["comparison"]} == {"0"}
    assert held["addresses"] == []
    assert (await two.ann("GET", pnl.PATH)).json()["totals"]["invested_usd"] == "9000"
    assert len((await two.ann("GET", history.PATH)).json()["items"]) == 2
    assert (await two.ann("GET", portfolio.PATH)).json()["addresses"] == [WALLET]


@pytest.mark.parametrize(
    ("method", "of", "options"),
    [
        ("GET", "", {}),
        ("PATCH", "", {"json": {"notes": "ben was here"}}),
        ("PATCH", "", {"json": {"notes": "ben was here"}, "headers": {"If-Match": '"1"'}}),
        ("DELETE", "", {}),
        ("DELETE", "", {"headers": {"If-Match": '"1"'}}),
        ("DELETE", "", {"headers": {"If-Match": "*"}}),
        ("POST", "/verify", {}),
    ],
    ids=str,
)
async def test_anothers_trade_is_as_one_that_does_not_exist(
    two: Two, method: str, of: str, options: dict[str, Any]
) -> None:
    there, nowhere = two.trades[2]["id"], "0" * 30
    refused = await two.ben(method, f"{TRADES}/{there}{of}", **options)
    unknown = await two.ben(method, f"{TRADES}/{nowhere}{of}", **options)

    assert refused.status_code == unknown.status_code == 404
    told = str(without_request(refused)).replace(there, nowhere)
    assert told == str(without_request(unknown))
    assert (await two.ann("GET", f"{TRADES}/{there}")).json() == two.trades[2]


@pytest.mark.parametrize("path", [TRADES, history.PATH])
async def test_anothers_cursor_is_refused(two: Two, path: str) -> None:
    cursor = (await two.ann("GET", f"{path}?limit=1")).json()["next_cursor"]
    answer = await two.ben("GET", f"{path}?limit=1&cursor={cursor}")

    assert answer.status_code == 400
    assert [fault["field"] for fault in answer.json()["errors"]] == ["cursor"]
    assert (await two.ann("GET", f"{path}?limit=1&cursor={cursor}")).status_code == 200


async def test_anothers_tag_is_no_tag_of_the_callers_answer(two: Two) -> None:
    for path in (TRADES, WALLETS, pnl.PATH, history.PATH, portfolio.PATH):
        tag = {"If-None-Match": (await two.ann("GET", path)).headers["etag"]}

        assert (await two.ann("GET", path, headers=tag)).status_code == 304
        assert (await two.ben("GET", path, headers=tag)).status_code == 200


@pytest.mark.parametrize("body", [BUY, {**BUY, "amount": "7"}], ids=["the same body", "another body"])
async def test_an_idempotency_key_is_the_users_own(two: Two, body: dict[str, str]) -> None:
    first = await two.ann("POST", TRADES, json=BUY, headers=KEY)
    other = await two.ben("POST", TRADES, json=body, headers=KEY)
    again = await two.ben("POST", TRADES, json=body, headers=KEY)

    assert (first.status_code, other.status_code) == (201, 201)
    assert (other.json()["user_id"], other.json()["amount"]) == ("ben", body["amount"])
    assert other.json()["id"] != first.json()["id"]
    assert again.content == other.content
    assert len(await two.ben.all_trades()) == 1
    assert len(await two.ann.all_trades()) == 4


async def test_an_imports_key_is_the_users_own(two: Two) -> None:
    table = (await two.ann("GET", f"{TRADES}/export?format=csv")).content
    headers = {**KEY, "Content-Type": "text/csv"}
    await two.ann("POST", f"{TRADES}/import", content=b"side,asset,amount\r\nbuy,BTC,1\r\n", headers=headers)
    imported = await two.ben("POST", f"{TRADES}/import", content=table, headers=headers)

    assert (imported.status_code, imported.json()["imported"]) == (200, 3)
    assert {trade["user_id"] for trade in await two.ben.all_trades()} == {"ben"}


async def test_a_transaction_that_another_recorded_is_no_conflict(two: Two) -> None:
    theirs = await two.ben.record(tx_hash=TX)
    own = await two.ann("POST", TRADES, json={**BUY, "tx_hash": TX})

    assert theirs["user_id"] == "ben"
    assert (own.status_code, own.json()["trade_id"]) == (409, two.trades[2]["id"])


async def test_a_lot_that_is_anothers_is_not_taken(two: Two) -> None:
    picks = [{"trade_id": two.trades[0]["id"], "quantity": "1"}]
    await two.ben.record(side="sell", amount="1", lots=picks, executed_at="2026-02-01T00:00:00Z")
    gains = (await two.ben("GET", f"{pnl.PATH}?method=specific&include=disposals&reconcile=false")).json()
    lots = (await two.ann("GET", f"{pnl.PATH}?method=specific&include=lots&reconcile=false")).json()["lots"]

    assert [part["lot_trade_id"] for part in gains["disposals"][0]["matched"]] == [None]
    assert [lot["remaining"] for lot in lots] == ["1.5", "1.5", "1.5"]


async def test_anothers_wallet_cannot_be_removed(two: Two) -> None:
    answer = await two.ben("DELETE", f"{WALLETS}?address={WALLET}")

    assert answer.status_code == 404
    assert [kept["address"] for kept in (await two.ann("GET", WALLETS)).json()["items"]] == [WALLET]


async def test_an_erasure_is_of_the_callers_own_account(two: Two) -> None:
    answer = await two.ben("DELETE", me.PATH)
    document = (await two.ann("GET", me.EXPORT_PATH)).json()

    assert (answer.status_code, sum(answer.json()["erased"].values())) == (200, 0)
    assert [document["counts"][kind] for kind in ("trades", "wallets", "snapshots")] == [3, 1, 2]
    assert "ann" not in (await two.ben("GET", me.EXPORT_PATH)).text
