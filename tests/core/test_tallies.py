"""Tallies: added up from columns, they are what the events come to one by one."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from shared.core.ledger import Accounting, Ledger
from shared.core.methods import METHODS, Method
from shared.core.settlement import settle
from shared.core.tallies import tally
from shared.core.trades import Trade
from tests.core.histories import histories


def one_by_one(ledger: Ledger) -> Ledger:
    """The same ledger, but no event counts as plain."""
    copy = Ledger(ledger.accounting, withdrawals=ledger.withdrawals, moves=ledger.moves)
    copy.charges = ledger.charges
    for acquisition in ledger.acquisitions:
        copy.acquisitions.add(acquisition)
    for disposal in ledger.disposals:
        copy.disposals.add(disposal)
    return copy


@given(histories(), st.sampled_from(METHODS), st.booleans())
def test_plain_events_add_up_as_any_others_do(trades: Sequence[Trade], method: Method, years: bool) -> None:
    if years:  # so that some gains are long, some short, and some both
        trades = [
            trade._replace(executed_at=trade.executed_at + timedelta(days=200 * at))
            for at, trade in enumerate(trades)
        ]
    ledger = settle(trades, Accounting(method=method))

    assert tally(ledger) == tally(one_by_one(ledger))
