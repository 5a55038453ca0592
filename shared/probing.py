"""Whether something is only tried out: nobody needed what fails then, so alerts are not to count it."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

_probing: ContextVar[bool] = ContextVar("probing", default=False)


@contextmanager
def probing() -> Iterator[None]:
    """What is asked in here, and in tasks begun in here, is a probe."""
    token = _probing.set(True)
    try:
        yield
    finally:
        _probing.reset(token)


def is_probe() -> bool:
    """Whether what is under way is a probe: its failure is told to whoever probes, and not logged."""
    return _probing.get()
