"""POST /api/v1/trades/{id}/verify and /discover over HTTP, on a local chain."""

from __future__ import annotations

from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import httpx
import pytest

from shared.api.trades_routes import ROUTES
from shared.api.verification import DISCOVER_PATH
from shared.api.verification_docs import discover_operation, verify_operation
from shared.web.app import App, Conduct
from shared.web.messages import Json, Operation
from shared.wiring import Context
from tests.chain.rpc_proxy import RpcFault, RpcProxy, status
from tests.devnet.anvil import Anvil
from tests.devnet.sending import call_data, fee_of
from tests.services.market import ETH_ID, POOL_AT, SPAM_AT, USDC_AT, USDC_ID, Market, market

TRADES = "/api/v1/trades"
UNKNOWN = "0x" + "ab" * 32
RANGE = {"chain": "ethereum", "from_block": 0}


class NamedUser:
    """Whoever the header names."""

    async def user(self, authorization: bytes | None) -> str | None:
        return None if authorization is None else authorization.decode()

    async def close(self) -> None:
        """Nothing is open."""


async def post(on: Market, path: str, body: Any = None, user: str | None = "ann") -> httpx.Response:
    return await ask(on, "POST", path, body, user)


async def ask(
    on: Market, method: str, path: str, body: Any = None, user: str | None = "ann"
) -> httpx.Response:
    app: App[Context] = App("trades", ROUTES, lambda: on.context, Conduct(auth=NamedUser()))
    headers = {} if user is None else {"Authorization": user}
    transport = httpx.ASGITransport(app=app)
    async with httpx.AsyncClient(transport=transport, base_url="http://test", headers=headers) as client:
        return await client.request(method, path, **({} if body is None else {"json": body}))


async def discover(on: Market, user: str | None = "ann", **body: Any) -> Json:
    answer = await post(on, DISCOVER_PATH, {"chain": "ethereum", **body}, user)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def record(on: Market, **fields: Any) -> str:
    """A pending trade of Ann's; its id."""
    trade = {
        "side": "transfer_out",
        "asset": USDC_ID,
        "symbol": "USDC",
        "amount": "1.5",
        "amount_type": "token",
        "status": "pending",
        "chain": "ethereum",
        "wallet": on.wallet,
        "executed_at": "2026-11-21T12:00:00Z",
        **fields,
    }
    answer = await post(on, TRADES, trade)
    assert answer.status_code == 201, answer.text
    return str(answer.json()["id"])


def verify_path(trade_id: str) -> str:
    return f"{TRADES}/{trade_id}/verify"


def fields_of(answer: httpx.Response) -> list[str]:
    assert answer.status_code == 400, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    return [fault["field"] for fault in answer.json()["errors"]]


async def test_verifying_confirms_a_trade_and_shows_both_numbers(anvil: Anvil) -> None:
    async with market(anvil) as on:
        tx_hash = on.pay(USDC_AT, on.friend, 1_250_000)
        trade_id = await record(on, tx_hash=tx_hash)
        answer = await post(on, verify_path(trade_id))
        again = await post(on, verify_path(trade_id), {})

    body = answer.json()
    assert (body["status"], body["changed"], body["version"], body["complete"]) == (
        "confirmed",
        True,
        2,
        True,
    )
    assert body["amount"] == {
        "asset_id": USDC_ID,
        "matches": False,
        "expected": "1.5",
        "expected_raw": "1500000",
        "found": "1.25",
        "found_raw": "1250000",
        "reason": "the transaction moved another amount",
    }
    assert body["transaction"]["fee_raw"] == str(fee_of(anvil, tx_hash))
    assert body["transaction"]["block_time"].endswith("Z")
    assert again.json() == {**body, "changed": False}


