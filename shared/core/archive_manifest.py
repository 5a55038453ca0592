"""What is in an archive: its files and their hashes, by pages while it is written, then in a manifest."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, NamedTuple, cast

from .archive_names import is_archive_id, is_file_name
from .archive_tables import FORMATS, TABLE_NAMES, TABLES, Format, TableName
from .times import format_time, parse_time

VERSION = 1

_SHA256 = re.compile(r"[0-9a-f]{64}")


class Range(NamedTuple):
    """From the first moment to the last, both included."""

    first: datetime
    last: datetime


class ArchiveFile(NamedTuple):
    """An object of an archive: some rows of a table in a format, never none of them."""

    name: str
    table: TableName
    format: Format
    rows: int
    bytes: int
    sha256: str
    range: Range


@dataclass(frozen=True, slots=True)
class ArchivePage:
    """What some users became, in the order of their ids, up to and including `last_user`.

    `started_at` is when the archive was begun: the same on every page. A user is on one page only.
    """

    number: int
    started_at: datetime
    methods: tuple[str, ...]
    users: int
    last_user: str | None
    is_last: bool
    files: tuple[ArchiveFile, ...]


@dataclass(frozen=True, slots=True)
class Manifest:
    """A whole archive. The years of its reports are of UTC; `methods` are those of its reports."""

    id: str
    started_at: datetime
    created_at: datetime
    methods: tuple[str, ...]
    users: int
    files: tuple[ArchiveFile, ...]

    def rows(self, table: TableName) -> int:
        """How many rows a table has."""
        return _rows(self.files_of(table))

    def range_of(self, table: TableName) -> Range | None:
        """The times of a table's rows; None without any."""
        ranges = [file.range for file in self.files_of(table)]
        if not ranges:
            return None
        return Range(min(each.first for each in ranges), max(each.last for each in ranges))

    def files_of(self, table: TableName, ending: Format = "parquet") -> tuple[ArchiveFile, ...]:
        """The files with a table's rows, in their order."""
        return tuple(file for file in self.files if (file.table, file.format) == (table, ending))


def manifest_of(archive_id: str, pages: Sequence[ArchivePage], now: datetime) -> Manifest:
    """All pages of an archive together."""
    return Manifest(
        id=archive_id,
        started_at=pages[0].started_at,
        created_at=now,
        methods=pages[0].methods,
        users=sum(page.users for page in pages),
        files=tuple(file for page in pages for file in page.files),
    )


def encode_page(page: ArchivePage) -> bytes:
    """The page as an object."""
    fields = {
        "schema_version": VERSION,
        "number": page.number,
        "started_at": format_time(page.started_at),
        "methods": page.methods,
        "users": page.users,
        "last_user": page.last_user,
        "is_last": page.is_last,
        "files": [_file_fields(file) for file in page.files],
    }
    return _encode(fields)


def decode_page(archive_id: str, content: bytes) -> ArchivePage:
    """The page that `encode_page` wrote. Raises ValueError for anything else."""
    try:
        fields = _decode(content)
        return ArchivePage(
            number=_whole(fields["number"]),
            started_at=parse_time(_text(fields["started_at"])),
            methods=tuple(map(_text, fields["methods"])),
            users=_whole(fields["users"]),
            last_user=None if fields["last_user"] is None else _text(fields["last_user"]),
            is_last=fields["is_last"] is True,
            files=_files(archive_id, fields["files"]),
        )
    except (KeyError, TypeError) as error:
        raise ValueError("a field is missing, or is not what it should be") from error


def encode_manifest(manifest: Manifest) -> bytes:
    """The manifest as an object, with what a reader must know of the tables."""
    fields = {
        "schema_version": VERSION,
        "id": manifest.id,
        "started_at": format_time(manifest.started_at),
        "created_at": format_time(manifest.created_at),
        "reports": {"methods": manifest.methods, "scope": "universal", "time_zone": "UTC"},
        "users": manifest.users,
        "tables": {name: _table_fields(name, manifest) for name in TABLE_NAMES},
        "files": [_file_fields(file) for file in manifest.files],
    }
    return _encode(fields)


