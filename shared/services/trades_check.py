"""What is wrong with the rows of a CSV file, and where its rows name one another."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from ..core.trades import Trade
from ..errors import CallerError
from ..store.codecs import trade_key
from .trades import faults_of
from .trades_csv import ROW, Row
from .trades_drafts import TRADE_ID

_MOST_BAD_ROWS = 100_000
_LABEL = re.compile(r"[1-9][0-9]{0,8}")


class RowFault(NamedTuple):
    """Why a row is not accepted; `line` is the one that it begins on."""

    row: int
    line: int
    field: str
    message: str


class RecordedRow(NamedTuple):
    """A row that is recorded already, and the trade that it is recorded as."""

    row: int
    trade_id: str


class ImportReport(NamedTuple):
    """How many rows are good, how many are not, and why; which of those are only recorded already."""

    good: int
    bad: int
    faults: tuple[RowFault, ...]
    recorded: tuple[RecordedRow, ...] = ()


class RowChecks:
    """Sees every row once, and remembers what is needed of it: its faults, its label, what it records."""

    def __init__(self) -> None:
        self.bad: set[int] = set()
        self._rows = 0
        self._faults: list[RowFault] = []
        self._labels: dict[str, int] = {}
        self._wanted: list[tuple[Row, str]] = []
        self._keys: dict[bytes, int] = {}
        self._kept: dict[int, str] = {}

    def see(self, row: Row, draft: Trade | CallerError, known: Mapping[str, str]) -> None:
        """The next row and what became of it; `known` has the kept trade's id for each that is recorded.

        Raises CallerError when there are more bad rows than anybody would want to read of.
        """
        self._rows += 1
        if isinstance(draft, Trade):
            self._see_trade(row, draft, known)
        else:
            for fault in faults_of(draft):
                self._refuse(row, fault.field, fault.message)
        label = row.cells.get(ROW)
        if label is not None:
            self._see_label(row, label)
        if len(self.bad) > _MOST_BAD_ROWS:
            raise CallerError(f"more than {_MOST_BAD_ROWS} rows are not accepted; nothing was imported")

    def report(self) -> ImportReport:
        """What is known when all rows were seen."""
        for row, name in self._wanted:
            if name not in self._labels:
                self._refuse(row, "lots", f"no row of this file is numbered {name}")
            elif (number := self._labels[name]) in self.bad and number not in self._kept:
                self._refuse(row, "lots", f"row {name} is not accepted itself")
        self._wanted = []
        return ImportReport(
            self._rows - len(self.bad),
            len(self.bad),
            tuple(sorted(self._faults)),
            tuple(RecordedRow(*row) for row in self._kept.items()),
        )

    def finder(self, id_of: Callable[[int], str]) -> Callable[[str], str]:
        """The trade's id for what a `lots` cell calls it.

        A row that is recorded already stands for the kept trade; the others have the ids that `id_of` gives.
        """

        def find(name: str) -> str:
            number = self._labels.get(name)
            return name if number is None else self._kept.get(number) or id_of(number)

        return find

    def _see_trade(self, row: Row, trade: Trade, known: Mapping[str, str]) -> None:
        if trade.id in known:
            self._see_recorded(row, trade, known[trade.id])
        elif (key := trade_key(trade)) is not None:
            digest = hashlib.blake2b("\n".join(key).encode(), digest_size=16).digest()
            first = self._keys.setdefault(digest, row.number)
            if first != row.number:
                self._refuse(row, "tx_hash", f"row {first} already records it for this asset and side")
        for pick in trade.lots:
            if _LABEL.fullmatch(pick.trade_id):
                self._wanted.append((row, pick.trade_id))
            elif not TRADE_ID.fullmatch(pick.trade_id):
                self._refuse(row, "lots", f"{pick.trade_id[:60]!r} is neither a row nor a trade")

    def _see_recorded(self, row: Row, trade: Trade, kept: str) -> None:
        self._kept[row.number] = kept
        if trade.tx_hash is None:
            self._refuse(row, ROW, f"trade {kept} is the same in every field")
        else:
            self._refuse(row, "tx_hash", f"trade {kept} already records it for this asset and side")

    def _see_label(self, row: Row, label: str) -> None:
        if not _LABEL.fullmatch(label):
            self._refuse(row, ROW, f"{label[:60]!r} is not a number from 1 to 999999999")
        elif self._labels.setdefault(label, row.number) != row.number:
            self._refuse(row, ROW, f"{label} numbers row {self._labels[label]} too")

    def _refuse(self, row: Row, field: str, message: str) -> None:
        self.bad.add(row.number)
        self._faults.append(RowFault(row.number, row.line, field, message))