async def test_what_was_found_stays_with_the_trade_until_it_says_something_else(anvil: Anvil) -> None:
    async with market(anvil) as on:
        tx_hash = on.pay(USDC_AT, on.friend, 1_250_000)
        moment = {"executed_at": "2020-01-01T00:00:00Z"}
        trade_id = await record(on, tx_hash=tx_hash, amount="1.25", **moment)
        body = (await post(on, verify_path(trade_id))).json()
        kept = (await ask(on, "GET", f"{TRADES}/{trade_id}")).json()
        noted = (await ask(on, "PATCH", f"{TRADES}/{trade_id}", {"notes": "mine"})).json()
        priced = (await ask(on, "PATCH", f"{TRADES}/{trade_id}", {"price_usd": "0.99"})).json()
        moment = {"executed_at": body["transaction"]["block_time"]}
        mended = (await ask(on, "PATCH", f"{TRADES}/{trade_id}", moment)).json()
        again = (await post(on, verify_path(trade_id))).json()
        then = (await ask(on, "GET", f"{TRADES}/{trade_id}")).json()

    block = {name: body["transaction"][name] for name in ("block_number", "block_time")}
    assert (body["status"], body["matches"], body["amount"]["matches"], body["time"]["matches"]) == (
        *("confirmed", False, True, False),
    )
    assert kept["status"] == "confirmed"
    assert kept["on_chain"] == {"matches": False, **block, "reason": body["time"]["reason"]}
    assert noted["on_chain"] == priced["on_chain"] == kept["on_chain"]
    assert mended["on_chain"] is None
    assert (again["matches"], again["changed"]) == (True, False)
    assert then["on_chain"] == {"matches": True, **block, "reason": None}


async def test_a_trade_that_is_verified_as_it_is_recorded_keeps_what_was_found(anvil: Anvil) -> None:
    async with market(anvil) as on:
        tx_hash = on.pay(USDC_AT, on.friend, 1_250_000)
        trade = {"side": "transfer_out", "asset": USDC_ID, "symbol": "USDC", "amount": "2"}
        trade |= {"tx_hash": tx_hash, "wallet": on.wallet}
        answer = (await post(on, f"{TRADES}?verify=true", trade)).json()
        kept = (await ask(on, "GET", f"{TRADES}/{answer['id']}")).json()

    assert (answer["status"], answer["verification"]["matches"]) == ("confirmed", False)
    assert kept["on_chain"] == answer["on_chain"]
    assert kept["on_chain"]["reason"] == "the transaction moved another amount"


async def test_a_chain_that_fails_is_an_error_entry_and_the_status_stays(anvil: Anvil) -> None:
    async with RpcProxy() as node, market(anvil, node.url) as on:
        node.behave(then=status(401))
        answer = await post(on, verify_path(await record(on, tx_hash=UNKNOWN)))

    body = answer.json()
    assert (answer.status_code, body["status"], body["complete"]) == (200, "pending", False)
    assert body["transaction"]["state"] is None
    [error] = body["errors"]
    assert (error["scope"], error["chain"], error["code"]) == ("chain", "ethereum", "rpc_unavailable")


async def test_a_transaction_that_nobody_knows_is_said_to_be_unknown(anvil: Anvil) -> None:
    async with market(anvil) as on:
        body = (await post(on, verify_path(await record(on, tx_hash=UNKNOWN)))).json()

    assert (body["status"], body["changed"], body["transaction"]["state"]) == ("pending", False, "unknown")
    assert (body["amount"], body["errors"]) == (None, [])


async def test_what_is_missing_for_verifying_is_named(anvil: Anvil) -> None:
    async with market(anvil) as on:
        bare = await record(on, asset="BTC", chain=None, wallet=None)
        answers = [
            fields_of(await post(on, verify_path(bare))),
            fields_of(await post(on, verify_path(bare), {"force": True})),
            fields_of(await post(on, verify_path(bare) + "?force=1")),
        ]

    assert answers == [["tx_hash", "chain", "wallet"], ["force"], ["force"]]


@pytest.mark.parametrize("who", ["bob", "ann"])
async def test_what_is_not_ones_own_does_not_exist(anvil: Anvil, who: str) -> None:
    async with market(anvil) as on:
        trade_id = await record(on, tx_hash=UNKNOWN) if who == "bob" else "0" * 30
        answer = await post(on, verify_path(trade_id), user=who)

    assert answer.status_code == 404


async def test_both_need_a_user(anvil: Anvil) -> None:
    async with market(anvil) as on:
        answers = [await post(on, path, {}, user=None) for path in (verify_path("x"), DISCOVER_PATH)]

    assert [answer.status_code for answer in answers] == [401, 401]


