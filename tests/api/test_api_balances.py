"""GET /v2/balances as Zapper's clients see it: events, payloads, keys, errors, and what bad input gets."""

from __future__ import annotations

import json
from dataclasses import replace
from decimal import Decimal
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it has no stubs
import pytest

from shared.api.balances_schemas import BalancesBody, PresentedBalancePayload, SummaryPayload
from shared.api.schemas import schemas_of
from shared.core.balances import TokenFault
from shared.core.chains import Chains
from shared.core.failures import Failure
from shared.core.ids import ChainId
from shared.core.quotes import unpriced
from shared.core.tokens import erc20
from shared.errors import RpcTimeout, RpcUnavailable
from tests.api.asking import app_of as portfolio_app
from tests.api.asking import ask
from tests.api.asking_balances import (
    A_USDC,
    AAVE,
    OTHER,
    Event,
    balances,
    events,
    net_worth,
    payloads_of,
    rich,
)
from tests.fakes import USDC, WALLET, Fakes

ETH_KEY, USDC_KEY = "1346381468", "1737803529"
ASKED = f"addresses={WALLET}"


@pytest.fixture
def fakes() -> Fakes:
    return rich()


def strict(body: type) -> Any:
    """The schema of a body, which allows no other fields."""
    schemas = {name: {**each, "additionalProperties": False} for name, each in schemas_of(body).items()}
    maps = schemas.get("BalancePayload", {}).get("properties", {})
    assert all("additionalProperties" in each for each in maps.values())
    return {"$ref": f"#/components/schemas/{body.__name__}", "components": {"schemas": schemas}}


async def test_wallet_tokens_come_first_then_each_app_then_the_summary_and_the_end(fakes: Fakes) -> None:
    told = await events(fakes)

    assert [event.name for event in told] == ["balance", "balance", "summary", "end"]
    assert [payload["appId"] for payload in payloads_of(told)] == ["tokens", AAVE]
    assert told[-1] == Event("end", "end")


async def test_a_wallet_token_is_as_the_contract_says(fakes: Fakes) -> None:
    tokens = payloads_of(await events(fakes))[0]

    assert tokens["network"] == "ethereum"
    assert tokens["addresses"] == [WALLET.lower()]
    assert tokens["errors"] == []
    assert "app" not in tokens
    assert {name for name, held in tokens["balance"].items() if held} == {"wallet"}
    assert tokens["balance"]["wallet"][USDC_KEY] == {
        "type": "token",
        "key": USDC_KEY,
        "appId": None,
        "metaType": "wallet",
        "address": str(USDC.address).lower(),
        "balanceUSD": Decimal("12.625"),
        "network": "ethereum",
        "contractType": "base-token",
        "breakdown": [],
        "context": {
            "balance": Decimal("12.5"),
            "balanceRaw": "12500000",
            "symbol": "USDC",
            "price": Decimal("1.01"),
            "decimals": 6,
        },
        "displayProps": {
            "label": "USDC",
            "secondaryLabel": {"type": "dollar", "value": Decimal("1.01")},
            "tertiaryLabel": None,
            "images": [],
            "stats": [],
            "info": [],
            "balanceDisplayMode": "default",
        },
    }
    assert tokens["balance"]["wallet"][ETH_KEY]["address"] == "0x" + 40 * "0"
    assert tokens["totals"] == [
        {"key": ETH_KEY, "type": "app-token", "network": "ethereum", "balanceUSD": 4500},
        {"key": USDC_KEY, "type": "app-token", "network": "ethereum", "balanceUSD": Decimal("12.625")},
    ]


async def test_positions_are_an_app_with_debts_below_zero(fakes: Fakes) -> None:
    aave = payloads_of(await events(fakes))[1]
    (deposit,), (debt,) = aave["balance"]["deposits"].values(), aave["balance"]["debt"].values()

    assert (deposit["type"], deposit["contractType"]) == ("position", "contract-position")
    assert (deposit["appId"], deposit["metaType"], deposit["address"]) == (AAVE, "supplied", A_USDC.lower())
    assert (deposit["balanceUSD"], debt["balanceUSD"]) == (1010, -404)
    assert [(token["metaType"], token["balanceUSD"]) for token in debt["breakdown"]] == [("borrowed", -404)]
    assert debt["breakdown"][0]["context"]["balanceRaw"] == "400000000"
    assert aave["app"]["meta"] == {"total": 606}
    assert aave["app"]["data"] == [deposit, debt]
    assert aave["app"]["displayProps"]["appName"] == "Aave V3"
    assert {total["key"] for total in aave["totals"]} == {deposit["key"], debt["key"]}


