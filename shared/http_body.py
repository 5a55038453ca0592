"""Reads the body of an answer whose size may not be trusted: never more is held than was allowed.

httpx would unpack whatever codings the headers name, one inside the other, before anybody sees the size.
"""

from __future__ import annotations

import zlib
from collections.abc import AsyncIterable, Mapping

ACCEPT_ENCODING = "gzip"
"""What requests ask for: the one coding that is unpacked here."""


class BodyTooLarge(ValueError):
    """Packed or unpacked, the body is larger than allowed."""


class BodyBroken(ValueError):
    """The body is not packed as the headers say, or in a way that was not asked for."""


async def read_body(headers: Mapping[str, str], chunks: AsyncIterable[bytes], most: int) -> bytes:
    """The unpacked body of the chunks as they came; raises BodyTooLarge past `most` bytes, or BodyBroken."""
    inflate = _inflater(headers.get("content-encoding", ""))
    received = held = 0
    parts: list[bytes] = []
    async for chunk in chunks:
        received += len(chunk)
        part = _inflated(inflate, chunk, most - held + 1) if inflate else chunk
        held += len(part)
        if received > most or held > most:
            raise BodyTooLarge(f"the answer exceeds {most} bytes")
        parts.append(part)
    if inflate and not inflate.eof:
        raise BodyBroken("a gzip body that ends early")
    return b"".join(parts)


def _inflater(encoding: str) -> zlib._Decompress | None:
    match encoding.strip().lower():
        case "" | "identity":
            return None
        case "gzip":
            return zlib.decompressobj(zlib.MAX_WBITS | 16)
    raise BodyBroken("a content encoding that was not asked for")


def _inflated(inflate: zlib._Decompress, chunk: bytes, most: int) -> bytes:
    try:
        return inflate.decompress(chunk, most)
    except zlib.error:
        raise BodyBroken("a broken gzip body") from None
