"""GET /api/v1/portfolio/history as its callers see it: pages, changes, and returns worked out by hand."""

from __future__ import annotations

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it has no stubs
import pytest

from shared.api.app import build_app
from shared.api.history import PARAMETERS, PATH, ROUTES
from shared.api.history_schemas import HistoryBody
from shared.api.schemas import schemas_of
from shared.config import Oidc, Settings
from shared.core.failures import Failure
from shared.core.ids import AssetId
from shared.core.ledger import Accounting
from shared.core.snapshots import Snapshot, SnapshotAsset
from shared.services.history import HistoryQuery, read_performance
from shared.web.app import App
from shared.wiring import Context
from tests.api.asking import ask
from tests.core.histories import START, trade
from tests.fakes import Fakes

USER = "local"
ETH = SnapshotAsset(AssetId("eip155:1/slip44:60"), "ETH", Decimal("1.50"), Decimal(3000), Decimal(4500))


def app_of(fakes: Fakes) -> App[Context]:
    return build_app("history", ROUTES, fakes.settings, fakes.context, base=PATH, clock=fakes.clock.seconds)


@pytest.fixture
async def fakes() -> AsyncIterator[Fakes]:
    fakes = Fakes()
    yield fakes
    await fakes.stores.close()


async def keep(fakes: Fakes, at: datetime, usd: str, user: str = USER, **more: Any) -> None:
    snapshot = Snapshot(f"{user}-{at.isoformat()}", user, at, Decimal(usd), **{"complete": True, **more})
    await fakes.stores.get().snapshots.add_snapshot(user, snapshot)


async def keep_days(fakes: Fakes, *totals: str) -> None:
    """One snapshot a day."""
    for day, usd in enumerate(totals):
        await keep(fakes, START + timedelta(days=day), usd)


async def history(fakes: Fakes, query: str = "") -> Any:
    """The body of a good answer, which is what the schema says."""
    answer = await ask(app_of(fakes), f"{PATH}?{query}" if query else PATH)
    assert answer.status_code == 200, answer.text
    check_schema(answer.json())
    return answer.json()


def check_schema(body: Any) -> None:
    schemas = schemas_of(HistoryBody)
    strict = {name: {**schema, "additionalProperties": False} for name, schema in schemas.items()}
    jsonschema.validate(body, {"$ref": "#/components/schemas/HistoryBody", "components": {"schemas": strict}})


async def test_the_latest_comes_first_with_its_change_from_the_one_before(fakes: Fakes) -> None:
    await keep_days(fakes, "100", "110", "99")
    body = await history(fakes)

    assert body["next_cursor"] is None
    assert [(i["timestamp"], i["total_usd"], i["change_usd"], i["change_pct"]) for i in body["items"]] == [
        ("2023-01-03T00:00:00Z", "99", "-11", "-10"),
        ("2023-01-02T00:00:00Z", "110", "10", "10"),
        ("2023-01-01T00:00:00Z", "100", None, None),
    ]
    assert all(item["complete"] and item["id"] and "assets" not in item for item in body["items"])


@pytest.mark.parametrize("order", ["asc", "desc"])
@pytest.mark.parametrize("interval", ["raw", "day", "week"])
async def test_pages_say_what_one_page_would_say(fakes: Fakes, order: str, interval: str) -> None:
    for number in range(40):
        await keep(fakes, START + timedelta(hours=9 * number), str(100 + number * number))
    asked = f"order={order}&interval={interval}"
    whole = (await history(fakes, f"{asked}&limit=500"))["items"]
    body = await history(fakes, f"{asked}&limit=3")
    paged = body["items"]
    while body["next_cursor"] is not None:
        body = await history(fakes, f"{asked}&limit=3&cursor={body['next_cursor']}")
        paged += body["items"]

    assert paged == whole
    assert sum(item["change_usd"] is None for item in whole) == 1


