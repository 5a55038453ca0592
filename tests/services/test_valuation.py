"""From assets to tokens and prices: who is asked, and what is said of what nobody knows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from decimal import Decimal
from typing import Any

import pytest

from shared.core.balances import TokenFault
from shared.core.chains import Chains
from shared.core.ids import Address, AssetId, ChainId
from shared.core.tokens import Token, erc20
from shared.errors import PriceUnavailable, RpcTimeout
from shared.facts import load_chains
from shared.services.valuation import MOST_UNLISTED, describe_assets, price_assets
from shared.wiring import Context
from tests.fakes import USDC, FakeCatalogue, Fakes, price

ETH = AssetId("eip155:1/slip44:60")
STRANGER = Address("0x000000000000000000000000000000000000dEaD")
STRANGE = AssetId(f"eip155:1/erc20:{STRANGER}")
STOCK = erc20(ChainId(1), STRANGER, "AAPLx", "Apple xStock", 18, listed=True)


@dataclass
class Issuer(FakeCatalogue):
    """An issuer of these tokens; raises `error` if there is one."""

    issued: tuple[Token, ...] = ()
    error: PriceUnavailable | None = None
    asked: int = field(default=0)

    async def tokens(self) -> Mapping[ChainId, tuple[Token, ...]]:
        self.asked += 1
        if self.error is not None:
            raise self.error
        return {ChainId(1): self.issued}


@dataclass
class Sources:
    """A context whose catalogue is this issuer."""

    context: Context
    catalogue: Issuer

    def __getattr__(self, name: str) -> Any:
        return getattr(self.context, name)


@pytest.fixture
def issuer() -> Issuer:
    return Issuer()


@pytest.fixture
def fakes() -> Fakes:
    return Fakes()


def sources(fakes: Fakes, issuer: Issuer) -> Sources:
    return Sources(fakes.context(), issuer)


async def test_listed_and_native_assets_are_known_without_asking_anybody(
    fakes: Fakes, issuer: Issuer
) -> None:
    described = await describe_assets([ETH, USDC.asset_id, ETH], sources(fakes, issuer))

    assert {asset: token.symbol for asset, token in described.tokens.items()} == {
        ETH: "ETH",
        USDC.asset_id: "USDC",
    }
    assert (described.reasons, described.failures, issuer.asked, fakes.clients.by_id) == ({}, [], 0, {})


@pytest.mark.parametrize(
    ("asset", "code"),
    [("XAU", "no_chain"), ("eip155:999999999/slip44:60", "unknown_chain"), ("eip155:1/slip44:61", "unknown")],
)
async def test_what_is_no_asset_of_a_chain_has_a_reason(
    fakes: Fakes, issuer: Issuer, asset: str, code: str
) -> None:
    described = await describe_assets([AssetId(asset)], sources(fakes, issuer))

    assert described.tokens == {}
    assert described.reasons[AssetId(asset)].startswith(f"{code}: ")


async def test_a_stock_is_known_by_its_issuer(fakes: Fakes, issuer: Issuer) -> None:
    issuer.issued = (STOCK,)
    described = await describe_assets([STRANGE], sources(fakes, issuer))

    assert described.tokens == {STRANGE: STOCK}
    assert fakes.clients.by_id == {}


async def test_an_issuer_that_fails_leaves_the_contract_to_be_asked(fakes: Fakes, issuer: Issuer) -> None:
    issuer.error = PriceUnavailable("backed: down")
    own_word = erc20(ChainId(1), STRANGER, "DEAD", "Dead", 3, listed=False)
    fakes.client(1).unlisted[STRANGER] = own_word
    described = await describe_assets([STRANGE], sources(fakes, issuer))

    assert described.tokens == {STRANGE: own_word}
    assert [failure.code for failure in described.failures] == ["price_unavailable"]


async def test_what_its_contract_says_is_told(fakes: Fakes, issuer: Issuer) -> None:
    fakes.client(1).unlisted[STRANGER] = TokenFault(STRANGER, "no contract code at this address")
    described = await describe_assets([STRANGE], sources(fakes, issuer))

    assert described.reasons[STRANGE] == (
        "unlisted: no token list knows it; its contract: no contract code at this address"
    )


async def test_a_chain_that_cannot_be_asked_is_a_failure_and_a_reason(fakes: Fakes, issuer: Issuer) -> None:
    fakes.client(1).error = RpcTimeout("ethereum: no answer")
    described = await describe_assets([STRANGE, ETH], sources(fakes, issuer))

    assert described.tokens.keys() == {ETH}
    assert "could not be asked" in described.reasons[STRANGE]
    assert [(failure.chain, failure.code) for failure in described.failures] == [("ethereum", "rpc_timeout")]


async def test_every_asset_has_a_token_or_a_reason_however_many_there_are(
    fakes: Fakes, issuer: Issuer
) -> None:
    assets = [AssetId(f"eip155:8453/erc20:0x{number:040d}") for number in range(1, MOST_UNLISTED + 3)]
    described = await describe_assets(assets, sources(fakes, issuer))

    assert described.reasons.keys() == set(assets)


def reading_ethereum_only(tokens: tuple[Token, ...] = (USDC,)) -> Fakes:
    """Base and all the others are known, and not read."""
    known = load_chains()
    return Fakes(chains=Chains([known[ChainId(1)]]), known_chains=known, tokens=tokens)


async def test_what_is_traded_on_a_chain_that_is_not_read_is_priced_all_the_same(issuer: Issuer) -> None:
    listed = erc20(ChainId(8453), STRANGER, "DEGEN", "Degen", 18, listed=True)
    fakes = reading_ethereum_only((listed,))
    coin = AssetId("eip155:8453/slip44:60")
    fakes.book.known = {coin: price(coin, "3000"), listed.asset_id: price(listed.asset_id, "2")}
    found = sources(fakes, issuer)
    described = await describe_assets([coin, listed.asset_id], found)
    prices, _ = await price_assets([coin, listed.asset_id], described, found)

    assert [prices[asset].price_usd for asset in (coin, listed.asset_id)] == [Decimal(3000), Decimal(2)]
    assert fakes.clients.by_id == {}


async def test_a_contract_on_a_chain_that_is_not_read_is_not_asked(issuer: Issuer) -> None:
    fakes = reading_ethereum_only()
    asset = AssetId(f"eip155:8453/erc20:{STRANGER}")
    described = await describe_assets([asset], sources(fakes, issuer))

    assert described.reasons[asset] == (
        "unlisted: no token list knows it, and base is not one of the chains that are read here"
    )
    assert (described.failures, fakes.clients.by_id) == ([], {})


async def test_without_tokens_no_price_is_asked_for(fakes: Fakes, issuer: Issuer) -> None:
    fakes.book.failures = ()
    found = sources(fakes, issuer)
    described = await describe_assets([AssetId("XAU")], found)
    prices, failures = await price_assets([AssetId("XAU")], described, found)

    assert prices[AssetId("XAU")].price_usd is None
    assert prices[AssetId("XAU")].reason_code == "no_chain"
    assert failures == ()


async def test_prices_are_the_books(fakes: Fakes, issuer: Issuer) -> None:
    fakes.book.known = {ETH: price(ETH, "3000")}
    found = sources(fakes, issuer)
    described = await describe_assets([ETH, USDC.asset_id], found)
    prices, _ = await price_assets([ETH, USDC.asset_id], described, found)

    assert (prices[ETH].price_usd, prices[USDC.asset_id].reason_code) == (Decimal(3000), "unknown")
