"""Strong entity tags, `If-None-Match` and `If-Match` (RFC 9110, 13.1)."""

from __future__ import annotations

import hashlib
import re

from ..errors import InvalidInput

_TAG = re.compile(rb'"[\x21\x23-\x7e\x80-\xff]*"')
_LISTED = re.compile(rb'(W/)?("[\x21\x23-\x7e\x80-\xff]*")[ \t]*(?:,[ \t]*|$)')


def etag_of(body: bytes) -> bytes:
    """The strong tag of these bytes."""
    return b'"' + hashlib.blake2b(body, digest_size=16).hexdigest().encode() + b'"'


def weak_etag_of(body: bytes) -> bytes:
    """The tag of an answer that means what these bytes say, whatever else differs."""
    return b"W/" + etag_of(body)


def matches(if_none_match: bytes, etag: bytes) -> bool:
    """Whether the caller already has it: `*`, or the tag in the list, compared weakly."""
    if if_none_match.strip() == b"*":
        return True
    return etag.removeprefix(b"W/") in _TAG.findall(if_none_match)


def is_as_expected(if_match: bytes | None, etag: bytes) -> bool:
    """Whether `If-Match` allows a change of what has this tag; without the header everything is allowed.

    The comparison is strong, as the standard has it. Raises InvalidInput when it is no list of tags.
    """
    if if_match is None or if_match.strip() == b"*":
        return True
    tags = _LISTED.findall(if_match)
    if not tags or _LISTED.sub(b"", if_match).strip():
        raise InvalidInput("If-Match", "is neither * nor a list of entity tags, each in double quotes")
    return (b"", etag) in tags
