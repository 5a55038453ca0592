"""Manifests and pages: what is written is read again, and nothing else is."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.archive_manifest import (
    ArchiveFile,
    ArchivePage,
    Manifest,
    Range,
    decode_manifest,
    decode_page,
    encode_manifest,
    encode_page,
    manifest_of,
)
from shared.core.archive_names import file_name
from shared.core.archive_tables import FORMATS, TABLE_NAMES, Format, TableName

ID = "2026-11-21"
AT = datetime(2026, 11, 21, 3, tzinfo=UTC)


def file(table: TableName, rows: int, part: int = 0, ending: Format = "parquet") -> ArchiveFile:
    name = file_name(ID, table, (0, part), "ab" * 32, ending)
    return ArchiveFile(name, table, ending, rows, 100, "ab" * 32, Range(AT, AT + timedelta(days=part)))


def page(number: int = 0, *files: ArchiveFile, is_last: bool = True) -> ArchivePage:
    return ArchivePage(number, AT, ("fifo",), 2, "zoë", is_last, files)


def both(table: TableName, *rows: int) -> tuple[ArchiveFile, ...]:
    return tuple(file(table, count, part, each) for part, count in enumerate(rows) for each in FORMATS)


def written(*files: ArchiveFile) -> Manifest:
    return manifest_of(ID, [page(0, *files)], AT + timedelta(minutes=1))


@given(
    st.lists(st.tuples(st.sampled_from(TABLE_NAMES), st.integers(1, 10**6)), max_size=8),
    st.one_of(st.none(), st.text()),
    st.datetimes(timezones=st.just(UTC)),
)
def test_what_is_written_is_read_again(
    rows: list[tuple[TableName, int]], user: str | None, at: datetime
) -> None:
    files = tuple(
        file(table, count, part, each) for part, (table, count) in enumerate(rows) for each in FORMATS
    )
    own = ArchivePage(7, at, ("fifo", "hifo"), 3, user, False, files)
    manifest = manifest_of(ID, [own], at)

    assert decode_page(ID, encode_page(own)) == own
    assert decode_manifest(encode_manifest(manifest)) == manifest


def test_pages_are_put_together() -> None:
    pages = [page(0, *both("trades", 3), is_last=False), page(1, *both("lots", 1))]

    manifest = manifest_of(ID, pages, AT)

    assert manifest.users == 4
    assert manifest.files == (*pages[0].files, *pages[1].files)
    assert [manifest.rows(table) for table in TABLE_NAMES] == [0, 3, 0, 0, 1]


def test_a_manifest_says_what_its_tables_hold() -> None:
    told = json.loads(encode_manifest(written(*both("trades", 3, 4))))

    assert told["tables"]["trades"]["rows"] == 7
    assert told["tables"]["trades"]["first"] == "2026-11-21T03:00:00Z"
    assert told["tables"]["trades"]["last"] == "2026-11-22T03:00:00Z"
    assert told["tables"]["trades"]["columns"][5] == {"name": "amount", "kind": "decimal", "nullable": False}
    assert told["tables"]["lots"]["first"] is None
    assert told["files"][0]["sha256"] == "ab" * 32


def changed(**changes: Any) -> bytes:
    return json.dumps({**json.loads(encode_manifest(written(*both("trades", 3)))), **changes}).encode()


def changed_file(**changes: Any) -> bytes:
    files = json.loads(encode_manifest(written(*both("trades", 3))))["files"]
    return changed(files=[{**files[0], **changes}, files[1]])


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        (b"", "Expecting value"),
        (b"\xff", "decode"),
        (b"[]", "not what it should be"),
        (b"{}", "schema_version is not 1"),
        (changed(schema_version=2), "schema_version is not 1"),
        (changed(id="../../etc"), "is not an archive's id"),
        (changed(id="2026-13-01"), "is not an archive's id"),
        (changed(users=-1), "not what it should be"),
        (changed(users=True), "not what it should be"),
        (changed(files=None), "not what it should be"),
        (changed(files=[]), "trades has 3 rows, its parquet files have 0"),
        (changed(tables={}), "a field is missing"),
        (changed(created_at="yesterday"), "is not a time"),
        (
            changed_file(name="2026-11-20/trades/000000-000.abababababababab.csv"),
            "not a file of this archive",
        ),
        (changed_file(name=f"{ID}/trades/../../000000-000.abababababababab.csv"), "not a file of this"),
        (changed_file(table="users"), "not a file of this archive"),
        (changed_file(format="xls"), "not a file of this archive"),
        (changed_file(sha256="AB" * 32), "has no SHA-256"),
        (changed_file(rows=4), "trades has 3 rows, its parquet files have 4"),
        (changed_file(name=file("trades", 3, 0, "csv").name), "a file is named twice"),
    ],
)
def test_a_manifest_that_is_none_is_refused(content: bytes, complaint: str) -> None:
    with pytest.raises(ValueError, match=complaint):
        decode_manifest(content)


def test_a_page_that_is_none_is_refused() -> None:
    with pytest.raises(ValueError, match="a field is missing"):
        decode_page(ID, b'{"schema_version": 1}')
    with pytest.raises(ValueError, match="not a file of this archive"):
        decode_page("2026-11-22", encode_page(page(0, *both("trades", 1))))


def test_the_range_of_a_table_is_that_of_all_its_files() -> None:
    late = replace(written(*both("trades", 1, 1, 1)))

    assert late.range_of("trades") == Range(AT, AT + timedelta(days=2))
    assert late.range_of("lots") is None
