"""/api/v1/trades: recording, reading, changing and deleting, to the contract."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

from shared.core.chains import Chains
from shared.core.ids import ChainId
from shared.facts import load_chains
from tests.api.asking_trades import BUY, ETH, TRADES, TX, USDC, Caller, alice, fields_of, ledger_app
from tests.fakes import WALLET, Fakes

BASE_ETH = "eip155:8453/slip44:60"


async def test_a_trade_is_recorded_and_comes_back_as_it_is_kept() -> None:
    user = alice()

    answer = await user("POST", TRADES, json={**BUY, "wallet": WALLET.lower(), "notes": "first, “quoted”"})
    trade = answer.json()

    assert answer.status_code == 201
    assert answer.headers["location"] == f"{TRADES}/{trade['id']}"
    assert (await user("GET", answer.headers["location"])).json() == trade
    created_at = trade.pop("created_at")
    assert created_at.endswith("Z")
    assert trade == {
        "id": trade["id"],
        "user_id": "alice",
        "side": "buy",
        "asset": ETH,
        "symbol": "ETH",
        "amount": "1.5",
        "amount_type": "token",
        "price_usd": "2000",
        "total_usd": "3000",
        "fee_usd": None,
        "tx_hash": None,
        "chain": "ethereum",
        "wallet": WALLET,
        "status": "confirmed",
        "executed_at": "2026-01-02T03:04:05Z",
        "source": "api",
        "notes": "first, “quoted”",
        "fee_asset": None,
        "fee_amount": None,
        "link": None,
        "lots": [],
        "basis_usd": None,
        "acquired_at": None,
        "on_chain": None,
    }


async def test_what_is_left_out_is_now_and_as_the_asset_is_listed() -> None:
    trade = await alice().record(asset=USDC.lower(), executed_at="2026-01-02T04:04:05+01:00")

    assert (trade["asset"], trade["symbol"], trade["chain"]) == (USDC, "USDC", "ethereum")
    assert trade["executed_at"] == "2026-01-02T03:04:05Z"
    without = {name: value for name, value in BUY.items() if name != "executed_at"}
    answer = await alice()("POST", TRADES, json=without)
    assert answer.json()["executed_at"] == "2026-11-21T12:00:00Z"


async def test_an_asset_on_no_list_needs_its_symbol() -> None:
    unlisted = "eip155:1/erc20:0x" + "12" * 20

    answer = await alice()("POST", TRADES, json={**BUY, "asset": unlisted})

    assert (answer.status_code, fields_of(answer)) == (400, ["symbol"])


@pytest.mark.parametrize(
    ("fields", "derived"),
    [
        ({"amount": "2", "price_usd": "3"}, ("2", "3", "6")),
        ({"amount": "2", "price_usd": None, "total_usd": "6"}, ("2", "3", "6")),
        ({"amount": None, "price_usd": "3", "total_usd": "6"}, ("2", "3", "6")),
        ({"amount": "2", "price_usd": "3", "total_usd": "6.01"}, ("2", "3", "6.01")),
        ({"amount": "20000", "price_usd": "1", "total_usd": "20002"}, ("20000", "1", "20002")),
        ({"amount": 2, "price_usd": 0.1}, ("2", "0.1", "0.2")),
        ({"amount": "6", "price_usd": "3", "amount_type": "usd"}, ("6", "3", "6")),
    ],
)
async def test_two_of_amount_price_and_total_determine_the_third(
    fields: dict[str, Any], derived: tuple[str, str, str]
) -> None:
    trade = await alice().record(**fields)

    assert (trade["amount"], trade["price_usd"], trade["total_usd"]) == derived


@pytest.mark.parametrize("total", ["6.02", "5.98", "7"])
async def test_three_that_do_not_agree_are_refused_with_their_values(total: str) -> None:
    answer = await alice()("POST", TRADES, json={**BUY, "amount": "2", "price_usd": "3", "total_usd": total})

    assert (answer.status_code, fields_of(answer)) == (400, ["total_usd"])
    assert all(value in answer.json()["detail"] for value in ("2", "3", total))


NUMBERS = ["NaN", "Infinity", "-1", "1e999", "9" * 40, "1,5", "", " 1", "0x10", "٣", True, [], {}, 1e999]


@pytest.mark.parametrize("field", ["amount", "price_usd", "total_usd", "fee_usd"])
@pytest.mark.parametrize("number", NUMBERS, ids=repr)
async def test_what_is_no_number_is_refused_by_the_name_of_its_field(field: str, number: Any) -> None:
    import json

    body = json.dumps({**BUY, field: number}).encode()
    answer = await alice()("POST", TRADES, content=body, headers={"content-type": "application/json"})

    assert answer.status_code == 400
    if number != float("inf"):
        assert fields_of(answer) == [field]


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("side", "swap"),
        ("side", None),
        ("asset", "eip155:1/erc721:0x12"),
        ("asset", "eip155:1/erc20:0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96046"),
        ("asset", None),
        ("symbol", "has space"),
        ("amount_type", "wei"),
        ("tx_hash", "0x12"),
        ("chain", "atlantis"),
        ("wallet", "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96046"),
        ("status", "done"),
        ("executed_at", "yesterday"),
        ("executed_at", "2026-01-02T03:04:05"),
        ("executed_at", "1999-01-01T00:00:00Z"),
        ("notes", "x" * 2001),
        ("notes", "\x00"),
        ("notes", 5),
        ("lots", "all"),
        ("basis_usd", "1"),
        ("fee_asset", "ETH"),
        ("id", "0" * 30),
        ("user_id", "bob"),
        ("created_at", "2026-01-01T00:00:00Z"),
        ("source", "me"),
        ("colour", "red"),
    ],
)
async def test_a_field_that_is_wrong_or_not_the_callers_to_set_is_named(field: str, value: Any) -> None:
    answer = await alice()("POST", TRADES, json={**BUY, field: value})

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert fields_of(answer)[0].split("[")[0] in (field, "fee_amount")


@pytest.mark.parametrize(
    "body",
    [b"", b"{", b"[]", b"null", b'"x"', b"\xff", b"[" * 100_000, b'{"side":"buy","side":"sell"}', b"{}"],
    ids=lambda body: repr(body[:20]),
)
async def test_what_is_no_trade_at_all_is_400(body: bytes) -> None:
    answer = await alice()("POST", TRADES, content=body, headers={"content-type": "application/json"})

    assert answer.status_code == 400


@pytest.mark.parametrize("kind", ["text/plain", "application/x-www-form-urlencoded", "multipart/form-data"])
async def test_what_a_foreign_page_may_send_unasked_is_not_read(kind: str) -> None:
    answer = await alice()("POST", TRADES, content=b"{}", headers={"content-type": kind})

    assert answer.status_code == 415


async def test_half_a_surrogate_pair_is_refused() -> None:
    body = b'{"side":"buy","asset":"ETH","amount":"1","notes":"\\ud800"}'
    answer = await alice()("POST", TRADES, content=body, headers={"content-type": "application/json"})

    assert (answer.status_code, answer.json()["detail"]) == (
        400,
        "the body has half a surrogate pair, which is no text",
    )


async def test_several_are_recorded_in_the_order_given() -> None:
    user = alice()
    answer = await user("POST", TRADES, json={"trades": [{**BUY, "amount": str(n)} for n in (3, 1, 2)]})

    assert answer.status_code == 201
    assert [trade["amount"] for trade in answer.json()["items"]] == ["3", "1", "2"]
    assert [trade["amount"] for trade in await user.all_trades()] == ["3", "1", "2"]


async def test_of_several_all_are_recorded_or_none() -> None:
    user = alice()
    bad = [{**BUY}, {**BUY, "amount": "-1"}, {**BUY, "side": "swap"}]
    answer = await user("POST", TRADES, json={"trades": [*bad[:2], {**BUY, "chain": "atlantis"}]})

    assert (answer.status_code, fields_of(answer)) == (400, ["trades[1].amount", "trades[2].chain"])
    typed = await user("POST", TRADES, json={"trades": bad})
    assert (typed.status_code, fields_of(typed)) == (400, ["trades[2].side"])
    assert await user.all_trades() == []


@pytest.mark.parametrize(("count", "status"), [(0, 400), (500, 201), (501, 400)])
async def test_a_list_has_one_to_500_trades(count: int, status: int) -> None:
    answer = await alice()("POST", TRADES, json={"trades": [BUY] * count})

    assert answer.status_code == status


async def test_a_transaction_is_recorded_once_for_a_chain_asset_and_side() -> None:
    user = alice()
    kept = await user.record(tx_hash=TX)

    again = await user("POST", TRADES, json={**BUY, "tx_hash": TX.upper().replace("0X", "0x")})
    assert again.status_code == 409
    assert again.json()["trade_id"] == kept["id"]
    assert kept["id"] in again.json()["detail"]
    for other in ({"side": "sell"}, {"asset": USDC}, {"asset": BASE_ETH}):
        await user.record(tx_hash=TX, **other)


async def test_two_of_a_list_that_record_the_same_are_named() -> None:
    user = alice()
    answer = await user(
        "POST", TRADES, json={"trades": [BUY, {**BUY, "tx_hash": TX}, {**BUY, "tx_hash": TX}]}
    )

    assert answer.status_code == 409
    assert "trades[1] and trades[2]" in answer.json()["detail"]
    assert await user.all_trades() == []


async def test_a_repeated_key_is_answered_as_before() -> None:
    user, key = alice(), {"idempotency-key": "order-1"}
    first = await user("POST", TRADES, json={**BUY, "tx_hash": TX}, headers=key)
    again = await user("POST", TRADES, json={**BUY, "tx_hash": TX}, headers=key)

    assert (again.status_code, again.content) == (201, first.content)
    assert again.headers["location"] == first.headers["location"]
    assert len(await user.all_trades()) == 1


async def test_many_requests_with_one_key_at_once_record_one_trade() -> None:
    user, key = alice(), {"idempotency-key": "order-1"}
    answers = await asyncio.gather(*(user("POST", TRADES, json=BUY, headers=key) for _ in range(8)))

    assert {answer.content for answer in answers} == {answers[0].content}
    assert len(await user.all_trades()) == 1


async def test_a_key_with_another_body_is_409() -> None:
    user, key = alice(), {"idempotency-key": "order-1"}
    await user("POST", TRADES, json=BUY, headers=key)

    assert (await user("POST", TRADES, json={**BUY, "amount": "2"}, headers=key)).status_code == 409
    assert (await user("POST", f"{TRADES}/import", content="side,asset\n", headers=key)).status_code == 409
    assert len(await user.all_trades()) == 1


async def test_a_request_that_failed_does_not_use_up_its_key() -> None:
    user, key = alice(), {"idempotency-key": "order-1"}
    assert (await user("POST", TRADES, json={**BUY, "amount": "x"}, headers=key)).status_code == 400

    assert (await user("POST", TRADES, json=BUY, headers=key)).status_code == 201


@pytest.mark.parametrize("key", ["", "x" * 129, "two words", "é".encode()])
async def test_a_key_is_short_and_plain(key: Any) -> None:
    answer = await alice()("POST", TRADES, json=BUY, headers={"idempotency-key": key})

    assert (answer.status_code, fields_of(answer)) == (400, ["Idempotency-Key"])


async def test_a_change_changes_what_it_names_and_what_follows() -> None:
    user = alice()
    trade = await user.record()
    url = f"{TRADES}/{trade['id']}"

    changed = (await user("PATCH", url, json={"price_usd": "2100", "notes": "was dearer"})).json()

    assert changed == {**trade, "price_usd": "2100", "total_usd": "3150", "notes": "was dearer"}
    assert (await user("GET", url)).json() == changed


async def test_another_asset_brings_its_symbol_and_its_chain() -> None:
    user = alice()
    trade = await user.record()
    url = f"{TRADES}/{trade['id']}"

    async def changed(**fields: Any) -> tuple[str, str | None]:
        body = (await user("PATCH", url, json=fields)).json()
        return body["symbol"], body["chain"]

    assert await changed(asset=USDC) == ("USDC", "ethereum")
    assert await changed(asset=BASE_ETH) == ("ETH", "base")
    assert await changed(asset=ETH, symbol="Ξ") == ("Ξ", "ethereum")
    assert await changed(asset="btc") == ("BTC", None)


async def test_another_asset_without_a_chain_leaves_the_transaction_where_it_was() -> None:
    user = alice()
    trade = await user.record(tx_hash=TX)
    body = (await user("PATCH", f"{TRADES}/{trade['id']}", json={"asset": "eth"})).json()

    assert (body["asset"], body["chain"]) == ("ETH", "ethereum")


async def test_an_asset_is_traded_on_its_own_chain() -> None:
    user = alice()
    kept = await user.record()
    refused = [
        await user("POST", TRADES, json={**BUY, "chain": "base"}),
        await user("PATCH", f"{TRADES}/{kept['id']}", json={"chain": "base"}),
        await user("PATCH", f"{TRADES}/{kept['id']}", json={"asset": BASE_ETH, "chain": "ethereum"}),
    ]

    assert [(each.status_code, fields_of(each)) for each in refused] == [(400, ["chain"])] * 3
    assert (await user.record(asset="ETH", chain="base"))["chain"] == "base"
    assert (await user("PATCH", f"{TRADES}/{kept['id']}", json={"chain": None})).json()["chain"] == "ethereum"


@pytest.mark.parametrize("name", ["7", "notatrade", "a b", "F" * 30, "0" * 31])
async def test_a_lot_is_named_by_a_trades_id(name: str) -> None:
    user = alice()
    kept = await user.record(side="sell")
    lots = [{"trade_id": name, "quantity": "1"}]
    refused = [
        await user("POST", TRADES, json={**BUY, "side": "sell", "lots": lots}),
        await user("PATCH", f"{TRADES}/{kept['id']}", json={"lots": lots}),
    ]

    assert [(each.status_code, fields_of(each)) for each in refused] == [(400, ["lots"])] * 2


@pytest.mark.parametrize("field", ["id", "user_id", "created_at", "source", "colour"])
async def test_what_the_server_sets_cannot_be_changed(field: str) -> None:
    user = alice()
    trade = await user.record()
    answer = await user("PATCH", f"{TRADES}/{trade['id']}", json={field: "x"})

    assert (answer.status_code, fields_of(answer)) == (400, [field])


async def test_a_change_that_does_not_fit_changes_nothing() -> None:
    user = alice()
    trade = await user.record()
    url = f"{TRADES}/{trade['id']}"

    assert (await user("PATCH", url, json={"total_usd": "1", "price_usd": "9"})).status_code == 400
    assert (await user("PATCH", url, json={"amount": None, "price_usd": None})).status_code == 400
    assert (await user("GET", url)).json() == trade


async def test_a_change_into_a_recorded_transaction_is_409() -> None:
    user = alice()
    kept, trade = await user.record(tx_hash=TX), await user.record()
    answer = await user("PATCH", f"{TRADES}/{trade['id']}", json={"tx_hash": TX})

    assert (answer.status_code, answer.json()["trade_id"]) == (409, kept["id"])


async def test_the_etag_is_that_of_the_version() -> None:
    user = alice()
    url = f"{TRADES}/{(await user.record())['id']}"
    first = await user("GET", url)

    assert (await user("GET", url, headers={"if-none-match": first.headers["etag"]})).status_code == 304
    changed = await user("PATCH", url, json={"notes": "x"}, headers={"if-match": first.headers["etag"]})
    assert changed.status_code == 200
    assert changed.headers["etag"] == (await user("GET", url)).headers["etag"] != first.headers["etag"]
    unchanged = await user("PATCH", url, json={"notes": "x"})
    assert unchanged.headers["etag"] == changed.headers["etag"]


@pytest.mark.parametrize("method", ["PATCH", "DELETE"])
async def test_what_was_changed_in_between_is_412(method: str) -> None:
    user = alice()
    url = f"{TRADES}/{(await user.record())['id']}"
    old = (await user("GET", url)).headers["etag"]
    await user("PATCH", url, json={"notes": "faster"})
    body = {"json": {"notes": "slower"}} if method == "PATCH" else {}

    for expected in (old, f"W/{old}", '"nothing"'):
        assert (await user(method, url, headers={"if-match": expected}, **body)).status_code == 412
    assert (await user("GET", url)).json()["notes"] == "faster"
    bad = await user(method, url, headers={"if-match": "no tag"}, **body)
    assert (bad.status_code, fields_of(bad)) == (400, ["If-Match"])
    assert (await user(method, url, headers={"if-match": "*"}, **body)).is_success


async def test_of_two_changes_at_once_one_wins_and_the_other_is_412() -> None:
    user = alice()
    url = f"{TRADES}/{(await user.record())['id']}"
    tag = (await user("GET", url)).headers["etag"]

    answers = await asyncio.gather(
        *(user("PATCH", url, json={"notes": str(n)}, headers={"if-match": tag}) for n in range(5))
    )

    assert sorted(answer.status_code for answer in answers) == [200, 412, 412, 412, 412]
    won = next(answer for answer in answers if answer.status_code == 200)
    assert (await user("GET", url)).json() == won.json()


async def test_a_deletion_does_not_take_what_was_changed_at_the_same_time() -> None:
    user = alice()
    url = f"{TRADES}/{(await user.record())['id']}"
    tag = {"if-match": (await user("GET", url)).headers["etag"]}

    changed, deleted = await asyncio.gather(
        user("PATCH", url, json={"notes": "faster"}, headers=tag), user("DELETE", url, headers=tag)
    )

    assert (changed.status_code, deleted.status_code) in ((200, 412), (404, 204), (412, 204))


async def test_a_deleted_trade_is_gone() -> None:
    user = alice()
    url = f"{TRADES}/{(await user.record(tx_hash=TX))['id']}"
    answer = await user("DELETE", url)

    assert (answer.status_code, answer.content) == (204, b"")
    for method in ("GET", "DELETE"):
        assert (await user(method, url)).status_code == 404
    assert (await user("PATCH", url, json={})).status_code == 404
    await user.record(tx_hash=TX)


@pytest.mark.parametrize(
    "trade_id", ["nothing", "0" * 30, "%00", "..", "é", "x" * 3000, "'; DROP TABLE trades"]
)
async def test_a_trade_that_is_not_there_is_404(trade_id: str) -> None:
    assert (await alice()("GET", f"{TRADES}/{trade_id}")).status_code == 404


async def test_methods_that_a_path_has_not_are_405() -> None:
    user = alice()

    for method, path, allow in (
        ("PUT", TRADES, "GET, POST, HEAD, OPTIONS"),
        ("POST", f"{TRADES}/x", "GET, PATCH, DELETE, HEAD, OPTIONS"),
        ("DELETE", f"{TRADES}/export", "GET, HEAD, OPTIONS"),
        ("GET", f"{TRADES}/import", "POST, OPTIONS"),
    ):
        answer = await user(method, path)
        assert (answer.status_code, answer.headers["allow"]) == (405, allow)


async def test_a_name_is_a_wallet_too() -> None:
    fakes = Fakes()
    fakes.names.known["vitalik.eth"] = WALLET
    user = alice(fakes)

    assert (await user.record(wallet="vitalik.eth"))["wallet"] == WALLET
    assert len((await user("GET", f"{TRADES}?wallet=vitalik.eth")).json()["items"]) == 1
    answer = await user("POST", TRADES, json={**BUY, "wallet": "nobody.eth"})
    assert (answer.status_code, fields_of(answer)) == (400, ["wallet"])


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", TRADES),
        ("POST", TRADES),
        ("GET", f"{TRADES}/x"),
        ("PATCH", f"{TRADES}/x"),
        ("DELETE", f"{TRADES}/x"),
        ("GET", f"{TRADES}/export"),
        ("POST", f"{TRADES}/import"),
    ],
)
@pytest.mark.parametrize("user", [None, "forged"])
async def test_without_a_good_token_everything_is_401(method: str, path: str, user: str | None) -> None:
    answer = await Caller(ledger_app(), user)(method, path)

    assert answer.status_code == 401
    assert answer.headers["www-authenticate"] == "Bearer"


async def test_the_path_of_a_deployed_function_works_too() -> None:
    from shared.api.app import build_app
    from shared.api.trades_routes import ROUTES

    fakes = Fakes()
    app = build_app("trades", ROUTES, fakes.settings, fakes.context, base=TRADES)
    user = Caller(app, None)  # in AUTH_MODE=local everybody is the one user
    trade = (await user("POST", "/", json=BUY)).json()

    assert trade["user_id"] == "local"
    assert (await user("GET", f"/{trade['id']}")).json() == trade
    assert (await user("GET", "/export")).status_code == 200
    assert (await user("GET", "/healthz")).json() == {"status": "ok"}


@pytest.mark.parametrize("number", ["1e99999999999999999999", "1e-99999999999999999999", "NaN", "9" * 5000])
async def test_a_number_beyond_all_numbers_is_named_wherever_it_is_sent(number: str) -> None:
    user = alice()
    kept = await user.record()
    headers = {"content-type": "application/json"}
    new = f'{{"side":"buy","asset":"ETH","amount":{number}}}'
    answers = [
        await user("POST", TRADES, content=new, headers=headers),
        await user("POST", TRADES, content=f'{{"trades":[{new}]}}', headers=headers),
        await user("PATCH", f"{TRADES}/{kept['id']}", content=f'{{"amount":{number}}}', headers=headers),
    ]

    assert [answer.status_code for answer in answers] == [400, 400, 400]
    assert [fields_of(answer) for answer in answers] == [["amount"], ["trades[0].amount"], ["amount"]]


async def test_a_list_of_one_names_its_fields_as_a_list_does() -> None:
    answer = await alice()("POST", TRADES, json={"trades": [{**BUY, "amount": "0"}]})

    assert (answer.status_code, fields_of(answer)) == (400, ["trades[0].amount"])


async def test_what_has_not_happened_is_not_recorded() -> None:
    user = alice()
    ahead = {"executed_at": "2026-11-22T12:00:00.000001Z"}
    kept = await user.record(executed_at="2026-11-22T12:00:00Z")
    answers = [
        await user("POST", TRADES, json={**BUY, **ahead}),
        await user("PATCH", f"{TRADES}/{kept['id']}", json=ahead),
    ]

    assert [(answer.status_code, fields_of(answer)) for answer in answers] == [(400, ["executed_at"])] * 2
    assert (await user("PATCH", f"{TRADES}/{kept['id']}", json={"notes": "x"})).status_code == 200


async def test_a_trade_may_be_of_a_chain_that_is_known_but_not_read() -> None:
    known = load_chains()
    user = alice(Fakes(chains=Chains([known[ChainId(1)]]), known_chains=known))
    named = await user.record(asset="BTC", chain="8453")
    implied = await user.record(asset="eip155:8453/slip44:60")
    found = (await user("GET", f"{TRADES}?chain=base")).json()["items"]
    unknown = await user("POST", TRADES, json={**BUY, "chain": "atlantis"})

    assert [trade["chain"] for trade in (named, implied)] == ["base", "base"]
    assert [trade["id"] for trade in found] == [implied["id"], named["id"]]
    assert (implied["symbol"], fields_of(unknown)) == ("ETH", ["chain"])