async def test_the_sum_of_the_totals_is_the_portfolios_total(fakes: Fakes) -> None:
    told = await events(fakes)
    portfolio = await ask(portfolio_app(fakes), f"/api/v1/portfolio?address={WALLET}&chains=ethereum")

    assert net_worth(payloads_of(told)) == Decimal(portfolio.json()["total_usd"]) == Decimal("5118.625")
    assert told[-2].data["total_usd"] == portfolio.json()["total_usd"]


async def test_every_payload_is_what_its_schema_says(fakes: Fakes) -> None:
    fakes.client(1).faults = (TokenFault(OTHER, "ran out of gas"),)
    fakes.client(8453).error = RpcTimeout("base: no answer")
    fakes.book.failures = (Failure("price", None, "price_unavailable", "coingecko: down"),)
    told = await events(fakes, f"{ASKED},{OTHER}&networks=1,8453,harmony&bundled=false")
    document = await balances(fakes, f"{ASKED}&networks=1,8453", accept="application/json")

    for payload in payloads_of(told):
        jsonschema.validate(payload, strict(PresentedBalancePayload))
    jsonschema.validate(told[-2].data, strict(SummaryPayload))
    jsonschema.validate(document.json(), strict(BalancesBody))
    assert len(payloads_of(told)) == 5


async def test_as_json_it_is_the_same(fakes: Fakes) -> None:
    answer = await balances(fakes, f"{ASKED}&networks=ethereum,base", accept="application/json")
    body = json.loads(answer.text, parse_float=Decimal)

    assert answer.headers["content-type"] == "application/json"
    assert answer.headers["vary"] == "accept"
    assert [(p["network"], p["appId"]) for p in body["items"]] == [
        ("ethereum", "tokens"),
        ("ethereum", AAVE),
        ("base", "tokens"),
    ]
    assert body["items"][:2] == payloads_of(await events(fakes))
    tag = {"accept": "application/json", "if-none-match": answer.headers["etag"]}
    assert (await balances(fakes, f"{ASKED}&networks=ethereum,base", **tag)).status_code == 304


async def test_a_number_has_all_its_digits(fakes: Fakes) -> None:
    fakes.client(1).balances = {(WALLET, None): 10**40 + 1}
    (tokens,) = payloads_of(await events(fakes))

    shown = tokens["balance"]["wallet"][ETH_KEY]
    assert shown["context"]["balance"] == Decimal("10000000000000000000000.000000000000000001")
    assert shown["balanceUSD"] == Decimal("30000000000000000000000000.000000000000003")


@pytest.mark.parametrize(
    ("ours", "zappers"),
    [
        ("bsc", "binance-smart-chain"),
        ("56", "binance-smart-chain"),
        ("binance-smart-chain", "binance-smart-chain"),
        ("xdai", "gnosis"),
        ("zksync", "zksync"),
    ],
)
async def test_a_network_is_called_as_zapper_called_it(fakes: Fakes, ours: str, zappers: str) -> None:
    (tokens,) = payloads_of(await events(fakes, f"{ASKED}&networks={ours}"))

    assert tokens["network"] == zappers


async def test_a_chain_that_holds_nothing_is_told_and_a_protocol_is_not(fakes: Fakes) -> None:
    told = await events(fakes, f"addresses={OTHER}&networks=ethereum")
    (tokens,) = payloads_of(told)

    assert tokens["appId"] == "tokens"
    assert not any(tokens["balance"].values())
    assert tokens["totals"] == tokens["errors"] == []
    assert {"network": "ethereum", "appId": AAVE} in told[-2].data["answered"]


async def test_what_has_no_price_is_shown_as_zero_and_says_so(fakes: Fakes) -> None:
    del fakes.book.known[USDC.asset_id]
    tokens = payloads_of(await events(fakes))[0]
    usdc = tokens["balance"]["wallet"][USDC_KEY]

    assert (usdc["balanceUSD"], usdc["context"]["price"]) == (0, 0)
    assert usdc["context"]["balanceRaw"] == "12500000"
    assert usdc["displayProps"]["secondaryLabel"] == {"type": "string", "value": "no price"}


async def test_spam_is_hidden_as_in_the_portfolio(fakes: Fakes) -> None:
    spam = erc20(ChainId(1), OTHER, "FREE", "claim at free.xyz", 18, listed=False)
    fakes.tokens = (USDC, spam)
    fakes.client(1).balances[WALLET, spam.address] = 10**18
    fakes.book.known[spam.asset_id] = unpriced(spam.asset_id, "unknown: no source")
    tokens = payloads_of(await events(fakes))[0]

    assert set(tokens["balance"]["wallet"]) == {ETH_KEY, USDC_KEY}


