"""What archives and their objects are called."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.archive_names import (
    day_id,
    file_name,
    is_file_name,
    moment_id,
    page_name,
    parse_archive_id,
)
from shared.core.archive_tables import FORMATS, TABLE_NAMES, Format, TableName
from shared.errors import InvalidInput

MOMENTS = st.datetimes(timezones=st.just(UTC))


@given(MOMENTS)
def test_an_id_says_the_day_or_the_second_that_it_is_of(at: datetime) -> None:
    assert parse_archive_id(day_id(at)) == at.replace(hour=0, minute=0, second=0, microsecond=0)
    assert parse_archive_id(moment_id(at)) == at.replace(microsecond=0)


@given(MOMENTS, MOMENTS)
def test_ids_sort_by_time(one: datetime, other: datetime) -> None:
    for ids in ((day_id(one), day_id(other)), (moment_id(one), moment_id(other))):
        assert ids[0] == ids[1] or (ids[0] < ids[1]) == (one < other)


@pytest.mark.parametrize(
    "text", ["", "2026-11-31", "2026-11-21T250000Z", "2026-11-21/..", "latest", "٢٠٢٦-١١-٢١"]
)
def test_what_is_no_id_is_refused(text: str) -> None:
    with pytest.raises(InvalidInput, match="archive: "):
        parse_archive_id(text)


@given(st.sampled_from(TABLE_NAMES), st.integers(0, 10**7), st.integers(0, 999), st.sampled_from(FORMATS))
def test_a_file_of_an_archive_is_known_by_its_name(
    table: TableName, page: int, part: int, ending: Format
) -> None:
    name = file_name("2026-11-21", table, (page, part), "0123456789abcdef" * 4, ending)

    assert is_file_name("2026-11-21", name)
    assert not is_file_name("2026-11-22", name)
    assert not is_file_name("2026-11-21", f"{name}x")


def test_no_other_object_passes_for_a_file() -> None:
    assert not is_file_name("2026-11-21", page_name("2026-11-21", 0))
    assert not is_file_name("2026-11-21", "2026-11-21/manifest.json")
