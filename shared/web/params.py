"""Query parameters: read one by one, with everything that is wrong told at once."""

from __future__ import annotations

import re
from collections.abc import Callable, Collection
from typing import TypeVar
from urllib.parse import parse_qsl

from ..errors import InvalidInput, InvalidRequest

D = TypeVar("D")
T = TypeVar("T")

_MAX_FIELDS = 1000
_BRACKETS = re.compile(r"(\w+)\[[0-9]{0,4}\]")
_SHOWN = 60


class Params:
    """The query of one request. Reading collects faults; `check` raises them all together."""

    def __init__(self, query: bytes, known: Collection[str], *, bracketed: Collection[str] = ()) -> None:
        """Those that are `bracketed` may also be written as `name[]` or `name[0]`."""
        self._values: dict[str, list[str]] = {}
        self._faults: list[InvalidInput] = []
        for written, value in self._parsed(query):
            match = _BRACKETS.fullmatch(written)
            name = match[1] if match and match[1] in bracketed else written
            if name in known:
                self._values.setdefault(name, []).append(value)
            else:
                self.refuse(name[:_SHOWN], "is not a parameter of this endpoint")

    def __contains__(self, name: str) -> bool:
        return name in self._values

    def refuse(self, name: str, message: str) -> None:
        """Note that a parameter has a value which is not accepted."""
        self._faults.append(InvalidInput(name, message))

    def one(self, name: str, parse: Callable[[str], T], default: D) -> T | D:
        """The value of a parameter that may be given once; `parse` raises ValueError."""
        values = self._values.get(name)
        if values is None:
            return default
        if len(values) > 1:
            self.refuse(name, "is given more than once")
            return default
        return next(iter(self.each(name, values, parse)), default)

    def maybe(self, name: str, parse: Callable[[str], T]) -> T | None:
        """The value of a parameter that may be given once, None without one; `parse` raises ValueError."""
        return self.one(name, parse, None)

    def words(self, name: str, most: int, *, repeatable: bool = False) -> tuple[str, ...]:
        """The words of a comma-separated list, which `repeatable` parameters may also spread over several."""
        values = self._values.get(name, [])
        if len(values) > 1 and not repeatable:
            self.refuse(name, "is given more than once; separate the values by commas")
            return ()
        words = [word.strip() for value in values for word in value.split(",")]
        if len(words) > most:
            self.refuse(name, f"has {len(words)} values; at most {most} are accepted")
            return ()
        if not all(words):
            self.refuse(name, "is empty" if len(words) == 1 else "has an empty value")
            return ()
        return tuple(words)

    def each(self, name: str, words: Collection[str], parse: Callable[[str], T]) -> tuple[T, ...]:
        """The words parsed, in order; those that `parse` refuses with ValueError become faults."""
        parsed = []
        for word in words:
            try:
                parsed.append(parse(word))
            except ValueError as error:
                self.refuse(name, str(error))
        return tuple(parsed)

    def check(self) -> None:
        """Raises InvalidRequest when anything was wrong."""
        if self._faults:
            raise InvalidRequest(self._faults)

    def _parsed(self, query: bytes) -> list[tuple[str, str]]:
        try:
            return parse_qsl(
                query.decode(), keep_blank_values=True, errors="strict", max_num_fields=_MAX_FIELDS
            )
        except UnicodeDecodeError:
            self.refuse("query", "is not UTF-8")
        except ValueError:
            self.refuse("query", f"has more than {_MAX_FIELDS} parameters")
        return []


def parse_flag(text: str) -> bool:
    """`true` or `false`; else ValueError."""
    if text not in ("true", "false"):
        raise ValueError("must be true or false")
    return text == "true"
