"""The legs of an event are read together: a swap has one value, and what moved is no part of it."""

from decimal import Decimal
from typing import Any

import pytest

from shared.core.ledger import Accounting
from shared.core.settlement import plan_of
from shared.core.trades import Trade

from .histories import ONE, TWO, trade


def leg(trade_id: str, side: str, total_usd: str | None = None, asset: str = "ETH", **more: Any) -> Trade:
    return trade(trade_id, side, "1", asset, total_usd=total_usd, link="swap", **more)


def values(*trades: Trade) -> dict[str, Decimal]:
    return dict(plan_of(trades, Accounting()).values)


@pytest.mark.parametrize("unvalued", ["given", "received"])
def test_the_only_leg_without_a_value_is_worth_the_other_side(unvalued: str) -> None:
    legs = [leg("given", "sell", "100"), leg("received", "buy", "100", "USDC")]
    known = [each._replace(total_usd=None) if each.id == unvalued else each for each in legs]

    assert values(*known) == {unvalued: Decimal(100)}


def test_a_leg_is_worth_what_the_rest_of_its_side_leaves() -> None:
    legs = leg("a", "sell", "30"), leg("b", "sell", None, "ABC"), leg("c", "buy", "100", "USDC")

    assert values(*legs) == {"b": Decimal(70)}


def test_a_leg_is_not_worth_less_than_nothing() -> None:
    legs = leg("a", "sell", "130"), leg("b", "sell", None, "ABC"), leg("c", "buy", "100", "USDC")

    assert values(*legs) == {}


def test_of_two_legs_without_a_value_none_is_known() -> None:
    legs = leg("a", "sell"), leg("b", "sell", None, "ABC"), leg("c", "buy", "100", "USDC")

    assert values(*legs) == {}
    assert values(leg("a", "sell"), leg("b", "buy", None, "USDC")) == {}


def test_what_moved_has_no_part_in_the_value_of_a_swap() -> None:
    moved = leg("o", "transfer_out", wallet=ONE), leg("i", "transfer_in", wallet=TWO)
    swapped = leg("s", "sell", None, "ABC"), leg("b", "buy", "100", "USDC")
    plan = plan_of([*moved, *swapped], Accounting())

    assert set(plan.moves) == {"o", "i"}
    assert plan.values == {"s": Decimal(100)}
