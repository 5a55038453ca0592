"""The Feed port on SQLite: what this process writes, told as it is committed."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Sequence
from contextlib import suppress

from ...core.fragments import Fragment
from ...core.ids import Address
from ..followers import Followers
from ..run_ports import News


class SqliteFeed:
    """Followers belong to the event loop that they follow in; the writing thread calls in there."""

    def __init__(self) -> None:
        # Replaced and never changed, because the writing thread looks into it.
        self._followers: dict[asyncio.AbstractEventLoop, Followers] = {}

    async def follow(self, wallets: Collection[Address], tell: Callable[[News], None]) -> Callable[[], None]:
        loop = asyncio.get_running_loop()
        if loop not in self._followers:
            self._followers = {**self._followers, loop: Followers()}
        return self._followers[loop].add(wallets, tell)

    def committed(self, fragments: Sequence[Fragment]) -> None:
        """Tell of what is kept from now on; called in the writing thread, in order of commit."""
        if not fragments:
            return
        news = News(tuple(fragments), fragments[-1].sequence)
        for loop, followers in self._followers.items():
            # A loop that is closed has nobody left to hear.
            with suppress(RuntimeError):
                loop.call_soon_threadsafe(followers.tell, news)
