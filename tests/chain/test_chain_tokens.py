"""What unlisted contracts say of themselves, under every way of reading."""

from __future__ import annotations

import pytest
from eth_abi.abi import encode
from hypothesis import given
from hypothesis import strategies as st

from shared.chain.calls import Outcome, Reply
from shared.chain.tokens import parse_tokens
from shared.chain.ways import Way
from shared.core.balances import TokenFault
from shared.core.ids import ChainId
from shared.core.tokens import NAME_LENGTH, SYMBOL_LENGTH, Token, erc20
from tests.chain.setting import WITHIN, chain_for, client_of, nth_address, place_each
from tests.devnet.anvil import Anvil
from tests.devnet.tokens import Erc20, place_tokens

ONE = ChainId(1)
TOKEN = nth_address(1)
SHORT = f"{TOKEN[:6]}…{TOKEN[-4:]}"


def answered(raw: bytes) -> Reply:
    return Reply(Outcome.ANSWERED, raw)


def text(value: str) -> Reply:
    return answered(encode(["string"], [value]))


def parse(decimals: Reply, symbol: Reply, name: Reply) -> Token | TokenFault:
    return parse_tokens(ONE, [TOKEN], [decimals, symbol, name])[0]


SIX = answered((6).to_bytes(32))


@pytest.mark.parametrize("way", list(Way))
async def test_contracts_are_described_in_order_and_bad_ones_are_faults(anvil: Anvil, way: Way) -> None:
    plain, mkr, spam, nowhere = (nth_address(i) for i in range(4))
    bad = place_each(anvil, "GasBurningToken", "LyingToken", "FractionalToken", "RevertingToken", "HugeToken")
    place_tokens(
        anvil,
        Erc20(plain, "USDC", "USD Coin", 6),
        Erc20(mkr, "MKR", "Maker", kind="Bytes32Token"),
        Erc20(spam, "\u202eCDSU", "Claim\x07 at \u200bhttps://example.com " + "!" * 200, 0),
    )
    asked = [plain, nowhere, mkr, *bad.values(), spam, plain]
    async with client_of(chain_for(way), anvil.url) as client:
        described = await client.read_tokens(asked, within=WITHIN)

    usdc = erc20(ONE, plain, "USDC", "USD Coin", 6, listed=False)
    lying = bad["LyingToken"]
    lies = f"{lying[:6]}…{lying[-4:]}"
    assert described[:3] == [
        usdc,
        TokenFault(nowhere, "no contract code at this address"),
        erc20(ONE, mkr, "MKR", "Maker", 18, listed=False),
    ]
    assert described[4] == erc20(ONE, lying, lies, lies, 18, listed=False)
    faulty = [bad[name] for name in bad if name != "LyingToken"]
    assert [each.token for each in described if isinstance(each, TokenFault)] == [nowhere, *faulty]
    assert described[-2] == erc20(
        ONE, spam, "CDSU", ("Claim at https://example.com " + "!" * 200)[:NAME_LENGTH], 0, listed=False
    )
    assert described[-1] == usdc


async def test_nothing_asked_is_nothing_sent() -> None:
    async with client_of(chain_for(), "http://127.0.0.1:1") as client:
        assert await client.read_tokens([], within=WITHIN) == []


def test_a_missing_name_falls_back_to_the_symbol_and_both_to_the_address() -> None:
    reverted = Reply(Outcome.REVERTED)

    assert parse(SIX, text("ABC"), reverted) == erc20(ONE, TOKEN, "ABC", "ABC", 6, listed=False)
    assert parse(SIX, text("\u202e"), text(" ")) == erc20(ONE, TOKEN, SHORT, SHORT, 6, listed=False)


@pytest.mark.parametrize("decimals", [b"", b"\6", (256).to_bytes(32), (6).to_bytes(64)])
def test_decimals_that_are_no_uint8_are_a_fault(decimals: bytes) -> None:
    fault = parse(answered(decimals), text("ABC"), text("Abc"))
    assert fault == TokenFault(TOKEN, "decimals: the answer is not a number from 0 to 255")


@given(st.binary(max_size=200), st.binary(max_size=200))
def test_no_bytes_make_a_symbol_that_is_empty_long_or_unprintable(symbol: bytes, name: bytes) -> None:
    token = parse(SIX, answered(symbol), answered(name))

    assert isinstance(token, Token)
    assert 0 < len(token.symbol) <= SYMBOL_LENGTH
    assert 0 < len(token.name) <= NAME_LENGTH
    assert token.symbol.isprintable()
    assert token.name.isprintable()
