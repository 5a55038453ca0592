"""Trades from a CSV file: all rows are checked before any is kept, and every bad one is named.

The file is read twice, a few hundred rows at a time: what is held of it is its bytes and what is wrong with
it, never all its trades.
"""

from __future__ import annotations

import asyncio
import hashlib
import secrets
from collections.abc import Callable, Iterator
from functools import partial
from itertools import islice
from typing import TYPE_CHECKING

from ..core.trades import Trade
from ..errors import CallerError, InvalidInput
from ..store.ports import Answer, Claim, Once
from ..store.trade_ids import TradeIds
from .trades import Keyed, Reply, TradeSources
from .trades_check import ImportReport, RowChecks
from .trades_csv import ROW, Row, parse_lots, read_rows
from .trades_drafts import complete_trade, parse_fields
from .trades_recorded import RecordedTrades

if TYPE_CHECKING:  # a type only
    from ..store.account_ports import Era

_CHUNK = 500
_SOURCE = "import"
_Draft = tuple[Row, Trade | CallerError]


class TradeImport:
    """One file of one user: first checked, then kept."""

    def __init__(self, user: str, body: bytes, sources: TradeSources, era: Era | None = None) -> None:
        """Of an era of the user; None for whatever it is."""
        self._user = user
        self._era = era
        self._body = body
        self._sources = sources
        self._now = sources.clock()
        self._ids = _RowIds(sources.trade_ids)
        self._checks = RowChecks()
        self._since: str | None = None

    async def check(self) -> ImportReport:
        """What is wrong with the file.

        Raises CallerError for what is not CSV or too bad to report, InvalidRequest for its header.
        """
        store = self._sources.store
        self._since = await store.log.read_revision(self._user)
        recorded = RecordedTrades(self._user, store)
        drafts = self._drafts(lambda name: name)
        while chunk := await asyncio.to_thread(partial(_take, drafts)):
            known = await recorded.find([draft for _, draft in chunk if isinstance(draft, Trade)])
            for row, draft in chunk:
                self._checks.see(row, draft, known)
        return self._checks.report()

    async def keep(self, keyed: Keyed | None, reply: Reply) -> Reply | None:
        """Keep all good rows or none; None when they are new, else what the key was answered with before.

        Raises DuplicateTrade for what was recorded since the check, Conflict, also after another import, and
        ErasedMeanwhile.
        """
        once = None if keyed is None else Once(Claim(*keyed), Answer(*reply))
        imports = self._sources.store.imports
        chunks = self._chunks()
        return await imports.import_trades(self._user, chunks, once, since=self._since, era=self._era)

    def _chunks(self) -> Iterator[list[Trade]]:
        drafts = self._drafts(self._checks.finder(self._ids.id_of))
        while chunk := _take(drafts):
            bad = self._checks.bad
            yield [draft for row, draft in chunk if isinstance(draft, Trade) and row.number not in bad]

    def _drafts(self, find: Callable[[str], str]) -> Iterator[_Draft]:
        for row in read_rows(self._body):
            try:
                yield row, self._draft(row, find)
            except CallerError as error:
                yield row, error

    def _draft(self, row: Row, find: Callable[[str], str]) -> Trade:
        if row.fault is not None:
            raise InvalidInput(ROW, row.fault)
        told = {column: text for column, text in row.cells.items() if column not in (ROW, "lots")}
        fields = parse_fields(told, self._sources)
        fields["lots"] = parse_lots(row.cells.get("lots", ""), find)
        return complete_trade(
            fields,
            self._sources,
            trade_id=self._ids.id_of(row.number),
            user=self._user,
            source=_SOURCE,
            now=self._now,
        )


class _RowIds:
    """An id for each row, the same at both readings, in the order of the rows and not to be guessed."""

    def __init__(self, trade_ids: TradeIds) -> None:
        self._start = int(trade_ids.next_id()[:14], 16)
        self._secret = secrets.token_bytes(16)

    def id_of(self, number: int) -> str:
        chance = hashlib.blake2b(b"%d" % number, digest_size=8, key=self._secret).hexdigest()
        return f"{self._start + number:014x}{chance}"


def _take(drafts: Iterator[_Draft]) -> list[_Draft]:
    return list(islice(drafts, _CHUNK))
