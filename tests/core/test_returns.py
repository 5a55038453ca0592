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
        (values((0, "1000"), (364, "4000")), [flow(181, "2000")], "far_from_snapshots"),
        (values((0, "1000"), (2.2, "4000")), [flow(1.1, "-2000")], "far_from_snapshots"),
        (values((0, "100"), (30, "90")), [flow(29.5, "91")], "unexplained_value"),
        (values((0, "100"), (30, "90")), [flow(0.5, "-110")], "unexplained_value"),
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


def test_what_was_left_out_is_told_where_nothing_is_left() -> None:
    reason = "no_valuation: no complete snapshot in this time"

    assert time_weighted([], []).reason == reason
    assert time_weighted([], [], left_out=3).reason == f"{reason}; 3 left out"


@pytest.mark.parametrize(
    ("day", "usd", "value"),
    [
        # 100 become 200 with the inflow, and then 300.
        (0.9, "100", "0.5"),
        # 100 become 200, before the inflow.
        (29.2, "100", "1"),
        # 50 are left at the start, and become 300.
        (1, "-50", "5"),
        # 100 become 350, of which 50 go.
        (30, "-50", "2.5"),
    ],
)
def test_between_distant_snapshots_a_flow_counts_at_the_one_a_day_away(
    day: float, usd: str, value: str
) -> None:
    assert time_weighted(values((0, "100"), (30, "300")), [flow(day, usd)]).value == Decimal(value)


@given(
    st.lists(st.tuples(st.integers(1, 60), st.integers(0, 500)), min_size=2, max_size=8),
    st.lists(st.tuples(st.integers(0, 4800), st.integers(-500, 500)), max_size=8),
)
def test_no_more_than_everything_is_ever_lost(
    gaps: list[tuple[int, int]], paid: list[tuple[int, int]]
) -> None:
    hours, series = 0, []
    for gap, usd in gaps:
        hours += gap
        series.append((hours / 24, str(usd)))
    answer = time_weighted(values(*series), [flow(hour / 240, str(usd)) for hour, usd in paid])

    assert answer.value is None or answer.value >= -1
    assert (answer.value is not None) or answer.reason


def test_while_there_is_nothing_a_return_says_so() -> None:
    empty = time_weighted(values((0, "0"), (1, "0")), [])
    between = time_weighted(
        values((0, "100"), (1, "0"), (2, "0"), (3, "55")), [flow(1, "-100"), flow(3, "50")]
    )

    assert (empty.value, between.value) == (Decimal(0), Decimal("0.1"))
    assert empty.reason is not None
    assert empty.reason.startswith("nothing_held: there was nothing on 2023-01-01")
    assert between.reason is not None
    assert between.reason.startswith("nothing_held: there was nothing on 2023-01-02")


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


@pytest.mark.parametrize(("day", "annualised"), [(365, None), (730, Decimal(-1))])
def test_when_nothing_is_left_of_what_went_in_all_of_it_is_lost(day: int, annualised: Decimal | None) -> None:
    answer = money_weighted(values((0, "100"), (day, "0")), [flow(9, "50")])

    assert (answer.value, answer.reason, answer.annualised) == (Decimal(-1), None, annualised)


def test_what_was_taken_out_before_the_rest_was_lost_is_not_lost() -> None:
    """100 for a year, of which 25 came back in the middle of it: a quarter in half the time."""
    answer = money_weighted(values((0, "100"), (365, "0")), [flow(182.5, "-25")])

    assert answer.value == Decimal("-0.9375")


@pytest.mark.parametrize(
    ("first", "last", "value"),
    [
        ("0.000000000000003", "5000000", "1666666666666666666665.666667"),
        ("1E-22", "5000", "49999999999999999999999999"),
        ("1E+40", "1E-40", "-1"),
    ],
)
def test_a_return_beyond_all_measure_is_told_as_well_as_it_can_be(first: str, last: str, value: str) -> None:
    assert time_weighted(values((0, first), (1, last)), []).value == Decimal(value)


def test_a_return_that_no_values_can_have_is_none_with_a_reason() -> None:
    answer = time_weighted(values((0, "1E-60"), (1, "1E+60")), [])

    assert answer.value is None
    assert answer.reason is not None
    assert answer.reason.startswith("beyond_bounds")