async def test_a_chain_that_fails_is_told_with_a_url_that_asks_for_just_that(fakes: Fakes) -> None:
    fakes.client(1).error = RpcUnavailable("ethereum: no connection")
    told = await events(fakes, f"addresses[]={WALLET}&networks[]=ethereum&networks[]=base")
    failed = next(p for p in payloads_of(told) if p["network"] == "ethereum")
    (error,) = failed["errors"]
    summary = told[-2].data

    assert failed["appId"] == "tokens"
    assert failed["totals"] == []
    assert error["message"] == "rpc_unavailable: ethereum: no connection"
    assert (summary["complete"], summary["errors"]) == (False, [error])
    assert summary["failed"] == [{"network": "ethereum", "appId": app} for app in ("tokens", AAVE)]
    assert summary["answered"] == [{"network": "base", "appId": "tokens"}]
    fakes.client(1).error = None
    again = await events(fakes, error["url"].partition("?")[2])
    assert [(p["network"], p["appId"]) for p in payloads_of(again)] == [
        ("ethereum", "tokens"),
        ("ethereum", AAVE),
    ]


async def test_a_protocol_that_fails_is_told_with_a_url_that_asks_for_just_that(fakes: Fakes) -> None:
    assert A_USDC is not None
    fakes.client(1).faults = (TokenFault(A_USDC, "ran out of gas"),)
    del fakes.client(1).balances[WALLET, A_USDC]
    told = await events(fakes)
    tokens, aave = payloads_of(told)
    (error,) = aave["errors"]

    assert tokens["errors"] == []
    assert error["message"].startswith("protocol_unavailable: ")
    assert aave["balance"]["debt"]
    assert told[-2].data["failed"] == [{"network": "ethereum", "appId": AAVE}]
    again = payloads_of(await events(fakes, error["url"].partition("?")[2]))
    assert [p["appId"] for p in again] == [AAVE]


async def test_a_misbehaving_token_is_named(fakes: Fakes) -> None:
    fakes.client(1).faults = (TokenFault(OTHER, "ran out of gas"),)
    (error,) = payloads_of(await events(fakes))[0]["errors"]

    assert error["message"] == f"rpc_bad_response: eip155:1/erc20:{OTHER}: ran out of gas"


async def test_what_is_known_of_before_is_sent_with_the_error(fakes: Fakes) -> None:
    fakes.settings = replace(fakes.settings, balance_ttl_seconds=10)
    from tests.api.asking_balances import balances_app, events_of

    app, path = balances_app(fakes), f"/v2/balances?{ASKED}&networks=ethereum"
    before = events_of((await ask(app, path)).text)
    fakes.client(1).error = RpcTimeout("ethereum: no answer")
    fakes.clock.advance(60)
    tokens = payloads_of(events_of((await ask(app, path)).text))[0]

    assert tokens["balance"] == payloads_of(before)[0]["balance"]
    assert tokens["errors"][0]["message"] == "rpc_timeout: ethereum: no answer"


@pytest.mark.parametrize("priced", [True, False])
async def test_a_price_source_that_is_down_is_an_error_only_where_a_price_is_missing(
    fakes: Fakes, priced: bool
) -> None:
    fakes.book.failures = (Failure("price", None, "price_unavailable", "coingecko: down"),)
    if not priced:
        del fakes.book.known[USDC.asset_id]
    told = await events(fakes)

    assert all(bool(payload["errors"]) is not priced for payload in payloads_of(told))
    assert told[-2].data["complete"] is False
    assert told[-2].data["price_failures"] == ["price_unavailable: coingecko: down"]
    assert bool(told[-2].data["failed"]) is not priced
    assert [e["message"] for e in told[-2].data["errors"]] == ["price_unavailable: coingecko: down"]


async def test_bundled_the_addresses_are_one_and_else_each_has_its_own_payload(fakes: Fakes) -> None:
    fakes.client(1).balances[OTHER, USDC.address] = 2_000_000
    both = f"addresses={WALLET},{OTHER}&networks=ethereum"
    together, apart = await events(fakes, both), await events(fakes, f"{both}&bundled=false")

    assert [p["addresses"] for p in payloads_of(together)] == [[WALLET.lower(), OTHER.lower()]] * 2
    usdc = payloads_of(together)[0]["balance"]["wallet"][USDC_KEY]
    assert usdc["context"]["balanceRaw"] == "14500000"
    assert [(p["appId"], p["addresses"]) for p in payloads_of(apart)] == [
        ("tokens", [WALLET.lower()]),
        ("tokens", [OTHER.lower()]),
        (AAVE, [WALLET.lower()]),
    ]
    assert all(USDC_KEY in p["balance"]["wallet"] for p in payloads_of(apart)[:2])
    assert net_worth(payloads_of(together)) == net_worth(payloads_of(apart)) == Decimal("5120.645")


