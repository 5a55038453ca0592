"""Totals where something is unknown: it is left out and named, and never passes for zero."""

from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.ids import AssetId
from shared.core.ledger import Accounting
from shared.core.methods import METHODS, Method
from shared.core.pnl import Totals, profit_and_loss
from shared.core.settlement import settle
from shared.core.trades import Trade

from .histories import ETH, START, USDC, WETH, check_identity, histories, trade

PRICES = {ETH: Decimal(2000), WETH: Decimal(2000), USDC: Decimal("1.01")}
NOT_SUMS = {"realised_low_usd", "realised_high_usd", "return_pct", "partial"}


def totals_of(*trades: Trade, prices: dict[AssetId, Decimal] | None = None, **more: Any) -> Totals:
    return profit_and_loss(settle(trades), PRICES if prices is None else prices, **more).totals


def shown(totals: Totals, *names: str) -> dict[str, Decimal | None]:
    return {name: getattr(totals, name) for name in names}


@given(
    histories(known=False),
    st.sampled_from(METHODS),
    st.sampled_from(["zero", "market", "reject"]),
    st.sets(st.sampled_from([ETH, WETH, USDC])),
    st.none() | st.integers(0, 24 * 1000),
)
def test_what_is_partial_is_named_and_never_zero_and_the_rest_keeps_the_identity(
    trades: list[Trade], method: Method, policy: Any, priced: set[AssetId], hours: int | None
) -> None:
    start = None if hours is None else START.replace(year=2023 + hours // 9000, hour=hours % 24)
    prices = {asset: PRICES[asset] for asset in priced}
    ledger = settle(trades, Accounting(method=method, missing_basis=policy))
    totals = profit_and_loss(ledger, prices, start=start).totals

    sums = {name: getattr(totals, name) for name in Totals.__slots__ if name not in NOT_SUMS}
    assert {name for name, value in sums.items() if value is None} <= set(totals.partial)
    assert all(sums[name] != 0 for name in totals.partial if name in sums)
    if not totals.partial:
        check_identity(totals)


def test_a_portfolio_of_which_nothing_has_a_price_has_no_market_value() -> None:
    totals = totals_of(trade("b", "buy", "1", total_usd="100"), prices={})

    assert shown(totals, "market_value_usd", "unrealised_usd", "return_pct") == {
        "market_value_usd": None,
        "unrealised_usd": None,
        "return_pct": None,
    }
    assert totals.cost_basis_usd == 100
    assert totals.partial == ("market_value_usd", "unrealised_usd", "return_pct")


def test_an_empty_portfolio_is_worth_zero_and_that_is_known() -> None:
    totals = totals_of()

    assert totals.market_value_usd == 0
    assert totals.realised_usd == 0
    assert totals.return_pct is None
    assert totals.partial == ()


def test_a_gain_without_a_bound_leaves_the_sum_without_one() -> None:
    """Coins that came without a price and without a basis may have cost anything."""
    certain = trade("b", "buy", "1", total_usd="100"), trade("s", "sell", "1", total_usd="150", day=1)
    doubtful = trade("i", "transfer_in", "1", "XAU"), trade("t", "sell", "1", "XAU", total_usd="70", day=1)

    assert shown(totals_of(*certain), "realised_low_usd", "realised_high_usd") == {
        "realised_low_usd": Decimal(50),
        "realised_high_usd": Decimal(50),
    }
    assert totals_of(*certain, *doubtful).realised_usd == 120
    assert totals_of(*certain, *doubtful).realised_low_usd is None


def test_what_was_sold_altogether_needs_no_price() -> None:
    trades = (trade("b", "buy", "1", total_usd="100"), trade("s", "sell", "1", total_usd="150", day=1))
    totals = totals_of(*trades, prices={})

    assert totals.market_value_usd == totals.unrealised_usd == 0
    assert totals.return_pct == 50
    assert totals.partial == ()


def test_the_known_part_is_shown_beside_what_is_not() -> None:
    totals = totals_of(
        trade("b", "buy", "1", total_usd="1000"), trade("g", "buy", "2", "XAU", total_usd="4000")
    )

    assert totals.market_value_usd == 2000
    assert totals.unrealised_usd == 1000
    assert totals.cost_basis_usd == totals.invested_usd == 5000
    # Of ether alone: 1,000 gained with 1,000. Gold's cost would make it 20 %, as if gold were worth that.
    assert totals.return_pct == 100
    assert totals.partial == ("market_value_usd", "unrealised_usd", "return_pct")


@pytest.mark.parametrize(
    ("trades", "unknown", "known"),
    [
        (
            [trade("b", "buy", "1")],
            {"invested_usd", "cost_basis_usd", "unrealised_usd", "return_pct"},
            {"realised_usd": 0, "deposited_usd": 0, "market_value_usd": 2000},
        ),
        (
            [trade("b", "buy", "1", total_usd="100"), trade("s", "sell", "1", day=1)],
            {"realised_usd", "realised_short_usd", "proceeds_usd", "return_pct"},
            {"realised_long_usd": 0, "invested_usd": 100, "cost_basis_usd": 0},
        ),
        (
            [trade("b", "buy", "1", total_usd="100"), trade("s", "sell", "1", day=400)],
            {"realised_usd", "realised_long_usd", "proceeds_usd", "return_pct"},
            {"realised_short_usd": 0},
        ),
        (
            [trade("b", "buy", "1"), trade("o", "transfer_out", "1", day=1)],
            {"invested_usd", "withdrawn_usd", "return_pct"},
            {"cost_basis_usd": 0, "realised_usd": 0},
        ),
        (
            [trade("i", "income", "1"), trade("c", "buy", "5", "USDC", total_usd="5")],
            {"income_usd", "cost_basis_usd", "unrealised_usd", "invested_usd", "return_pct"},
            {"fees_usd": 0, "deposited_usd": 0},
        ),
        (
            [trade("b", "buy", "2", total_usd="100"), trade("f", "fee", "1", day=1)],
            {"fees_usd", "realised_usd", "realised_short_usd", "proceeds_usd", "return_pct"},
            {"cost_basis_usd": 50, "unrealised_usd": 1950},
        ),
    ],
    ids=["buy", "sale", "long sale", "withdrawal", "income", "fee"],
)
def test_each_sum_says_for_itself_whether_something_is_missing(
    trades: list[Trade], unknown: set[str], known: dict[str, int]
) -> None:
    totals = totals_of(*trades)

    assert set(totals.partial) == unknown
    assert shown(totals, *known) == known


def test_the_cost_at_the_start_is_unknown_when_some_cost_before_it_is() -> None:
    """The known lot was sold with the other one: nothing says what is left of its cost."""
    trades = (
        trade("known", "buy", "1", total_usd="100"),
        trade("unknown", "buy", "2", day=1),
        trade("both", "sell", "2", total_usd="500", day=2),
    )
    totals = totals_of(*trades, start=START.replace(day=10))

    assert totals.opening_cost_usd is None
    assert "opening_cost_usd" in totals.partial


def test_the_cost_at_the_start_is_zero_when_nothing_was_held() -> None:
    trades = (trade("b", "buy", "1"), trade("s", "sell", "1", total_usd="500", day=2))
    totals = totals_of(*trades, start=START.replace(day=10))

    assert totals.opening_cost_usd == 0
    assert totals.partial == ()


def test_a_wrap_of_unknown_cost_is_unknown_for_each_asset_and_zero_in_all() -> None:
    trades = (
        trade("b", "buy", "1"),
        trade("w1", "sell", "1", link="w", day=1),
        trade("w2", "buy", "1", "WETH", link="w", day=1),
    )

    assert totals_of(*trades).carried_usd == 0
    assert "carried_usd" not in totals_of(*trades).partial
    assert totals_of(*trades, asset=WETH).carried_usd is None
    assert "carried_usd" in totals_of(*trades, asset=WETH).partial


def test_the_return_on_a_wrapped_coin_is_on_what_it_cost_before() -> None:
    trades = (
        trade("b", "buy", "1", total_usd="1000"),
        trade("w1", "sell", "1", link="w", day=1),
        trade("w2", "buy", "1", "WETH", link="w", day=1),
    )

    assert totals_of(*trades, asset=WETH).return_pct == 100
    assert totals_of(*trades, asset=ETH).return_pct is None
    assert totals_of(*trades).return_pct == 100
