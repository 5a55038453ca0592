"""One wallet's view of a ledger: all views together are the ledger, and each keeps the identity."""

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal, localcontext

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.amounts import EXACT
from shared.core.ledger import Accounting, Ledger
from shared.core.methods import METHODS, Method
from shared.core.pnl import profit_and_loss
from shared.core.settlement import keep, plan_of
from shared.core.trades import Trade
from shared.core.wallets import ledger_of_wallet

from .histories import ETH, ONE, START, TWO, USDC, WETH, check_identity, histories, known, trade

PRICES = {ETH: Decimal(2000), WETH: Decimal(2000), USDC: Decimal("1.01")}
PER_WALLET = Accounting(scope="wallet")


@given(histories(), st.sampled_from(METHODS), st.none() | st.integers(0, 24 * 2000))
def test_the_wallets_gains_add_up_to_the_ledgers(
    trades: list[Trade], method: Method, hours: int | None
) -> None:
    accounting = replace(PER_WALLET, method=method)
    until = None if hours is None else START + timedelta(hours=hours)
    plan = plan_of(trades, accounting)
    ledger = keep(plan, Ledger(accounting), until)
    whole = profit_and_loss(ledger, PRICES).totals
    parts = [profit_and_loss(ledger_of_wallet(ledger, plan, each), PRICES).totals for each in (ONE, TWO)]

    with localcontext(EXACT):
        for name in ("realised_usd", "proceeds_usd", "invested_usd", "income_usd", "fees_usd"):
            assert getattr(whole, name) == sum(getattr(part, name) for part in parts)
        # What is on its way within one wallet, being wrapped, is that wallet's all the time.
        pairs = [plan.moves[match.out_id] for match in ledger.matches]
        between = {pair.match.in_id for pair in pairs if pair.out.wallet != pair.arrived.wallet}
        leaving = [lots for in_id, (_, lots) in ledger.transit.items() if in_id in between]
        in_transit = sum(part.cost or 0 for lots in leaving for part in lots)
        assert whole.cost_basis_usd == sum(known(part.cost_basis_usd) for part in parts) + in_transit


@given(histories(), st.sampled_from(METHODS), st.integers(0, 24 * 1000))
def test_the_identity_holds_in_each_wallet_over_any_period(
    trades: list[Trade], method: Method, hours: int
) -> None:
    accounting = replace(PER_WALLET, method=method)
    plan = plan_of(trades, accounting)
    ledger = keep(plan, Ledger(accounting))
    start = START + timedelta(hours=hours)
    for wallet in (ONE, TWO):
        own = ledger_of_wallet(ledger, plan, wallet)
        totals = profit_and_loss(own, PRICES, start=start).totals

        check_identity(totals)


@given(histories(known=False))
def test_each_unit_in_a_wallet_is_in_its_view(trades: list[Trade]) -> None:
    plan = plan_of(trades, PER_WALLET)
    ledger = keep(plan, Ledger(PER_WALLET))
    for wallet in (ONE, TWO):
        own = ledger_of_wallet(ledger, plan, wallet)
        held = {lot.asset: Decimal(0) for lot in own.open_lots()}
        with localcontext(EXACT):
            for lot in own.open_lots():
                held[lot.asset] += lot.lot.quantity
        for line in profit_and_loss(own, {}).assets:
            assert line.quantity == held.get(line.asset, 0)


def test_an_own_transfer_is_a_withdrawal_here_and_a_deposit_at_cost_there() -> None:
    trades = [
        trade("b", "buy", "2", total_usd="200", wallet=ONE),
        trade("o", "transfer_out", "1", wallet=ONE, day=1),
        trade("i", "transfer_in", "1", wallet=TWO, executed_at=START.replace(day=2, hour=1)),
        trade("s", "sell", "1", total_usd="150", wallet=TWO, day=3),
    ]
    plan = plan_of(trades, PER_WALLET)
    ledger = keep(plan, Ledger(PER_WALLET))
    one, two = (profit_and_loss(ledger_of_wallet(ledger, plan, each), PRICES).totals for each in (ONE, TWO))

    assert (one.invested_usd, one.withdrawn_usd, one.realised_usd) == numbers(200, 100, 0)
    assert (two.deposited_usd, two.realised_usd, two.cost_basis_usd) == numbers(100, 50, 0)


def test_what_is_on_its_way_is_in_no_wallet() -> None:
    trades = [
        trade("b", "buy", "2", total_usd="200", wallet=ONE),
        trade("o", "transfer_out", "1", wallet=ONE, day=1),
        trade("i", "transfer_in", "1", wallet=TWO, day=2),
    ]
    trades[1:] = [each._replace(link="move") for each in trades[1:]]
    plan = plan_of(trades, PER_WALLET)
    ledger = keep(plan, Ledger(PER_WALLET), START + timedelta(days=1))
    one, two = (profit_and_loss(ledger_of_wallet(ledger, plan, each), PRICES) for each in (ONE, TWO))

    assert [line.quantity for line in one.assets] == [Decimal(1)]
    assert two.assets == ()


def numbers(*values: int) -> tuple[Decimal, ...]:
    return tuple(map(Decimal, values))


def test_wallets_in_one_pool_have_no_view() -> None:
    with pytest.raises(ValueError, match="share one pool"):
        ledger_of_wallet(Ledger(Accounting()), plan_of([], Accounting()), ONE)
