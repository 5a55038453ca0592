"""Headers that make a write safe to send again: `Idempotency-Key`, and the hash of what it was sent with."""

from __future__ import annotations

import hashlib
import re

from ..errors import InvalidInput
from .messages import Request

_KEY = re.compile(rb"[\x21-\x7e]{1,128}")


def idempotency_key(request: Request) -> str | None:
    """The caller's key, None without one. Raises InvalidInput unless it is 1 to 128 visible characters."""
    given = request.header(b"idempotency-key")
    if given is None:
        return None
    key = given.strip()
    if not _KEY.fullmatch(key):
        raise InvalidInput("Idempotency-Key", "must be 1 to 128 visible ASCII characters without spaces")
    return key.decode()


def request_hash(request: Request, endpoint: str) -> str:
    """What a key stands for: the endpoint, the query and the body, byte for byte."""
    parts = (endpoint.encode(), request.query, request.body)
    digest = hashlib.sha256()
    for part in parts:
        digest.update(b"%d:" % len(part))
        digest.update(part)
    return digest.hexdigest()
