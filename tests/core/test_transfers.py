"""Transfers are matched by link, by transaction, and by amount and time."""

import itertools
from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from shared.core.fees import FEE_RULES
from shared.core.ledger import Accounting
from shared.core.methods import METHODS, Method
from shared.core.settlement import plan_of, settle
from shared.core.trades import Trade
from shared.core.transfers import Match, Matching

from .histories import ONE, TWO, known, trade

HASH = "0x" + "ab" * 32


def matches(*trades: Trade, matching: Matching | None = None) -> tuple[Match, ...]:
    return plan_of(trades, Accounting(matching=matching or Matching())).matches


def out(amount: str = "1", **more: Any) -> Trade:
    return trade("out", "transfer_out", amount, **{"wallet": ONE, **more})


def into(amount: str = "1", **more: Any) -> Trade:
    return trade("in", "transfer_in", amount, **{"wallet": TWO, "day": 0.5, **more})


def test_an_equal_amount_soon_after_is_the_same_coins() -> None:
    (match,) = matches(out(), into("0.998"))

    assert (match.by, match.fee) == ("amount", Decimal("0.002"))


@pytest.mark.parametrize(
    "arrived",
    [
        into("0.994"),
        into("1.000001"),
        into(day=0.9),
        into(asset="USDC"),
        into(wallet=ONE),
        into(link="none"),
        into(status="pending"),
    ],
    ids=["too little", "more", "too late", "another asset", "the same wallet", "revoked", "pending"],
)
def test_what_does_not_fit_is_not_matched(arrived: Trade) -> None:
    assert matches(out(), arrived) == ()


def test_tolerance_and_window_are_settings() -> None:
    wide = Matching(tolerance=Decimal("0.01"), window=timedelta(days=8))

    assert len(matches(out(), into("0.994", day=7), matching=wide)) == 1
    assert matches(out(), into(), matching=Matching(automatic=False)) == ()


def test_a_link_needs_no_tolerance() -> None:
    (match,) = matches(out(link="x"), into("0.5", link="x", day=90))

    assert (match.by, match.fee) == ("link", Decimal("0.5"))


def test_what_a_transaction_lacks_beyond_the_tolerance_went_to_others() -> None:
    sent = out("100", tx_hash=HASH, chain="base", total_usd="200", day=1)
    bought = trade("b", "buy", "100", total_usd="50", wallet=ONE)
    ledger = settle([bought, sent, into("60", tx_hash=HASH, chain="base", day=1)])
    (match,), (gone,) = ledger.matches, ledger.withdrawals

    assert (match.by, match.sent, match.received, match.fee) == (
        "transaction",
        Decimal(60),
        Decimal(60),
        Decimal(0),
    )
    assert (gone.trade.id, gone.quantity, gone.cost_basis) == ("out", Decimal(40), Decimal(20))
    assert [(held.lot.quantity, held.lot.cost) for held in ledger.open_lots()] == [(Decimal(60), Decimal(30))]
    assert list(ledger.disposals) == []


def test_a_transaction_keeps_back_a_fee_within_the_tolerance() -> None:
    (match,) = matches(out(tx_hash=HASH, chain="base"), into("0.996", tx_hash=HASH, chain="base"))

    assert (match.sent, match.fee, match.elsewhere) == (Decimal(1), Decimal("0.004"), Decimal(0))


def test_a_transaction_that_brings_more_than_was_sent_brings_other_coins() -> None:
    assert matches(out(tx_hash=HASH, chain="base"), into("10", tx_hash=HASH, chain="base")) == ()


def test_of_linked_transfers_the_closest_amounts_belong_together() -> None:
    trades = [
        trade("a", "transfer_out", "1", wallet=ONE, link="x"),
        trade("b", "transfer_out", "10", wallet=ONE, link="x"),
        into("10", link="x"),
    ]
    for order in itertools.permutations(trades):
        (match,) = matches(*order)

        assert (match.out_id, match.sent, match.received) == ("b", Decimal(10), Decimal(10))


