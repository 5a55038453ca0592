"""Balances as they are found: what each app of each chain says, told the moment it is read and priced."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from enum import Enum
from typing import NamedTuple

from ..core.app_balances import TOKENS
from ..core.chains import Chain
from ..core.ids import Address
from .app_finds import Finder, Found
from .portfolio import LiveSources
from .positions import PositionSources, protocols_on


class Broken(NamedTuple):
    """A chain whose reading ended in an error of ours."""

    chain: Chain
    error: BaseException


class Word(Enum):
    """What is said where nothing was found."""

    QUIET = "quiet"
    STOPPED = "stopped"
    DONE = "done"


def apps_of(
    chains: Sequence[Chain], apps: Sequence[str], sources: PositionSources
) -> dict[Chain, tuple[str, ...]]:
    """The apps of each chain, TOKENS first; with `apps` only those, and only the chains that have any."""
    known = {chain: (TOKENS, *protocols_on(chain, sources)) for chain in chains}
    wanted = {chain: tuple(a for a in has if not apps or a in apps) for chain, has in known.items()}
    return {chain: has for chain, has in wanted.items() if has}


class BalanceReading:
    """One reading of many chains. Between `start` and `close`, `next` tells what is found, as it is found.

    `asked` are the apps of each chain that are to be read.
    """

    def __init__(
        self, wallets: Sequence[Address], asked: Mapping[Chain, Sequence[str]], sources: LiveSources
    ) -> None:
        self._wallets = wallets
        self._asked = asked
        self._sources = sources
        self._told: asyncio.Queue[Found | Broken | Word] = asyncio.Queue()
        self._running: dict[asyncio.Task[None], Chain] = {}
        self._finder: Finder | None = None

    def start(self) -> None:
        """Begin with all chains at the same time."""
        finder = self._finder = Finder(self._wallets, tuple(self._asked), self._sources)
        for chain, apps in self._asked.items():
            task = asyncio.create_task(finder.find(chain, apps, self._told.put_nowait))
            self._running[task] = chain
            task.add_done_callback(self._ended)
        if not self._asked:
            self._told.put_nowait(Word.DONE)

    async def next(self, quiet: float) -> Found | Broken | Word:
        """What is found next; QUIET when that takes so many seconds, DONE when there is no more."""
        try:
            async with asyncio.timeout(quiet):
                return await self._told.get()
        except TimeoutError:
            return Word.QUIET

    def stop(self) -> None:
        """Say STOPPED, after what was found until now."""
        self._told.put_nowait(Word.STOPPED)

    async def close(self) -> None:
        """Cancel what is still under way, but for what others wait for, too."""
        running = tuple(self._running)
        for task in running:
            task.cancel()
        await asyncio.gather(*running, return_exceptions=True)
        if self._finder is not None:
            await self._finder.close()

    def _ended(self, task: asyncio.Task[None]) -> None:
        chain = self._running.pop(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            self._told.put_nowait(Broken(chain, error))
        if not self._running:
            self._told.put_nowait(Word.DONE)
