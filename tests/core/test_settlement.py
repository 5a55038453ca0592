"""The laws of the ledger, over random histories."""

import itertools
from collections.abc import Sequence
from dataclasses import replace
from decimal import Decimal, localcontext

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from shared.core.amounts import EXACT
from shared.core.checkpoints import from_state, resume, take_checkpoint, to_state
from shared.core.clerk import Clerk
from shared.core.fees import FEE_RULES
from shared.core.ledger import Accounting, Ledger, PoolScope
from shared.core.lots import Part, known_sum
from shared.core.methods import METHODS
from shared.core.pnl import profit_and_loss, variants
from shared.core.reconcile import replayed
from shared.core.settlement import keep, plan_of, settle
from shared.core.tallies import joined, tally
from shared.core.trades import Trade

from .histories import (
    ETH,
    ONE,
    START,
    THREE,
    TWO,
    USDC,
    WETH,
    check_identity,
    crowds,
    histories,
    loose_transfers,
    trade,
)

PRICES = {ETH: Decimal(2000), WETH: Decimal(2000), USDC: Decimal("1.01")}

ANY = st.one_of(histories(known=False), crowds(), loose_transfers())

accountings = st.builds(
    Accounting,
    method=st.sampled_from(METHODS),
    scope=st.sampled_from(["universal", "wallet"]),
    fees=st.sampled_from(list(FEE_RULES.values())),
    missing_basis=st.sampled_from(["zero", "market"]),
)


def everything(ledger: Ledger) -> tuple[object, ...]:
    """All that a ledger says, comparable."""
    return (
        list(ledger.acquisitions),
        list(ledger.disposals),
        ledger.withdrawals,
        ledger.moves,
        ledger.charges,
        list(ledger.open_lots()),
    )


@given(histories(known=False), accountings)
def test_every_unit_that_came_in_went_out_or_is_held(trades: list[Trade], accounting: Accounting) -> None:
    ledger = settle(trades, accounting)
    held = {asset: Decimal(0) for asset in tally(ledger)}
    with localcontext(EXACT):
        for lot in ledger.open_lots():
            held[lot.asset] += lot.lot.quantity
        for asset, sums in tally(ledger).items():
            assert sums.quantity_in == sums.quantity_out + held[asset]


@given(histories(), accountings)
def test_every_dollar_of_cost_is_held_disposed_of_or_withdrawn(
    trades: list[Trade], accounting: Accounting
) -> None:
    ledger = settle(trades, accounting)
    held = {asset: Decimal(0) for asset in tally(ledger)}
    with localcontext(EXACT):
        for lot in ledger.open_lots():
            assert lot.lot.cost is not None
            held[lot.asset] += lot.lot.cost
        for asset, sums in tally(ledger).items():
            assert sums.cost_held == held[asset]


@given(histories(), accountings)
def test_a_move_carries_all_of_its_cost(trades: list[Trade], accounting: Accounting) -> None:
    plan = plan_of(trades, accounting)
    ledger = Ledger(accounting)
    with localcontext(EXACT):
        clerk = Clerk(plan, ledger)
        for trade in plan.trades:
            before = cost_of(ledger)
            counts = len(ledger.acquisitions), len(ledger.disposals)
            clerk.enter(trade)
            if trade.id in plan.moves and counts == (len(ledger.acquisitions), len(ledger.disposals)):
                assert cost_of(ledger) == before


def cost_of(ledger: Ledger) -> Decimal | None:
    return known_sum([held.lot.cost for held in ledger.open_lots()])


@given(histories(), accountings)
def test_the_identity_of_gains_holds_for_each_asset_and_in_all(
    trades: list[Trade], accounting: Accounting
) -> None:
    answer = profit_and_loss(settle(trades, accounting), PRICES)
    totals = answer.totals

    assert totals.partial == ()
    check_identity(totals)
    with localcontext(EXACT):
        for line in answer.assets:
            assert line.realised_usd is not None
            assert line.unrealised_usd is not None
            assert line.market_value_usd is not None
            gained = line.realised_usd + line.unrealised_usd
            sums = line.tally
            assert gained == sums.proceeds + line.market_value_usd + sums.withdrawn - sums.cost_in


