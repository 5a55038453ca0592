"""Each fee enters the legs that the rules name, once and whole."""

from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.fees import FEE_RULES, FeeRuleName, fee_of, leg_fees
from shared.core.lots import MONEY

from .histories import dollars, trade

SOLD = trade("sold", "sell", "1", total_usd="100", fee_usd="3")
BOUGHT = trade("bought", "buy", "50", "USDC", total_usd="100", fee_usd="1")
GAS = trade("gas", "fee", "0.01", total_usd="2")


def entered(rules: FeeRuleName, *legs: object) -> dict[str, Decimal | None]:
    with localcontext(MONEY):
        return leg_fees(legs, FEE_RULES[rules])  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("rules", "sold", "bought"),
    [("standard", "6", "0"), ("capitalise", "0", "6"), ("split", "3", "3"), ("expense", "0", "0")],
)
def test_a_swaps_fees_go_where_the_rules_say(rules: FeeRuleName, sold: str, bought: str) -> None:
    assert entered(rules, SOLD, BOUGHT, GAS) == {"sold": Decimal(sold), "bought": Decimal(bought)}


@pytest.mark.parametrize("rules", list(FEE_RULES))
def test_a_lone_purchase_or_sale_keeps_its_own_fee(rules: FeeRuleName) -> None:
    kept = rules != "expense"

    assert entered(rules, SOLD) == {"sold": Decimal(3) if kept else 0}
    assert entered(rules, BOUGHT, GAS) == {"bought": Decimal(3) if kept else 0}


def test_gas_is_shared_by_value_and_the_last_gets_the_rest() -> None:
    other = trade("other", "buy", "1", "DAI", total_usd="200")
    shared = entered("standard", BOUGHT, other, GAS)

    assert shared["bought"] == Decimal("1." + "6" * 18)
    assert sum(fee or 0 for fee in shared.values()) == 3


def test_legs_without_a_value_share_alike() -> None:
    other = trade("other", "buy", "1", "DAI")

    assert entered("standard", BOUGHT, other, GAS) == {"bought": Decimal(2), "other": Decimal(1)}


def test_a_fee_of_unknown_value_is_none_and_no_fee_is_zero() -> None:
    in_coin = trade("coin", "buy", "1", total_usd="1", fee_asset="BNB", fee_amount="0.1")

    assert fee_of(in_coin) is None
    assert fee_of(trade("free", "buy", "1")) == 0
    assert entered("standard", in_coin) == {"coin": None}
    assert entered("standard", SOLD, BOUGHT, trade("gas", "fee", "1"))["sold"] is None


@given(
    st.lists(st.tuples(st.sampled_from(["buy", "sell", "fee"]), dollars, dollars), max_size=6),
    st.sampled_from(["standard", "capitalise", "split"]),
)
def test_all_of_the_fees_enter_and_nothing_else(
    legs: list[tuple[str, Decimal, Decimal]], rules: FeeRuleName
) -> None:
    trades = [
        trade(str(number), side, "1", total_usd=total, fee_usd=None if side == "fee" else fee)
        for number, (side, total, fee) in enumerate(legs)
    ]
    fees = entered(rules, *trades)
    with localcontext(MONEY):
        expected = sum(fee if side != "fee" else total for side, total, fee in legs)
        if any(side != "fee" for side, _, _ in legs):
            assert sum(fee or 0 for fee in fees.values()) == expected
        else:
            assert fees == {}
