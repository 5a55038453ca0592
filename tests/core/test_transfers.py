"""Transfers are matched by link, by transaction, and by amount and time."""

from datetime import timedelta
from decimal import Decimal
from typing import Any

import pytest

from shared.core.ledger import Accounting
from shared.core.settlement import plan_of, settle
from shared.core.trades import Trade
from shared.core.transfers import Match, Matching

from .histories import ONE, TWO, trade

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


def test_a_transaction_and_a_link_need_no_tolerance() -> None:
    (by_hash,) = matches(out(tx_hash=HASH, chain="base"), into("0.9", tx_hash=HASH, chain="base"))
    (by_link,) = matches(out(link="x"), into("0.5", link="x", day=90))

    assert (by_hash.by, by_hash.fee) == ("transaction", Decimal("0.1"))
    assert (by_link.by, by_link.fee) == ("link", Decimal("0.5"))


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