@given(histories(), accountings, st.integers(0, 24 * 1000))
def test_the_identity_holds_over_any_period(trades: list[Trade], accounting: Accounting, hours: int) -> None:
    start = START.replace(year=2023 + hours // 9000, hour=hours % 24)
    totals = profit_and_loss(settle(trades, accounting), PRICES, start=start).totals

    assert totals.partial == ()
    check_identity(totals)


@given(histories(known=False), accountings, st.randoms(use_true_random=False))
def test_the_order_in_which_trades_were_entered_does_not_matter(
    trades: list[Trade], accounting: Accounting, random: object
) -> None:
    shuffled = list(trades)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    assert everything(settle(shuffled, accounting)) == everything(settle(trades, accounting))


@given(st.data(), ANY, accountings)
@settings(max_examples=300)
def test_the_ids_that_trades_were_given_do_not_matter(
    data: st.DataObject, trades: list[Trade], accounting: Accounting
) -> None:
    """Nor does the order in which the same instant's trades were entered, which their ids follow."""
    ids = data.draw(st.permutations([trade.id for trade in trades]))
    renamed = [trade._replace(id=name) for trade, name in zip(trades, ids, strict=True)]

    assert without_ids(settle(renamed, accounting)) == without_ids(settle(trades, accounting))


def without_ids(ledger: Ledger) -> list[list[str]]:
    """All that a ledger says of trades that are told apart by what they say."""
    acquired, disposed = ledger.acquisitions, [*ledger.disposals, *ledger.withdrawals]
    happened: list[list[tuple[object, ...]]] = [
        [(each.kind, plain(each.trade), each.asset, each.value, bare([each.lot])) for each in acquired],
        [(each[0], plain(each.trade), each[2:5], each.gain, bare(each.parts)) for each in disposed],
        [(each.match[2:], each.drawn, bare(each.parts)) for each in ledger.moves],
        [(plain(each.trade), each.asset, each.usd) for each in ledger.charges],
        [(asset, wallet, bare([lot])) for asset, wallet, lot in ledger.open_lots()],
    ]
    return [sorted(map(repr, each)) for each in happened]


def plain(trade: Trade) -> Trade:
    return trade._replace(id="")


def bare(parts: Sequence[Part]) -> list[tuple[object, ...]]:
    return [part[1:] for part in parts]


@pytest.mark.parametrize("scope", ["universal", "wallet"])
@pytest.mark.parametrize("names", list(itertools.permutations(["1", "2", "3", "4"])))
def test_coins_that_go_on_in_the_instant_they_came_arrive_with_their_cost(
    names: tuple[str, ...], scope: PoolScope
) -> None:
    first, second, third, fourth = names
    bought = trade("0", "buy", "1", total_usd="100", wallet=ONE)
    moved = [
        trade(first, "transfer_out", "1", wallet=ONE, day=1, link="a"),
        trade(second, "transfer_in", "1", wallet=TWO, day=1, link="a"),
        trade(third, "transfer_out", "1", wallet=TWO, day=1, link="b"),
        trade(fourth, "transfer_in", "1", wallet=THREE, day=1, link="b"),
    ]
    sold = trade("9", "sell", "1", total_usd="500", wallet=THREE, day=1)
    (disposal,) = settle([bought, *moved, sold], Accounting(scope=scope)).disposals

    assert (disposal.gain, disposal.missing_quantity) == (Decimal(400), Decimal(0))


@pytest.mark.parametrize("scope", ["universal", "wallet"])
@pytest.mark.parametrize(("wrap", "unwrap"), ["12", "21"])
def test_coins_that_go_round_in_one_instant_start_where_they_are(
    wrap: str, unwrap: str, scope: PoolScope
) -> None:
    trades = [
        trade("0", "buy", "1", total_usd="100"),
        trade(f"{wrap}a", "sell", "1", link=wrap, day=1),
        trade(f"{wrap}b", "buy", "1", "WETH", link=wrap, day=1),
        trade(f"{unwrap}a", "sell", "1", "WETH", link=unwrap, day=1),
        trade(f"{unwrap}b", "buy", "1", link=unwrap, day=1),
        trade("9", "sell", "1", total_usd="500", day=2),
    ]
    (disposal,) = settle(trades, Accounting(scope=scope)).disposals

    assert (disposal.gain, disposal.missing_quantity) == (Decimal(400), Decimal(0))


def test_at_one_time_coins_come_in_before_they_move_and_move_before_they_go_out() -> None:
    trades = [
        trade("d", "transfer_in", "1", basis_usd="100", link="none", wallet=ONE),
        trade("w", "sell", "1", link="wrap", wallet=ONE),
        trade("x", "buy", "1", "WETH", link="wrap", wallet=ONE),
        trade("s", "sell", "1", "WETH", total_usd="150", wallet=ONE),
    ]
    for order in itertools.permutations(trades):
        (disposal,) = settle(order, Accounting(scope="wallet")).disposals

        assert (disposal.gain, disposal.missing_quantity) == (Decimal(50), Decimal(0))


def test_a_purchase_at_the_same_time_provides_the_coins_of_a_fee() -> None:
    fee = {"fee_asset": "BNB", "fee_amount": "1", "fee_usd": "1"}
    trades = [
        trade("1", "buy", "1", "ABC", total_usd="100", **fee),
        trade("2", "buy", "1", "BNB", total_usd="1"),
    ]
    (paid,) = settle(trades).disposals

    assert (paid.gain, paid.missing_quantity) == (Decimal(0), Decimal(0))


@given(ANY, accountings, st.integers(0, 40))
@settings(max_examples=300)
def test_a_checkpoint_and_the_rest_equal_the_whole(
    trades: list[Trade], accounting: Accounting, known: int
) -> None:
    ordered = sorted(trades, key=lambda trade: (trade.executed_at, trade.id))
    cuts = [at for at in range(len(ordered)) if may_be_cut(ordered[:at], ordered[at:])]
    cut = cuts[known % len(cuts)] if cuts else len(ordered)
    checkpoint = take_checkpoint(ordered[:cut], accounting)
    if checkpoint is None:
        return
    checkpoint = from_state(to_state(checkpoint))
    rest = [trade for trade in ordered if trade.executed_at > checkpoint.boundary]
    carried_on = keep(plan_of(rest, accounting), resume(checkpoint, accounting))
    whole = settle(trades, accounting)

    assert list(carried_on.open_lots()) == list(whole.open_lots())
    assert whole.disposals[len(whole.disposals) - len(carried_on.disposals) :] == carried_on.disposals[:]
    assert joined(checkpoint.tallies, tally(carried_on)) == tally(whole)


def may_be_cut(earlier: list[Trade], later: list[Trade]) -> bool:
    """Whether all of `later` comes after, and joins no earlier event by its link."""
    links = {trade.link for trade in earlier} & {trade.link for trade in later} - {None, "none"}
    return not links and (not earlier or later[0].executed_at > earlier[-1].executed_at)


@given(histories(known=False), accountings)
def test_the_short_way_of_plain_trades_does_what_the_clerk_does(
    trades: list[Trade], accounting: Accounting
) -> None:
    plan = plan_of(trades, accounting)
    slow = Ledger(accounting)
    clerk = Clerk(plan, slow)
    with localcontext(EXACT):
        for trade in plan.trades:
            clerk.enter(trade)

    assert everything(slow) == everything(keep(plan, Ledger(accounting)))


@given(histories(), st.sampled_from(list(FEE_RULES.values())))
def test_with_one_lot_all_methods_agree(trades: list[Trade], rules: object) -> None:
    first_buy = [trade for trade in trades if trade.side == "buy" and trade.asset == ETH][:1]
    sales = [trade for trade in trades if trade.side in ("sell", "fee") and trade.asset == ETH]
    one_lot = [trade._replace(link="none", fee_asset=None, fee_amount=None) for trade in first_buy + sales]
    answers = [settle(one_lot, Accounting(method=method)) for method in METHODS]

    for one, other in itertools.pairwise(answers):
        assert [each.gain for each in one.disposals] == [each.gain for each in other.disposals]


@given(histories(known=False), accountings)
def test_what_is_not_known_is_none_and_never_zero(trades: list[Trade], accounting: Accounting) -> None:
    for disposal in settle(trades, replace(accounting, missing_basis="reject")).disposals:
        certain = disposal.proceeds is not None and all(part.cost is not None for part in disposal.parts)

        assert (disposal.gain is not None) == certain
        assert certain or disposal.reason is not None


@given(histories(), accountings)
def test_an_assumed_gain_lies_within_its_bounds(trades: list[Trade], accounting: Accounting) -> None:
    for disposal in settle(trades, accounting).disposals:
        low, assumed, high = disposal.gain_low, disposal.gain, disposal.gain_high
        if low is not None and assumed is not None and high is not None:
            assert low <= assumed <= high


@given(histories(known=False), accountings)
def test_pools_and_replayed_balances_agree(trades: list[Trade], accounting: Accounting) -> None:
    """What the trades alone say each wallet holds is what the pools hold, less what was missing."""
    rules = replace(accounting, scope="wallet")
    ledger = settle(trades, rules)
    rescaled = {match.out_id for match in ledger.matches if match.is_rescaled}
    held = {holder: quantity for holder, quantity in replayed(trades).items() if quantity}
    with localcontext(EXACT):
        for asset, wallet, lot in ledger.open_lots():
            held[wallet, asset] = held.get((wallet, asset), Decimal(0)) - lot.quantity
        for acquisition in ledger.acquisitions:
            if acquisition.kind == "missing":
                place = acquisition.trade.wallet, acquisition.asset
                held[place] = held.get(place, Decimal(0)) + acquisition.lot.quantity

    assert rescaled or not any(held.values())


@pytest.mark.parametrize("rules", list(FEE_RULES))
def test_every_named_fee_rule_settles_an_empty_history(rules: str) -> None:
    ledger = settle([], Accounting(fees=FEE_RULES[rules]))  # type: ignore[index]

    assert everything(ledger) == ([], [], [], [], [], [])


def test_the_variants_of_rules_are_all_methods_in_both_scopes() -> None:
    rules = variants(Accounting(missing_basis="market"))

    assert [(each.method, each.scope) for each in rules] == list(
        itertools.product(METHODS, ("universal", "wallet"))
    )
    assert {each.missing_basis for each in rules} == {"market"}
