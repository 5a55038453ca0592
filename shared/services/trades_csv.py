"""Trades as CSV (RFC 4180) and back, so that a file comes out again as it went in.

Not in the file is what the server sets: id, user, creation time and source. `row` numbers the trades, and
`lots` names by it the trades that a disposal takes from (`12:0.5 14:2`): rows may be moved and removed.

Spreadsheets run a cell that begins like a formula. Such a text has an apostrophe put before it, and so has
one that begins with an apostrophe itself; reading takes exactly these off again, so nothing is lost.
"""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from ..core.amounts import format_decimal
from ..core.times import format_time
from ..core.trades import LotPick, Trade
from ..errors import CallerError, InvalidInput, InvalidRequest

ROW = "row"
_MONEY = ("amount", "price_usd", "total_usd", "fee_usd", "fee_amount", "basis_usd")
_TIMES = ("executed_at", "acquired_at")
COLUMNS = (
    *(ROW, "executed_at", "side", "asset", "symbol", "amount", "amount_type", "price_usd", "total_usd"),
    *("fee_usd", "fee_asset", "fee_amount", "chain", "wallet", "tx_hash", "status", "link", "lots"),
    *("basis_usd", "acquired_at", "notes"),
)
# The server sets these: a file made of the API's trades may have them, and they are passed over.
_PASSED_OVER = frozenset({"id", "user_id", "created_at", "source"})
_NEEDED = ("side", "asset")
_FORMULA = ("=", "+", "-", "@", "＝", "＋", "－", "＠")
_MARKS = ("'", "\t", "\r", "\n")


class Row(NamedTuple):
    """A row behind the header: its number from 1, the line that it begins on, its cells by column.

    Empty cells are left out; `fault` says why the row could not be split into cells.
    """

    number: int
    line: int
    cells: Mapping[str, str]
    fault: str | None = None


def guard(text: str) -> str:
    """The text as a cell that no spreadsheet takes for a formula."""
    return f"'{text}" if _is_risky(text) else text


def unguard(cell: str) -> str:
    """The text of a cell that `guard` made; other cells are as they are."""
    return cell[1:] if cell[:1] == "'" and _is_risky(cell[1:]) else cell


def _is_risky(text: str) -> bool:
    return text.startswith(_MARKS) or text.lstrip().startswith(_FORMULA)


def format_header() -> str:
    """The first line."""
    return _format([COLUMNS])


def format_rows(trades: Iterable[Trade], first: int, rows: Mapping[str, int]) -> str:
    """The lines of trades that are numbered from `first` on; `rows` has the number of each trade by id."""
    return _format(_cells(trade, number, rows) for number, trade in enumerate(trades, first))


def _format(rows: Iterable[Sequence[str]]) -> str:
    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\r\n").writerows(rows)
    return text.getvalue()


def _cells(trade: Trade, number: int, rows: Mapping[str, int]) -> list[str]:
    values = trade._asdict()
    written = {
        **{field: guard(values[field] or "") for field in COLUMNS if isinstance(values.get(field), str)},
        **{field: _money(values[field]) for field in _MONEY},
        **{field: _time(values[field]) for field in _TIMES},
        ROW: str(number),
        "lots": " ".join(
            f"{rows.get(pick.trade_id, pick.trade_id)}:{_money(pick.quantity)}" for pick in trade.lots
        ),
    }
    return [written.get(column, "") for column in COLUMNS]


def _money(value: Decimal | None) -> str:
    return "" if value is None else format_decimal(value)


def _time(value: Any) -> str:
    return "" if value is None else format_time(value)


def read_rows(body: bytes) -> Iterator[Row]:
    """The rows of a file, one at a time; empty lines are no rows.

    Raises CallerError for what is not UTF-8 or not CSV, InvalidRequest for a header that is not ours.
    """
    lines = csv.reader(io.TextIOWrapper(io.BytesIO(body), "utf-8-sig", newline=""), strict=True)
    try:
        columns = _read_header(next(lines, []))
        number, line = 0, lines.line_num + 1
        for cells in lines:
            if cells:
                number += 1
                yield _row(number, line, columns, cells)
            line = lines.line_num + 1
    except UnicodeDecodeError as error:
        raise CallerError("the file is not UTF-8") from error
    except csv.Error as error:
        raise CallerError(f"line {lines.line_num} is not CSV: {error}") from error


def _read_header(names: Sequence[str]) -> list[str]:
    columns = [name.strip().lower() for name in names]
    faults = [
        InvalidInput(column[:60] or "header", "is not a column that is known")
        for column in columns
        if column not in COLUMNS and column not in _PASSED_OVER
    ]
    faults += [InvalidInput(c, "is a column twice") for c in dict.fromkeys(columns) if columns.count(c) > 1]
    faults += [
        InvalidInput(column, "is a column that is needed") for column in _NEEDED if column not in columns
    ]
    if faults:
        raise InvalidRequest(faults[:100])
    return columns


def _row(number: int, line: int, columns: Sequence[str], cells: Sequence[str]) -> Row:
    if len(cells) != len(columns):
        return Row(number, line, {}, f"has {len(cells)} cells; the header has {len(columns)}")
    told = {
        column: cell if column == "notes" else cell.strip()
        for column, cell in zip(columns, map(unguard, cells), strict=True)
        if column not in _PASSED_OVER
    }
    return Row(number, line, {column: text for column, text in told.items() if text})


def parse_lots(text: str, trade_id: Callable[[str], str]) -> tuple[LotPick, ...]:
    """The picks of a `lots` cell; `trade_id` finds a trade by what the cell calls it.

    Raises InvalidInput.
    """
    from ..core.trades import parse_number

    picks = []
    for word in text.split():
        name, colon, quantity = word.rpartition(":")
        if not colon or not name:
            raise InvalidInput("lots", f"{word[:60]!r} is not a row and a quantity, such as 12:0.5")
        picks.append(LotPick(trade_id(name), parse_number("lots", quantity)))
    return tuple(picks)
