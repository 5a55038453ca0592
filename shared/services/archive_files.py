"""The files of a page: rows are gathered by table, and written out before they are too many to hold."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Iterable, Mapping
from hashlib import sha256

from ..archive.parquet import write_parquet
from ..archive.ports import Objects
from ..core.archive_manifest import ArchiveFile, Range
from ..core.archive_names import file_name
from ..core.archive_tables import FORMATS, TABLES, Format, Row, Table, TableName
from .archive_csv import format_csv

MOST_ROWS = 50_000
MOST_CHARACTERS = 16 * 1024 * 1024


class PageFiles:
    """The files of one page of an archive."""

    def __init__(
        self,
        archive_id: str,
        page: int,
        objects: Objects,
        *,
        most_rows: int = MOST_ROWS,
        most_characters: int = MOST_CHARACTERS,
    ) -> None:
        self._archive_id = archive_id
        self._page = page
        self._objects = objects
        self._most = most_rows, most_characters
        self._rows: dict[TableName, list[Row]] = defaultdict(list)
        self._characters: dict[TableName, int] = defaultdict(int)
        self._parts: dict[TableName, int] = defaultdict(int)
        self._files: list[ArchiveFile] = []
        self.count = 0
        """How many rows were added."""

    async def add(self, table: TableName, rows: Iterable[Row]) -> None:
        """Add rows to a table. Raises ArchiveUnavailable."""
        for row in rows:
            self._rows[table].append(row)
            self._characters[table] += sum(len(cell) for cell in row if isinstance(cell, str))
            self.count += 1
            if len(self._rows[table]) >= self._most[0] or self._characters[table] >= self._most[1]:
                await self._write(table)

    async def finish(self) -> tuple[ArchiveFile, ...]:
        """All files, when everything is written. Raises ArchiveUnavailable."""
        for table in TABLES:
            if self._rows[table]:
                await self._write(table)
        order = list(TABLES)
        return tuple(sorted(self._files, key=lambda file: (order.index(file.table), file.name)))

    async def _write(self, table: TableName) -> None:
        rows = self._rows.pop(table)
        self._characters[table] = 0
        part = self._parts[table]
        self._parts[table] += 1
        contents = await asyncio.to_thread(_encoded, TABLES[table], rows)
        for ending, content in contents.items():
            digest = sha256(content).hexdigest()
            name = file_name(self._archive_id, table, (self._page, part), digest, ending)
            await self._objects.add_object(name, content)
            covered = _range(TABLES[table], rows)
            self._files.append(ArchiveFile(name, table, ending, len(rows), len(content), digest, covered))


def _encoded(table: Table, rows: list[Row]) -> Mapping[Format, bytes]:
    write = {"parquet": write_parquet, "csv": format_csv}
    return {ending: write[ending](table, rows) for ending in FORMATS}


def _range(table: Table, rows: list[Row]) -> Range:
    times = [table.time_of(row) for row in rows]
    return Range(min(times), max(times))
