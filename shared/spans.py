"""Spans: what was done on behalf of a request, and how long it took, for whoever traces it.

Where nobody traces the present request a span costs one look at a variable. A recorded span is a plain
value: the libraries that send spans on take long to load, and are not needed to record them.
"""

from __future__ import annotations

import os
import time
from collections.abc import Awaitable, Callable, Coroutine, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from functools import wraps
from typing import Any, Literal, NamedTuple, ParamSpec, TypeVar

P = ParamSpec("P")
T = TypeVar("T")

Kind = Literal["server", "client", "internal"]
Value = str | int | float | bool


class SpanPlace(NamedTuple):
    """Which span of which trace, as W3C Trace Context numbers them (128 and 64 bits)."""

    trace_id: int
    span_id: int


@dataclass(slots=True)
class Span:
    """A piece of work; times are nanoseconds since the epoch.

    `error` is the class of the exception that ended it: a message could hold an address or a key.
    """

    name: str
    kind: Kind
    place: SpanPlace
    parent_id: int | None
    start_ns: int
    end_ns: int = 0
    attributes: dict[str, Value] = field(default_factory=dict)
    error: str | None = None


class _Current(NamedTuple):
    place: SpanPlace
    finish: Callable[[Span], None]


_current: ContextVar[_Current | None] = ContextVar("span", default=None)


@contextmanager
def root_span(name: str, finish: Callable[[Span], None], parent: SpanPlace | None = None) -> Iterator[Span]:
    """The work on a request that is traced: `finish` is told of it and of every span inside, as they end."""
    trace_id = parent.trace_id if parent else int.from_bytes(os.urandom(16)) or 1
    place = SpanPlace(trace_id, _new_id())
    with _recorded(Span(name, "server", place, parent and parent.span_id, time.time_ns()), finish) as span:
        yield span


@contextmanager
def span(name: str, kind: Kind = "internal", /, **attributes: Value) -> Iterator[Span | None]:
    """A piece of work within the present request; None where nobody traces it."""
    outer = _current.get()
    if outer is None:
        yield None
        return
    place = SpanPlace(outer.place.trace_id, _new_id())
    inner = Span(name, kind, place, outer.place.span_id, time.time_ns(), attributes=attributes)
    with _recorded(inner, outer.finish):
        yield inner


def spanned(name: str) -> Callable[[Callable[P, Awaitable[T]]], Callable[P, Coroutine[Any, Any, T]]]:
    """Makes each call of an async function a span."""

    def around(work: Callable[P, Awaitable[T]]) -> Callable[P, Coroutine[Any, Any, T]]:
        @wraps(work)
        async def traced(*args: P.args, **kwargs: P.kwargs) -> T:
            with span(name):
                return await work(*args, **kwargs)

        return traced

    return around


def current_place() -> SpanPlace | None:
    """Where the present work stands in its trace; None where nobody traces it."""
    current = _current.get()
    return None if current is None else current.place


@contextmanager
def _recorded(made: Span, finish: Callable[[Span], None]) -> Iterator[Span]:
    before = _current.get()
    _current.set(_Current(made.place, finish))
    try:
        yield made
    except BaseException as error:
        made.error = type(error).__name__
        raise
    finally:
        # Not by token: what ends a generator may run in another context than what began it.
        _current.set(before)
        made.end_ns = time.time_ns()
        finish(made)


def _new_id() -> int:
    return int.from_bytes(os.urandom(8)) or 1
