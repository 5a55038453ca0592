"""Tokens carry their CAIP-19 id, and what they call themselves is made safe to show."""

import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.ids import Address, ChainId
from shared.core.tokens import erc20, native_token, sanitise_text
from tests.core.test_chains import BSC

USDC = Address("0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48")


def test_a_contract_becomes_a_token_with_its_asset_id() -> None:
    token = erc20(ChainId(1), USDC, "USDC", "USD Coin", 6, listed=True)

    assert token.asset_id == f"eip155:1/erc20:{USDC}"
    assert (token.symbol, token.name, token.decimals, token.listed) == ("USDC", "USD Coin", 6, True)


def test_the_native_coin_is_a_listed_token_without_address() -> None:
    token = native_token(BSC)

    assert token.asset_id == "eip155:56/slip44:714"
    assert token.address is None
    assert token.listed


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("USDC", "USDC"),
        ("  USD \t\n Coin ", "USD Coin"),
        ("US\x00D\x1bC\x7f", "USDC"),
        ("\u202eCDSU\u202c", "CDSU"),  # right-to-left override
        ("US\u200bDC\u200d", "USDC"),  # zero-width space and joiner
        ("a\u2028b", "a b"),  # line separator
        ("x\ue000y", "xy"),  # private use
        ("\ud800", ""),  # lone surrogate
        ("USD₮0", "USD₮0"),
        ("\x00" * 32, ""),
    ],
)
def test_what_a_token_calls_itself_is_made_safe_to_show(text: str, shown: str) -> None:
    assert sanitise_text(text, 32) == shown


def test_long_text_is_cut_and_leaves_no_trailing_space() -> None:
    assert sanitise_text("abc def", 4) == "abc"


@given(st.text(st.characters(), max_size=200), st.integers(1, 100))
def test_safe_text_has_no_control_characters_and_is_bounded(text: str, length: int) -> None:
    shown = sanitise_text(text, length)

    assert len(shown) <= length
    assert not any(unicodedata.category(c)[0] == "C" for c in shown)
    assert shown == " ".join(shown.split())
    assert sanitise_text(shown, length) == shown