async def test_the_summary_can_be_left_out(fakes: Fakes) -> None:
    told = await events(fakes, f"{ASKED}&networks=ethereum&summary=false")
    document = await balances(fakes, f"{ASKED}&networks=ethereum&summary=false", accept="application/json")

    assert [event.name for event in told] == ["balance", "balance", "end"]
    assert document.json().keys() == {"items"}


async def test_what_is_not_read_is_told_in_the_summary(fakes: Fakes) -> None:
    told = await events(fakes, f"{ASKED}&networks=harmony,ethereum,bitcoin")

    assert [(each["network"], each["appId"]) for each in told[-2].data["skipped"]] == [
        (None, "nft"),
        ("harmony", None),
        ("bitcoin", None),
    ]


async def test_a_chain_that_this_server_leaves_out_is_told_in_the_summary(fakes: Fakes) -> None:
    fakes.known_chains = fakes.chains
    fakes.chains = Chains([fakes.chains[ChainId(1)]])
    told = await events(fakes, f"{ASKED}&networks=ethereum,bsc,harmony,8453")

    assert [payload["network"] for payload in payloads_of(told)] == ["ethereum"] * 2
    assert [each["network"] for each in told[-2].data["skipped"]] == [
        None,
        "binance-smart-chain",
        "harmony",
        "base",
    ]
    assert told[-2].data["complete"] is True


async def test_only_the_apps_asked_for_are_told(fakes: Fakes) -> None:
    told = await events(fakes, f"{ASKED}&networks=ethereum,base&apps={AAVE}")

    assert [(p["network"], p["appId"]) for p in payloads_of(told)] == [("ethereum", AAVE)]
    assert told[-2].data["asked"] == [{"network": "ethereum", "appId": AAVE}]


@pytest.mark.parametrize(
    "query",
    [
        f"addresses[]={WALLET}&networks[]=ethereum",
        f"addresses%5B%5D={WALLET}&networks%5B0%5D=ethereum",
        f"addresses[0]={WALLET}&networks=1&useNewBalancesFormat=true&api_key=96e0cc51",
        f"{ASKED}&networks=ethereum&nonNilOnly=true&useNftService=true",
        f"addresses={WALLET.lower()},{WALLET}&networks=eip155:1&bundled=true",
    ],
)
async def test_a_question_has_many_forms(fakes: Fakes, query: str) -> None:
    assert await events(fakes, query) == await events(fakes)


async def test_a_key_of_zappers_in_a_header_is_not_looked_at(fakes: Fakes) -> None:
    answer = await balances(fakes, f"{ASKED}&networks=ethereum", authorization="Basic OTZlMGNjNTE6")

    assert answer.status_code == 200


async def test_a_name_is_resolved(fakes: Fakes) -> None:
    fakes.names.known = {"vitalik.eth": WALLET}
    (tokens, *_) = payloads_of(await events(fakes, "addresses=vitalik.eth&networks=ethereum"))

    assert tokens["addresses"] == [WALLET.lower()]


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("", ["addresses"]),
        ("addresses=", ["addresses"]),
        ("addresses[]=banana", ["addresses"]),
        (f"addresses={','.join([WALLET] * 51)}", ["addresses"]),
        ("addresses=nobody-has-this.eth", ["addresses"]),
        (f"{ASKED}&networks=atlantis", ["networks"]),
        (f"{ASKED}&apps=nft", ["apps"]),
        (f"{ASKED}&bundled=maybe", ["bundled"]),
        (f"{ASKED}&useNewBalancesFormat=false", ["useNewBalancesFormat"]),
        (f"{ASKED}&nilOnly=true&summary=1", ["nilOnly", "summary"]),
    ],
)
async def test_bad_input_is_told_before_the_stream(fakes: Fakes, query: str, fields: list[str]) -> None:
    answer = await balances(fakes, query)

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert [fault["field"] for fault in answer.json()["errors"]] == fields


async def test_a_name_is_503_while_ethereum_cannot_be_reached(fakes: Fakes) -> None:
    fakes.names.error = RpcUnavailable("ethereum: no connection")

    assert (await balances(fakes, "addresses=vitalik.eth")).status_code == 503
