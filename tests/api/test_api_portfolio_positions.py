"""GET /api/v1/portfolio with positions in protocols: shown, valued, counted once."""

from __future__ import annotations

from decimal import Decimal

import jsonschema  # type: ignore[import-untyped]  # it has no stubs
import pytest

from shared.api.portfolio_schemas import PortfolioBody
from shared.api.schemas import schemas_of
from shared.core.balances import TokenFault
from shared.core.deployments import Deployment, Receipt
from shared.core.ids import Address, ChainId, erc20_asset_id
from tests.api.asking import portfolio
from tests.fakes import USDC, WALLET, Fakes, price

A_TOKEN = Address("0x98C23E9d8f34FEFb1B7BD6a91B7FF122F4e16F5c")
DEBT_TOKEN = Address("0x72E95b8931767C79bA4EeE721354d6E99a61D004")
UNDERLYING = Address("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48")
AAVE = Deployment(
    "aave_v3",
    "aave-v3",
    ChainId(1),
    "AaveV3Ethereum",
    (Receipt(A_TOKEN, "deposit", UNDERLYING), Receipt(DEBT_TOKEN, "debt", UNDERLYING)),
)


@pytest.fixture
def fakes() -> Fakes:
    """1 USDC in the wallet, 100 supplied and 40.5 borrowed, at 0.5 dollars."""
    fakes = Fakes(deployments=(AAVE,))
    fakes.client(1).balances = {
        (WALLET, USDC.address): 1_000_000,
        (WALLET, A_TOKEN): 100_000_000,
        (WALLET, DEBT_TOKEN): 40_500_000,
    }
    fakes.book.known = {USDC.asset_id: price(USDC.asset_id, "0.5")}
    return fakes


async def test_a_position_is_as_the_schema_says(fakes: Fakes) -> None:
    body = (await portfolio(fakes)).json()

    assert body["positions"][1] == {
        "asset_id": USDC.asset_id,
        "chain": "ethereum",
        "chain_id": 1,
        "wallet": WALLET,
        "protocol": "aave-v3",
        "market": "AaveV3Ethereum",
        "kind": "debt",
        "contract": DEBT_TOKEN,
        "symbol": "USDC",
        "decimals": 6,
        "balance": "40.5",
        "balance_raw": "40500000",
        "price_usd": "0.5",
        "value_usd": "-20.25",
        "price": {
            "source": "llama",
            "as_of": "2026-11-21T12:00:00Z",
            "confidence": "0.99",
            "stale": False,
            "market": "open",
        },
        "flags": [],
        "block_number": 23_800_000,
        "block_time": "2026-11-21T12:00:00Z",
    }
    schemas = schemas_of(PortfolioBody)
    strict = {name: {**schema, "additionalProperties": False} for name, schema in schemas.items()}
    jsonschema.validate(
        body, {"$ref": "#/components/schemas/PortfolioBody", "components": {"schemas": strict}}
    )


async def test_totals_count_claims_and_take_off_debts(fakes: Fakes) -> None:
    body = (await portfolio(fakes)).json()
    values = [Decimal(row["value_usd"]) for row in (*body["assets"], *body["positions"])]

    assert [position["kind"] for position in body["positions"]] == ["deposit", "debt"]
    assert body["total_usd"] == body["chains"][0]["total_usd"] == "30.25"
    assert sum(values) == Decimal("30.25")
    assert body["complete"] is True


@pytest.mark.parametrize("named", [A_TOKEN, DEBT_TOKEN])
async def test_a_receipt_token_that_the_caller_names_is_still_counted_once(
    fakes: Fakes, named: Address
) -> None:
    asked = ("tokens", f"eip155:1/erc20:{named}"), ("include_spam", "true")
    body = (await portfolio(fakes, *asked)).json()

    assert [asset["asset_id"] for asset in body["assets"]] == [USDC.asset_id]
    assert body["total_usd"] == "30.25"


async def test_a_listed_receipt_token_is_a_position_and_no_asset(fakes: Fakes) -> None:
    listed = USDC._replace(address=A_TOKEN, asset_id=erc20_asset_id(ChainId(1), A_TOKEN), symbol="aEthUSDC")
    fakes.tokens = (USDC, listed)
    body = (await portfolio(fakes)).json()

    assert [asset["symbol"] for asset in body["assets"]] == ["USDC"]
    assert len(body["positions"]) == 2


async def test_small_positions_are_hidden_by_their_size_and_still_counted(fakes: Fakes) -> None:
    body = (await portfolio(fakes, ("min_value_usd", "20.26"))).json()

    assert [position["kind"] for position in body["positions"]] == ["deposit"]
    assert body["total_usd"] == "30.25"


async def test_a_protocol_that_cannot_be_read_is_told_and_can_be_asked_again(fakes: Fakes) -> None:
    fakes.client(1).faults = (TokenFault(DEBT_TOKEN, "balanceOf: the call reverted"),)
    del fakes.client(1).balances[WALLET, DEBT_TOKEN]
    body = (await portfolio(fakes)).json()

    assert body["complete"] is False
    assert body["chains"][0]["status"] == "ok"
    (error,) = body["errors"]
    assert (error["scope"], error["chain"], error["code"]) == ("protocol", "ethereum", "protocol_unavailable")
    assert error["message"] == "aave-v3: balanceOf: the call reverted"
    assert error["asset_id"] == f"eip155:1/erc20:{DEBT_TOKEN}"
    assert error["retry_url"].startswith("/api/v1/portfolio?address=")


async def test_a_position_without_a_price_says_why_and_is_not_in_the_total(fakes: Fakes) -> None:
    fakes.book.known = {}
    body = (await portfolio(fakes)).json()

    assert body["total_usd"] == "0"
    assert {position["value_usd"] for position in body["positions"]} == {None}
    assert body["positions"][0]["flags"] == [
        {"code": "unknown", "reason": "no price source knows this asset"}
    ]
