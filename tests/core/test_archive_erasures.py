"""Lists of erasures: what is written is read again, and nothing else is."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.archive_erasures import decode_erasures, encode_erasures

MARK = "a" * 64


@given(
    st.dictionaries(
        st.text("0123456789abcdef", min_size=64, max_size=64),
        st.datetimes(timezones=st.just(UTC)),
        max_size=5,
    )
)
def test_what_is_written_is_read_again(erasures: dict[str, datetime]) -> None:
    assert decode_erasures(encode_erasures(erasures)) == erasures


def test_the_same_erasures_are_the_same_bytes() -> None:
    at = datetime(2025, 6, 1, tzinfo=UTC)

    assert encode_erasures({MARK: at, "b" * 64: at}) == encode_erasures({"b" * 64: at, MARK: at})


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"[]",
        b"{}",
        b'{"schema_version": 2, "erased": {}}',
        b'{"schema_version": 1}',
        b'{"schema_version": 1, "erased": []}',
        b'{"schema_version": 1, "erased": {"alice": "2025-06-01T00:00:00Z"}}',
        b'{"schema_version": 1, "erased": {"%s": "yesterday"}}' % MARK.encode(),
        b'{"schema_version": 1, "erased": {"%s": 7}}' % MARK.encode(),
        b"\xff",
    ],
)
def test_anything_else_is_refused(content: bytes) -> None:
    with pytest.raises(ValueError, match=r"."):
        decode_erasures(content)
