"""GET /api/v1/portfolio/pnl as its callers see it: numbers worked by hand, each of them explained."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import timedelta
from decimal import Decimal

import pytest

from shared.core.ids import AssetId
from shared.core.trades import LotPick, OnChain
from tests.api.asking_pnl import (
    BUY_AND_SELL,
    ETH,
    OTHER,
    USER,
    fakes_of,
    keep,
    own,
    pnl,
)
from tests.fakes import NOON, USDC, WALLET, Fakes

HOUR = timedelta(hours=1)


@pytest.fixture
async def fakes() -> AsyncIterator[Fakes]:
    """An account with nothing in it; ether is 3,000 and USDC 1."""
    fakes = fakes_of()
    yield fakes
    await fakes.stores.close()


async def test_gains_are_worked_out_as_by_hand(fakes: Fakes) -> None:
    await keep(fakes, *BUY_AND_SELL)
    body = await pnl(fakes, "reconcile=false")

    # Sold for 2,970 after the fee: all of the first lot (1,010) and half of the second one (1,000).
    assert body["totals"] == {
        "realised_usd": "960",
        "realised_short_usd": "0",
        "realised_long_usd": "960",
        "realised_low_usd": "960",
        "realised_high_usd": "960",
        "unrealised_usd": "500",
        "income_usd": "0",
        "fees_usd": "40",
        "invested_usd": "3010",
        "deposited_usd": "0",
        "withdrawn_usd": "0",
        "carried_usd": "0",
        "opening_cost_usd": "0",
        "proceeds_usd": "2970",
        "cost_basis_usd": "1000",
        "market_value_usd": "1500",
        "return_pct": "48.504983",
        "partial": [],
    }
    (line,) = body["assets"]
    assert (line["asset_id"], line["symbol"], line["quantity"]) == (ETH, "COIN", "0.5")
    assert (line["average_cost_usd"], line["price_usd"], line["market_value_usd"]) == ("2000", "3000", "1500")
    assert line["price"]["source"] == "llama"
    assert (body["method"], body["scope"], body["fees"]) == ("fifo", "universal", "standard")
    assert (body["from"], body["to"], body["complete"]) == (None, None, True)
    assert body["as_of"] == "2026-11-21T12:00:00Z"
    assert "lots" not in body
    assert "disposals" not in body


async def test_every_number_explains_itself(fakes: Fakes) -> None:
    await keep(fakes, *BUY_AND_SELL)
    body = await pnl(fakes, "include=lots,disposals&reconcile=false")

    (lot,) = body["lots"]
    assert (lot["trade_id"], lot["quantity"], lot["remaining"]) == ("buy-2", "1", "0.5")
    assert (lot["unit_cost_usd"], lot["cost_basis_usd"]) == ("2000", "1000")
    (disposal,) = body["disposals"]
    assert (disposal["trade_id"], disposal["quantity"], disposal["term"]) == ("sell", "1.5", "long")
    assert disposal["proceeds_usd"] == "2970"
    assert [
        (part["lot_trade_id"], part["quantity"], part["cost_basis_usd"], part["held_days"])
        for part in disposal["matched"]
    ] == [("buy-1", "1", "1010", 400), ("buy-2", "0.5", "1000", 390)]


@pytest.mark.parametrize(
    ("method", "realised"),
    # 2,970 less: 1,010 + 1,000; 2,000 + 505; 2,000 + 505; 1,010 + 1,000; 1.5 × 1,505; oldest without picks.
    [
        ("fifo", "960"),
        ("lifo", "465"),
        ("hifo", "465"),
        ("lofo", "960"),
        ("average", "712.5"),
        ("specific", "960"),
    ],
)
async def test_each_method_takes_its_own_lots(fakes: Fakes, method: str, realised: str) -> None:
    await keep(fakes, *BUY_AND_SELL)
    body = await pnl(fakes, f"method={method}&reconcile=false&include=lots,disposals")

    assert (body["method"], body["totals"]["realised_usd"]) == (method, realised)


async def test_a_lot_that_could_not_be_taken_is_told_of(fakes: Fakes) -> None:
    sold = own("sell", "sell", "1", total_usd="3000", day=400, lots=(LotPick("other", Decimal(1)),))
    elsewhere = own("other", "buy", "1", total_usd="2000", wallet=OTHER)
    await keep(fakes, BUY_AND_SELL[0], elsewhere, sold)

    flags = {}
    for query in ("method=specific&scope=wallet", "method=specific", "scope=wallet"):
        (disposal,) = (await pnl(fakes, f"{query}&include=disposals&reconcile=false"))["disposals"]
        flags[query] = disposal["gain_usd"], [(flag["code"], flag["reason"]) for flag in disposal["flags"]]

    reason = "1 of lot other could not be taken: the oldest lots were taken instead"
    assert flags == {
        "method=specific&scope=wallet": ("1990", [("lot_not_found", reason)]),
        "method=specific": ("1000", []),
        "scope=wallet": ("1990", []),
    }


async def test_all_methods_and_scopes_stand_side_by_side(fakes: Fakes) -> None:
    await keep(fakes, *BUY_AND_SELL)
    body = await pnl(fakes, "compare=true&reconcile=false")

    rows = {(row["method"], row["scope"]): row["totals"]["realised_usd"] for row in body["comparison"]}
    assert len(rows) == 12
    assert rows["fifo", "universal"] == body["totals"]["realised_usd"] == "960"
    assert rows["hifo", "wallet"] == "465"


async def test_pending_and_failed_trades_do_not_count(fakes: Fakes) -> None:
    await keep(
        fakes, *BUY_AND_SELL, own("p", "buy", "9", status="pending"), own("f", "buy", "9", status="failed")
    )
    body = await pnl(fakes, "reconcile=false")

    assert body["totals"]["realised_usd"] == "960"
    assert body["assets"][0]["quantity"] == "0.5"


async def test_trades_that_are_not_what_the_chain_showed_are_flagged_where_they_count(fakes: Fakes) -> None:
    other = OnChain(False, 7, NOON, "the transaction moved another amount")
    bought, later, sold = BUY_AND_SELL
    unsure = later._replace(on_chain=OnChain(None, 7, NOON, "not known"))
    pending = own("p", "buy", "9", status="pending", on_chain=other)
    await keep(fakes, bought._replace(on_chain=other), unsure, sold, pending)
    body = await pnl(fakes, "reconcile=false&include=disposals")
    before = await pnl(fakes, "reconcile=false&to=2022-12-31")
    flag = {"code": "verification_mismatch", "reason": f"not what the transaction showed: trade {bought.id}"}

    assert body["assets"][0]["flags"] == [flag]
    assert [disposal["flags"] for disposal in body["disposals"]] == [[flag]]
    assert before["assets"] == []


async def test_a_period_begins_with_the_cost_of_what_was_held(fakes: Fakes) -> None:
    await keep(fakes, *BUY_AND_SELL)
    body = await pnl(fakes, "from=2023-01-05&reconcile=false")

    assert body["from"] == "2023-01-05T00:00:00Z"
    assert (body["totals"]["opening_cost_usd"], body["totals"]["invested_usd"]) == ("1010", "2000")
    assert body["totals"]["realised_usd"] == "960"


async def test_what_is_at_the_end_of_a_period_is_not_in_it(fakes: Fakes) -> None:
    await keep(fakes, *BUY_AND_SELL)
    before = await pnl(fakes, "to=2023-01-11T00:00:00Z&reconcile=false")
    after = await pnl(fakes, "to=2023-01-11T00:00:00.000001Z&reconcile=false")

    assert before["assets"][0]["quantity"] == "1"
    assert after["assets"][0]["quantity"] == "2"
    assert after["totals"]["realised_usd"] == "0"


async def test_a_trade_of_a_time_to_come_counts_when_it_has_come(fakes: Fakes) -> None:
    await keep(fakes, *BUY_AND_SELL, own("z", "sell", "0.5", total_usd="9999", executed_at=NOON + HOUR))
    now = (await pnl(fakes, "reconcile=false"))["totals"]
    fakes.clock.advance(HOUR.total_seconds())
    then = (await pnl(fakes, "reconcile=false"))["totals"]

    assert now["realised_usd"] == "960"
    assert then["realised_usd"] == "9959"


@pytest.mark.parametrize("query", ["to=0001-01-01", "to=0001-01-01T00:00:00.000001Z&include=disposals"])
async def test_before_the_first_day_there_was_nothing(fakes: Fakes, query: str) -> None:
    await keep(fakes, *BUY_AND_SELL)

    assert (await pnl(fakes, query))["assets"] == []


async def test_one_asset_alone_has_its_own_totals(fakes: Fakes) -> None:
    await keep(fakes, *BUY_AND_SELL, own("usdc", "buy", "500", USDC.asset_id, total_usd="500"))
    whole = await pnl(fakes, "reconcile=false")
    body = await pnl(fakes, f"asset={ETH}&include=lots,disposals&compare=true")

    assert [line["asset_id"] for line in whole["assets"]] == [ETH, USDC.asset_id]
    assert whole["totals"]["invested_usd"] == "3510"
    assert body["totals"]["invested_usd"] == "3010"
    assert {lot["asset_id"] for lot in body["lots"]} == {ETH}
    assert {row["totals"]["invested_usd"] for row in body["comparison"]} == {"3010"}
    assert {row["asset_id"] for row in body["reconciliation"]} == {ETH}


async def test_a_wallet_of_its_own_has_what_came_in_at_its_cost(fakes: Fakes) -> None:
    await keep(
        fakes,
        own("buy", "buy", "2", total_usd="2000"),
        own("out", "transfer_out", "1", day=1),
        own("in", "transfer_in", "0.999", wallet=OTHER, day=1),
        own("sell", "sell", "0.999", total_usd="1500", wallet=OTHER, day=2),
    )
    body = await pnl(fakes, f"wallet={OTHER}&include=lots,disposals,transfers&reconcile=false")

    assert body["scope"] == "wallet"
    assert (body["totals"]["deposited_usd"], body["totals"]["realised_usd"]) == ("999", "501")
    assert body["disposals"][0]["matched"][0]["lot_trade_id"] == "buy"
    (moved,) = body["transfers"]
    assert (moved["out_trade_id"], moved["in_trade_id"], moved["matched_by"]) == ("out", "in", "amount")
    assert (moved["sent"], moved["received"], moved["fee"]) == ("1", "0.999", "0.001")
    sender = await pnl(fakes, f"wallet={WALLET.lower()}&include=transfers&reconcile=false")
    assert sender["totals"]["withdrawn_usd"] == "999"
    assert [row["trade_id"] for row in sender["withdrawals"]] == ["out"]


async def test_an_own_transfer_is_matched_until_it_is_revoked(fakes: Fakes) -> None:
    legs = (
        own("buy", "buy", "1", total_usd="1000"),
        own("out", "transfer_out", "1", day=1),
        own("in", "transfer_in", "1", wallet=OTHER, day=1),
    )
    await keep(fakes, *legs)
    matched = await pnl(fakes, "include=transfers&reconcile=false")
    await fakes.stores.get().trades.replace_trade(USER, legs[2]._replace(link="none"), 1)
    revoked = await pnl(fakes, "include=transfers&reconcile=false")

    assert [row["in_trade_id"] for row in matched["transfers"]] == ["in"]
    assert matched["withdrawals"] == revoked["transfers"] == []
    assert matched["totals"]["cost_basis_usd"] == "1000"
    assert [row["cost_basis_usd"] for row in revoked["withdrawals"]] == ["1000"]
    assert revoked["assets"][0]["missing_basis_quantity"] == "1"


async def test_how_transfers_are_matched_is_a_setting(fakes: Fakes) -> None:
    await keep(
        fakes,
        own("buy", "buy", "1", total_usd="1000"),
        own("out", "transfer_out", "1", day=1),
        own("in", "transfer_in", "0.95", wallet=OTHER, day=2),
    )
    usual = await pnl(fakes, "include=transfers&reconcile=false")
    wide = await pnl(fakes, "include=transfers&reconcile=false&match_tolerance=0.05&match_window_hours=24")

    assert usual["transfers"] == []
    assert [row["fee"] for row in wide["transfers"]] == ["0.05"]


async def test_ether_that_is_bridged_keeps_its_cost(fakes: Fakes) -> None:
    base = AssetId("eip155:8453/slip44:60")
    await keep(
        fakes,
        own("buy", "buy", "1", total_usd="1000"),
        own("out", "transfer_out", "1", day=1),
        own("in", "transfer_in", "1", base, day=1),
    )
    body = await pnl(fakes, "include=transfers,lots&reconcile=false")

    assert [(lot["asset_id"], lot["cost_basis_usd"]) for lot in body["lots"]] == [(base, "1000")]
    assert body["totals"]["carried_usd"] == "0"
