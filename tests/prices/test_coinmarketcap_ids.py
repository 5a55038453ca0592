"""An asset is found by its contract on its chain, or not at all."""

from __future__ import annotations

import pytest

from shared.core.chains import NativeCoin, PriceNames
from shared.core.tokens import native_token
from shared.prices.coinmarketcap_ids import find_id, plain_symbol
from tests.prices.samples import BASE, BASE_ETH, ETH, ETHEREUM, USDC, priced_chain

BSC = priced_chain(
    56,
    "bsc",
    PriceNames("bsc", "binance-smart-chain", "binancecoin", "BinanceSmartChain"),
    name="BNB Smart Chain",
    native=NativeCoin("BNB", "BNB", 18, 714),
)


def coin(coin_id: int, platform: str | None = None, address: str = "", **fields: object) -> dict[str, object]:
    on = platform and {"name": platform, "slug": platform.lower(), "token_address": address}
    return {
        "id": coin_id,
        "symbol": "USDC",
        "slug": "x",
        "name": "X",
        "is_active": 1,
        "platform": on,
        **fields,
    }


RIGHT = coin(3408, "Ethereum", (USDC.address or "").lower())


def test_the_contract_decides_whatever_else_has_the_symbol() -> None:
    clones = [coin(1), coin(2, "Ethereum", "0xdead"), coin(3, "Polygon", USDC.address or "")]

    assert find_id(USDC, ETHEREUM, [*clones, RIGHT]) == 3408
    assert find_id(USDC, ETHEREUM, clones) is None


@pytest.mark.parametrize("chain_name", ["BNB Smart Chain (BEP20)", "bsc", "Binance Smart Chain"])
def test_a_platform_goes_by_any_name_of_the_chain(chain_name: str) -> None:
    assert find_id(USDC, BSC, [coin(9, chain_name, USDC.address or "")]) == 9


def test_the_same_address_on_another_chain_is_another_asset() -> None:
    assert find_id(USDC, BASE, [RIGHT]) is None


def test_two_coins_of_one_contract_are_ambiguous() -> None:
    assert find_id(USDC, ETHEREUM, [RIGHT, replace_id(RIGHT, 7)]) is None
    assert find_id(USDC, ETHEREUM, [RIGHT, RIGHT]) == 3408


def test_an_inactive_coin_is_no_match() -> None:
    assert find_id(USDC, ETHEREUM, [{**RIGHT, "is_active": 0}]) is None


def test_a_native_coin_is_found_by_name_and_without_platform() -> None:
    ether = coin(1027, symbol="ETH", slug="ethereum", name="Ethereum")
    clone = coin(5, symbol="ETH", slug="ethereum-clone", name="Ethereum Clone")
    wrapped = coin(6, "Ethereum", "0xdead", symbol="ETH", slug="ethereum")

    assert find_id(ETH, ETHEREUM, [clone, wrapped, ether]) == 1027
    assert find_id(BASE_ETH, BASE, [clone, wrapped, ether]) == 1027
    assert find_id(ETH, ETHEREUM, [clone, wrapped]) is None


def test_a_native_coin_is_found_by_its_own_name_too() -> None:
    assert find_id(native_token(BSC), BSC, [coin(1839, symbol="BNB", slug="bnb", name="BNB")]) == 1839


@pytest.mark.parametrize("broken", [{}, {"id": "1"}, {"platform": []}, {"platform": {"token_address": 5}}])
def test_a_malformed_coin_is_no_match(broken: dict[str, object]) -> None:
    assert find_id(USDC, ETHEREUM, [broken]) is None


def test_only_plain_symbols_are_asked_for() -> None:
    assert plain_symbol(USDC._replace(symbol="stETH")) == "STETH"
    assert [plain_symbol(USDC._replace(symbol=s)) for s in ("USD+", "A,B", "", "A" * 21, "ÄB")] == [None] * 5


def replace_id(row: dict[str, object], coin_id: int) -> dict[str, object]:
    return {**row, "id": coin_id}


def test_a_name_made_to_be_slow_to_read_is_not() -> None:
    """Looked at whole, it would take hours."""
    assert find_id(USDC, ETHEREUM, [coin(9, "(" * 1_000_000, USDC.address or "")]) is None
