"""ENS names, remembered for a few minutes: a name's address seldom changes."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from typing import Protocol

from ..core.ids import Address

_SIZE = 4096


class Resolve(Protocol):
    """Asks Ethereum for a name's address: `ens.resolve_name` with its client given."""

    def __call__(self, name: str, *, within: float) -> Awaitable[Address | None]: ...


class Names:
    """Resolves names; a name without an address is remembered for a shorter time."""

    def __init__(
        self,
        resolve: Resolve,
        clock: Callable[[], datetime],
        *,
        ttl: timedelta = timedelta(minutes=5),
        missing_ttl: timedelta = timedelta(seconds=30),
    ) -> None:
        self._resolve = resolve
        self._clock = clock
        self._ttl = ttl
        self._missing_ttl = missing_ttl
        self._known: OrderedDict[str, tuple[Address | None, datetime]] = OrderedDict()

    async def resolve(self, name: str, *, within: float) -> Address | None:
        """The name's address, or None when it has none.

        Raises ValueError for what is not a valid ENS name, and RpcError when Ethereum cannot be asked.
        """
        known = self._known.get(name)
        if known is not None and self._clock() < known[1]:
            return known[0]
        address = await self._resolve(name, within=within)
        expires = self._clock() + (self._missing_ttl if address is None else self._ttl)
        self._known[name] = (address, expires)
        self._known.move_to_end(name)
        if len(self._known) > _SIZE:
            self._known.popitem(last=False)
        return address
