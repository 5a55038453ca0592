"""Moves: lots that leave one place and arrive in another with their date and cost."""

from __future__ import annotations

from collections.abc import Sequence

from .disposals import Move
from .events import Pair
from .holdings import Holdings
from .ledger import Ledger
from .lots import ZERO, Part, rescale
from .payments import Payments
from .trade_type import Trade


class Moves:
    """Carries lots from place to place; on the way they are in the ledger's transit."""

    def __init__(self, ledger: Ledger, holdings: Holdings, payments: Payments) -> None:
        self._ledger = ledger
        self._holdings = holdings
        self._payments = payments
        self._departed: set[str] = set()

    def enter(self, trade: Trade, pair: Pair) -> None:
        """Lots leave with the first side that comes and arrive with the trade that received them."""
        match = pair.match
        if match.out_id not in self._departed:
            self._departed.add(match.out_id)
            self._depart(pair)
        if trade.id == match.in_id:
            asset, parts = self._ledger.transit.pop(match.in_id)
            pool = self._holdings.pool(asset, pair.arrived.wallet)
            for part in parts:
                pool.add(part)

    def _depart(self, pair: Pair) -> None:
        match, out, arrived = pair
        keeps_fee = self._ledger.accounting.fees.transfer == "basis" and bool(match.fee)
        price = out.price_usd if out.price_usd is not None else arrived.price_usd
        whole = match.is_rescaled or keeps_fee
        source = self._holdings.pool(match.asset_sent, out.wallet)
        parts: Sequence[Part] = []
        quantity = ZERO
        if whole or source is not self._holdings.pool(match.asset_received, arrived.wallet):
            quantity = match.sent if whole else match.received
            value = None if price is None else price * quantity
            parts = self._holdings.draw(out, match.asset_sent, quantity, value, out.lots)
            parts = rescale(parts, match.received) if whole else parts
        self._ledger.transit[match.in_id] = (match.asset_received, parts)
        self._ledger.moves.append(Move(match, quantity, parts))
        fee_value = None if price is None else price * match.fee
        if keeps_fee:
            self._payments.charge(out, match.asset_sent, fee_value)
        elif match.fee:
            self._payments.pay_in_coin(out, match.asset_sent, match.fee, fee_value)
