"""A checkpoint survives its text, refuses other rules, and never cuts an event in two."""

import json
from datetime import timedelta
from typing import Any

import pytest

from shared.core.checkpoints import boundary, from_state, resume, take_checkpoint, to_state
from shared.core.ledger import Accounting
from shared.core.settlement import plan_of, settle
from shared.core.trades import Trade

from .histories import ONE, START, TWO, trade


def history() -> list[Trade]:
    return [
        trade("b", "buy", "3", total_usd="100"),
        trade("s", "sell", "1", total_usd="50", day=1),
        trade("d", "transfer_in", "1", day=2),
    ]


def test_a_checkpoint_survives_its_text() -> None:
    checkpoint = take_checkpoint(history(), Accounting())

    assert checkpoint is not None
    assert from_state(json.loads(json.dumps(to_state(checkpoint)))) == checkpoint


def test_other_rules_and_versions_are_refused() -> None:
    checkpoint = take_checkpoint(history(), Accounting())
    assert checkpoint is not None
    with pytest.raises(ValueError, match="other rules"):
        resume(checkpoint, Accounting(method="lifo"))
    with pytest.raises(ValueError, match="version"):
        from_state({**to_state(checkpoint), "version": 0})


def test_a_transfer_that_may_yet_be_matched_is_left_open() -> None:
    sent = trade("o", "transfer_out", "1", wallet=ONE, day=3)
    checkpoint = take_checkpoint([*history(), sent], Accounting())
    later = trade("z", "buy", "1", total_usd="1", wallet=TWO, day=5)
    closed = take_checkpoint([*history(), sent, later], Accounting())

    assert checkpoint is not None
    assert closed is not None
    assert checkpoint.boundary < sent.executed_at
    assert closed.boundary == later.executed_at


@pytest.mark.parametrize(("received", "closes"), [("1", True), ("0.999", False)])
def test_what_arrived_whole_waits_for_nothing_better(received: str, closes: bool) -> None:
    moved = [
        hours("o", "transfer_out", "1", 100, wallet=ONE),
        hours("i", "transfer_in", received, 101, wallet=TWO),
        hours("z", "buy", "1", 102, total_usd="1"),
    ]
    checkpoint = take_checkpoint([*history(), *moved], Accounting())

    assert checkpoint is not None
    assert (checkpoint.boundary >= moved[1].executed_at) == closes


def test_transfers_that_may_yet_be_matched_anew_are_left_open_together() -> None:
    """The later arrival fits the second transfer better, and frees the first one for the first transfer."""
    trades = [
        trade("b", "buy", "3", total_usd="300", wallet=ONE, day=-1),
        hours("o1", "transfer_out", "1", 0, wallet=ONE),
        hours("i1", "transfer_in", "0.999", 9.9, wallet=TWO),
        hours("o2", "transfer_out", "0.9991", 10, wallet=ONE),
        hours("s", "sell", "0.1", 25, total_usd="20", wallet=ONE),
    ]
    later = hours("i2", "transfer_in", "0.9991", 28, wallet=TWO)
    rules = Accounting(scope="wallet")
    checkpoint = take_checkpoint(trades, rules)

    assert {match.out_id: match.in_id for match in settle(trades, rules).matches} == {"o2": "i1"}
    matches = {match.out_id: match.in_id for match in settle([*trades, later], rules).matches}
    assert matches == {"o1": "i1", "o2": "i2"}
    assert checkpoint is not None
    assert checkpoint.boundary < trades[1].executed_at


def hours(trade_id: str, side: str, amount: str, hour: float, **more: Any) -> Trade:
    return trade(trade_id, side, amount, day=hour / 24, **more)


def test_a_boundary_is_not_later_than_asked_for() -> None:
    plan = plan_of(history(), Accounting())
    latest = START + timedelta(days=1, hours=1)

    assert boundary(plan, Accounting(), latest) == latest
    assert boundary(plan, Accounting(), START - timedelta(days=1)) is None
    assert boundary(plan, Accounting(), START + timedelta(days=90)) == boundary(plan, Accounting())


def test_a_checkpoint_is_carried_on_to_the_next() -> None:
    trades = history()
    first = take_checkpoint(trades[:1], Accounting())
    assert first is not None
    rest = [each for each in trades if each.executed_at > first.boundary]

    late = trade("z", "sell", "1", total_usd="1", day=9)
    assert take_checkpoint([*rest, late], Accounting(), first) == take_checkpoint(
        [*trades, late], Accounting()
    )


def test_without_a_closed_time_there_is_no_checkpoint() -> None:
    sent = trade("o", "transfer_out", "1", wallet=ONE)

    assert take_checkpoint([], Accounting()) is None
    assert take_checkpoint([sent], Accounting()) is None
