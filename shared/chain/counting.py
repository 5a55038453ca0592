"""How many requests go out to a chain: by the process, and within one piece of work."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from functools import partial

from ..counts import Counts

RPC_REQUESTS = "rpc_requests_total"


class Requests:
    """The requests of one piece of work, retries and second opinions included."""

    number = 0


# Tasks that a piece of work starts count for it too: they take over the variables of whoever started them.
_current: ContextVar[Requests | None] = ContextVar("rpc_requests", default=None)


@contextmanager
def counted_requests() -> Iterator[Requests]:
    """Counts what is asked within the block."""
    requests = Requests()
    before = _current.get()
    _current.set(requests)
    try:
        yield requests
    finally:
        _current.set(before)


def request_counter(counts: Counts, chain: str) -> Callable[[], None]:
    """What a chain's endpoints call for every request that they send."""
    return partial(_count, counts, chain)


def _count(counts: Counts, chain: str) -> None:
    counts.add(RPC_REQUESTS, chain=chain)
    requests = _current.get()
    if requests is not None:
        requests.number += 1
