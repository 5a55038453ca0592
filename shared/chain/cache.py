"""The short balance cache: a chain asked the same thing twice within seconds is read once."""

from __future__ import annotations

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import count
from typing import NamedTuple, Protocol

from ..core.balances import BalanceRead
from ..core.chains import Chain
from ..core.ids import Address, ChainId

_Key = tuple[ChainId, tuple[Address, ...], tuple[Address, ...]]


class BalanceReader(Protocol):
    """Who reads one chain; a ChainClient is one."""

    @property
    def chain(self) -> Chain: ...

    async def read_balances(
        self, wallets: Sequence[Address], tokens: Sequence[Address], *, within: float
    ) -> BalanceRead:
        """The balances of all wallets; raises RpcError."""


class CachedRead(NamedTuple):
    """A read, when it was made, and how long it took then."""

    read: BalanceRead
    read_at: datetime
    latency_ms: int
    turn: int = 0
    """Grows with every read that is started."""


@dataclass(slots=True)
class _Flight:
    """A read under way, and how many wait for it; nobody's is cancelled."""

    task: asyncio.Task[CachedRead]
    waiting: int = 0


class BalanceCache:
    """Reads balances through clients; remembers answers for `ttl`, and for `keep` as a last resort."""

    def __init__(
        self,
        clock: Callable[[], datetime],
        *,
        ttl: timedelta,
        keep: timedelta = timedelta(minutes=10),
        size: int = 4096,
    ) -> None:
        self._clock = clock
        self._ttl = ttl
        self._keep = keep
        self._size = size
        self._known: OrderedDict[_Key, CachedRead] = OrderedDict()
        self._reading: dict[_Key, _Flight] = {}
        self._turns = count(1)

    async def read(
        self,
        client: BalanceReader,
        wallets: Sequence[Address],
        tokens: Sequence[Address],
        *,
        within: float,
        refresh: bool = False,
    ) -> CachedRead:
        """The wallets' balances, at most `ttl` old; `refresh` always asks the chain.

        Raises RpcError when the chain does not answer within so many seconds.
        """
        key = (client.chain.chain_id, tuple(wallets), tuple(tokens))
        if refresh or not self._ttl:
            return await self._fetch(key, client, within)
        known = self._known.get(key)
        if known is not None and self._clock() - known.read_at < self._ttl:
            self._known.move_to_end(key)
            return known
        flight = self._reading.get(key)
        if flight is None:
            task = asyncio.create_task(self._fetch(key, client, within))
            flight = self._reading[key] = _Flight(task)
            task.add_done_callback(lambda done: self._done(key, done))
        flight.waiting += 1
        try:
            # Shielded: one caller going away must not take the answer from the others.
            return await asyncio.shield(flight.task)
        finally:
            flight.waiting -= 1
            if not flight.waiting and not flight.task.done():
                self._reading.pop(key, None)
                flight.task.cancel()

    def last_known(
        self, client: BalanceReader, wallets: Sequence[Address], tokens: Sequence[Address]
    ) -> CachedRead | None:
        """The latest read of the same question, if it is recent enough to show as stale."""
        known = self._known.get((client.chain.chain_id, tuple(wallets), tuple(tokens)))
        if known is None or self._clock() - known.read_at > self._keep:
            return None
        return known

    async def close(self) -> None:
        """End the reads under way."""
        tasks = [flight.task for flight in self._reading.values()]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    async def _fetch(self, key: _Key, client: BalanceReader, within: float) -> CachedRead:
        _, wallets, tokens = key
        turn = next(self._turns)
        started = asyncio.get_running_loop().time()
        read = await client.read_balances(wallets, tokens, within=within)
        latency = round((asyncio.get_running_loop().time() - started) * 1000)
        answer = CachedRead(read, self._clock(), latency, turn)
        self._remember(key, answer)
        return answer

    def _remember(self, key: _Key, answer: CachedRead) -> None:
        known = self._known.get(key)
        if known is not None and known.turn > answer.turn:
            return  # this read was overtaken: going back in time would show money that has left
        self._known[key] = answer
        self._known.move_to_end(key)
        if len(self._known) > self._size:
            self._known.popitem(last=False)

    def _done(self, key: _Key, task: asyncio.Task[CachedRead]) -> None:
        flight = self._reading.get(key)
        if flight is not None and flight.task is task:
            del self._reading[key]
        if not task.cancelled():
            task.exception()  # every waiter may have gone: then nobody else looks at it
