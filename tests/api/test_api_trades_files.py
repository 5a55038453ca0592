"""Export and import: all trades as a file, which comes out again as it went in."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

import httpx
import pytest

from tests.api.asking_trades import BUY, ETH, TRADES, TX, USDC, Caller, alice, alice_and_bob, fields_of
from tests.fakes import WALLET

EXPORT = f"{TRADES}/export"
IMPORT = f"{TRADES}/import"
NOTHING_ELSE: dict[str, Any] = {"skipped": 0, "errors": [], "duplicates": []}
AWKWARD = 'a "quoted", cell;\r\nof two lines\n'


async def send(user: Caller, body: str | bytes, query: str = "", **headers: str) -> httpx.Response:
    return await user(
        "POST", IMPORT + query, content=body, headers={"content-type": "text/csv; charset=utf-8", **headers}
    )


async def record_all_kinds(user: Caller) -> None:
    lot = await user.record(executed_at="2026-01-01T00:00:00Z", notes=AWKWARD)
    later = await user.record(executed_at="2026-01-02T00:00:00.000001Z", notes="=SUM(A1)", symbol="@ETH")
    lots = [{"trade_id": lot["id"], "quantity": "0.5"}, {"trade_id": later["id"], "quantity": "0.25"}]
    await user.record(executed_at="2026-02-01T00:00:00Z", side="sell", lots=lots, fee_usd="1.20", tx_hash=TX)
    kept = await user.record(asset=USDC, amount="7", price_usd=None, wallet=WALLET, notes="'tis “ünïcode” 🎉")
    assert (await user("PATCH", f"{TRADES}/{kept['id']}", json={"chain": None})).status_code == 200
    await user.record(amount="3000", amount_type="usd", status="pending", link="swap-1", notes=" -1 ")
    await user.record(
        side="transfer_in",
        basis_usd="12.30",
        acquired_at="2020-02-29T00:00:00Z",
        asset="eth",
        chain="base",
        notes="\t",
    )
    await user.record(asset="btc", symbol="BTC", fee_asset="ETH", fee_amount="0.001", price_usd="0.000000001")
    ghost = [{"trade_id": "0" * 30, "quantity": "1"}]
    await user.record(side="transfer_out", lots=ghost, status="failed", executed_at="2009-01-03T18:15:05Z")


async def test_a_file_comes_out_as_it_went_in_byte_for_byte() -> None:
    user, other = alice_and_bob()
    await record_all_kinds(user)
    exported = await user("GET", EXPORT)

    answer = await send(other, exported.content)

    assert (answer.status_code, answer.json()) == (200, {"imported": 8, **NOTHING_ELSE})
    assert (await other("GET", EXPORT)).content == exported.content
    # Not only the text is the same: what it means is, too.
    own, theirs = await user.all_trades(), await other.all_trades()
    assert [comparable(trade, own) for trade in own] == [comparable(trade, theirs) for trade in theirs]


def comparable(trade: dict[str, Any], trades: list[dict[str, Any]]) -> dict[str, Any]:
    """The trade without what the server sets; lots by the place of the trade that they are of."""
    places = {known["id"]: place for place, known in enumerate(trades)}
    lots = [(places.get(pick["trade_id"], pick["trade_id"]), pick["quantity"]) for pick in trade["lots"]]
    fixed = ("id", "user_id", "created_at", "source", "lots")
    return {**{name: value for name, value in trade.items() if name not in fixed}, "lots": lots}


async def test_an_export_is_a_csv_file_the_earliest_first() -> None:
    user = alice()
    await user.record(executed_at="2026-01-02T00:00:00Z", notes="second")
    await user.record(executed_at="2026-01-01T00:00:00Z", notes="first")
    answer = await user("GET", EXPORT)

    assert answer.headers["content-type"] == "text/csv; charset=utf-8; header=present"
    assert answer.headers["content-disposition"] == 'attachment; filename="trades.csv"'
    assert answer.headers["cache-control"] == "no-store"
    rows = list(csv.DictReader(io.StringIO(answer.text, newline="")))
    assert [(row["row"], row["notes"], row["amount"]) for row in rows] == [
        ("1", "first", "1.5"),
        ("2", "second", "1.5"),
    ]
    assert answer.text.count("\r\n") == 3


async def test_as_json_it_is_the_items() -> None:
    user = alice()
    empty = await user("GET", f"{EXPORT}?format=json")
    assert (empty.headers["content-type"], empty.json()) == ("application/json", {"items": []})

    trade = await user.record()

    assert (await user("GET", f"{EXPORT}?format=json")).json() == {"items": [trade]}


async def test_more_than_one_chunk_is_whole() -> None:
    user = alice()
    for _ in range(5):
        await user("POST", TRADES, json={"trades": [BUY] * 500})

    assert len(await user.all_trades()) == 2500
    rows = list(csv.DictReader(io.StringIO((await user("GET", EXPORT)).text, newline="")))
    assert [row["row"] for row in rows] == [str(n) for n in range(1, 2501)]


@pytest.mark.parametrize("query", ["?format=xml", "?format=", "?format=csv&format=csv", "?limit=5"])
async def test_an_export_has_two_formats(query: str) -> None:
    assert (await alice()("GET", EXPORT + query)).status_code == 400


@pytest.mark.parametrize("newline", ["\n", "\r\n"])
@pytest.mark.parametrize("mark", ["", "\ufeff"])
async def test_a_file_may_be_made_by_hand(newline: str, mark: str) -> None:
    user = alice()
    lines = [
        " Side ,ASSET,amount,price_usd,chain,executed_at,id",
        f"buy, {ETH} ,2, 3 ,1,2026-01-01,whatever",
        "",
    ]
    answer = await send(user, mark + newline.join(lines))

    assert answer.json() == {"imported": 1, **NOTHING_ELSE}
    (trade,) = await user.all_trades()
    assert (trade["total_usd"], trade["chain"], trade["source"]) == ("6", "ethereum", "import")
    assert trade["id"] != "whatever"


BAD = (
    "side,asset,amount,price_usd,tx_hash,wallet,notes\n"
    "buy,ETH,1,2,,,good\n"
    'buy,ETH,"1,5",2,,,"a cell\nof two lines"\n'
    "swap,ETH,1,nan,,,\n"
    "buy,ETH,1\n"
    f"buy,{ETH},1,2,{TX},,the first of two\n"
    f"buy,{ETH},1,2,{TX},,the second\n"
    "buy,ETH,1,2,,0x12,\n"
)


async def test_every_bad_row_is_named_and_nothing_is_imported() -> None:
    user = alice()
    answer = await send(user, BAD)

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    found = [(fault["row"], fault["line"], fault["field"]) for fault in answer.json()["errors"]]
    assert found == [
        (2, 3, "amount"),
        (3, 5, "price_usd"),
        (4, 6, "row"),
        (6, 8, "tx_hash"),
        (7, 9, "wallet"),
    ]
    assert answer.json()["detail"].startswith("5 rows are not accepted, so nothing was imported")
    assert await user.all_trades() == []


async def test_a_row_of_a_time_to_come_is_a_bad_one() -> None:
    body = "side,asset,amount,executed_at\nbuy,ETH,1,2026-11-22\nbuy,ETH,1,2204-01-01\n"
    answer = await send(alice(), body)

    assert [(fault["row"], fault["field"]) for fault in answer.json()["errors"]] == [(2, "executed_at")]


async def test_good_rows_are_imported_where_bad_ones_are_to_be_skipped() -> None:
    user = alice()
    answer = await send(user, BAD, "?on_error=skip")

    assert answer.status_code == 200
    assert (answer.json()["imported"], answer.json()["skipped"]) == (2, 5)
    assert [fault["row"] for fault in answer.json()["errors"]] == [2, 3, 4, 6, 7]
    assert [trade["notes"] for trade in await user.all_trades()] == ["good", "the first of two"]


async def test_what_is_recorded_already_is_a_bad_row_that_names_the_trade() -> None:
    user = alice()
    kept = await user.record(tx_hash=TX)
    answer = await send(user, (await user("GET", EXPORT)).content)

    assert answer.status_code == 409
    assert kept["id"] in answer.json()["errors"][0]["message"]
    assert answer.json()["duplicates"] == [{"row": 1, "trade_id": kept["id"]}]


async def test_an_export_that_is_imported_again_doubles_nothing() -> None:
    user = alice()
    await record_all_kinds(user)
    kept = await user.all_trades()
    exported = (await user("GET", EXPORT)).content

    refused, skipped = await send(user, exported), await send(user, exported, "?on_error=skip")

    assert (refused.status_code, refused.headers["content-type"]) == (409, "application/problem+json")
    assert refused.json()["detail"].startswith("8 rows are recorded already, so nothing was imported")
    again = [{"row": row, "trade_id": trade["id"]} for row, trade in enumerate(kept, 1)]
    assert refused.json()["duplicates"] == skipped.json()["duplicates"] == again
    assert [fault["row"] for fault in refused.json()["errors"]] == list(range(1, 9))
    assert (skipped.json()["imported"], skipped.json()["skipped"]) == (0, 8)
    assert await user.all_trades() == kept


TWICE = "side,asset,amount,price_usd,executed_at\n" + "buy,ETH,1,2,2026-01-01\n" * 2


async def test_two_equal_trades_of_one_file_are_two() -> None:
    user = alice()
    assert (await send(user, TWICE)).json() == {"imported": 2, **NOTHING_ELSE}

    more = await send(user, TWICE + "buy,ETH,1,2,2026-01-01\n", "?on_error=skip")

    # Two stand for the two that are kept; the third is new.
    assert (more.json()["imported"], [found["row"] for found in more.json()["duplicates"]]) == (1, [1, 2])
    assert len({found["trade_id"] for found in more.json()["duplicates"]}) == 2
    assert len(await user.all_trades()) == 3


async def test_a_row_that_differs_in_one_field_is_another_trade() -> None:
    user = alice()
    head = "side,asset,amount,price_usd,executed_at,notes,wallet,fee_usd\n"
    row = f"buy,ETH,1.50,2,2026-01-01,rent,{WALLET},1"
    await send(user, f"{head}{row}\n")
    others = [
        row.replace(*change)
        for change in (
            ("buy", "sell"),
            ("1.50", "1.5001"),
            ("rent", "Rent"),
            (WALLET, ""),
            (f"{WALLET},1", f"{WALLET},2"),
        )
    ]

    answer = await send(user, head + "\n".join([*others, row.replace("1.50", "1.5")]), "?on_error=skip")

    assert (answer.json()["imported"], [found["row"] for found in answer.json()["duplicates"]]) == (5, [6])


async def test_a_file_that_repeats_and_is_wrong_elsewhere_is_wrong() -> None:
    user = alice()
    await send(user, TWICE)
    answer = await send(user, TWICE + "buy,ETH,x,2,2026-01-01\n")

    assert (answer.status_code, len(answer.json()["errors"]), len(answer.json()["duplicates"])) == (400, 3, 2)
    assert (await send(user, "row," + TWICE.replace("buy", "x,buy"))).status_code == 400


async def test_lots_of_rows_that_are_recorded_are_of_the_kept_trades() -> None:
    user = alice()
    head = "row,side,asset,amount,executed_at,lots\n1,buy,ETH,5,2026-01-01,\n"
    await send(user, head)
    (bought,) = await user.all_trades()

    answer = await send(user, head + "2,sell,ETH,1,2026-02-01,1:1\n", "?on_error=skip")

    assert (answer.json()["imported"], answer.json()["skipped"]) == (1, 1)
    assert (await user.all_trades())[1]["lots"] == [{"trade_id": bought["id"], "quantity": "1"}]


@pytest.mark.parametrize(
    ("lots", "message"),
    [
        ("2:1", "no row of this file is numbered 2"),
        ("7:1", "row 7 is not accepted itself"),
        ("banana:1", "'banana' is neither a row nor a trade"),
        ("1", "'1' is not a row and a quantity, such as 12:0.5"),
        ("1:x", "'x' is not a decimal number"),
        ("1:0", "a quantity must be above zero"),
        ("1:2", "add up to 2, more than the trade's quantity"),
    ],
)
async def test_lots_name_good_rows_of_the_file(lots: str, message: str) -> None:
    head = "row,side,asset,amount,lots\n1,buy,ETH,5,\n7,swap,ETH,5,\n"
    answer = await send(alice(), f"{head}3,sell,ETH,1,{lots}\n")

    assert message in [fault["message"] for fault in answer.json()["errors"] if fault["row"] == 3]


async def test_rows_that_moved_keep_their_lots() -> None:
    user = alice()
    answer = await send(user, "row,side,asset,amount,lots\n9,sell,ETH,1,4:1\n4,buy,ETH,5,\n")

    assert answer.json()["imported"] == 2
    trades = {trade["side"]: trade for trade in await user.all_trades()}
    assert trades["sell"]["lots"] == [{"trade_id": trades["buy"]["id"], "quantity": "1"}]


async def test_two_rows_with_one_number_are_refused() -> None:
    answer = await send(alice(), "row,side,asset,amount\n1,buy,ETH,5\n1,buy,ETH,5\nx,buy,ETH,5\n")

    assert [(fault["row"], fault["field"]) for fault in answer.json()["errors"]] == [(2, "row"), (3, "row")]


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ("", ["side", "asset"]),
        ("side,amount\n", ["asset"]),
        ("side,asset,colour\n", ["colour"]),
        ("side,asset,side\n", ["side"]),
    ],
)
async def test_a_header_that_is_not_ours_is_refused(body: str, fields: list[str]) -> None:
    answer = await send(alice(), body)

    assert (answer.status_code, fields_of(answer)) == (400, fields)


@pytest.mark.parametrize(
    "body", [b"side,asset\nbuy,\xff\n", b'side,asset\nbuy,"open\n', b'side,asset\n"a"b,c\n']
)
async def test_what_is_no_csv_is_refused(body: bytes) -> None:
    answer = await send(alice(), body)

    assert answer.status_code == 400


async def test_a_file_is_sent_as_what_it_is() -> None:
    answer = await alice()("POST", IMPORT, content="side,asset\n", headers={"content-type": "text/plain"})

    assert answer.status_code == 415
    assert (await send(alice(), "side,asset\n", "?on_error=maybe")).status_code == 400


async def test_a_file_may_be_larger_than_other_bodies_up_to_a_bound() -> None:
    row = f"buy,ETH,1,{'n' * 2000}\n"
    answer = await send(alice(), "side,asset,amount,notes\n" + row * 1000)
    assert answer.json()["imported"] == 1000

    too_large = await send(alice(), b"x" * (32 * 1024 * 1024 + 1))
    assert too_large.status_code == 413
    assert (await alice()("POST", TRADES, json={"notes": "n" * 1024 * 1024})).status_code == 413


async def test_a_repeated_import_is_answered_as_before() -> None:
    user = alice()
    first = await send(user, BAD, "?on_error=skip", **{"idempotency-key": "file-1"})
    again = await send(user, BAD, "?on_error=skip", **{"idempotency-key": "file-1"})

    assert (again.status_code, again.content) == (200, first.content)
    assert len(await user.all_trades()) == 2
    other = await send(user, BAD + "buy,ETH,1,2,,,\n", "?on_error=skip", **{"idempotency-key": "file-1"})
    assert other.status_code == 409
    assert (await send(user, BAD, **{"idempotency-key": "file-1"})).status_code == 409


async def test_a_file_of_none_imports_none() -> None:
    assert (await send(alice(), "side,asset\n")).json() == {"imported": 0, **NOTHING_ELSE}


async def test_an_exported_formula_is_text_to_a_spreadsheet() -> None:
    user = alice()
    await user.record(notes='=HYPERLINK("http://evil.example")', symbol="+ETH")
    (row,) = csv.DictReader(io.StringIO((await user("GET", EXPORT)).text, newline=""))

    assert (row["notes"][:2], row["symbol"]) == ("'=", "'+ETH")
    assert json.dumps((await user.all_trades())[0]["symbol"]) == '"+ETH"'