def test_the_same_asset_comes_before_its_family() -> None:
    wrapped = trade("w", "transfer_in", "1", "WETH", wallet=TWO, day=0.01)
    (match,) = matches(out(), wrapped, into("0.9999", day=0.8))

    assert (match.in_id, match.fee) == ("in", Decimal("0.0001"))


@pytest.mark.parametrize(("minutes", "count"), [(15, 1), (16, 0)])
def test_clocks_may_differ_a_little(minutes: int, count: int) -> None:
    assert len(matches(out(day=1), into(day=1 - minutes / 1440))) == count


def test_the_fee_of_a_move_is_worth_what_arrived_when_nothing_else_is_known() -> None:
    bought = trade("b", "buy", "1", total_usd="10", wallet=ONE)
    ledger = settle([bought, out(day=1), into("0.998", day=1, price_usd="2000")])
    (fee,) = ledger.disposals

    assert (fee.kind, fee.quantity, fee.proceeds) == ("fee", Decimal("0.002"), Decimal(4))
    assert [charge.usd for charge in ledger.charges] == [4]


def test_what_arrived_values_the_whole_of_what_became_another_asset() -> None:
    sent = out("1000", asset="XYZ", link="x")
    arrived = into("1", asset="ABC", link="x", price_usd="500")
    sold = trade("s", "sell", "1", "ABC", total_usd="600", day=2)
    (disposal,) = settle([sent, arrived, sold], Accounting(missing_basis="market")).disposals

    assert (disposal.cost_basis, disposal.gain) == (Decimal(500), Decimal(100))


@pytest.mark.parametrize("method", METHODS)
def test_a_lot_too_small_to_arrive_leaves_its_cost_to_another(method: Method) -> None:
    trades = [
        trade("1", "buy", "0.000000000000000001", total_usd="3", wallet=ONE),
        trade("2", "buy", "1", total_usd="3000", wallet=ONE, day=1),
        out("1.000000000000000001", link="x", day=2),
        into("0.999", link="x", day=2),
    ]
    rules = Accounting(method=method, fees=FEE_RULES["capitalise"], scope="wallet")
    held = [held.lot for held in settle(trades, rules).open_lots()]

    assert all(lot.quantity for lot in held)
    assert sum(lot.quantity for lot in held) == Decimal("0.999")
    assert sum(known(lot.cost) for lot in held) == 3003


def test_the_same_hash_on_another_chain_is_another_transaction() -> None:
    trades = out(tx_hash=HASH, chain="base"), into("0.9", tx_hash=HASH, chain="ethereum")

    assert matches(*trades) == ()


def test_the_closest_amounts_are_paired_first() -> None:
    near = trade("near", "transfer_in", "0.999", wallet=TWO, day=0.6)
    (match,) = matches(out(), into("0.996", day=0.1), near)

    assert match.in_id == "near"


def test_many_equal_transfers_are_all_matched() -> None:
    trades = [
        trade(f"{side}{number}", side, "1", wallet=wallet, day=number / 2000)
        for number in range(300)
        for side, wallet in (("transfer_out", ONE), ("transfer_in", TWO))
    ]

    assert len(matches(*trades)) == 300


def test_a_link_between_different_assets_carries_the_cost_over() -> None:
    deposited = trade("d", "transfer_out", "10", "STETH", day=1, link="vault", wallet=ONE)
    shares = trade("s", "transfer_in", "8", "WSTETH", day=1, link="vault", wallet=ONE)
    bought = trade("b", "buy", "10", "STETH", total_usd="5000", wallet=ONE)
    ledger = settle([bought, deposited, shares])
    (held,) = ledger.open_lots()

    assert (held.asset, held.lot.quantity, held.lot.cost) == ("WSTETH", Decimal(8), Decimal(5000))
    assert held.lot.acquired_at == bought.executed_at


def test_coins_on_their_way_are_held_but_in_no_wallet() -> None:
    bought = trade("b", "buy", "1", total_usd="10", wallet=ONE, day=-1)
    sent = out()
    ledger = settle([bought, sent, into()], Accounting(scope="wallet"), until=sent.executed_at)
    (held,) = ledger.open_lots()

    assert (held.wallet, held.lot.cost) == (None, Decimal(10))
