"""The tables of an archive: their columns, and what may stand in them.

An amount is text of plain digits in both formats. A decimal column of Parquet has one scale and at most 76
digits for all its rows; a balance alone may have 78, and 1.5 would come back as 1.500. Text keeps every digit
as it was recorded, and whoever reads casts it to what they need. What is nested is JSON.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Literal, NamedTuple, get_args

TableName = Literal["wallets", "trades", "snapshots", "disposals", "lots"]
TABLE_NAMES: tuple[TableName, ...] = get_args(TableName)
Format = Literal["parquet", "csv"]
FORMATS: tuple[Format, ...] = get_args(Format)
Kind = Literal["text", "decimal", "time", "whole", "flag", "json"]

Cell = str | int | bool | datetime | None
Row = tuple[Cell, ...]


class Column(NamedTuple):
    """A column, and whether a cell of it may be empty: that is unknown, or there is none."""

    name: str
    kind: Kind
    nullable: bool = False


@dataclass(frozen=True, slots=True)
class Table:
    """A table; `time` is the column that its range is told by."""

    name: TableName
    columns: tuple[Column, ...]
    time: str

    def time_of(self, row: Row) -> datetime:
        """When a row is of."""
        names = [column.name for column in self.columns]
        at = row[names.index(self.time)]
        assert isinstance(at, datetime)  # the column is of this kind, and never empty
        return at


def _columns(kinds: str) -> tuple[Column, ...]:
    """Columns from `name:kind` words; `name:kind?` may be empty, and a name alone is text."""
    columns = []
    for word in kinds.split():
        name, _, kind = word.partition(":")
        known: Mapping[str, Kind] = {each: each for each in get_args(Kind)}
        columns.append(Column(name, known[kind.rstrip("?") or "text"], kind.endswith("?")))
    return tuple(columns)


_WALLETS = "user_id address label chains:json created_at:time verified_at:time?"
_TRADES = """
id user_id side asset symbol amount:decimal amount_type price_usd:decimal? total_usd:decimal?
fee_usd:decimal? tx_hash:text? chain:text? wallet:text? status executed_at:time created_at:time source notes
fee_asset:text? fee_amount:decimal? link:text? lots:json basis_usd:decimal? acquired_at:time? on_chain:json?
"""
_SNAPSHOTS = "id user_id timestamp:time total_usd:decimal complete:flag assets:json errors:json run_id:text?"
_DISPOSALS = """
user_id method year:whole disposed_at:time kind asset symbol trade_id wallet:text? quantity:decimal
proceeds_usd:decimal? cost_basis_usd:decimal? gain_usd:decimal? gain_low_usd:decimal? gain_high_usd:decimal?
term missing_basis_quantity:decimal reason:text? parts:json
"""
_LOTS = """
user_id method year:whole as_of:time asset wallet:text? trade_id:text? acquired_at:time? quantity:decimal
remaining:decimal cost_basis_usd:decimal? doubt:json?
"""

TABLES: Mapping[TableName, Table] = MappingProxyType(
    {
        "wallets": Table("wallets", _columns(_WALLETS), "created_at"),
        "trades": Table("trades", _columns(_TRADES), "executed_at"),
        "snapshots": Table("snapshots", _columns(_SNAPSHOTS), "timestamp"),
        "disposals": Table("disposals", _columns(_DISPOSALS), "disposed_at"),
        "lots": Table("lots", _columns(_LOTS), "as_of"),
    }
)
