"""Answers that are the caller's own."""

from __future__ import annotations

from ..web.messages import Response, encode_json

NOT_REUSABLE = b"private, no-cache"
"""May be kept by the caller, but must be asked about each time it is used."""


def private_answer(body: object, *, etag: bytes | None = None) -> Response:
    """200 with a body of the caller's."""
    return Response(200, encode_json(body), cache_control=NOT_REUSABLE, etag=etag)
