"""GET /api/v1/trades: filters, order and pages that stay as they are while trades are added."""

from __future__ import annotations

import base64
from typing import Any

import pytest

from tests.api.asking_trades import BUY, ETH, TRADES, TX, USDC, Caller, alice, alice_and_bob, fields_of
from tests.fakes import WALLET


def day(number: int) -> str:
    return f"2026-01-{number:02}T00:00:00Z"


async def ids(user: Caller, query: str = "") -> list[str]:
    """The ids over all pages."""
    found: list[str] = []
    cursor = ""
    while True:
        page = (await user("GET", f"{TRADES}?{query}{cursor}")).json()
        found += [trade["id"] for trade in page["items"]]
        if page["next_cursor"] is None:
            return found
        cursor = f"&cursor={page['next_cursor']}"


async def test_the_latest_comes_first_and_of_the_same_time_the_last_recorded() -> None:
    user = alice()
    days = (2, 1, 3, 2)
    recorded = [(await user.record(executed_at=day(n)))["id"] for n in days]

    assert await ids(user) == [recorded[2], recorded[3], recorded[0], recorded[1]]
    assert await ids(user, "order=asc") == [recorded[1], recorded[0], recorded[3], recorded[2]]


@pytest.mark.parametrize(
    ("query", "found"),
    [
        ("side=sell", [1]),
        (f"asset={ETH}", [0, 1]),
        (f"asset={USDC.lower()}", [2]),
        ("symbol=USDC", [2]),
        ("status=pending", [1]),
        (f"wallet={WALLET.lower()}", [2]),
        ("chain=8453", [3]),
        ("chain=eip155:1&asset=ETH", []),
        (f"from={day(2)}", [1, 2, 3]),
        (f"to={day(2)}", [0]),
        (f"from={day(2)}&to={day(4)}", [1, 2]),
        ("from=2026-01-02&to=2026-01-03", [1]),
        (f"side=buy&chain=ethereum&status=confirmed&asset={ETH}", [0]),
    ],
)
async def test_a_filter_leaves_what_it_names(query: str, found: list[int]) -> None:
    user = alice()
    recorded = [
        await user.record(executed_at=day(1)),
        await user.record(executed_at=day(2), side="sell", status="pending"),
        await user.record(executed_at=day(3), asset=USDC, wallet=WALLET),
        await user.record(executed_at=day(4), asset="eip155:8453/slip44:60", tx_hash=TX),
    ]

    assert await ids(user, f"order=asc&{query}") == [recorded[n]["id"] for n in found]


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("limit", [1, 2, 3, 7, 8, 500])
async def test_pages_together_are_the_list(order: str, limit: int) -> None:
    user = alice()
    trades = [{**BUY, "executed_at": day(1 + n // 3)} for n in range(7)]
    await user("POST", TRADES, json={"trades": trades})

    assert await ids(user, f"order={order}&limit={limit}") == await ids(user, f"order={order}")


async def test_fifty_are_a_page() -> None:
    user = alice()
    await user("POST", TRADES, json={"trades": [BUY] * 51})
    page = (await user("GET", TRADES)).json()

    assert len(page["items"]) == 50
    assert page["next_cursor"] is not None


async def test_trades_added_meanwhile_move_no_page() -> None:
    user = alice()
    old = [(await user.record(executed_at=day(2 * n)))["id"] for n in range(1, 7)]
    first = (await user("GET", f"{TRADES}?limit=3")).json()
    added = [(await user.record(executed_at=day(n)))["id"] for n in (3, 11, 14)]
    rest = (await user("GET", f"{TRADES}?limit=3&cursor={first['next_cursor']}")).json()

    assert [trade["id"] for trade in first["items"]] == old[:2:-1]
    assert [trade["id"] for trade in rest["items"]] == [old[2], old[1], added[0]]


async def test_a_page_goes_on_where_its_last_trade_was_even_if_that_is_gone() -> None:
    user = alice()
    old = [(await user.record(executed_at=day(n)))["id"] for n in range(1, 5)]
    first = (await user("GET", f"{TRADES}?limit=2")).json()
    await user("DELETE", f"{TRADES}/{old[2]}")

    assert [
        t["id"] for t in (await user("GET", f"{TRADES}?cursor={first['next_cursor']}")).json()["items"]
    ] == [
        old[1],
        old[0],
    ]


async def cursor_of(user: Caller, query: str = "limit=1") -> str:
    await user("POST", TRADES, json={"trades": [BUY] * 3})
    cursor: str = (await user("GET", f"{TRADES}?{query}")).json()["next_cursor"]
    return cursor


async def test_a_cursor_is_its_users_alone() -> None:
    user, other = alice_and_bob()
    cursor = await cursor_of(user)
    await cursor_of(other)
    answer = await other("GET", f"{TRADES}?limit=1&cursor={cursor}")

    assert (answer.status_code, fields_of(answer)) == (400, ["cursor"])


@pytest.mark.parametrize("query", ["side=buy", "order=asc", "from=2025-01-01", "symbol=ETH", "chain=base"])
async def test_a_cursor_holds_for_its_filters_alone(query: str) -> None:
    user = alice()
    cursor = await cursor_of(user)

    assert (await user("GET", f"{TRADES}?{query}&cursor={cursor}")).status_code == 400
    assert (await user("GET", f"{TRADES}?limit=500&cursor={cursor}")).status_code == 200


async def test_a_cursor_with_any_character_changed_is_400() -> None:
    user = alice()
    cursor = await cursor_of(user)
    for place, letter in enumerate(cursor):
        tampered = cursor[:place] + ("B" if letter == "A" else "A") + cursor[place + 1 :]
        assert (await user("GET", f"{TRADES}?cursor={tampered}")).status_code == 400, place
    # The last letter of base64 may have bits that say nothing: they are part of the cursor all the same.
    for letter in "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_":
        answer = await user("GET", f"{TRADES}?cursor={cursor[:-1]}{letter}")
        assert (answer.status_code == 200) == (letter == cursor[-1])


@pytest.mark.parametrize(
    "cursor",
    ["", "x", "=", "AAAA", "é", "a" * 5000, base64.urlsafe_b64encode(b"000000000000000000.x" * 3).decode()],
)
async def test_what_is_no_cursor_is_400(cursor: str) -> None:
    answer = await alice()("GET", TRADES, params={"cursor": cursor})

    assert (answer.status_code, fields_of(answer)) == (400, ["cursor"])


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("limit", value) for value in ("0", "501", "-1", "1.5", "", "many", "٣", "9" * 30)),
        ("order", "up"),
        ("side", "swap"),
        ("side", ""),
        ("status", "done"),
        ("asset", "eip155:1/erc20:0x12"),
        ("symbol", ""),
        ("wallet", "banana"),
        ("chain", "atlantis"),
        ("from", "yesterday"),
        ("to", "2026-13-01"),
        ("page", "2"),
    ],
)
async def test_a_parameter_that_is_wrong_is_named(name: str, value: str) -> None:
    answer = await alice()("GET", TRADES, params={name: value})

    assert (answer.status_code, fields_of(answer)) == (400, [name])


