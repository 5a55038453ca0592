"""Moves: lots that leave one place and arrive in another with their date and cost."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from .disposals import Disposal, Move
from .events import Pair, Plan
from .holdings import Holdings
from .ledger import Ledger
from .lots import ZERO, Part, rescale
from .payments import Payments
from .trade_type import Trade
from .turns import Step, in_turn


class Moves:
    """Carries lots from place to place; on the way they are in the ledger's transit."""

    def __init__(self, plan: Plan, ledger: Ledger, holdings: Holdings, payments: Payments) -> None:
        self._together = plan.together
        self._ledger = ledger
        self._holdings = holdings
        self._payments = payments
        self._departed: set[str] = set()
        self._entered: datetime | None = None

    def enter(self, trade: Trade, pair: Pair) -> None:
        """Lots leave with the first side that comes and arrive with the trade that received them.

        With one of several moves of one instant all of them are entered.
        """
        at = trade.executed_at
        together = self._together.get(at)
        if together is None:
            self._carry(pair, at)
        elif at != self._entered:
            self._entered = at
            for each in in_turn([self._step(each, at) for each in together]):
                self._carry(each, at)

    def _carry(self, pair: Pair, at: datetime) -> None:
        match = pair.match
        if match.out_id not in self._departed:
            self._departed.add(match.out_id)
            self._depart(pair)
        if pair.arrived.executed_at == at and match.in_id in self._ledger.transit:
            asset, parts = self._ledger.transit.pop(match.in_id)
            pool = self._holdings.pool(asset, pair.arrived.wallet)
            for part in parts:
                pool.add(part)

    def _step(self, pair: Pair, at: datetime) -> Step:
        """Within one pool nothing is brought that was not there."""
        match, out, arrived = pair
        source = self._holdings.pool(match.asset_sent, out.wallet)
        destination = self._holdings.pool(match.asset_received, arrived.wallet)
        brings = arrived.executed_at == at and destination is not source
        departs = match.out_id not in self._departed
        return Step(pair, source if departs else None, destination if brings else None)

    def _depart(self, pair: Pair) -> None:
        match, out, arrived = pair
        keeps_fee = self._ledger.accounting.fees.transfer == "basis" and bool(match.fee)
        whole = match.is_rescaled or keeps_fee
        source = self._holdings.pool(match.asset_sent, out.wallet)
        parts: Sequence[Part] = []
        quantity = ZERO
        if whole or source is not self._holdings.pool(match.asset_received, arrived.wallet):
            quantity = match.sent if whole else match.received
            parts = self._holdings.draw(out, match.asset_sent, quantity, pair.value_of(quantity), out.lots)
            parts = rescale(parts, match.received) if whole else parts
        self._ledger.transit[match.in_id] = (match.asset_received, parts)
        self._ledger.moves.append(Move(match, quantity, parts))
        if keeps_fee:
            self._payments.charge(out, match.asset_sent, pair.value_of(match.fee))
        elif match.fee:
            self._payments.pay_in_coin(out, match.asset_sent, match.fee, pair.value_of(match.fee))
        if match.elsewhere:
            self._withdraw(pair)

    def _withdraw(self, pair: Pair) -> None:
        """What the transaction sent to others leaves the ledger without being sold."""
        match, out, _ = pair
        value = pair.value_of(match.elsewhere)
        parts = self._holdings.draw(out, match.asset_sent, match.elsewhere, value, ())
        rest = out._replace(lots=())  # the lots it names are those that moved
        gone = Disposal("withdrawal", rest, match.asset_sent, match.elsewhere, None, parts)
        self._ledger.withdrawals.append(gone)
