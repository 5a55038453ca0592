"""The Feed port on Firestore: whichever process writes."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import Callable, Collection, Iterable
from contextlib import ExitStack

from ...core.ids import Address
from ...errors import StoreUnavailable
from ..codecs import to_micros
from ..followers import Followers
from ..run_ports import News
from .cloud import Cloud
from .documents import plain_time
from .listening import Listening
from .wire import Listened

_PATIENCE_SECONDS = 10.0


class FirestoreFeed:
    """Listens to each wallet once, while somebody follows it."""

    def __init__(self, cloud: Cloud, patience_seconds: float = _PATIENCE_SECONDS) -> None:
        self._cloud = cloud
        self._patience_seconds = patience_seconds
        self._followers = Followers()
        self._listening = Listening(cloud, self._followers, patience_seconds)
        self._claims: Counter[Address] = Counter()

    async def follow(self, wallets: Collection[Address], tell: Callable[[News], None]) -> Callable[[], None]:
        asked = frozenset(wallets)
        since = to_micros(plain_time(await self._cloud.server_time()))
        with ExitStack() as undone:
            listened = [self._claim(wallet, since) for wallet in asked]
            undone.callback(self._release, listened)
            await self._heard(listened)
            undone.callback(self._followers.add(asked, tell))
            return undone.pop_all().close

    async def close(self) -> None:
        """Listen to nothing more."""
        await self._listening.close()

    async def _heard(self, listened: Iterable[Listened]) -> None:
        """Wait until each of them was heard of, so that nobody who follows waits for it."""
        try:
            async with asyncio.timeout(self._patience_seconds):
                for each in listened:
                    await each.ready.wait()
        except TimeoutError:
            raise StoreUnavailable("Firestore cannot be listened to now") from None

    def _claim(self, wallet: Address, since: int) -> Listened:
        self._claims[wallet] += 1
        return self._listening.add(wallet, since)

    def _release(self, listened: Iterable[Listened]) -> None:
        for each in listened:
            self._claims[each.wallet] -= 1
            if not self._claims[each.wallet]:
                del self._claims[each.wallet]
                self._listening.remove(each)
