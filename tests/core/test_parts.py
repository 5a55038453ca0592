"""Parts in columns are the parts that were put there."""

from decimal import Decimal

from shared.core.lots import Doubt, Part, whole_lot
from shared.core.parts import Parts

from .histories import START

DOUBT = Doubt("missing_basis", Decimal(0), None)
ONE = whole_lot("a", START, Decimal(2), Decimal(10), None)
TWO = whole_lot("b", START, Decimal(3), None, DOUBT)


def test_what_was_added_is_found_again() -> None:
    parts = Parts([ONE, TWO])

    assert list(parts) == parts[:] == [ONE, TWO]
    assert (len(parts), parts[-1], parts[1:]) == (2, TWO, [TWO])
    assert all(isinstance(part, Part) for part in parts)


def test_a_part_of_a_lot_keeps_all_but_quantity_and_cost() -> None:
    parts = Parts()
    parts.take(ONE, Decimal(1), Decimal(5))

    assert parts[0] == ONE._replace(quantity=Decimal(1), cost=Decimal(5))
    assert (parts[0].opened, parts[0].opened_cost) == (Decimal(2), Decimal(10))
