"""Returns with hand-worked numbers, and reasons where there is none."""

from datetime import timedelta
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.ledger import Accounting
from shared.core.returns import (
    Flow,
    Indexed,
    Valuation,
    external_flows,
    index_of,
    max_drawdown,
    money_weighted,
    time_weighted,
)
from shared.core.settlement import plan_of

from .histories import ONE, START, TWO, trade


def values(*pairs: tuple[float, str | None]) -> list[Valuation]:
    return [
        Valuation(START + timedelta(days=day), None if usd is None else Decimal(usd)) for day, usd in pairs
    ]


def flow(day: float, usd: str | None) -> Flow:
    return Flow(START + timedelta(days=day), None if usd is None else Decimal(usd))


def test_a_deposit_is_not_a_gain() -> None:
    """100 grows to 110; 50 come in, and the 160 grow to 176: ten per cent twice, 21 in all."""
    answer = time_weighted(values((0, "100"), (1, "110"), (2, "176")), [flow(1.5, "50")])

    assert answer.value == Decimal("0.21")


def test_a_withdrawal_is_not_a_loss() -> None:
    assert time_weighted(values((0, "100"), (1, "60")), [flow(0.5, "-50")]).value == Decimal("0.1")


def test_a_wallet_added_later_is_a_flow_and_the_return_stays_above_minus_one() -> None:
    answer = time_weighted(values((0, "100"), (1, "1000"), (2, "50")), [flow(1, "900"), flow(2, "-950")])

    assert answer.value == 0


@pytest.mark.parametrize(
    ("series", "flows", "reason"),
    [
        (values((0, "100"), (1, None)), [], "unknown_value"),
        (values((0, "100"), (1, "90")), [flow(0.5, None)], "unknown_flow"),
        (values((0, "0"), (1, "90")), [], "unexplained_value"),
        (values((0, "100")), [], "too_few_valuations"),
        ([], [], "no_valuation"),
    ],
)
def test_what_cannot_be_known_is_none_with_a_reason(
    series: list[Valuation], flows: list[Flow], reason: str
) -> None:
    answer = time_weighted(series, flows)

    assert answer.value is None
    assert answer.reason is not None
    assert answer.reason.startswith(reason)


def test_with_nothing_held_and_nothing_put_in_nothing_is_gained() -> None:
    assert time_weighted(values((0, "0"), (1, "0"), (2, "110")), [flow(1.5, "100")]).value == Decimal("0.1")


def test_only_above_one_year_a_return_is_annualised() -> None:
    two_years = time_weighted(values((0, "100"), (730, "121")), [])

    assert two_years.annualised == Decimal("0.1")
    assert time_weighted(values((0, "100"), (365, "121")), []).annualised is None


def test_money_weighted_counts_when_the_money_was_there() -> None:
    """100 for two years and 100 more for the last: at ten per cent 121 + 110 = 231."""
    answer = money_weighted(values((0, "100"), (730, "231")), [flow(365, "100")])

    assert answer.annualised == Decimal("0.1")
    assert answer.value == Decimal("0.21")


def test_a_short_time_may_lose_or_gain_more_than_any_yearly_rate() -> None:
    assert money_weighted(values((0, "100"), (2, "50")), []).value == Decimal("-0.5")
    assert money_weighted(values((0, "100"), (1, "250")), []).value == Decimal("1.5")


def test_without_flows_both_returns_are_the_same() -> None:
    series = values((0, "100"), (40, "117"))

    assert money_weighted(series, []).value == time_weighted(series, []).value == Decimal("0.17")


@pytest.mark.parametrize(
    ("series", "flows", "reason"),
    [
        (values((0, "100"), (365, "0")), [], "one_sided"),
        (values((0, "100"), (365, None)), [], "unknown_value"),
        (values((0, "100"), (730, "-132")), [flow(365, "-230")], "ambiguous"),
        (values((0, "1")), [], "too_few_valuations"),
    ],
)
def test_a_rate_that_cannot_be_found_is_reported(
    series: list[Valuation], flows: list[Flow], reason: str
) -> None:
    answer = money_weighted(series, flows)

    assert answer.value is None
    assert answer.reason is not None
    assert answer.reason.startswith(reason)


@given(
    st.decimals(min_value="-0.9", max_value=3, places=3),
    st.lists(st.tuples(st.integers(1, 700), st.integers(1, 1000)), max_size=6),
)
def test_money_that_grew_at_a_rate_has_that_rate(rate: Decimal, paid: list[tuple[int, int]]) -> None:
    end = 730
    worth = Decimal(100) * (1 + rate) ** 2
    worth += sum(Decimal(usd) * (1 + rate) ** (Decimal(end - day) / 365) for day, usd in paid)
    answer = money_weighted(values((0, "100"), (end, str(worth))), [flow(day, str(usd)) for day, usd in paid])

    assert answer.annualised is not None
    assert abs(answer.annualised - rate) < Decimal("1E-8")


def test_the_worst_fall_is_from_a_peak_to_a_later_trough() -> None:
    series = [
        Indexed(START + timedelta(days=day), Decimal(v))
        for day, v in enumerate(["1", "4", "3", "5", "2", "6", "5"])
    ]
    worst = max_drawdown(series)

    assert worst.value == Decimal("0.6")
    assert (worst.peak_at, worst.trough_at) == (series[3].at, series[4].at)
    assert max_drawdown(series[:2]).value == 0


def test_an_index_removes_the_flows() -> None:
    series, reason = index_of(values((0, "100"), (1, "200"), (2, "180")), [flow(0.5, "100")])

    assert reason is None
    assert [point.value for point in series] == [1, 1, Decimal("0.9")]


def test_flows_are_what_crosses_the_boundary() -> None:
    trades = [
        trade("a", "buy", "1", total_usd="100", fee_usd="1"),
        trade("b", "sell", "0.5", total_usd="80", fee_usd="2", day=1),
        trade("c", "sell", "0.1", total_usd="30", day=2, link="swap"),
        trade("d", "buy", "30", "USDC", total_usd="30", day=2, link="swap"),
        trade("e", "transfer_out", "0.1", wallet=ONE, day=3),
        trade("f", "transfer_in", "0.1", wallet=TWO, day=3),
        trade("g", "income", "1", total_usd="5", day=4),
        trade("h", "transfer_in", "1", day=5),
        trade("i", "fee", "0.01", total_usd="1", day=6),
    ]
    flows = external_flows(plan_of(trades, Accounting()))

    assert [each.usd for each in flows] == [Decimal(101), Decimal(-78), None]
