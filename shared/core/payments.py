"""Fees as they are paid: each one is charged, and one in coins is a disposal of them."""

from __future__ import annotations

from decimal import Decimal

from .disposals import Charge, Disposal
from .holdings import Holdings
from .ids import AssetId
from .ledger import Ledger
from .lots import known_sum
from .trade_type import Trade


class Payments:
    """Pays fees out of what is held."""

    def __init__(self, ledger: Ledger, holdings: Holdings) -> None:
        self._ledger = ledger
        self._holdings = holdings

    def pay_own_fee(self, trade: Trade) -> None:
        """What a trade itself costs, in a coin or in dollars."""
        if trade.fee_asset is not None and trade.fee_amount is not None:
            self.pay_in_coin(trade, trade.fee_asset, trade.fee_amount, trade.fee_usd)
        elif trade.fee_usd:
            self.charge(trade, trade.asset, trade.fee_usd)

    def pay_in_coin(self, trade: Trade, asset: AssetId, quantity: Decimal, value: Decimal | None) -> None:
        """Coins spent as a fee: a disposal at market value, or without a gain."""
        self.charge(trade, asset, value)
        picks = trade.lots if trade.side == "fee" else ()
        parts = self._holdings.draw(trade, asset, quantity, value, picks)
        is_disposal = self._ledger.accounting.fees.coin == "disposal"
        proceeds = value if is_disposal else known_sum([part.cost for part in parts])
        self._ledger.disposals.add(Disposal("fee", trade, asset, quantity, proceeds, parts))

    def charge(self, trade: Trade, asset: AssetId, value: Decimal | None) -> None:
        """A fee among the charges; None is one of unknown value."""
        self._ledger.charges.append(Charge(trade, asset, value))