async def test_a_transaction_is_proposed_and_nothing_is_stored_unless_asked(anvil: Anvil) -> None:
    async with market(anvil) as on:
        data = call_data("sellForNative(address,uint256,uint256)", USDC_AT, 3_000_000, 10**15)
        tx_hash = on.send(POOL_AT, data)
        proposed = await discover(on, tx_hash=tx_hash)
        listed = await on.context.store.imports.find_duplicates("ann", [])
        stored = await discover(on, tx_hash=tx_hash, store=True)
        again = await discover(on, tx_hash=tx_hash.upper().replace("0X", "0x"), store=True)
        others = await discover(on, user="bob", tx_hash=tx_hash)

    [found] = proposed["items"]
    assert (found["kind"], found["wallet"], found["transaction"]["state"]) == ("swap", on.wallet, "confirmed")
    gas = Decimal(fee_of(anvil, tx_hash)) / 10**18
    assert [(t["side"], t["asset"], t["amount"]) for t in found["trades"]] == [
        ("sell", USDC_ID, "3"),
        ("buy", ETH_ID, "0.001"),
        ("fee", ETH_ID, format(gas.normalize(), "f")),
    ]
    assert {t["price_usd"] for t in found["trades"]} == {None}
    assert all(t["price_reason"] for t in found["trades"])
    assert (proposed["range"], proposed["next_cursor"], proposed["complete"], listed) == (
        None,
        None,
        True,
        {},
    )
    fates = [
        [t["kept"] for t in answer["items"][0]["trades"]] for answer in (proposed, stored, again, others)
    ]
    assert fates == [[None] * 3, ["new"] * 3, ["existing"] * 3, [None] * 3]
    ids = [[t["trade_id"] for t in answer["items"][0]["trades"]] for answer in (stored, again)]
    assert ids[0] == ids[1]


async def test_a_range_is_walked_by_cursor_and_spam_is_marked(anvil: Anvil) -> None:
    def narrow(method: str, params: list[Any]) -> Any:
        if method == "eth_getLogs" and int(params[0]["toBlock"], 16) - int(params[0]["fromBlock"], 16) > 1:
            raise RpcFault(-32600, "block range is too wide")
        return anvil.rpc(method, *params)

    async with RpcProxy(narrow) as node, market(anvil, node.url) as on:
        first = anvil.block_number() + 1
        sent = [on.pay(USDC_AT, on.friend, 1), on.receive(SPAM_AT, 5), on.receive(USDC_AT, 9)]
        asked: dict[str, Any] = {"wallet": on.wallet, "from_block": first, "limit": 1, "store": True}
        pages = [await discover(on, **asked)]
        while pages[-1]["next_cursor"] is not None:
            pages.append(await discover(on, **asked, cursor=pages[-1]["next_cursor"]))

    found = [each for page in pages for each in page["items"]]
    assert [each["transaction"]["tx_hash"] for each in found] == sent
    [spam] = found[1]["trades"]
    assert (spam["spam"], spam["listed"], spam["kept"]) == (True, False, "spam")
    assert spam["spam_reasons"][0] == "not on a token list"
    assert pages[-1]["range"] == {"from_block": first, "to_block": first + 2, "read_to": first + 2}


async def test_a_cursor_is_of_its_user_and_its_question_only(anvil: Anvil) -> None:
    async with market(anvil) as on:
        first = anvil.block_number() + 1
        for raw in (1, 2):
            on.pay(USDC_AT, on.friend, raw)
        asked: dict[str, Any] = {"wallet": on.wallet, "from_block": first, "limit": 1}
        cursor = (await discover(on, **asked))["next_cursor"]
        body = {"chain": "ethereum", **asked, "cursor": cursor}
        bad = [
            await post(on, DISCOVER_PATH, body, user="bob"),
            await post(on, DISCOVER_PATH, {**body, "wallet": on.friend}),
            await post(on, DISCOVER_PATH, {**body, "from_block": 0}),
            await post(
                on, DISCOVER_PATH, {**body, "cursor": cursor[:-1] + ("A" if cursor[-1] != "A" else "B")}
            ),
            await post(on, DISCOVER_PATH, {**body, "cursor": ""}),
        ]

    assert [fields_of(answer) for answer in bad] == [["cursor"]] * 5


async def test_a_chain_that_is_down_gives_a_cursor_to_come_back_with(anvil: Anvil) -> None:
    async with RpcProxy(upstream=anvil.url) as node, market(anvil, node.url) as on:
        tx_hash = on.pay(USDC_AT, on.friend, 1)
        node.behave(then=status(401))
        asked: dict[str, Any] = {"wallet": on.wallet, "from_block": anvil.block_number()}
        down = await discover(on, **asked)
        node.behave()
        back = await discover(on, **asked, cursor=down["next_cursor"])

    assert (down["complete"], down["items"], down["errors"][0]["code"]) == (False, [], "rpc_unavailable")
    assert down["range"] == {
        "from_block": asked["from_block"],
        "to_block": None,
        "read_to": asked["from_block"] - 1,
    }
    assert [found["transaction"]["tx_hash"] for found in back["items"]] == [tx_hash]
    assert (back["complete"], back["next_cursor"]) == (True, None)


