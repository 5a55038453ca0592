"""Identifiers are parsed strictly and printed canonically."""

import pytest
from eth_utils.address import to_checksum_address
from hypothesis import given
from hypothesis import strategies as st

from shared.core.ids import (
    ChainId,
    address_bytes,
    address_from_bytes,
    erc20_asset_id,
    native_asset_id,
    parse_address,
    parse_asset,
    parse_asset_id,
    parse_chain_id,
)
from shared.errors import InvalidInput

# The first test case of EIP-55.
MIXED = "0x5aAeb6053F3E94C9b9A09f33669435E7Ef1BeAed"

raw_addresses = st.binary(min_size=20, max_size=20)


@given(raw_addresses)
def test_checksums_agree_with_eth_utils(raw: bytes) -> None:
    address = address_from_bytes(raw)

    assert str(address) == to_checksum_address(raw)
    assert address_bytes(address) == raw


@pytest.mark.parametrize("text", [MIXED, MIXED.lower(), "0x" + MIXED[2:].upper(), "0X" + MIXED[2:]])
def test_an_address_is_accepted_in_one_case_or_with_its_checksum(text: str) -> None:
    assert parse_address(text) == MIXED


@pytest.mark.parametrize(
    "text",
    ["", "banana", "0x", MIXED[:-1], MIXED + "0", MIXED[2:], MIXED[:-1] + "g", MIXED + "\n", "0x" + "٠" * 40],
)
def test_what_is_not_an_address_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is not an address"):
        parse_address(text)


def test_a_wrong_checksum_is_refused() -> None:
    with pytest.raises(ValueError, match="wrong checksum"):
        parse_address(MIXED.replace("aA", "Aa"))


def test_an_address_of_another_length_is_refused() -> None:
    with pytest.raises(ValueError, match="20 bytes, not 19"):
        address_from_bytes(bytes(19))


@given(st.integers(min_value=1, max_value=10**18), raw_addresses)
def test_a_token_id_parses_back(chain_id: int, raw: bytes) -> None:
    address = address_from_bytes(raw)

    assert parse_asset_id(erc20_asset_id(ChainId(chain_id), address)) == (chain_id, address)
    assert parse_asset_id(f"eip155:{chain_id}/erc20:{address.lower()}") == (chain_id, address)


def test_a_native_coin_id_parses_back() -> None:
    assert native_asset_id(ChainId(1), 60) == "eip155:1/slip44:60"
    assert parse_asset_id("eip155:137/slip44:966") == (137, None)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "eip155:1",
        f"eip155:0/erc20:{MIXED}",
        f"1/erc20:{MIXED}",
        f"eip155:1/erc721:{MIXED}",
        "eip155:1/erc20:0x1",
        "eip155:1/slip44:sixty",
        f"eip155:1/erc20:{MIXED}/1",
    ],
)
def test_what_is_not_an_asset_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"is not|takes a coin type"):
        parse_asset_id(text)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("8453", 8453),
        ("eip155:8453", 8453),
        ("base", None),
        ("eip155:base", None),
        ("eip155:01", None),
        ("-1", None),
        ("²", None),
    ],
)
def test_chain_ids_are_read_from_numbers_and_caip2(text: str, expected: int | None) -> None:
    assert parse_chain_id(text) == expected


def test_assets_are_brought_to_one_form() -> None:
    usdc = "eip155:1/erc20:0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48"

    assert parse_asset("asset", usdc) == "eip155:1/erc20:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
    assert parse_asset("asset", "eth") == "ETH"
    for bad in ("eip155:1/erc20:0x12", "a b", "", "solana:1/x:y"):
        with pytest.raises(InvalidInput, match="asset"):
            parse_asset("asset", bad)
