"""Event ids of streams: read back as written, refused when they are of something else."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.balances import Block
from shared.core.fragments import Fragment
from shared.core.ids import Address
from shared.core.stream_ids import (
    Place,
    StreamId,
    format_stream_id,
    parse_stream_id,
    place_of,
    question_fingerprint,
    start_of,
    through,
)

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
NOW = int(NOON.timestamp())
KEEP = timedelta(days=29)
ANN = Address("0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045")
BEN = Address("0x00000000219ab540356cBB839Cbe05303d7705Fa")
NUMBERS = st.integers(0, 2**64 - 1)
IDS = st.builds(
    StreamId, st.builds(Place, NUMBERS, NUMBERS), NUMBERS, NUMBERS, NUMBERS, NUMBERS, st.integers(0, 9)
)


def an_id(*, issued: int = NOW, question: int = 3, chunk: int = 0, written: int = NOW - 60) -> StreamId:
    return StreamId(Place(written * 10**6, 7), issued, 1, 2, question, chunk)


@given(IDS)
def test_an_id_is_read_back_as_it_was_written(stream_id: StreamId) -> None:
    text = format_stream_id(stream_id)

    assert parse_stream_id(text) == stream_id
    assert text.isascii()
    assert len(text) < 130


@given(st.text(max_size=80) | st.from_regex(r"v1(\.[0-9a-fA-F]{1,20}){5,9}", fullmatch=True))
def test_any_other_text_is_no_id(text: str) -> None:
    known = parse_stream_id(text)

    assert known is None or format_stream_id(known) == text


def test_a_question_is_the_same_in_any_order() -> None:
    reads = [(ANN, "ethereum"), (BEN, "base"), (ANN, "base")]

    assert question_fingerprint(reads) == question_fingerprint([*reversed(reads), reads[0]])
    assert question_fingerprint(reads) != question_fingerprint(reads[:2])


def test_what_is_written_together_is_told_apart_and_lies_before_what_follows() -> None:
    fragments = [Fragment(wallet, "ethereum", "wallet", Block(1, NOON), (), 5) for wallet in (ANN, BEN)]
    one, other = sorted(place_of(fragment) for fragment in fragments)

    assert one < other < through(5) < place_of(fragments[0]._replace(sequence=6))


@pytest.mark.parametrize(
    ("last_id", "reason"),
    [
        (None, "new"),
        ("", "unknown_id"),
        ("42", "unknown_id"),
        (format_stream_id(an_id(question=4)), "other_question"),
        (format_stream_id(an_id(issued=NOW - 30 * 86_400)), "too_old"),
        (format_stream_id(an_id(issued=NOW + 120)), "unknown_id"),
        (format_stream_id(an_id(written=NOW + 120)), "unknown_id"),
        (format_stream_id(an_id(chunk=2)), "interrupted"),
        (format_stream_id(an_id()), None),
        (format_stream_id(an_id(issued=NOW + 30)), None),
    ],
)
def test_a_snapshot_is_sent_unless_the_id_says_what_is_missing(
    last_id: str | None, reason: str | None
) -> None:
    assert start_of(last_id, 3, NOON, KEEP).reason == reason


def test_only_an_id_that_counts_is_gone_on_from() -> None:
    assert start_of(format_stream_id(an_id()), 3, NOON, KEEP).known == an_id()
    assert start_of(format_stream_id(an_id(question=4)), 3, NOON, KEEP).known is None
