"""From counts to dollars, by the price table as it is shipped."""

from __future__ import annotations

from collections import Counter
from datetime import date
from decimal import Decimal

import pytest

from shared.core.runs import PlanTotals
from tests.simulate.bill import bill_of, quantities
from tests.simulate.facts import load_edges, load_prices
from tests.simulate.figures import Figures, bend, carried_on
from tests.simulate.table import notes, table_lines


def figures(users: int, reads: int = 0, **more: float) -> Figures:
    tally = Counter(
        {
            ("read", "parts"): reads,
            ("write", "parts"): 100_000,
            ("write", "snapshots"): 100_000,
            ("bytes", "published"): 2**40,
            ("requests", "fetch-balances"): 1_000_000,
        }
    )
    return Figures(
        users,
        PlanTotals(1, 2, 3, users, 4),
        tally,
        more.get("planned", 1.0),
        {1: 60.0},
        more.get("billed", 0.0),
    )


def test_a_bill_is_amounts_times_prices() -> None:
    amounts = quantities(figures(1000, reads=200_000, billed=1000.0), load_edges())

    bill = bill_of(amounts, load_prices())

    assert bill.firestore == Decimal("0.06") + Decimal("0.18") + Decimal("0.01")
    assert bill.pubsub == Decimal(40)
    assert bill.functions == Decimal("0.024") + Decimal("0.00125") + Decimal("0.40")
    assert bill.total == bill.firestore + bill.pubsub + bill.functions


def test_every_price_names_its_page_and_the_table_its_day() -> None:
    table = load_prices()

    assert date.fromisoformat(table.seen).isoformat() == table.seen
    assert all(price.source.startswith("https://") for price in table.prices.values())


def test_every_amount_has_a_price() -> None:
    assert quantities(figures(1), load_edges()).keys() == load_prices().prices.keys()


def test_a_run_that_is_not_played_lies_on_the_line_through_two_that_were() -> None:
    small, large = figures(10, reads=120, planned=2.0), figures(20, reads=220, planned=3.0)

    scaled = carried_on(small, large, 1000)

    assert scaled.tally["read", "parts"] == 10_020
    assert scaled.planned_after == 101.0
    assert scaled.totals.users == 1000
    assert scaled.scaled


def test_the_bend_is_the_largest_difference_per_user() -> None:
    small, large = figures(10, reads=100), figures(20, reads=220)

    assert bend(small, large, ("read",)) == pytest.approx(0.1)
    assert bend(small, large, ("read", "write")) == pytest.approx(0.5)


def test_the_table_fits_on_eighty_columns_with_three_runs() -> None:
    columns = [figures(1000), figures(100_000), carried_on(figures(1000), figures(100_000), 3_000_000)]

    lines = list(table_lines(columns, load_edges(), load_prices()))

    assert max(map(len, lines)) <= 80
    assert lines[0].endswith("* 3,000,000")


def test_the_notes_say_what_was_not_played() -> None:
    said = " ".join(notes([figures(1)], load_edges(), load_prices(), (10, 20, 0.0123)))

    assert "runs for 10 and 20 users were played" in said
    assert "differs by 1.2%" in said
