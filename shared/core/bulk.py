"""Making very many small objects at once."""

from __future__ import annotations

import gc
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def without_collection() -> Iterator[None]:
    """Pause the cycle collector, for work that makes no cycles: it would walk through it all repeatedly."""
    if not gc.isenabled():
        yield
        return
    gc.collect(0)  # what is there already, still empty, need not be walked through when it is full
    gc.disable()
    try:
        yield
    finally:
        gc.enable()