@pytest.mark.parametrize(
    ("body", "fields"),
    [
        ({}, ["chain"]),
        ({"chain": "ethereum"}, ["tx_hash"]),
        ({"chain": "nowhere", "tx_hash": UNKNOWN}, ["chain"]),
        ({"chain": "ethereum", "tx_hash": "0x12"}, ["tx_hash"]),
        ({"chain": "ethereum", "tx_hash": UNKNOWN, "from_block": 1, "cursor": "x"}, ["from_block", "cursor"]),
        ({"chain": "ethereum", "wallet": "0x12", "from_block": 1}, ["wallet"]),
        ({"chain": "ethereum", "wallet": "0x" + "1" * 40}, ["from_block"]),
        ({**RANGE}, ["wallet"]),
        ({**RANGE, "wallet": "0x" + "1" * 40, "from_block": 9, "to_block": 8}, ["to_block"]),
        ({**RANGE, "wallet": "0x" + "1" * 40, "from_block": -1}, ["from_block"]),
        ({**RANGE, "wallet": "0x" + "1" * 40, "from_block": "1"}, ["from_block"]),
        ({**RANGE, "wallet": "0x" + "1" * 40, "to_block": 2**63}, ["to_block"]),
        ({**RANGE, "wallet": "0x" + "1" * 40, "limit": 0}, ["limit"]),
        ({**RANGE, "wallet": "0x" + "1" * 40, "limit": 101}, ["limit"]),
        ({"chain": "ethereum", "tx_hash": UNKNOWN, "store": "yes", "colour": 1}, ["store", "colour"]),
        ([], ["body"]),
    ],
    ids=str,
)
async def test_a_question_that_cannot_be_answered_is_refused_by_name(
    anvil: Anvil, body: Any, fields: list[str]
) -> None:
    async with market(anvil) as on:
        assert fields_of(await post(on, DISCOVER_PATH, body)) == fields


async def test_a_chain_may_be_named_by_its_id_too(anvil: Anvil) -> None:
    async with market(anvil) as on:
        found = await discover(on, chain="eip155:1", tx_hash=UNKNOWN)

    assert (found["chain"], found["chain_id"]) == ("ethereum", 1)
    [item] = found["items"]
    assert (item["wallet"], item["transaction"]["state"], item["trades"]) == (None, "unknown", [])


async def test_a_recorded_trade_may_be_verified_at_once(anvil: Anvil) -> None:
    async with market(anvil) as on:
        trade = {"tx_hash": on.pay(USDC_AT, on.friend, 1_500_000), "chain": "ethereum", "wallet": on.wallet}
        more = {"side": "transfer_out", "asset": USDC_ID, "symbol": "USDC", "amount": "1.5"}
        when = {"amount_type": "token", "executed_at": "2026-11-21T12:00:00Z"}
        answer = await post(on, f"{TRADES}?verify=true", {**trade, **more, **when})

    assert (answer.status_code, answer.json()["status"]) == (201, "confirmed")
    assert answer.json()["verification"]["amount"]["matches"] is True


@pytest.mark.parametrize("operation", [verify_operation(), discover_operation()], ids=["verify", "discover"])
def test_the_example_is_what_the_schema_says(operation: Operation) -> None:
    content = operation.description["responses"]["200"]["content"]["application/json"]
    name = content["schema"]["$ref"].rpartition("/")[2]
    assert_fits(content["example"], operation.schemas[name], operation.schemas)


def assert_fits(example: Any, schema: Json, schemas: Mapping[str, Json]) -> None:
    """Every object of the example has exactly the fields of its schema."""
    options = [schema, *schema.get("anyOf", [])]
    names = [option["$ref"].rpartition("/")[2] for option in options if "$ref" in option]
    found = schemas[names[0]] if names else schema
    if isinstance(example, dict):
        assert set(example) == set(found["required"])
        for field, value in example.items():
            assert_fits(value, found["properties"][field], schemas)
    elif isinstance(example, list):
        for value in example:
            assert_fits(value, schema["items"], schemas)
