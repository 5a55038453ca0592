"""Bodies are unpacked only as asked for, and never beyond the limit."""

from __future__ import annotations

import gzip
import tracemalloc
from collections.abc import AsyncIterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.http_body import BodyBroken, BodyTooLarge, read_body

GZIP = {"content-encoding": "gzip"}


async def pieces(*chunks: bytes) -> AsyncIterator[bytes]:
    for chunk in chunks:
        yield chunk


@given(st.binary(max_size=300), st.integers(1, 50), st.booleans())
async def test_a_body_is_what_was_sent_however_it_was_cut(body: bytes, size: int, packed: bool) -> None:
    sent = gzip.compress(body) if packed else body
    chunks = [sent[at : at + size] for at in range(0, len(sent), size)]

    assert await read_body(GZIP if packed else {}, pieces(*chunks), 400) == body


@pytest.mark.parametrize("encoding", ["gzip, gzip", "gzip,gzip", "deflate", "br", "zstd", "identity, gzip"])
async def test_a_coding_that_was_not_asked_for_is_refused(encoding: str) -> None:
    with pytest.raises(BodyBroken, match="not asked for"):
        await read_body({"content-encoding": encoding}, pieces(b"x"), 100)


@pytest.mark.parametrize("encoding", ["", "identity", "Identity"])
async def test_a_body_that_is_not_packed_is_taken_as_it_is(encoding: str) -> None:
    assert await read_body({"content-encoding": encoding}, pieces(b"a", b"b"), 2) == b"ab"


async def test_a_bomb_is_not_unpacked_beyond_the_limit() -> None:
    bomb = gzip.compress(bytes(64 * 2**20), 9)
    tracemalloc.start()
    try:
        with pytest.raises(BodyTooLarge, match="exceeds 1000 bytes"):
            await read_body(GZIP, pieces(*(bomb[at : at + 100] for at in range(0, len(bomb), 100))), 1000)
        assert tracemalloc.get_traced_memory()[1] < 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("headers", [{}, GZIP], ids=["plain", "packed"])
async def test_an_endless_body_ends(headers: dict[str, str]) -> None:
    """Also one that unpacks to nothing: what follows the end of the packed body is not unpacked."""

    async def endless() -> AsyncIterator[bytes]:
        yield gzip.compress(b"")
        while True:
            yield bytes(100)

    with pytest.raises(BodyTooLarge):
        await read_body(headers, endless(), 1000)


@pytest.mark.parametrize(
    "body", [b"x", b"", gzip.compress(b"{}", mtime=0)[:-1], gzip.compress(b"{}" * 99, mtime=0)[:-9]]
)
async def test_a_packed_body_that_is_not_whole_is_broken(body: bytes) -> None:
    with pytest.raises(BodyBroken, match="gzip body"):
        await read_body(GZIP, pieces(body), 1000)
