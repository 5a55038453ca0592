"""The drawn portfolio: fits its width, shows every number whole, and says what is missing."""

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from shared.api.portfolio_schemas import AssetBody, ChainBody, ErrorBody, PortfolioBody, PriceBody
from shared.core.failures import Scope
from shared.terminal.view import PortfolioView

WALLET = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
TOKEN = "0x6B175474E89094C44Da98b954EedeAC495271d0F"


NEW_YEAR = "2026-01-01T00:00:00.123456Z"


def price(
    source: str = "coinmarketcap", *, stale: bool = False, confidence: str = "0.99", market: str = "open"
) -> PriceBody:
    return PriceBody(source=source, as_of=NEW_YEAR, confidence=confidence, stale=stale, market=market)


def asset(symbol: str, value: str | None = "100") -> AssetBody:
    return AssetBody(
        asset_id=f"eip155:1/erc20:{TOKEN}",
        chain="ethereum",
        chain_id=1,
        address=TOKEN,
        symbol=symbol,
        name=f"The {symbol} token",
        decimals=18,
        balance="1234.5",
        balance_raw="1234500000000000000000",
        price_usd=None if value is None else "1.25",
        value_usd=value,
        share=None if value is None else "0.5",
        price=None if value is None else price(),
        quotes=[],
        flags=[],
        spam=False,
        spam_reasons=[],
        holders=[],
    )


def chain(slug: str = "ethereum") -> ChainBody:
    return ChainBody(
        chain=slug,
        chain_id=1,
        status="ok",
        total_usd="200",
        block_number=21_345_678,
        block_time=NEW_YEAR,
        tokens_scanned=1262,
        latency_ms=84,
    )


def failed_chain(slug: str) -> ChainBody:
    return {
        **chain(slug),
        "status": "error",
        "total_usd": None,
        "block_number": None,
        "block_time": None,
        "tokens_scanned": 0,
    }


def error(scope: Scope, chain: str | None, code: str, message: str, asset_id: str | None = None) -> ErrorBody:
    return ErrorBody(scope=scope, chain=chain, code=code, message=message, retry_url=None, asset_id=asset_id)


def portfolio(*assets: AssetBody) -> PortfolioBody:
    return PortfolioBody(
        addresses=[WALLET],
        total_usd="200.999",
        as_of=NEW_YEAR,
        complete=True,
        chains=[chain()],
        assets=list(assets),
        positions=[],
        errors=[],
    )


def drawn(body: PortfolioBody, width: int = 80) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    with console.capture() as captured:
        console.print(PortfolioView(body))
    return captured.get()


def test_an_asset_is_one_line_with_its_price_source_and_value() -> None:
    line = next(line for line in drawn(portfolio(asset("DAI")), 100).splitlines() if "DAI" in line)

    assert " ".join(line.split()) == ("DAI The DAI token ethereum 1,234.5 1.25 cmc $100.00 50.0% ██████████")


def test_the_head_names_the_wallet_the_total_and_whether_it_is_all() -> None:
    head = drawn(portfolio(asset("DAI"))).splitlines()[1:3]

    assert head[0].split() == [WALLET, "$200.99"]
    assert head[1].split("  ")[1] == "1 asset · 1 of 1 chains · 2026-01-01 00:00:00 UTC"
    assert head[1].endswith("complete")


def test_many_wallets_are_counted() -> None:
    assert "2 wallets" in drawn({**portfolio(), "addresses": [WALLET, TOKEN]})


@pytest.mark.parametrize("width", [80, 100, 140, 250])
def test_no_line_is_wider_than_the_terminal_and_no_number_is_cut(width: int) -> None:
    wide: AssetBody = {**asset("A" * 30, "123456789012.34"), "price": price("a source with a long name")}
    text = drawn(portfolio(wide, asset("界" * 12)), width)

    assert all(cell_len(line) <= width for line in text.splitlines())
    assert "$123,456,789,012.34" in text
    assert text.count("1,234.5") == 2