async def test_a_range_that_ends_before_it_begins_is_refused() -> None:
    answer = await alice()("GET", f"{TRADES}?from={day(2)}&to={day(1)}")

    assert (answer.status_code, fields_of(answer)) == (400, ["to"])


async def test_everything_wrong_is_told_at_once() -> None:
    answer = await alice()("GET", f"{TRADES}?side=swap&limit=0&colour=red")

    assert sorted(fields_of(answer)) == ["colour", "limit", "side"]


async def test_a_list_that_did_not_change_is_304() -> None:
    user = alice()
    await user.record()
    first = await user("GET", TRADES)

    assert (await user("GET", TRADES, headers={"if-none-match": first.headers["etag"]})).status_code == 304
    assert first.headers["cache-control"] == "private, no-cache"


async def test_another_users_trades_do_not_exist() -> None:
    user, other = alice_and_bob()
    trade: Any = await user.record(tx_hash=TX)
    url = f"{TRADES}/{trade['id']}"

    assert await ids(other) == []
    assert await other.all_trades() == []
    missing = await other("GET", f"{TRADES}/{'0' * 30}")
    for method, options in (("GET", {}), ("PATCH", {"json": {"notes": "mine"}}), ("DELETE", {})):
        answer = await other(method, url, **options)
        assert answer.status_code == 404
        assert answer.json()["detail"] == missing.json()["detail"].replace("0" * 30, trade["id"])
    assert (await other("PATCH", url, json={"side": "swap"})).status_code == 400
    assert (await other("DELETE", url, headers={"if-match": "*"})).status_code == 404
    await other.record(tx_hash=TX)
    assert (await user("GET", url)).json() == trade


async def test_another_users_keys_are_others() -> None:
    user, other = alice_and_bob()
    key = {"idempotency-key": "order-1"}
    first = await user("POST", TRADES, json=BUY, headers=key)
    second = await other("POST", TRADES, json={**BUY, "amount": "2"}, headers=key)

    assert (first.status_code, second.status_code) == (201, 201)
    assert second.json()["user_id"] == "bob"
