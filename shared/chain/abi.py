"""The contract ABI, as much of it as is needed: join values into call data, read values from answers.

Specification: https://docs.soliditylang.org/en/latest/abi-spec.html
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

from ..core.ids import Address, address_bytes, address_from_bytes
from ..errors import RpcBadResponse

_WORD = 32


class Dynamic(NamedTuple):
    """An encoded value of a type without a fixed size: its place holds an offset to it."""

    encoded: bytes


Encoded = bytes | Dynamic
"""A value ready to be joined: bytes for a type of fixed size."""


def uint(value: int) -> bytes:
    """A uint of any width."""
    return value.to_bytes(_WORD)


def address(value: Address) -> bytes:
    return address_bytes(value).rjust(_WORD, b"\0")


def byte_string(value: bytes) -> Dynamic:
    """`bytes`, or the UTF-8 of a `string`."""
    return Dynamic(uint(len(value)) + value + bytes(-len(value) % _WORD))


def array(values: Sequence[Encoded]) -> Dynamic:
    """`T[]` of encoded values."""
    return Dynamic(uint(len(values)) + join(values))


def join(values: Iterable[Encoded]) -> bytes:
    """The encoding of a tuple, which is also that of a call's arguments."""
    parts = tuple(values)
    heads, tails = [], []
    tail_at = sum(_WORD if isinstance(part, Dynamic) else len(part) for part in parts)
    for part in parts:
        if isinstance(part, Dynamic):
            heads.append(uint(tail_at))
            tails.append(part.encoded)
            tail_at += len(part.encoded)
        else:
            heads.append(part)
    return b"".join(heads + tails)


class Words:
    """An encoded tuple, read by position; every reader raises RpcBadResponse for what is not there.

    Positions count words: a value of fixed size fills one or more of them, an offset fills one.
    """

    __slots__ = ("_data", "_start")

    def __init__(self, data: bytes, start: int = 0) -> None:
        self._data = data
        self._start = start

    def word(self, position: int) -> bytes:
        return self._slice(self._start + _WORD * position, _WORD)

    def uint(self, position: int, bits: int = 256) -> int:
        value = int.from_bytes(self.word(position))
        if value >> bits:
            raise RpcBadResponse(f"a number does not fit into uint{bits}")
        return value

    def boolean(self, position: int) -> bool:
        return self.uint(position, 1) == 1

    def address(self, position: int) -> Address:
        word = self.word(position)
        if any(word[:12]):
            raise RpcBadResponse("an address has more than 20 bytes")
        return address_from_bytes(word[12:])

    def byte_string(self, position: int) -> bytes:
        start = self._follow(position)
        return self._slice(start + _WORD, self._length(start))

    def array(self, position: int) -> tuple[int, Words]:
        """The length of an array and its elements, which follow each other as in a tuple.

        At least a word an element must be there, so that a false length costs nothing.
        """
        start = self._follow(position)
        length = self._length(start)
        if length * _WORD > len(self._data) - start - _WORD:
            raise RpcBadResponse("an array is longer than the answer")
        return length, Words(self._data, start + _WORD)

    def tuple(self, position: int) -> Words:
        """A tuple of dynamic size."""
        return Words(self._data, self._follow(position))

    def _follow(self, position: int) -> int:
        start = self._start + self.uint(position)
        if start > len(self._data):
            raise RpcBadResponse("an offset points outside of the answer")
        return start

    def _length(self, start: int) -> int:
        return int.from_bytes(self._slice(start, _WORD))

    def _slice(self, start: int, length: int) -> bytes:
        if start + length > len(self._data):
            raise RpcBadResponse("the answer is too short")
        return self._data[start : start + length]
