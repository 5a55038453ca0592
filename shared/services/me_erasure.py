"""Erasing all that is kept of a user, and looking again until nothing is found.

Each mark of an erasure begins another era of the user, and a write that began in an earlier one is refused in
the step that would keep it: who adds something for a user asks for the era at the beginning. What is written
in the new era while the erasure is at work goes with the rest; behind it, it is a new beginning. What runs
under way and computations would keep for the user from before is not kept: the mark, or that the run is gone,
says so.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from ..store import account_ports
from ..store.account_ports import KINDS, Kind
from ..store.ports import Store

Era = account_ports.Era

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