async def test_a_page_stays_where_it_is_when_snapshots_are_added(fakes: Fakes) -> None:
    await keep_days(fakes, "1", "2", "3", "4")
    first = await history(fakes, "limit=2")
    await keep(fakes, START + timedelta(days=9), "9")
    second = await history(fakes, f"limit=2&cursor={first['next_cursor']}")

    assert [item["total_usd"] for item in (*first["items"], *second["items"])] == ["4", "3", "2", "1"]
    assert "performance" in first
    assert "performance" not in second


async def test_a_bucket_shows_its_last_snapshot(fakes: Fakes) -> None:
    for hour, usd in ((0, "1"), (23, "2"), (24, "3"), (47, "5")):
        await keep(fakes, START + timedelta(hours=hour), usd)
    body = await history(fakes, "interval=day&order=asc")

    assert [(item["total_usd"], item["change_usd"]) for item in body["items"]] == [("2", None), ("5", "3")]


async def test_a_range_begins_with_from_and_ends_before_to(fakes: Fakes) -> None:
    await keep_days(fakes, "100", "110", "120", "130")
    body = await history(fakes, "from=2023-01-02&to=2023-01-04T00:00:00Z")

    assert [(item["total_usd"], item["change_usd"]) for item in body["items"]] == [
        ("120", "10"),
        ("110", None),
    ]
    assert (body["performance"]["from"], body["performance"]["to"]) == (
        "2023-01-02T00:00:00Z",
        "2023-01-03T00:00:00Z",
    )


async def test_assets_are_there_when_asked_for(fakes: Fakes) -> None:
    await keep(fakes, START, "4500", assets=(ETH,))
    body = await history(fakes, "include_assets=true")

    assert body["items"][0]["assets"] == [
        {
            "asset_id": "eip155:1/slip44:60",
            "symbol": "ETH",
            "balance": "1.5",
            "price_usd": "3000",
            "value_usd": "4500",
            "protocol": "wallet",
            "kind": "wallet",
        }
    ]


async def test_an_asset_says_which_protocol_holds_it_and_as_what(fakes: Fakes) -> None:
    owed = replace(ETH, value_usd=Decimal(-4500), protocol="aave-v3", kind="debt")
    await keep(fakes, START, "0", assets=(ETH, owed))
    own, debt = (await history(fakes, "include_assets=true"))["items"][0]["assets"]

    assert debt == {**own, "value_usd": "-4500", "protocol": "aave-v3", "kind": "debt"}


async def test_what_could_not_be_read_is_named_beside_the_assets(fakes: Fakes) -> None:
    failure = Failure("chain", "base", "rpc_timeout", "base: no answer")
    await keep(fakes, START, "10", complete=False, errors=(failure,))
    (item,) = (await history(fakes, "include_assets=true"))["items"]

    assert [(e["scope"], e["chain"], e["code"], e["message"]) for e in item["errors"]] == [
        ("chain", "base", "rpc_timeout", "base: no answer")
    ]
    assert "errors" not in (await history(fakes))["items"][0]


async def test_an_incomplete_snapshot_has_no_change_and_is_not_measured_by(fakes: Fakes) -> None:
    await keep_days(fakes, "100")
    await keep(fakes, START + timedelta(days=1), "10", complete=False)
    await keep(fakes, START + timedelta(days=2), "120")
    body = await history(fakes)

    assert [(item["complete"], item["change_usd"]) for item in body["items"]] == [
        (True, None),
        (False, None),
        (True, None),
    ]
    performance = body["performance"]
    assert (performance["valuations"], performance["left_out"]) == (2, 1)
    assert performance["time_weighted_return"]["pct"] == "20"


async def test_money_that_came_in_is_no_gain(fakes: Fakes) -> None:
    """100 grow to 110; 90 are put in; the 200 fall to 150."""
    await keep_days(fakes, "100", "110", "150")
    bought = trade("b", "buy", "1", total_usd="90", executed_at=START + timedelta(days=1, hours=1))
    await fakes.stores.get().trades.add_trades(USER, [bought._replace(user_id=USER)])
    performance = (await history(fakes))["performance"]

    assert performance["flows"] == 1
    # 1.1 × 150 ÷ 200 − 1
    assert performance["time_weighted_return"] == {"pct": "-17.5", "annualised_pct": None, "reason": None}
    # 1 − 150 ÷ 200, from the second day to the third
    assert performance["max_drawdown"] == {
        "pct": "25",
        "peak_at": "2023-01-02T00:00:00Z",
        "trough_at": "2023-01-03T00:00:00Z",
        "reason": None,
    }
    # 100 × v + 90 × v^(23 ÷ 48) = 150 for the growth v over both days
    growth = Decimal(performance["money_weighted_return"]["pct"]) / 100 + 1
    left = 100 * growth + 90 * growth ** (Decimal(23) / 48)
    assert abs(left - 150) < Decimal("0.0001")


