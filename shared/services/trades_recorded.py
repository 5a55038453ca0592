"""Which rows of a file the user has recorded already.

A row is recorded if a kept trade has its transaction, or, where it names none, if one is like it in every
field that a file has. Each kept trade stands for one row: of three equal rows two are new if one is kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime

from ..core.amounts import format_decimal
from ..core.trades import Trade
from ..store.codecs import to_micros
from ..store.ports import Store

_MONEY = ("amount", "price_usd", "total_usd", "fee_usd", "fee_amount", "basis_usd")
_TIMES = ("executed_at", "acquired_at")
# What a file says of a trade besides.
_TOLD = (
    *("side", "asset", "symbol", "amount_type", "chain", "wallet", "status", "notes", "fee_asset", "link"),
)


class RecordedTrades:
    """What the user has recorded at the times that the rows so far were executed at.

    Each time is read once; what is held of a trade is a digest and its id.
    """

    def __init__(self, user: str, store: Store) -> None:
        self._user = user
        self._store = store
        self._seen: set[datetime] = set()
        self._ids: dict[bytes, list[str]] = {}

    async def find(self, rows: Sequence[Trade]) -> dict[str, str]:
        """Of these rows, the ids of those that are recorded → the id of the kept trade.

        Asked for every row once, in their order.
        """
        of_transactions = [row for row in rows if row.tx_hash is not None]
        others = [row for row in rows if row.tx_hash is None]
        found = dict(await self._store.imports.find_duplicates(self._user, of_transactions))
        await self._look_at(row.executed_at for row in others)
        for row in others:
            equal = self._ids.get(content_digest(row))
            if equal:
                found[row.id] = equal.pop()
        return found

    async def _look_at(self, moments: Iterable[datetime]) -> None:
        new = sorted(set(moments) - self._seen)
        self._seen.update(new)
        async for trades in self._store.imports.read_moments(self._user, new):
            for trade in trades:
                if trade.tx_hash is None:
                    self._ids.setdefault(content_digest(trade), []).append(trade.id)


def content_digest(trade: Trade) -> bytes:
    """The same for trades that a file says the same of; lots count by their quantities.

    Which trades the lots are of cannot be compared: a file names them by its rows.
    """
    money = [None if (value := getattr(trade, name)) is None else format_decimal(value) for name in _MONEY]
    times = [None if (value := getattr(trade, name)) is None else to_micros(value) for name in _TIMES]
    told = [getattr(trade, name) for name in _TOLD]
    lots = [format_decimal(pick.quantity) for pick in trade.lots]
    return hashlib.blake2b(repr((money, times, told, lots)).encode(), digest_size=16).digest()
