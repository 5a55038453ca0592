"""Rows of a table as CSV (RFC 4180): for people and spreadsheets; an archive is restored from its Parquet.

An empty cell is unknown or nothing; what a spreadsheet would run as a formula has an apostrophe before it.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Sequence
from datetime import datetime

from ..core.archive_tables import Cell, Column, Row, Table
from ..core.times import format_time
from .trades_csv import guard

_END = "\r\n"


def format_csv(table: Table, rows: Sequence[Row]) -> bytes:
    """The rows behind a line with the columns' names."""
    text = io.StringIO(newline="")
    writer = csv.writer(text, lineterminator=_END)
    writer.writerow([column.name for column in table.columns])
    writer.writerows(
        [_text(column, cell) for column, cell in zip(table.columns, row, strict=True)] for row in rows
    )
    return text.getvalue().encode()


def count_rows(content: bytes) -> int:
    """How many rows a file has behind its first line: line ends outside of quotes.

    The library's reader would refuse a cell as long as a large portfolio's assets.
    """
    outside = content.split(b'"')[::2]
    return max(sum(piece.count(_END.encode()) for piece in outside) - 1, 0)


def _text(column: Column, cell: Cell) -> str:
    if cell is None:
        return ""
    if isinstance(cell, datetime):
        return format_time(cell)
    if isinstance(cell, bool):
        return "true" if cell else "false"
    return guard(str(cell)) if column.kind == "text" else str(cell)