async def test_returns_are_the_same_whichever_snapshots_are_listed(fakes: Fakes) -> None:
    """1,000 double within 45 days; 2,000 more come in, and nothing moves after that: 100 %."""
    totals = [str(1000 + 1000 * day // 45) for day in range(46)] + ["4000"] * 44
    await keep_days(fakes, *totals)
    bought = trade("b", "buy", "1", total_usd="2000", executed_at=START + timedelta(days=45, hours=12))
    await fakes.stores.get().trades.add_trades(USER, [bought._replace(user_id=USER)])
    found = [
        (await history(fakes, f"interval={interval}"))["performance"]
        for interval in ("raw", "hour", "day", "week", "month")
    ]

    assert found[0]["time_weighted_return"]["pct"] == "100"
    assert (found[0]["from"], found[0]["valuations"]) == ("2023-01-01T00:00:00Z", 90)
    assert all(performance == found[0] for performance in found)


async def test_a_flow_far_from_every_snapshot_leaves_the_time_weighted_return_unknown(fakes: Fakes) -> None:
    await keep(fakes, START, "1000")
    await keep(fakes, START + timedelta(days=364), "4000")
    bought = trade("b", "buy", "1", total_usd="2000", executed_at=START + timedelta(days=181))
    await fakes.stores.get().trades.add_trades(USER, [bought._replace(user_id=USER)])
    performance = (await history(fakes))["performance"]

    assert performance["time_weighted_return"]["pct"] is None
    assert performance["time_weighted_return"]["reason"]["code"] == "far_from_snapshots"
    assert performance["max_drawdown"]["reason"]["code"] == "far_from_snapshots"
    assert performance["money_weighted_return"]["pct"] is not None


async def test_with_nothing_there_the_return_is_nothing_with_a_warning(fakes: Fakes) -> None:
    await keep_days(fakes, "0", "0")
    known = (await history(fakes))["performance"]["time_weighted_return"]

    assert (known["pct"], known["reason"]["code"]) == ("0", "nothing_held")


async def test_very_many_snapshots_are_measured_by_the_last_of_each_day(fakes: Fakes) -> None:
    for hour, usd in ((0, "100"), (6, "150"), (23, "110"), (47, "121")):
        await keep(fakes, START + timedelta(hours=hour), usd)
    few, enough = [
        await read_performance(USER, HistoryQuery(), Accounting(), fakes.context(), most=most)
        for most in (3, 4)
    ]

    assert (few.interval, few.valuations, few.time_weighted.value) == ("day", 2, Decimal("0.1"))
    assert (enough.interval, enough.valuations) == ("raw", 4)


async def test_an_own_transfer_is_no_flow(fakes: Fakes) -> None:
    await keep_days(fakes, "100", "110", "121")
    at = START + timedelta(days=1, hours=1)
    legs = [
        trade("o", "transfer_out", "1", wallet="0x" + "11" * 20, executed_at=at),
        trade("i", "transfer_in", "1", wallet="0x" + "22" * 20, executed_at=at),
    ]
    await fakes.stores.get().trades.add_trades(USER, [leg._replace(user_id=USER) for leg in legs])
    performance = (await history(fakes))["performance"]

    assert (performance["flows"], performance["time_weighted_return"]["pct"]) == (0, "21")
    assert performance["max_drawdown"]["pct"] == "0"


async def test_a_return_that_cannot_be_known_is_null_with_a_reason(fakes: Fakes) -> None:
    nothing = (await history(fakes))["performance"]
    await keep_days(fakes, "100")
    lone = (await history(fakes))["performance"]
    await keep(fakes, START + timedelta(days=1), "200")
    came = trade("i", "transfer_in", "1", executed_at=START + timedelta(hours=1))
    await fakes.stores.get().trades.add_trades(USER, [came._replace(user_id=USER)])
    unknown = (await history(fakes))["performance"]

    def codes(performance: Any) -> list[str]:
        parts = ("time_weighted_return", "money_weighted_return", "max_drawdown")
        assert all(performance[part]["pct"] is None for part in parts)
        return [performance[part]["reason"]["code"] for part in parts]

    assert codes(nothing) == ["no_valuation", "too_few_valuations", "no_valuation"]
    assert codes(lone) == ["too_few_valuations"] * 3
    assert codes(unknown) == ["unknown_flow", "unknown_value", "unknown_flow"]


async def test_above_one_year_a_return_is_annualised_too(fakes: Fakes) -> None:
    await keep(fakes, START, "100")
    await keep(fakes, START + timedelta(days=730), "121")
    performance = (await history(fakes))["performance"]

    assert performance["time_weighted_return"] == {"pct": "21", "annualised_pct": "10", "reason": None}
    assert performance["money_weighted_return"] == {"pct": "21", "annualised_pct": "10", "reason": None}


async def test_nobody_sees_or_pages_into_the_history_of_another(fakes: Fakes) -> None:
    for day in range(3):
        await keep(fakes, START + timedelta(days=day), "7", user="stranger")
    await keep_days(fakes, "1", "2", "3")
    body = await history(fakes, "limit=1")
    cursor = body["next_cursor"]

    assert [item["total_usd"] for item in (await history(fakes))["items"]] == ["3", "2", "1"]
    for bad in (cursor[:-1] + ("A" if cursor[-1] != "A" else "B"), "AAAA", "x" * 2000):
        answer = await ask(app_of(fakes), f"{PATH}?limit=1&cursor={bad}")
        assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "cursor")
    answer = await ask(app_of(fakes), f"{PATH}?limit=1&order=asc&cursor={cursor}")
    assert answer.status_code == 400


async def test_the_same_answer_is_not_sent_twice(fakes: Fakes) -> None:
    await keep_days(fakes, "1", "2")
    app = app_of(fakes)
    first = await ask(app, PATH)
    again = await ask(app, PATH, headers={"If-None-Match": first.headers["etag"]})
    await keep(fakes, START + timedelta(days=9), "9")
    changed = await ask(app, PATH, headers={"If-None-Match": first.headers["etag"]})

    assert first.headers["cache-control"] == "private, no-cache"
    assert (again.status_code, changed.status_code) == (304, 200)


async def test_without_a_token_it_is_401() -> None:
    oidc = Oidc("https://issuer.example", "us", "http://127.0.0.1:9/jwks")
    settings = Settings(auth_mode="oidc", oidc=oidc, log_level="ERROR")
    answer = await ask(app_of(Fakes(settings=settings)), PATH)

    assert answer.status_code == 401


@pytest.mark.parametrize(
    ("query", "field"),
    [
        ("interval=minute", "interval"),
        ("from=yesterday", "from"),
        ("from=2024-01-01&to=2023-01-01", "to"),
        ("include_assets=1", "include_assets"),
        ("limit=0", "limit"),
        ("limit=501", "limit"),
        ("order=up", "order"),
        ("user_id=stranger", "user_id"),
    ],
)
async def test_bad_input_is_named(fakes: Fakes, query: str, field: str) -> None:
    answer = await ask(app_of(fakes), f"{PATH}?{query}")

    assert answer.status_code == 400
    assert [fault["field"] for fault in answer.json()["errors"]] == [field]


async def test_the_document_names_every_parameter_and_an_example_that_is_true(fakes: Fakes) -> None:
    document = (await ask(app_of(fakes), "/openapi.json")).json()
    operation = document["paths"][PATH]["get"]

    assert tuple(each["name"] for each in operation["parameters"]) == PARAMETERS
    check_schema(operation["responses"]["200"]["content"]["application/json"]["example"])
