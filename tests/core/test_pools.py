"""Pools give up their lots by date or by name, whatever the order they came in."""

from datetime import timedelta
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.lots import MONEY, Doubt, Part, whole_lot
from shared.core.parts import Parts
from shared.core.pools import FifoPool, LifoPool, Pool, SpecificPool
from shared.core.trade_type import LotPick

from .histories import START, dollars, quantities

steps = st.lists(st.tuples(st.booleans(), st.integers(0, 9), quantities, dollars), max_size=30)


def lot(trade_id: str, day: int, quantity: str, cost: str, doubt: Doubt | None = None) -> Part:
    return whole_lot(trade_id, START + timedelta(days=day), Decimal(quantity), Decimal(cost), doubt)


def drawn(pool: Pool, quantity: str, *picks: LotPick) -> list[tuple[str, str, str]]:
    into = Parts()
    with localcontext(MONEY):
        short = pool.draw(Decimal(quantity), into, picks)
    found = [(part.trade_id, f"{part.quantity:f}", f"{part.cost:.2f}") for part in into]
    return [*found, ("short", f"{short:f}", "")] if short else found


@pytest.fixture
def lots() -> list[Part]:
    return [lot("a", 1, "1", "10"), lot("b", 2, "1", "20"), lot("c", 3, "1", "30")]


def test_fifo_takes_the_oldest_and_lifo_the_newest(lots: list[Part]) -> None:
    assert drawn(FifoPool(lots), "1.5") == [("a", "1", "10.00"), ("b", "0.5", "10.00")]
    assert drawn(LifoPool(lots), "1.5") == [("c", "1", "30.00"), ("b", "0.5", "10.00")]


def test_a_lot_that_was_begun_is_gone_on_with(lots: list[Part]) -> None:
    pool = FifoPool(lots)

    assert drawn(pool, "0.25") == [("a", "0.25", "2.50")]
    assert [f"{each.quantity:f}" for each in pool] == ["0.75", "1", "1"]
    assert drawn(pool, "0.25") == [("a", "0.25", "2.50")]
    assert drawn(pool, "1") == [("a", "0.50", "5.00"), ("b", "0.50", "10.00")]


def test_an_older_lot_that_arrives_late_comes_before_one_that_was_begun(lots: list[Part]) -> None:
    pool = FifoPool(lots)
    drawn(pool, "0.5")
    pool.add(lot("old", 0, "1", "1"))

    assert drawn(pool, "1.5") == [("old", "1", "1.00"), ("a", "0.5", "5.00")]


def test_a_doubt_is_divided_with_its_lot() -> None:
    pool = FifoPool([lot("a", 1, "2", "0", Doubt("missing_basis", Decimal(0), Decimal(8)))])
    into = Parts()
    with localcontext(MONEY):
        pool.draw(Decimal("0.5"), into)

    assert [part.doubt and part.doubt.high for part in (*into, *pool)] == [Decimal(2), Decimal(6)]


def test_what_a_pool_lacks_is_said(lots: list[Part]) -> None:
    assert drawn(FifoPool(lots[:1]), "3") == [("a", "1", "10.00"), ("short", "2", "")]
    assert drawn(FifoPool(), "3") == [("short", "3", "")]


def test_named_lots_come_first_and_the_oldest_for_the_rest(lots: list[Part]) -> None:
    pool = SpecificPool(lots)
    picks = LotPick("c", Decimal("0.5")), LotPick("nowhere", Decimal(1))

    assert drawn(pool, "1", *picks) == [("c", "0.5", "15.00"), ("a", "0.5", "5.00")]
    assert drawn(pool, "2", LotPick("a", Decimal(1))) == [
        ("a", "0.5", "5.00"),
        ("b", "1", "20.00"),
        ("c", "0.5", "15.00"),
    ]


@given(steps, st.sampled_from([FifoPool, LifoPool, SpecificPool]))
def test_every_unit_and_dollar_is_drawn_or_left(
    moves: list[tuple[bool, int, Decimal, Decimal]], kind: type[FifoPool]
) -> None:
    pool, into = kind(), Parts()
    quantity = cost = Decimal(0)
    with localcontext(MONEY):
        for number, (comes, day, amount, worth) in enumerate(moves):
            if comes:
                pool.add(whole_lot(f"{number:02}", START + timedelta(days=day), amount, worth, None))
                quantity, cost = quantity + amount, cost + worth
            else:
                pool.draw(amount, into)
        left = list(pool)

        assert sum(part.quantity for part in (*into, *left)) == quantity
        assert sum(part.cost or 0 for part in (*into, *left)) == cost
        assert [(part.acquired_at, part.trade_id) for part in left] == sorted(
            (part.acquired_at, part.trade_id) for part in left
        )
