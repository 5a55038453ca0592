"""Erasing all that is kept of a user, and looking again until nothing is found.

What the user's own requests write while the erasure is at work goes with the rest; what they write when it
is over is a new beginning. What others would write for the user from before (runs under way, computations)
is not kept: the mark of the erasure says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ..store.account_ports import KINDS, Kind
from ..store.ports import Store

_SECONDS = 40.0
"""How long one request erases. A small account takes a second; a larger one is asked for again."""


class ErasureSources(Protocol):
    """Where accounts are kept; the Context is one."""

    @property
    def store(self) -> Store: ...
    @property
    def clock(self) -> Callable[[], datetime]: ...


@dataclass(frozen=True, slots=True)
class Erasure:
    """What was removed, by kind; not `complete`: there is more, and it has to be asked for again."""

    at: datetime
    gone: Mapping[Kind, int]
    complete: bool


async def erase_account(user: str, sources: ErasureSources, *, within: float = _SECONDS) -> Erasure:
    """Remove everything of the user, as far as the time reaches; to be repeated as often as one likes.

    The mark is set before each look at everything: a run that starts behind the last of them finds no wallet.
    Raises StoreUnavailable.
    """
    deadline = asyncio.get_running_loop().time() + within
    gone = dict.fromkeys(KINDS, 0)
    was_clean = False
    while not was_clean:
        await sources.store.erasures.mark_erased(user, sources.clock())
        was_clean = True
        while (step := await sources.store.erasures.erase_some(user)).found:
            was_clean = False
            gone = {kind: gone[kind] + step.gone[kind] for kind in KINDS}
            if asyncio.get_running_loop().time() >= deadline:
                return Erasure(sources.clock(), gone, complete=False)
    return Erasure(sources.clock(), gone, complete=True)
