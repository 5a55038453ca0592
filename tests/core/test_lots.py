"""Lots are split and shared out without losing a unit or a dollar."""

from decimal import Decimal, localcontext

from hypothesis import given
from hypothesis import strategies as st

from shared.core.lots import MONEY, Doubt, Part, known_sum, rescale, share, shares, split, whole_lot

from .histories import START, dollars, quantities

doubts = st.one_of(
    st.none(),
    st.builds(Doubt, st.just("missing_basis"), st.just(Decimal(0)), st.one_of(st.none(), dollars)),
)


def lot(quantity: Decimal, cost: Decimal | None, doubt: Doubt | None = None) -> Part:
    return whole_lot("b", START, quantity, cost, doubt)


@given(quantities, quantities, st.one_of(st.none(), dollars), doubts)
def test_the_two_parts_of_a_split_lot_are_the_whole(
    one: Decimal, other: Decimal, cost: Decimal | None, doubt: Doubt | None
) -> None:
    with localcontext(MONEY):
        whole = lot(one + other, cost, doubt)
        parts = split(whole, one)

        assert [part.quantity for part in parts] == [one, other]
        assert known_sum([part.cost for part in parts]) == cost
        assert {(part.opened, part.opened_cost) for part in parts} == {(whole.quantity, cost)}
        if doubt is not None:
            bounds = [part.doubt for part in parts if part.doubt is not None]
            assert sum(bound.low for bound in bounds) == doubt.low
            assert known_sum([bound.high for bound in bounds]) == doubt.high


def test_a_third_is_rounded_down_and_the_last_gets_the_rest() -> None:
    with localcontext(MONEY):
        assert share(Decimal(1), Decimal(1), Decimal(3)) == Decimal("0." + "3" * 18)
        assert shares(Decimal(1), [Decimal(1)] * 3)[-1] == Decimal("0." + "3" * 17 + "4")


@given(dollars, st.lists(st.one_of(st.just(Decimal(0)), quantities), min_size=1, max_size=6))
def test_shares_add_up_and_none_is_negative(cost: Decimal, weights: list[Decimal]) -> None:
    with localcontext(MONEY):
        given_out = shares(cost, weights)

        assert sum(given_out) == cost
        assert min(given_out) >= 0


def test_without_weights_all_share_alike() -> None:
    with localcontext(MONEY):
        assert shares(Decimal(3), [Decimal(0)] * 3) == [Decimal(1)] * 3


@given(st.lists(st.tuples(quantities, dollars), min_size=1, max_size=5), quantities)
def test_rescaled_parts_keep_their_costs_and_have_the_new_quantity(
    sizes: list[tuple[Decimal, Decimal]], quantity: Decimal
) -> None:
    with localcontext(MONEY):
        parts = rescale([lot(size, cost) for size, cost in sizes], quantity)

        assert sum(part.quantity for part in parts) == quantity
        assert [part.cost for part in parts] == [cost for _, cost in sizes]


@given(st.permutations([("tiny", "1E-18", "3"), ("big", "1", "3000"), ("mote", "1E-18", "5")]))
def test_a_part_with_nothing_left_gives_its_cost_to_another(sizes: list[tuple[str, str, str]]) -> None:
    doubt = Doubt("missing_basis", Decimal(1), None)
    parts = [
        whole_lot(name, START, Decimal(size), Decimal(cost), doubt if name == "tiny" else None)
        for name, size, cost in sizes
    ]
    with localcontext(MONEY):
        left, _ = rescale([*parts, lot(Decimal(1), Decimal(100))], Decimal(1))

    assert (left.trade_id, f"{left.quantity:.3f}", left.cost) == ("big", "0.500", Decimal(3008))
    assert left.doubt == Doubt("missing_basis", Decimal(3006), None)


def test_an_unknown_cost_makes_the_sum_unknown() -> None:
    assert known_sum([Decimal(1), None]) is None
    assert known_sum([]) == 0


@given(quantities, quantities, dollars)
def test_a_lot_that_was_split_keeps_its_unit_cost(one: Decimal, other: Decimal, cost: Decimal) -> None:
    with localcontext(MONEY):
        whole = lot(one + other, cost)

        assert [part.unit_cost for part in split(whole, one)] == [whole.unit_cost] * 2
