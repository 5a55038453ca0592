"""What is held: the pools of a ledger, and what is taken from them or found missing there."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal

from .disposals import Acquisition
from .ids import Address, AssetId
from .ledger import Ledger
from .lots import NO_TRADE, ZERO, Doubt, Part, share, whole_lot
from .methods import open_pool
from .parts import Parts
from .pools import Pool
from .trade_type import LotPick, Trade


class Holdings:
    """The pools of a ledger, opened when first asked for."""

    def __init__(self, ledger: Ledger) -> None:
        self._ledger = ledger
        self._pools = ledger.pools
        self._per_wallet = ledger.accounting.scope == "wallet"

    def pool(self, asset: AssetId, wallet: Address | None) -> Pool:
        """The pool of an asset, and of a wallet if each has its own."""
        place = (asset, wallet if self._per_wallet else None)
        pool = self._pools.get(place)
        if pool is None:
            pool = self._pools[place] = open_pool(self._ledger.accounting.method)
        return pool

    def draw(
        self,
        trade: Trade,
        asset: AssetId,
        quantity: Decimal,
        value: Decimal | None,
        picks: Sequence[LotPick],
    ) -> Sequence[Part]:
        """Parts of lots for the whole quantity; `value` is what the whole is worth."""
        parts = Parts()
        short = self.pool(asset, trade.wallet).draw(quantity, parts, picks)
        if short:
            parts.add(self.missing(trade, asset, quantity, short, value))
        return parts[:]

    def missing(
        self, trade: Trade, asset: AssetId, quantity: Decimal, short: Decimal, value: Decimal | None
    ) -> Part:
        """What a trade disposed of beyond what was held; `value` is what its whole quantity is worth."""
        market = None if value is None else share(value, short, quantity)
        part = whole_lot(NO_TRADE, trade.executed_at, short, *self.assumed(market))
        self._ledger.acquisitions.add(Acquisition("missing", trade, asset, market, part))
        return part

    def assumed(self, market: Decimal | None) -> tuple[Decimal | None, Doubt]:
        """The cost of coins whose acquisition is not known, by the policy, and its bounds."""
        policy = self._ledger.accounting.missing_basis
        cost = ZERO if policy == "zero" else market if policy == "market" else None
        return cost, Doubt("missing_basis", ZERO, market)
