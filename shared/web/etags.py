"""Strong entity tags and `If-None-Match` (RFC 9110, 13.1.2)."""

from __future__ import annotations

import hashlib
import re

_TAG = re.compile(rb'"[\x21\x23-\x7e\x80-\xff]*"')


def etag_of(body: bytes) -> bytes:
    """The strong tag of these bytes."""
    return b'"' + hashlib.blake2b(body, digest_size=16).hexdigest().encode() + b'"'


def matches(if_none_match: bytes, etag: bytes) -> bool:
    """Whether the caller already has it: `*`, or the tag in the list, compared weakly."""
    if if_none_match.strip() == b"*":
        return True
    return etag in _TAG.findall(if_none_match)
