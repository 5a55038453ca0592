"""JSON whose numbers have all their digits: a Decimal is written as it is, not as the nearest float."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from json.encoder import encode_basestring
from types import NoneType
from typing import Any

from ..core.amounts import format_decimal


def encode_exact(content: object) -> bytes:
    """Compact JSON in UTF-8 of dictionaries, lists, texts, decimals, whole numbers, true, false and null.

    Raises TypeError for anything else, floats too, and ValueError for a decimal that is no number.
    """
    return _WRITERS[type(content)](content).encode(errors="replace")


def _object(content: dict[str, object]) -> str:
    write = _WRITERS
    parts = [f"{encode_basestring(name)}:{write[type(each)](each)}" for name, each in content.items()]
    return "{" + ",".join(parts) + "}"


def _array(content: list[object]) -> str:
    write = _WRITERS
    return "[" + ",".join([write[type(each)](each) for each in content]) + "]"


def _number(number: Decimal) -> str:
    if not number.is_finite():
        raise ValueError(f"{number} is not a number in JSON")
    return format_decimal(number)


class _Writers(dict[type, Callable[[Any], str]]):
    """How each type is written. By the type itself: a chain of questions takes longer than the writing."""

    def __missing__(self, kind: type) -> Callable[[Any], str]:
        """The name by which dict asks for it."""
        raise TypeError(f"a {kind.__name__} is not written as exact JSON")


_WRITERS = _Writers(
    {
        str: encode_basestring,
        dict: _object,
        list: _array,
        Decimal: _number,
        int: str,
        bool: lambda flag: "true" if flag else "false",
        NoneType: lambda _: "null",
    }
)
