"""Positions drawn: what is owned and owed, whose it is where there are several wallets."""

import pytest
from rich.cells import cell_len

from shared.api.portfolio_schemas import PortfolioBody, PositionBody
from shared.core.positions import PositionKind
from tests.terminal.test_view import NEW_YEAR, TOKEN, WALLET, asset, drawn, portfolio, price


def position(
    symbol: str = "USDC", kind: PositionKind = "deposit", value: str | None = "1250.5"
) -> PositionBody:
    return PositionBody(
        asset_id=f"eip155:1/erc20:{TOKEN}",
        chain="ethereum",
        chain_id=1,
        wallet=WALLET,
        protocol="aave-v3",
        market="AaveV3EthereumLido",
        kind=kind,
        contract=TOKEN,
        symbol=symbol,
        decimals=6,
        balance="1000.4",
        balance_raw="1000400000",
        price_usd=None if value is None else "1.25",
        value_usd=value,
        price=None if value is None else price(),
        flags=[],
        block_number=7,
        block_time=NEW_YEAR,
    )


def with_positions(*positions: PositionBody) -> PortfolioBody:
    return {**portfolio(asset("DAI")), "positions": list(positions)}


def line_of(symbol: str, text: str) -> str:
    return " ".join(next(line for line in text.splitlines() if line.strip().startswith(symbol)).split())


def test_a_position_is_one_line_and_a_debt_is_below_zero() -> None:
    text = drawn(with_positions(position(), position("WETH", "debt", "-1250.5")), 100)

    assert line_of("USDC", text) == (
        "USDC AaveV3EthereumLido deposit aave-v3 ethereum 1,000.4 1.25 cmc $1,250.50"
    )
    assert line_of("WETH", text).endswith("debt aave-v3 ethereum 1,000.4 1.25 cmc -$1,250.50")


def test_the_wallet_is_shown_where_there_are_several() -> None:
    other: PositionBody = {**position("WETH"), "wallet": TOKEN}

    assert "0xf39F…2266" in drawn(with_positions(position(), other), 140)
    assert "0xf39F…2266" not in drawn(with_positions(position()), 140)


def test_a_portfolio_without_positions_has_no_table_of_them() -> None:
    assert "POSITION" not in drawn(with_positions())


@pytest.mark.parametrize("width", [80, 100, 200])
def test_no_line_is_wider_than_the_terminal_and_no_number_is_cut(width: int) -> None:
    long: PositionBody = {
        **position("A" * 40, "debt", "-123456789012.34"),
        "protocol": "p" * 40,
        "market": "m" * 40,
    }
    text = drawn(with_positions(long), width)

    assert all(cell_len(line) <= width for line in text.splitlines())
    assert "-$123,456,789,012.34" in text
    assert "1,000.4" in text


def test_a_position_without_a_price_and_one_with_a_weak_price_are_explained() -> None:
    weak: PositionBody = {**position("WEAK"), "price": price(stale=True)}
    text = drawn(with_positions(position("THIN", value=None), weak))

    assert "· THIN on ethereum: no source prices it" in text
    assert "\n  ~ an old price" in text


def test_hostile_names_are_plain_text() -> None:
    hostile: PositionBody = {**position("[red]\x1b[2J"), "protocol": "\x1b]8;;x\x07", "market": "[b]"}

    assert "\x1b" not in drawn(with_positions(hostile), 140)
