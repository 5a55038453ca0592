"""Cursors: where a list goes on, as text that holds for one caller and one question only.

A cursor is a message authentication code and the place behind it. The code covers who asked and what; with
another user's cursor, with other filters or after a change of a single character it does not fit. Nothing
else rests on it: rows are always looked up under the caller's own id, so that whoever learnt the key could
only name another place in a list of their own.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac

from ..errors import InvalidInput

_CODE_BYTES = 16
MAX_CURSOR = 1024


def encode_cursor(key: bytes, user: str, question: str, place: str) -> str:
    """The cursor of a place in the user's answer to a question (its filters and order, as text)."""
    told = place.encode()
    return base64.urlsafe_b64encode(_code(key, user, question, told) + told).rstrip(b"=").decode()


def decode_cursor(key: bytes, user: str, question: str, cursor: str) -> str:
    """The place in a cursor. Raises InvalidInput when it was not made for this user and question."""
    if len(cursor) <= MAX_CURSOR:
        raw = _decoded(cursor)
        code, place = raw[:_CODE_BYTES], raw[_CODE_BYTES:]
        if hmac.compare_digest(code, _code(key, user, question, place)):
            return place.decode()
    raise InvalidInput("cursor", "was not made by this list with these parameters")


def _decoded(cursor: str) -> bytes:
    """The bytes, or none: of the several spellings that base64 allows only ours is a cursor."""
    try:
        raw = base64.b64decode(cursor + "=" * (-len(cursor) % 4), altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return b""
    return raw if base64.urlsafe_b64encode(raw).rstrip(b"=").decode() == cursor else b""


def _code(key: bytes, user: str, question: str, place: bytes) -> bytes:
    covered = b"".join(
        b"%d:%b" % (len(part), part) for part in (user.encode(errors="replace"), question.encode(), place)
    )
    return hmac.digest(key, covered, hashlib.sha256)[:_CODE_BYTES]
