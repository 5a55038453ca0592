"""A checkpoint survives its text, refuses other rules, and never cuts an event in two."""

import json

import pytest

from shared.core.checkpoints import from_state, resume, take_checkpoint, to_state
from shared.core.ledger import Accounting
from shared.core.trades import Trade

from .histories import ONE, TWO, trade


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