def test_names_are_shown_where_there_is_room() -> None:
    body = portfolio(asset("DAI"))

    assert "The DAI token" in drawn(body, 140)
    assert "The DAI token" not in drawn(body, 70)


def test_a_chain_line_has_block_time_tokens_and_latency() -> None:
    line = next(line for line in drawn(portfolio()).splitlines() if "✓" in line)

    assert " ".join(line.split()) == "✓ ethereum 21,345,678 2026-01-01 00:00:00 1,262 84 ms $200.00"


def test_a_chain_that_failed_has_dashes_and_its_reason_in_words() -> None:
    late = error("chain", "base", "rpc_timeout", "base: no answer within 7 s")
    chains = [chain(), failed_chain("base")]
    body: PortfolioBody = {**portfolio(), "chains": chains, "complete": False, "errors": [late]}
    text = drawn(body)

    assert "✗ base" in text
    assert "1 of 2 chains" in text
    assert "incomplete" in text
    assert "· base: no answer within 7 s (rpc_timeout)" in text


def test_a_token_that_failed_is_named_by_chain_and_address() -> None:
    burnt = error("token", "ethereum", "rpc_bad_response", "burnt all gas", f"eip155:1/erc20:{TOKEN}")
    body: PortfolioBody = {**portfolio(), "errors": [burnt]}

    assert f"· ethereum {TOKEN}: burnt all gas" in drawn(body, 140)


def test_an_unpriced_asset_says_why() -> None:
    refused, lure = asset("THIN", None), asset("LURE", None)
    refused["flags"] = [{"code": "thin_market", "reason": "llama knows of 3 USD"}]
    lure["spam_reasons"] = ["not on a token list", "its name is a lure"]
    text = drawn(portfolio(refused, lure, asset("QI", None)))

    assert "· THIN on ethereum: llama knows of 3 USD" in text
    assert "· LURE on ethereum: not on a token list; its name is a lure" in text
    assert "· QI on ethereum: no source prices it" in text


@pytest.mark.parametrize(
    ("quote", "mark"),
    [
        (price(stale=True), "~"),
        (price("backed", market="closed"), "○"),
        (price(confidence="0.5"), "?"),
    ],
)
def test_a_weak_price_has_a_mark_that_is_explained(quote: PriceBody, mark: str) -> None:
    text = drawn(portfolio({**asset("DAI"), "price": quote}))

    assert f" {mark} " in next(line for line in text.splitlines() if "DAI" in line)
    assert f"\n  {mark} " in text


def test_a_good_price_needs_no_legend() -> None:
    assert not any(
        line.strip().startswith(("~", "○", "?")) for line in drawn(portfolio(asset("A"))).splitlines()
    )


def test_hostile_names_are_plain_text() -> None:
    hostile = asset("[red]\x1b[2J", None)
    hostile["name"] = "\x1b]8;;http://evil\x07[link=x]:smile:"
    text = drawn(portfolio(hostile), 140)

    assert "\x1b" not in text
    assert "[red][2J" in text
    assert "[link=x]" in text


def test_an_empty_portfolio_is_still_drawn() -> None:
    assert "0 assets · 1 of 1 chains" in drawn(portfolio())
    assert "0 of 0 chains" in drawn({**portfolio(), "chains": []})


def test_plain_output_has_no_escapes() -> None:
    assert "\x1b" not in drawn(portfolio(asset("DAI"), asset("QI", None)))


def test_the_failure_of_a_price_source_is_under_prices() -> None:
    down = error("price", None, "price_unavailable", "coingecko: no connection")

    assert "· prices: coingecko: no connection (price_unavailable)" in drawn(
        {**portfolio(), "errors": [down]}
    )


def test_a_total_that_nobody_knows_is_not_zero() -> None:
    nothing: PortfolioBody = {**portfolio(), "total_usd": "0", "chains": [failed_chain("base")]}

    assert "$0" not in drawn(nothing)
