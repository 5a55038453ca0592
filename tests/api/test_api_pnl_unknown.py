"""GET /api/v1/portfolio/pnl where something is unknown, fails, does not agree, or is not as it should be."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from shared.api.pnl import PATH
from shared.api.pnl_read import PARAMETERS
from shared.config import Oidc, Settings
from shared.core.balances import TokenFault
from shared.core.failures import Failure
from shared.core.ids import Address, AssetId
from shared.core.tokens import erc20
from shared.errors import RpcTimeout
from tests.api.asking import ask
from tests.api.asking_pnl import (
    BUY_AND_SELL,
    ETH,
    OTHER,
    USER,
    app_of,
    check_schema,
    check_totals,
    fakes_of,
    keep,
    own,
    pnl,
)
from tests.fakes import USDC, WALLET, Fakes, price

UNLISTED = Address("0x6B175474E89094C44Da98b954EedeAC495271d0F")


@pytest.fixture
async def fakes() -> AsyncIterator[Fakes]:
    """An account with nothing in it; ether is 3,000 and USDC 1."""
    fakes = fakes_of()
    yield fakes
    await fakes.stores.close()


SHORT = (own("buy", "buy", "1", total_usd="1000"), own("sell", "sell", "3", total_usd="6000", day=1))


@pytest.mark.parametrize(
    ("policy", "realised", "partial"),
    [("zero", "5000", []), ("market", "1000", []), ("reject", None, ["realised_usd"])],
)
async def test_a_sale_of_more_than_is_held_is_flagged_with_its_range(
    fakes: Fakes, policy: str, realised: str | None, partial: list[str]
) -> None:
    await keep(fakes, *SHORT)
    body = await pnl(fakes, f"missing_basis={policy}&include=disposals&reconcile=false")

    (line,), (sale,) = body["assets"], body["disposals"]
    assert body["totals"]["realised_usd"] == realised
    assert set(partial) <= set(body["totals"]["partial"])
    assert (line["missing_basis_quantity"], line["flags"][0]["code"]) == ("2", "missing_basis")
    assert (line["realised_low_usd"], line["realised_high_usd"]) == ("1000", "5000")
    assert (sale["gain_low_usd"], sale["gain_usd"], sale["gain_high_usd"]) == (
        "1000",
        None if policy == "reject" else realised,
        "5000",
    )
    assert (sale["missing_basis_quantity"], sale["flags"][0]["code"]) == ("2", "missing_basis")
    assert sale["matched"][1]["lot_trade_id"] is None
    assert sale["matched"][1]["doubt"] == {"code": "missing_basis", "low_usd": "0", "high_usd": "4000"}


async def test_a_price_that_nobody_knows_is_null_with_a_reason(fakes: Fakes) -> None:
    await keep(fakes, *BUY_AND_SELL, own("gold", "buy", "2", "XAU", total_usd="4000"))
    body = await pnl(fakes, "reconcile=false")

    eth, gold = body["assets"]
    assert eth["market_value_usd"] == "1500"
    assert (gold["price_usd"], gold["market_value_usd"], gold["unrealised_usd"]) == (None, None, None)
    assert [flag["code"] for flag in gold["flags"]] == ["missing_price", "no_chain"]
    assert body["totals"]["market_value_usd"] == "1500"
    assert {"market_value_usd", "unrealised_usd", "return_pct"} <= set(body["totals"]["partial"])
    assert body["complete"] is True


async def test_a_sum_of_an_asset_that_depends_on_something_unknown_is_null(fakes: Fakes) -> None:
    await keep(
        fakes,
        own("bought", "buy", "2"),
        own("earned", "income", "1", day=1),
        own("sold", "sell", "1", day=2),
        own("spent", "fee", "1", day=3),
        own("gone", "transfer_out", "1", day=4),
    )
    body = await pnl(fakes, "reconcile=false")

    (line,), totals = body["assets"], body["totals"]
    unknown = ("invested_usd", "income_usd", "proceeds_usd", "fees_usd", "withdrawn_usd", "realised_usd")
    assert {name: line[name] for name in unknown} == dict.fromkeys(unknown)
    assert {name: totals[name] for name in unknown} == dict.fromkeys(unknown)
    assert (line["deposited_usd"], line["carried_usd"], line["opening_cost_usd"]) == ("0", "0", "0")
    assert {*unknown, "realised_short_usd", "return_pct"} == set(totals["partial"])


async def test_an_unlisted_token_is_asked_what_it_is(fakes: Fakes) -> None:
    dai = erc20(USDC.chain_id, UNLISTED, "DAI", "Dai", 18, listed=False)
    fakes.client(1).unlisted[UNLISTED] = dai
    fakes.book.known[dai.asset_id] = price(dai.asset_id, "1.01")
    nothing = AssetId(f"eip155:1/erc20:{OTHER}")
    await keep(fakes, own("dai", "buy", "100", dai.asset_id), own("dead", "buy", "1", nothing))
    body = await pnl(fakes, "reconcile=false")

    prices = {line["asset_id"]: line["price_usd"] for line in body["assets"]}
    assert prices == {dai.asset_id: "1.01", nothing: None}
    assert body["assets"][1]["flags"][1]["code"] == "unlisted"


async def test_the_books_are_set_against_the_chain(fakes: Fakes) -> None:
    fakes.client(1).balances = {(WALLET, None): 7 * 10**17, (WALLET, USDC.address): 500_000_000}
    await keep(
        fakes,
        *BUY_AND_SELL,
        own("usdc", "buy", "500", USDC.asset_id),
        own("gold", "buy", "2", "XAU"),
        own("cex", "buy", "1", wallet=None),
    )
    body = await pnl(fakes)

    rows = {(row["wallet"], row["asset_id"]): row for row in body["reconciliation"]}
    eth, usdc = rows[WALLET, ETH], rows[WALLET, USDC.asset_id]
    assert (eth["ledger_quantity"], eth["chain_quantity"]) == ("0.5", "0.7")
    assert (eth["explained"], eth["unexplained"], eth["reason"]) == ("0", "0.2", None)
    assert (eth["block_number"], eth["block_time"]) == (23_800_000, "2026-11-21T12:00:00Z")
    assert (usdc["ledger_quantity"], usdc["chain_quantity"], usdc["unexplained"]) == ("500", "500", "0")
    assert (rows[WALLET, "XAU"]["chain_quantity"], rows[WALLET, "XAU"]["reason"]["code"]) == (
        None,
        "no_chain",
    )
    assert rows[None, ETH]["reason"]["code"] == "no_wallet"
    assert body["complete"] is True


async def test_the_books_are_of_now_whatever_the_period(fakes: Fakes) -> None:
    await keep(fakes, *BUY_AND_SELL)
    body = await pnl(fakes, "to=2023-01-05")

    assert body["assets"][0]["quantity"] == "1"
    assert body["reconciliation"][0]["ledger_quantity"] == "0.5"


async def test_a_chain_that_fails_costs_only_its_own_rows(fakes: Fakes) -> None:
    fakes.client(1).error = RpcTimeout("ethereum: no answer")
    base = AssetId("eip155:8453/slip44:60")
    fakes.client(8453).balances = {(WALLET, None): 10**18}
    await keep(fakes, *BUY_AND_SELL, own("base", "buy", "1", base))
    body = await pnl(fakes, "method=lifo")

    eth, other = body["reconciliation"]
    assert (eth["chain_quantity"], eth["unexplained"], eth["reason"]["code"]) == (None, None, "rpc_timeout")
    assert other["unexplained"] == "0"
    assert body["totals"]["realised_usd"] == "465"
    (error,) = body["errors"]
    assert (error["scope"], error["chain"], error["code"]) == ("chain", "ethereum", "rpc_timeout")
    assert error["retry_url"] == f"{PATH}?method=lifo"
    assert body["complete"] is False


async def test_a_token_at_fault_is_named_and_unknown(fakes: Fakes) -> None:
    assert USDC.address is not None
    fakes.client(1).faults = (TokenFault(USDC.address, "ran out of gas"),)
    await keep(fakes, own("usdc", "buy", "500", USDC.asset_id))
    body = await pnl(fakes)

    assert body["reconciliation"][0]["chain_quantity"] is None
    assert [error["asset_id"] for error in body["errors"]] == [USDC.asset_id]


async def test_a_price_source_that_fails_makes_the_answer_incomplete(fakes: Fakes) -> None:
    fakes.book.failures = (Failure("price", None, "price_unavailable", "llama: down"),)
    await keep(fakes, *BUY_AND_SELL)
    body = await pnl(fakes)

    assert (body["complete"], [error["code"] for error in body["errors"]]) == (False, ["price_unavailable"])


async def test_without_trades_everything_is_nothing(fakes: Fakes) -> None:
    body = await pnl(fakes, "include=lots,disposals,transfers&compare=true")

    assert (body["totals"]["realised_usd"], body["totals"]["return_pct"]) == ("0", None)
    assert body["assets"] == body["lots"] == body["disposals"] == body["reconciliation"] == []
    assert fakes.clients.by_id == {}


async def test_the_answer_of_a_checkpoint_is_the_answer_of_all_trades(fakes: Fakes) -> None:
    sides = ("buy", "buy", "sell", "income")
    trades = [
        own(f"t{number:04}", sides[number % 4], "1.5", total_usd=str(1000 + number), fee_usd="1", day=number)
        for number in range(1200)
    ]
    store = fakes.stores.get()
    await store.imports.import_trades(USER, [trades[:1199]])
    first = await pnl(fakes, "reconcile=false")
    await store.imports.import_trades(USER, [trades[1199:]])
    kept = await pnl(fakes)
    scratch = await pnl(fakes, "include=disposals")

    assert first["totals"]["income_usd"] != kept["totals"]["income_usd"]
    disposals = scratch.pop("disposals")
    assert len(disposals) == 300
    assert kept == scratch


async def test_the_same_answer_is_not_sent_twice(fakes: Fakes) -> None:
    await keep(fakes, *BUY_AND_SELL)
    app = app_of(fakes)
    first = await ask(app, PATH)
    fakes.clock.advance(3600)
    again = await ask(app, PATH, headers={"If-None-Match": first.headers["etag"]})
    await keep(fakes, own("more", "buy", "1", day=500))
    changed = await ask(app, PATH, headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["cache-control"] == "private, no-cache"
    assert (again.status_code, again.content, changed.status_code) == (304, b"", 200)


async def test_nobody_sees_the_gains_of_another(fakes: Fakes) -> None:
    strangers = [each._replace(user_id="stranger") for each in BUY_AND_SELL]
    await keep(fakes, *strangers)
    body = await pnl(fakes, "include=lots,disposals,transfers")

    assert body["assets"] == body["lots"] == body["disposals"] == body["reconciliation"] == []


async def test_without_a_token_it_is_401() -> None:
    settings = Settings(
        auth_mode="oidc",
        oidc=Oidc("https://issuer.example", "us", "http://127.0.0.1:9/jwks"),
        log_level="ERROR",
    )
    answer = await ask(app_of(Fakes(settings=settings)), PATH)

    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("method=best", "method"),
        ("scope=both", "scope"),
        (f"scope=universal&wallet={WALLET}", "scope"),
        ("fees=none", "fees"),
        ("missing_basis=guess", "missing_basis"),
        ("asset=eip155:1/erc20:0x12", "asset"),
        ("from=yesterday", "from"),
        ("from=2024-01-01&to=2023-01-01", "to"),
        ("from=2024-01-01&to=0001-01-01", "to"),
        ("wallet=0x12", "wallet"),
        ("include=lots,secrets", "include"),
        ("include=", "include"),
        ("compare=yes", "compare"),
        ("reconcile=1", "reconcile"),
        ("time_zone=Mars/Olympus", "time_zone"),
        ("time_zone=../../etc/passwd", "time_zone"),
        ("match_tolerance=NaN", "match_tolerance"),
        ("match_tolerance=0.5", "match_tolerance"),
        ("match_window_hours=1e3", "match_window_hours"),
        ("limit=5", "limit"),
        ("method=fifo&method=lifo", "method"),
    ],
)
async def test_bad_input_is_named(fakes: Fakes, query: str, field: str) -> None:
    answer = await ask(app_of(fakes), f"{PATH}?{query}")

    assert answer.status_code == 400
    assert [fault["field"] for fault in answer.json()["errors"]] == [field]


async def test_the_day_is_the_taxpayers(fakes: Fakes) -> None:
    """Midnight in UTC is the day before in New York: held from 31 December to the 1 January after next."""
    bought = own("buy", "buy", "1", total_usd="1000")
    late = bought.executed_at.replace(year=2024, hour=12)
    await keep(fakes, bought, own("sell", "sell", "1", total_usd="1500", executed_at=late))
    utc = await pnl(fakes, "include=disposals&reconcile=false")
    york = await pnl(fakes, "include=disposals&reconcile=false&time_zone=America/New_York")

    assert (utc["disposals"][0]["term"], york["disposals"][0]["term"]) == ("short", "long")
    assert york["time_zone"] == "America/New_York"


async def test_the_document_names_every_parameter_and_an_example_that_is_true(fakes: Fakes) -> None:
    document = (await ask(app_of(fakes), "/openapi.json")).json()
    operation = document["paths"][PATH]["get"]
    example = operation["responses"]["200"]["content"]["application/json"]["example"]

    assert tuple(each["name"] for each in operation["parameters"]) == PARAMETERS
    check_schema(example)
    check_totals(example["totals"])
