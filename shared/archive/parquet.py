"""Rows of a table as Parquet and back. The library is loaded when the first rows are written or read."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from ..core.archive_tables import Cell, Column, Kind, Row, Table
from ..errors import ArchiveBroken

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_MICROSECOND = timedelta(microseconds=1)


def write_parquet(table: Table, rows: Sequence[Row]) -> bytes:
    """The rows, at least one, as a file: the same rows, the same bytes. Times are of microseconds, in UTC."""
    import pyarrow as pa  # type: ignore[import-untyped]  # has no types
    from pyarrow import parquet as pq

    schema = _schema(table)
    columns = zip(*rows, strict=True)
    arrays = [
        pa.array([_written(cell) for cell in cells], field.type)
        for cells, field in zip(columns, schema, strict=True)
    ]
    output = io.BytesIO()
    pq.write_table(pa.Table.from_arrays(arrays, schema=schema), output, compression="zstd")
    return output.getvalue()


def read_parquet(table: Table, content: bytes) -> list[Row]:
    """The rows of a file. Raises ArchiveBroken for what is none of this table's."""
    import pyarrow as pa
    from pyarrow import parquet as pq

    try:
        # In this thread: others would go on holding what they took of the memory.
        found = pq.ParquetFile(io.BytesIO(content)).read(use_threads=False)
    except (pa.ArrowException, OSError) as error:
        raise ArchiveBroken(f"a file of {table.name} is not Parquet") from error
    if not found.schema.equals(_schema(table)):
        raise ArchiveBroken(f"a file of {table.name} has other columns")
    columns = [_cells(found.column(column.name), column) for column in table.columns]
    return list(zip(*columns, strict=True))


def _written(cell: Cell) -> Cell:
    return (cell - _EPOCH) // _MICROSECOND if isinstance(cell, datetime) else cell


def _cells(values: Any, column: Column) -> Sequence[Cell]:
    import pyarrow as pa

    if column.kind != "time":
        plain: Sequence[Cell] = values.to_pylist()
        return plain
    micros = values.cast(pa.int64()).to_pylist()
    return [None if each is None else _EPOCH + each * _MICROSECOND for each in micros]


def _schema(table: Table) -> Any:
    import pyarrow as pa

    types: Mapping[Kind, Any] = {
        "text": pa.string(),
        "decimal": pa.string(),
        "json": pa.string(),
        "time": pa.timestamp("us", tz="UTC"),
        "whole": pa.int64(),
        "flag": pa.bool_(),
    }
    return pa.schema(
        pa.field(column.name, types[column.kind], column.nullable, metadata={"kind": column.kind})
        for column in table.columns
    )