def decode_manifest(content: bytes) -> Manifest:
    """The manifest that `encode_manifest` wrote. Raises ValueError, also if its counts do not add up."""
    try:
        fields = _decode(content)
        archive_id = _text(fields["id"])
        if not is_archive_id(archive_id):
            raise ValueError(f"{archive_id[:40]!r} is not an archive's id")
        manifest = Manifest(
            id=archive_id,
            started_at=parse_time(_text(fields["started_at"])),
            created_at=parse_time(_text(fields["created_at"])),
            methods=tuple(map(_text, fields["reports"]["methods"])),
            users=_whole(fields["users"]),
            files=_files(archive_id, fields["files"]),
        )
        told = {name: _whole(fields["tables"][name]["rows"]) for name in TABLE_NAMES}
    except (KeyError, TypeError) as error:
        raise ValueError("a field is missing, or is not what it should be") from error
    _check_counts(manifest, told)
    return manifest


def _check_counts(manifest: Manifest, told: Mapping[TableName, int]) -> None:
    """Raises ValueError where the files of a format do not add up to the table's rows."""
    for name, rows in told.items():
        for ending in FORMATS:
            found = _rows(manifest.files_of(name, ending))
            if found != rows:
                raise ValueError(f"{name} has {rows} rows, its {ending} files have {found}")


def _rows(files: Iterable[ArchiveFile]) -> int:
    return sum(file.rows for file in files)


def _table_fields(name: TableName, manifest: Manifest) -> dict[str, Any]:
    covered = manifest.range_of(name)
    return {
        "rows": manifest.rows(name),
        "first": None if covered is None else format_time(covered.first),
        "last": None if covered is None else format_time(covered.last),
        "columns": [column._asdict() for column in TABLES[name].columns],
    }


def _file_fields(file: ArchiveFile) -> dict[str, Any]:
    fields = file._asdict()
    covered: Range = fields.pop("range")
    return {**fields, "first": format_time(covered.first), "last": format_time(covered.last)}


def _files(archive_id: str, rows: Iterable[Mapping[str, Any]]) -> tuple[ArchiveFile, ...]:
    files = tuple(_file(archive_id, row) for row in rows)
    if len({file.name for file in files}) != len(files):
        raise ValueError("a file is named twice")
    return files


def _file(archive_id: str, fields: Mapping[str, Any]) -> ArchiveFile:
    name, sha256 = _text(fields["name"]), _text(fields["sha256"])
    table, ending = fields["table"], fields["format"]
    if not is_file_name(archive_id, name) or table not in TABLE_NAMES or ending not in FORMATS:
        raise ValueError(f"{name[:80]!r} is not a file of this archive")
    if not _SHA256.fullmatch(sha256):
        raise ValueError(f"{name} has no SHA-256")
    return ArchiveFile(
        name=name,
        table=cast(TableName, table),
        format=cast(Format, ending),
        rows=_whole(fields["rows"]),
        bytes=_whole(fields["bytes"]),
        sha256=sha256,
        range=Range(parse_time(_text(fields["first"])), parse_time(_text(fields["last"]))),
    )


def _encode(fields: Mapping[str, Any]) -> bytes:
    return json.dumps(fields, indent=1).encode() + b"\n"


def _decode(content: bytes) -> dict[str, Any]:
    fields = json.loads(content)
    if not isinstance(fields, dict):
        raise TypeError("it is not a JSON object")
    if fields.get("schema_version") != VERSION:
        raise ValueError(f"its schema_version is not {VERSION}: another version of this program wrote it")
    return fields


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("is not text")
    return value


def _whole(value: object) -> int:
    if type(value) is not int or value < 0:  # not isinstance: `true` is no number
        raise TypeError("is not a whole number")
    return value
