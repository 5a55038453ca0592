"""What all our lists share: `limit`, `order`, and the key that cursors are made with."""

from __future__ import annotations

from typing import Literal, cast

from ..web.cursors import decode_cursor, encode_cursor
from ..web.params import Params

MAX_LIMIT = 500
DEFAULT_LIMIT = 50
Order = Literal["asc", "desc"]


class Cursors:
    """Cursors of one caller's one question: its filters and order, in whatever words."""

    def __init__(self, key: bytes, user: str, question: str) -> None:
        self._key = key
        self._user = user
        self._question = question

    def cursor(self, place: str | None) -> str | None:
        """The cursor of a place; None at the end of the list."""
        return None if place is None else encode_cursor(self._key, self._user, self._question, place)

    def place(self, cursor: str | None) -> str | None:
        """The place in a cursor; None without one. Raises InvalidInput for one that is not of this list."""
        return None if cursor is None else decode_cursor(self._key, self._user, self._question, cursor)


def read_limit(params: Params) -> int:
    """How many rows a page has."""
    return params.one("limit", _parse_limit, DEFAULT_LIMIT)


def read_order(params: Params, default: Order = "desc") -> Order:
    """Which end a list starts at."""
    return params.one("order", _parse_order, default)


def _parse_limit(text: str) -> int:
    if not (text.isascii() and text.isdigit() and len(text) <= 4 and 1 <= int(text) <= MAX_LIMIT):
        raise ValueError(f"must be a whole number from 1 to {MAX_LIMIT}")
    return int(text)


def _parse_order(text: str) -> Order:
    if text not in ("asc", "desc"):
        raise ValueError("must be asc or desc")
    return cast(Order, text)
