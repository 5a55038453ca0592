"""Each method gives up the lots it should."""

from datetime import timedelta
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.lots import MONEY, Doubt, Part, rescale, whole_lot
from shared.core.methods import METHODS, Method, open_pool
from shared.core.parts import Parts

from .histories import START, dollars, quantities


def lot(trade_id: str, day: int, quantity: str, cost: str | None) -> Part:
    doubt = None if cost is not None else Doubt("missing_price", Decimal(0), None)
    paid = None if cost is None else Decimal(cost)
    return whole_lot(trade_id, START + timedelta(days=day), Decimal(quantity), paid, doubt)


LOTS = [lot("a", 1, "2", "20"), lot("b", 2, "1", "30"), lot("c", 3, "1", "30"), lot("d", 4, "1", "5")]


def drawn(method: Method, quantity: str, lots: list[Part]) -> list[tuple[str, str, str | None]]:
    into = Parts()
    with localcontext(MONEY):
        open_pool(method, lots).draw(Decimal(quantity), into)
    return [
        (part.trade_id, f"{part.quantity:f}", None if part.cost is None else f"{part.cost:.2f}")
        for part in into
    ]


@pytest.mark.parametrize(
    ("method", "expected"),
    [
        ("fifo", [("a", "2", "20.00"), ("b", "0.5", "15.00")]),
        ("lifo", [("d", "1", "5.00"), ("c", "1", "30.00"), ("b", "0.5", "15.00")]),
        ("hifo", [("b", "1", "30.00"), ("c", "1", "30.00"), ("a", "0.5", "5.00")]),
        ("lofo", [("d", "1", "5.00"), ("a", "1.5", "15.00")]),
        ("average", [("a", "2", "34.00"), ("b", "0.5", "8.50")]),
        ("specific", [("a", "2", "20.00"), ("b", "0.5", "15.00")]),
    ],
)
def test_a_method_takes_its_lots_in_its_order(
    method: Method, expected: list[tuple[str, str, str | None]]
) -> None:
    assert drawn(method, "2.5", LOTS) == expected


@pytest.mark.parametrize("method", ["hifo", "lofo"])
@pytest.mark.parametrize(("first", "second"), [(1, 2), (2, 1)])
def test_lots_that_cost_the_same_stay_so_when_their_units_are_rescaled(
    method: Method, first: int, second: int
) -> None:
    """Units are rounded to 18 decimals: their costs differ from the 18th digit on, which is no difference."""
    with localcontext(MONEY):
        lots = [lot(str(n), n, str(size), str(100 * size)) for n, size in enumerate((first, second))]
        scaled = rescale(lots, Decimal("2.9999999"))
    assert scaled[0].opened_cost is not None
    assert scaled[1].opened_cost is not None
    assert scaled[0].opened_cost / scaled[0].opened != scaled[1].opened_cost / scaled[1].opened

    assert [name for name, _, _ in drawn(method, "0.5", scaled)] == ["0"]


def test_lots_of_unknown_cost_are_ranked_last() -> None:
    lots = [lot("u", 0, "1", None), *LOTS]

    assert drawn("hifo", "6", lots)[-1] == drawn("lofo", "6", lots)[-1] == ("u", "1", None)


def test_one_unknown_cost_makes_the_average_unknown() -> None:
    assert drawn("average", "1", [lot("u", 0, "1", None), *LOTS]) == [("u", "1", None)]


def test_an_average_pool_that_was_emptied_starts_anew() -> None:
    pool, into = open_pool("average", LOTS[:1]), Parts()
    with localcontext(MONEY):
        pool.draw(Decimal(2), into)
        pool.add(LOTS[1])

        assert [part.cost for part in pool] == [Decimal(30)]


@given(
    st.sampled_from(METHODS),
    st.lists(st.tuples(st.booleans(), st.integers(0, 9), quantities, dollars), max_size=30),
)
def test_every_method_keeps_every_unit_and_dollar(
    method: Method, moves: list[tuple[bool, int, Decimal, Decimal]]
) -> None:
    pool, into = open_pool(method), Parts()
    came, cost, wanted, short = (Decimal(0),) * 4
    with localcontext(MONEY):
        for number, (comes, day, amount, worth) in enumerate(moves):
            if comes:
                pool.add(whole_lot(f"{number:02}", START + timedelta(days=day), amount, worth, None))
                came, cost = came + amount, cost + worth
            else:
                wanted, short = wanted + amount, short + pool.draw(amount, into)

        assert sum(part.quantity for part in into) == wanted - short
        assert sum(part.quantity for part in (*into, *pool)) == came
        assert sum(part.cost or 0 for part in (*into, *pool)) == cost