extremes = st.one_of(
    st.sampled_from(["0", "-0", "10", "-10", "1E-22", "5E+6", "1E+90", "-1E+90", "1E-90", "3E-15"]).map(
        Decimal
    ),
    st.builds(lambda digits, exponent: Decimal(digits).scaleb(exponent), st.integers(), st.integers(-99, 99)),
)
moments = st.integers(0, 24 * 365 * 60)


@given(
    st.lists(st.tuples(moments, st.none() | extremes), max_size=8),
    st.lists(st.tuples(moments, st.none() | extremes), max_size=8),
)
def test_whatever_the_values_a_return_is_a_number_or_has_a_reason(
    worth: list[tuple[int, Decimal | None]], paid: list[tuple[int, Decimal | None]]
) -> None:
    series = [Valuation(START + timedelta(hours=hour), usd) for hour, usd in worth]
    flows = [Flow(START + timedelta(hours=hour), usd) for hour, usd in paid]
    index, _ = index_of(series, flows)

    for answer in (time_weighted(series, flows), money_weighted(series, flows)):
        assert answer.reason if answer.value is None else answer.value.is_finite() and answer.value >= -1
    assert 0 <= max_drawdown(index).value <= 1


def test_without_flows_both_returns_are_the_same() -> None:
    series = values((0, "100"), (40, "117"))

    assert money_weighted(series, []).value == time_weighted(series, []).value == Decimal("0.17")


@pytest.mark.parametrize(
    ("series", "flows", "reason"),
    [
        (values((0, "0"), (365, "0")), [flow(9, "-5")], "one_sided"),
        (values((0, "100"), (365, "-10")), [], "one_sided"),
        (values((0, "0"), (365, "0")), [], "nothing_held"),
        (values((0, "100"), (0, "50")), [], "no_time"),
        (values((0, "100"), (365, "1E+14")), [], "no_rate"),
        (values((0, "1E-3"), (7300, "1E+150")), [flow(1, "1E-3")], "beyond_bounds"),
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


@pytest.mark.parametrize(("price", "usd"), [("2", "-80"), (None, None)])
def test_what_a_transaction_sent_to_others_is_a_flow(price: str | None, usd: str | None) -> None:
    tx = {"tx_hash": "0x" + "ab" * 32, "chain": "base"}
    sent = trade("o", "transfer_out", "100", wallet=ONE, price_usd=price, **tx)
    arrived = trade("i", "transfer_in", "60", wallet=TWO, **tx)

    (flow,) = external_flows(plan_of([sent, arrived], Accounting()))
    assert flow.usd == (None if usd is None else Decimal(usd))


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


TX = {"tx_hash": "0x" + "cd" * 32, "chain": "base"}


@pytest.mark.parametrize("shared", [{"link": "swap"}, TX])
@pytest.mark.parametrize(("given_usd", "got_usd"), [(None, None), ("2000", None), ("2000", "1990")])
def test_a_swap_is_no_flow_whatever_its_legs_are_said_to_be_worth(
    shared: dict[str, str], given_usd: str | None, got_usd: str | None
) -> None:
    legs = [
        trade("s", "sell", "1", total_usd=given_usd, fee_usd="3", **shared),
        trade("b", "buy", "1990", "USDC", total_usd=got_usd, **shared),
        trade("g", "fee", "0.001", **shared),
    ]

    assert external_flows(plan_of(legs, Accounting())) == ()


def test_what_came_from_others_in_the_transaction_of_a_swap_is_a_flow() -> None:
    legs = [
        trade("s", "sell", "1", **TX),
        trade("b", "buy", "1990", "USDC", **TX),
        trade("i", "transfer_in", "5", "GIFT", total_usd="7", **TX),
    ]

    assert [each.usd for each in external_flows(plan_of(legs, Accounting()))] == [Decimal(7)]


@pytest.mark.parametrize("side", ["buy", "sell"])
def test_a_trade_for_money_is_a_flow_even_in_a_transaction(side: str) -> None:
    legs = [trade("a", side, "1", total_usd="10", **TX), trade("b", side, "1", "USDC", total_usd="1", **TX)]

    assert [abs(each.usd or 0) for each in external_flows(plan_of(legs, Accounting()))] == [Decimal(11)]


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
