"""GET /api/v1/portfolio as its callers see it: the question, the answer, and what bad input gets."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

import jsonschema  # type: ignore[import-untyped]  # it has no stubs
import pytest

from shared.api.portfolio import PATH
from shared.api.portfolio_schemas import PortfolioBody
from shared.api.schemas import schemas_of
from shared.config import Oidc, Settings
from shared.core.balances import TokenFault
from shared.core.failures import Failure
from shared.core.ids import Address, ChainId, parse_address
from shared.core.quotes import unpriced
from shared.core.tokens import erc20
from shared.errors import RpcTimeout, RpcUnavailable
from tests.api.asking import app_of, ask, portfolio
from tests.fakes import USDC, WALLET, Fakes, price, quote

ETH = "eip155:1/slip44:60"
OTHER = Address("0x000000000000000000000000000000000000dEaD")
UNLISTED = Address("0x6B175474E89094C44Da98b954EedeAC495271d0F")
UNLISTED_ID = f"eip155:1/erc20:{UNLISTED}"
OIDC = Settings(
    auth_mode="oidc", oidc=Oidc("https://issuer.example", "us", "http://127.0.0.1:9/jwks"), log_level="ERROR"
)


@pytest.fixture
def fakes() -> Fakes:
    """A wallet with 1.5 ETH at 3,000 and 12.5 USDC at 1, on Ethereum."""
    fakes = Fakes()
    fakes.client(1).balances = {(WALLET, None): 15 * 10**17, (WALLET, USDC.address): 12_500_000}
    native = fakes.chains[ChainId(1)].native_asset_id
    fakes.book.known = {native: price(native, "3000"), USDC.asset_id: price(USDC.asset_id, "1.0")}
    return fakes


async def test_a_portfolio_is_as_the_contract_says(fakes: Fakes) -> None:
    answer = await portfolio(fakes)
    body = answer.json()

    assert answer.status_code == 200
    assert answer.headers["content-type"] == "application/json"
    assert body["addresses"] == [WALLET]
    assert body["total_usd"] == "4512.5"
    assert body["as_of"] == "2026-11-21T12:00:00Z"
    assert body["complete"] is True
    assert body["positions"] == body["errors"] == []
    assert {**body["chains"][0], "latency_ms": 0} == {
        "chain": "ethereum",
        "chain_id": 1,
        "status": "ok",
        "total_usd": "4512.5",
        "block_number": 23_800_000,
        "block_time": "2026-11-21T12:00:00Z",
        "tokens_scanned": 1,
        "latency_ms": 0,
    }
    eth, usdc = body["assets"]
    assert (eth["asset_id"], eth["address"], eth["balance"], eth["value_usd"]) == (ETH, None, "1.5", "4500")
    assert usdc == {
        "asset_id": USDC.asset_id,
        "chain": "ethereum",
        "chain_id": 1,
        "address": USDC.address,
        "symbol": "USDC",
        "name": "USD Coin",
        "decimals": 6,
        "balance": "12.5",
        "balance_raw": "12500000",
        "price_usd": "1",
        "value_usd": "12.5",
        "share": "0.00277",
        "price": {
            "source": "llama",
            "as_of": "2026-11-21T12:00:00Z",
            "confidence": "0.99",
            "stale": False,
            "market": "open",
        },
        "quotes": [
            {
                "source": "llama",
                "price_usd": "1",
                "as_of": "2026-11-21T12:00:00Z",
                "confidence": "0.99",
                "volume_usd_24h": None,
            }
        ],
        "flags": [],
        "spam": False,
        "spam_reasons": [],
        "holders": [{"address": WALLET, "balance_raw": "12500000"}],
    }


async def test_an_answer_is_what_the_schema_says(fakes: Fakes) -> None:
    fakes.client(1).faults = (TokenFault(OTHER, "ran out of gas"),)
    fakes.client(8453).error = RpcTimeout("base: no answer")
    fakes.book.failures = (Failure("price", None, "price_unavailable", "coingecko: down"),)
    schemas = schemas_of(PortfolioBody)
    strict = {name: {**schema, "additionalProperties": False} for name, schema in schemas.items()}
    root = {"$ref": "#/components/schemas/PortfolioBody", "components": {"schemas": strict}}

    body = (await portfolio(fakes, ("chains", "ethereum,base"))).json()

    jsonschema.validate(body, root)
    assert len(body["errors"]) == 3


async def test_tiny_and_huge_amounts_are_plain_digits(fakes: Fakes) -> None:
    native = fakes.chains[ChainId(1)].native_asset_id
    fakes.client(1).balances = {(WALLET, None): 1, (WALLET, USDC.address): 2**255}
    fakes.book.known[native] = price(native, "0.0000000001")
    body = (await portfolio(fakes)).json()

    shown = {asset["symbol"]: asset for asset in body["assets"]}
    assert shown["ETH"]["balance"] == "0.000000000000000001"
    assert shown["ETH"]["value_usd"] == "0.0000000000000000000000000001"
    assert shown["USDC"]["balance_raw"] == str(2**255)
    assert body["total_usd"].endswith("003956564.8199680000000000000000000001")


@pytest.mark.parametrize("name", ["ethereum", "Ethereum", "1", "eip155:1", "eth", "EIP155:1"])
async def test_a_chain_goes_by_many_names(fakes: Fakes, name: str) -> None:
    body = (await portfolio(fakes, ("chains", name))).json()

    assert [chain["chain"] for chain in body["chains"]] == ["ethereum"]


async def test_a_chain_named_twice_is_read_once_and_the_order_is_the_callers(fakes: Fakes) -> None:
    body = (await portfolio(fakes, ("chains", "base,1,8453,ethereum"))).json()

    assert [chain["chain"] for chain in body["chains"]] == ["base", "ethereum"]
    assert fakes.client(1).reads == 1


async def test_without_chains_the_enabled_ones_are_read(fakes: Fakes) -> None:
    body = (await ask(app_of(fakes), f"{PATH}?address={WALLET}")).json()

    assert [c["chain"] for c in body["chains"]] == [c.slug for c in fakes.chains.enabled()]


@pytest.mark.parametrize(
    "query",
    [
        f"address={WALLET},{OTHER}",
        f"address={WALLET}&address={OTHER}",
        f"address={WALLET.lower()}%20,%20{OTHER}&address={WALLET}",
    ],
)
async def test_addresses_are_repeated_or_listed_and_each_counts_once(fakes: Fakes, query: str) -> None:
    fakes.client(1).balances[OTHER, USDC.address] = 1
    body = (await ask(app_of(fakes), f"{PATH}?chains=1&{query}")).json()

    assert body["addresses"] == [WALLET, OTHER]
    usdc = body["assets"][1]
    assert usdc["balance_raw"] == "12500001"
    assert [holder["address"] for holder in usdc["holders"]] == [WALLET, OTHER]


async def test_fifty_addresses_are_accepted(fakes: Fakes) -> None:
    many = ",".join(f"0x{number:040x}" for number in range(50))

    assert len((await portfolio(fakes, address=many)).json()["addresses"]) == 50


async def test_a_name_is_resolved(fakes: Fakes) -> None:
    fakes.names.known = {"vitalik.eth": WALLET}

    assert (await portfolio(fakes, address="vitalik.eth")).json()["addresses"] == [WALLET]


async def test_a_name_that_does_not_exist_is_400_and_named(fakes: Fakes) -> None:
    answer = await portfolio(fakes, address="nobody-has-this.eth")

    assert answer.status_code == 400
    assert answer.json()["errors"][0]["field"] == "address"
    assert "nobody-has-this.eth" in answer.json()["errors"][0]["message"]


async def test_a_name_is_503_while_ethereum_cannot_be_reached(fakes: Fakes) -> None:
    fakes.names.error = RpcUnavailable("ethereum: no connection")

    assert (await portfolio(fakes, address="vitalik.eth")).status_code == 503


FIFTY_ONE = ",".join([WALLET] * 51)
WRONG_CHECKSUM = WALLET.replace("d8dA", "D8dA")


@pytest.mark.parametrize(
    ("query", "fields"),
    [
        ("address=banana", ["address"]),
        ("address=", ["address"]),
        (f"address={WALLET},", ["address"]),
        (f"address={WRONG_CHECKSUM}", ["address"]),
        (f"address={WALLET}0", ["address"]),
        (f"address={WALLET[:-1]}", ["address"]),
        ("address=a..eth", ["address"]),
        (f"address={'x' * 255}.eth", ["address"]),
        (f"address={FIFTY_ONE}", ["address"]),
        ("chains=atlantis", ["chains"]),
        ("chains=999999999999", ["chains"]),
        ("chains=", ["chains"]),
        ("chains=1&chains=base", ["chains"]),
        ("min_value_usd=abc", ["min_value_usd"]),
        ("min_value_usd=-1", ["min_value_usd"]),
        ("min_value_usd=1e3", ["min_value_usd"]),
        ("min_value_usd=NaN", ["min_value_usd"]),
        ("min_value_usd=", ["min_value_usd"]),
        ("min_value_usd=1&min_value_usd=2", ["min_value_usd"]),
        ("include_spam=yes", ["include_spam"]),
        ("refresh=1", ["refresh"]),
        ("tokens=USDC", ["tokens"]),
        ("tokens=", ["tokens"]),
        (f"tokens={ETH}", ["tokens"]),
        (f"tokens=eip155:999999/erc20:{OTHER}", ["tokens"]),
        (f"chains=base&tokens={UNLISTED_ID}", ["tokens"]),
        (f"tokens={','.join([UNLISTED_ID] * 101)}", ["tokens"]),
        ("adress=1", ["adress"]),
        ("address=banana&chains=x&refresh=maybe&a=1", ["a", "chains", "address", "refresh"]),
    ],
)
async def test_bad_input_is_400_and_names_the_field_before_anything_is_fetched(
    fakes: Fakes, query: str, fields: Sequence[str]
) -> None:
    whole = query if query.startswith("address") else f"address={WALLET}&{query}"
    answer = await ask(app_of(fakes), f"{PATH}?{whole}")

    assert answer.status_code == 400
    assert answer.headers["content-type"] == "application/problem+json"
    assert [error["field"] for error in answer.json()["errors"]] == fields
    assert not any(client.reads for client in fakes.clients.by_id.values())


async def test_a_chain_that_is_down_costs_only_itself(fakes: Fakes) -> None:
    fakes.client(8453).error = RpcUnavailable("base: no connection")
    body = (await portfolio(fakes, ("chains", "ethereum,base"))).json()

    assert body["complete"] is False
    assert [(c["chain"], c["status"]) for c in body["chains"]] == [("ethereum", "ok"), ("base", "error")]
    base = body["chains"][1]
    assert base["total_usd"] is base["block_number"] is base["block_time"] is None
    assert body["total_usd"] == "4512.5"
    assert body["errors"] == [
        {
            "scope": "chain",
            "chain": "base",
            "code": "rpc_unavailable",
            "message": "base: no connection",
            "retry_url": f"{PATH}?address={WALLET}&chains=base&refresh=true",
            "asset_id": None,
        }
    ]


async def test_a_retry_url_gets_what_was_missing(fakes: Fakes) -> None:
    token = erc20(ChainId(1), UNLISTED, "DAI", "Dai", 18, listed=False)
    fakes.client(1).unlisted = {UNLISTED: token}
    fakes.client(1).error = RpcUnavailable("ethereum: no connection")
    app = app_of(fakes)
    missing = (await ask(app, f"{PATH}?address={WALLET}&chains=1,8453&tokens={UNLISTED_ID}")).json()
    fakes.client(1).error = None

    retried = (await ask(app, missing["errors"][0]["retry_url"])).json()

    assert f"tokens={UNLISTED_ID}" in missing["errors"][0]["retry_url"]
    assert retried["complete"] is True
    assert [(c["chain"], c["tokens_scanned"]) for c in retried["chains"]] == [("ethereum", 2)]


async def test_a_token_that_misbehaves_is_reported_and_its_chain_stays_ok(fakes: Fakes) -> None:
    fakes.client(1).faults = (TokenFault(UNLISTED, "returned nothing"),)
    body = (await portfolio(fakes)).json()

    assert body["complete"] is False
    assert body["chains"][0]["status"] == "ok"
    assert (body["errors"][0]["scope"], body["errors"][0]["asset_id"]) == ("token", UNLISTED_ID)
    assert body["total_usd"] == "4512.5"


async def test_without_price_sources_balances_are_right_and_prices_null(fakes: Fakes) -> None:
    fakes.book.known = {}
    fakes.book.failures = (Failure("price", None, "price_unavailable", "llama: down"),)
    body = (await portfolio(fakes)).json()

    assert body["complete"] is False
    assert body["total_usd"] == "0"
    assert {asset["balance"] for asset in body["assets"]} == {"1.5", "12.5"}
    assert {(a["price"], a["price_usd"], a["value_usd"], a["share"]) for a in body["assets"]} == {
        (None, None, None, None)
    }
    assert body["errors"][0]["retry_url"] is None


async def test_a_refused_price_is_flagged_with_the_reason_and_the_quotes(fakes: Fakes) -> None:
    thin = quote(USDC.asset_id, "9")._replace(volume_usd_24h=Decimal(12))
    reason = "thin_market: llama knows of 12 USD traded within a day"
    fakes.book.known[USDC.asset_id] = unpriced(USDC.asset_id, reason, (thin,))
    asset = (await portfolio(fakes)).json()["assets"][1]

    assert asset["price"] is asset["price_usd"] is asset["value_usd"] is None
    assert asset["flags"] == [{"code": "thin_market", "reason": "llama knows of 12 USD traded within a day"}]
    assert [(q["price_usd"], q["volume_usd_24h"]) for q in asset["quotes"]] == [("9", "12")]


async def test_the_minimum_hides_but_the_total_still_counts(fakes: Fakes) -> None:
    body = (await portfolio(fakes, ("min_value_usd", "12.500001"))).json()

    assert [asset["symbol"] for asset in body["assets"]] == ["ETH"]
    assert body["total_usd"] == "4512.5"


async def test_an_unlisted_token_is_spam_that_is_shown_only_on_request(fakes: Fakes) -> None:
    fakes.client(1).balances[WALLET, UNLISTED] = 5
    fakes.client(1).unlisted = {
        UNLISTED: erc20(ChainId(1), UNLISTED, "FREE", "claim at x.xyz", 0, listed=False)
    }
    hidden = (await portfolio(fakes, ("tokens", UNLISTED_ID))).json()
    shown = (await portfolio(fakes, ("tokens", UNLISTED_ID), ("include_spam", "true"))).json()

    assert [asset["symbol"] for asset in hidden["assets"]] == ["ETH", "USDC"]
    assert [(a["symbol"], a["spam"]) for a in shown["assets"]][2] == ("FREE", True)
    assert "its name is a lure" in shown["assets"][2]["spam_reasons"]


async def test_a_tokens_chain_is_read_as_well(fakes: Fakes) -> None:
    token = parse_address("0x" + "ab" * 20)
    disabled = next(chain for chain in fakes.chains if not chain.enabled)
    fakes.client(disabled.chain_id).unlisted = {token: TokenFault(token, "no code")}
    asset_id = f"{disabled.caip2}/erc20:{token.lower()}"
    body = (await ask(app_of(fakes), f"{PATH}?address={WALLET}&tokens={asset_id}")).json()

    assert body["chains"][-1]["chain"] == disabled.slug


async def test_the_caller_without_saved_wallets_has_an_empty_portfolio(fakes: Fakes) -> None:
    answer = await ask(app_of(fakes), PATH)

    assert answer.status_code == 200
    assert (answer.json()["addresses"], answer.json()["total_usd"]) == ([], "0")
    assert answer.json()["assets"] == answer.json()["chains"] == []
    assert answer.headers["cache-control"] == "private, no-cache"  # the next caller may be somebody else


async def test_saved_wallets_need_a_token(fakes: Fakes) -> None:
    fakes.settings = OIDC
    app = app_of(fakes)

    assert (await ask(app, PATH)).status_code == 401
    assert (await ask(app, f"{PATH}?address={WALLET}&chains=1")).status_code == 200
    bad = {"Authorization": "Bearer nonsense"}
    assert (await ask(app, f"{PATH}?address={WALLET}&chains=1", headers=bad)).status_code == 401


async def test_a_warm_answer_is_the_same_bytes_and_says_how_long_it_holds(fakes: Fakes) -> None:
    app, url = app_of(fakes), f"{PATH}?address={WALLET}&chains=1"
    first = await ask(app, url)
    fakes.clock.advance(4)
    second = await ask(app, url)
    fakes.clock.advance(6)
    third = await ask(app, url)

    assert first.content == second.content
    assert [a.headers["cache-control"] for a in (first, second, third)] == [
        "private, max-age=10",
        "private, max-age=6",
        "private, max-age=10",
    ]
    assert fakes.client(1).reads == 2
    assert (await ask(app, url, headers={"If-None-Match": third.headers["etag"]})).status_code == 304


async def test_refresh_reads_the_chain_every_time(fakes: Fakes) -> None:
    app, url = app_of(fakes), f"{PATH}?address={WALLET}&chains=1&refresh=true"
    answers = [await ask(app, url) for _ in range(3)]

    assert fakes.client(1).reads == 3
    assert answers[0].headers["cache-control"] == "private, no-cache"


async def test_a_ttl_of_zero_reads_the_chain_every_time(fakes: Fakes) -> None:
    fakes.settings = Settings(balance_ttl_seconds=0, log_level="ERROR")
    app = app_of(fakes)
    for _ in range(2):
        await ask(app, f"{PATH}?address={WALLET}&chains=1")

    assert fakes.client(1).reads == 2


async def test_an_answer_that_misses_a_chain_is_kept_for_a_second(fakes: Fakes) -> None:
    fakes.client(1).error = RpcUnavailable("ethereum: no connection")
    app, url = app_of(fakes), f"{PATH}?address={WALLET}&chains=1"
    broken = await ask(app, url)
    fakes.client(1).error = None
    kept = await ask(app, url)
    fakes.clock.advance(1)
    whole = await ask(app, url)

    assert broken.headers["cache-control"] == "private, max-age=1"
    assert [answer.json()["complete"] for answer in (broken, kept, whole)] == [False, False, True]


async def test_an_answer_that_misses_a_token_is_kept_like_a_whole_one(fakes: Fakes) -> None:
    fakes.client(1).faults = (TokenFault(UNLISTED, "balanceOf: reverted"),)
    app, url = app_of(fakes), f"{PATH}?address={WALLET}&chains=1"
    answers = [await ask(app, url) for _ in range(2)]

    assert answers[0].json()["complete"] is False
    assert fakes.client(1).reads == 1
    assert answers[1].headers["cache-control"] == "private, max-age=10"


async def test_a_refresh_leaves_nothing_older_behind(fakes: Fakes) -> None:
    app, url = app_of(fakes), f"{PATH}?address={WALLET}&chains=1"
    await ask(app, url)
    fakes.client(1).block_number = 2
    fresh = await ask(app, f"{url}&refresh=true")
    after = await ask(app, url)

    assert [a.json()["chains"][0]["block_number"] for a in (fresh, after)] == [2, 2]


@pytest.mark.parametrize(
    "address",
    [
        "0x0000000000000000000000000000000000001010",
        "0x0000000000000000000000000000000000000000",
        "0xEeeeeEeeeEeEeeEeEeEeeEEEeeeeEeeeeeeeEEeE",
    ],
)
async def test_the_native_coin_is_not_counted_twice_under_another_name(fakes: Fakes, address: str) -> None:
    answer = await ask(app_of(fakes), f"{PATH}?address={WALLET}&tokens=eip155:137/erc20:{address}")

    assert answer.status_code == 400
    assert "would be counted twice" in answer.json()["errors"][0]["message"]
