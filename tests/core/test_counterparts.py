"""The quick way of pairing finds what trying every pair finds."""

from collections.abc import Iterator, Sequence
from datetime import timedelta
from decimal import Decimal, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.core.counterparts import Leg, Reach, Side, legs_of, pairs_of
from shared.core.lots import MONEY
from shared.core.ordering import in_order
from shared.core.trades import Trade

from .histories import ONE, START, TWO, trade

FAMILIES = {"ETH": 0, "WETH": 0}
AMOUNT = Reach(Decimal("0.005"), timedelta(hours=20), timedelta(minutes=15))
REACHES = st.sampled_from([AMOUNT, Reach(), Reach(linked=True)])


@st.composite
def transfers(draw: st.DrawFn) -> list[Trade]:
    """Transfers that nearly all could be of the same coins."""
    made = []
    for number in range(draw(st.integers(0, 14))):
        side = draw(st.sampled_from(["transfer_out", "transfer_in"]))
        amount = draw(st.sampled_from(["1", "1", "0.998", "0.995", "0.9949"]))
        asset = draw(st.sampled_from(["ETH", "ETH", "WETH", "ABC"]))
        wallet = draw(st.sampled_from([ONE, TWO, None]))
        at = START + timedelta(minutes=draw(st.sampled_from([0, 10, 15, 16, 1200, 1201, 1215])))
        made.append(trade(f"{number:02}", side, amount, asset, wallet=wallet, executed_at=at))
    return made


def directions(trades: Sequence[Trade]) -> tuple[list[Leg], list[Leg]]:
    legs = legs_of(in_order(trades))
    outs = [leg for leg in legs if leg.trade.side == "transfer_out"]
    return outs, [leg for leg in legs if leg.trade.side == "transfer_in"]


def all_fitting(outs: Sequence[Leg], ins: Sequence[Leg], reach: Reach) -> Iterator[tuple[Leg, Leg]]:
    for out in outs:
        for arrived in ins:
            same = out.asset == arrived.asset
            kin = out.asset in FAMILIES and arrived.asset in FAMILIES
            stood_still = same and out.trade.wallet == arrived.trade.wallet and out.trade.wallet is not None
            grew = same and arrived.quantity > out.quantity and not reach.linked
            near = reach.window is None or is_near(out, arrived, reach)
            if near and (same or kin or reach.linked) and not stood_still and not grew:
                yield out, arrived


def is_near(out: Leg, arrived: Leg, reach: Reach) -> bool:
    assert reach.window is not None
    assert reach.tolerance is not None
    in_time = out.at - reach.early <= arrived.at <= out.at + reach.window
    return in_time and out.quantity * (1 - reach.tolerance) <= arrived.quantity <= out.quantity


def distance(pair: tuple[Leg, Leg]) -> tuple[int, Decimal, timedelta, int, int]:
    out, arrived = pair
    same, kin = out.asset == arrived.asset, out.asset in FAMILIES and arrived.asset in FAMILIES
    gaps = abs(out.quantity - arrived.quantity), abs(out.at - arrived.at)
    return (0 if same else 1 if kin else 2, *gaps, out.order, arrived.order)


@given(transfers(), REACHES)
@settings(max_examples=400)
def test_pairs_are_the_closest_of_all_then_the_closest_of_the_rest(trades: list[Trade], reach: Reach) -> None:
    outs, ins = directions(trades)
    with localcontext(MONEY):
        expected: list[tuple[Leg, Leg]] = []
        taken: set[int] = set()
        for out, arrived in sorted(all_fitting(outs, ins, reach), key=distance):
            if not {out.order, arrived.order} & taken:
                taken |= {out.order, arrived.order}
                expected.append((out, arrived))

        assert sorted(pairs_of(outs, ins, FAMILIES, reach)) == sorted(expected)


def test_very_many_transfers_alike_take_few_looks(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pair is found in a few looks for the closest, however many others would do."""
    count = 3000
    hours = [START + timedelta(seconds=20 * number) for number in range(count)]
    outs = [trade(f"o{n}", "transfer_out", "1", wallet=ONE, executed_at=at) for n, at in enumerate(hours)]
    ins = [
        trade(f"i{n}", "transfer_in", Decimal("0.996") + Decimal(n).scaleb(-7), wallet=TWO, executed_at=at)
        for n, at in enumerate(hours)
    ]
    looks = 0
    closest = Side.closest

    def counted(side: Side, leg: Leg) -> Leg | None:
        nonlocal looks
        looks += 1
        return closest(side, leg)

    monkeypatch.setattr(Side, "closest", counted)

    assert len(pairs_of(*directions(outs + ins), FAMILIES, AMOUNT)) == count
    assert looks <= 4 * count
