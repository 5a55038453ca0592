"""The clerk: enters any trade into a ledger, by the ledger's rules."""

from __future__ import annotations

from decimal import Decimal
from typing import Literal

from .disposals import Acquisition, Disposal
from .events import Plan
from .holdings import Holdings
from .ledger import Ledger
from .lots import ZERO, Doubt, whole_lot
from .moves import Moves
from .payments import Payments
from .trade_type import Trade


class Clerk:
    """Enters trades into a ledger, one after the other."""

    def __init__(self, plan: Plan, ledger: Ledger) -> None:
        self._plan = plan
        self._ledger = ledger
        self._fees = ledger.accounting.fees
        self.holdings = Holdings(ledger)
        self._payments = Payments(ledger, self.holdings)
        self._moves = Moves(plan, ledger, self.holdings, self._payments)

    def enter(self, trade: Trade) -> None:
        """One trade; of a trade that moves lots, its side of the move."""
        pair = self._plan.moves.get(trade.id)
        if pair is not None:
            self._moves.enter(trade, pair)
        elif trade.side == "buy" or trade.side == "income":  # noqa: PLR1714  mypy narrows this only
            self._acquire(trade.side, trade)
        elif trade.side == "sell":
            self._sell(trade)
        elif trade.side == "transfer_in":
            self._deposit(trade)
        elif trade.side == "transfer_out":
            self._withdraw(trade)
        else:
            self._payments.pay_in_coin(trade, trade.asset, trade.quantity, trade.total_usd)
        self._payments.pay_own_fee(trade)

    def _acquire(self, kind: Literal["buy", "income"], trade: Trade) -> None:
        value = self._value(trade)
        fee = self._fee(trade, counts=self._fees.buy == "basis")
        if value is None or fee is None:
            self._open_lot(kind, trade, value, None, Doubt("missing_price", value or ZERO, None))
        else:
            self._open_lot(kind, trade, value, value + fee, None)

    def _deposit(self, trade: Trade) -> None:
        """Coins from outside: their basis is documented, or else assumed."""
        if trade.basis_usd is None:
            assumed = self.holdings.assumed(trade.total_usd)
            self._open_lot("deposit", trade, trade.total_usd, *assumed)
        else:
            self._open_lot("deposit", trade, trade.total_usd, trade.basis_usd, None)

    def _open_lot(
        self,
        kind: Literal["buy", "income", "deposit"],
        trade: Trade,
        value: Decimal | None,
        cost: Decimal | None,
        doubt: Doubt | None,
    ) -> None:
        lot = whole_lot(trade.id, trade.acquired_at or trade.executed_at, trade.quantity, cost, doubt)
        self.holdings.pool(trade.asset, trade.wallet).add(lot)
        self._ledger.acquisitions.add(Acquisition(kind, trade, trade.asset, value, lot))

    def _sell(self, trade: Trade) -> None:
        asset, quantity = trade.asset, trade.quantity
        value = self._value(trade)
        fee = self._fee(trade, counts=self._fees.sell == "proceeds")
        proceeds = None if value is None or fee is None else value - fee
        parts = self.holdings.draw(trade, asset, quantity, value, trade.lots)
        self._ledger.disposals.add(Disposal("sale", trade, asset, quantity, proceeds, parts))

    def _withdraw(self, trade: Trade) -> None:
        """Coins that leave the ledger without being sold, with their cost."""
        asset, quantity = trade.asset, trade.quantity
        parts = self.holdings.draw(trade, asset, quantity, trade.total_usd, trade.lots)
        self._ledger.withdrawals.append(Disposal("withdrawal", trade, asset, quantity, None, parts))

    def _value(self, trade: Trade) -> Decimal | None:
        total = trade.total_usd
        return self._plan.values.get(trade.id) if total is None else total

    def _fee(self, trade: Trade, *, counts: bool) -> Decimal | None:
        """What of the fees enters this leg; None when it is not known."""
        fees = self._plan.fees
        if trade.id in fees:
            return fees[trade.id]
        return (trade.fee_usd or ZERO) if counts else ZERO
