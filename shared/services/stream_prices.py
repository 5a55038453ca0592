"""Prices for open streams: all assets that they hold are asked about together, and once."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from typing import NamedTuple, Protocol

from ..core.amounts import format_decimal
from ..core.failures import Failure
from ..core.fragments import FragmentBalance
from ..core.ids import AssetId, parse_asset_id
from ..core.quotes import Price
from ..core.stream_ids import fingerprint
from ..core.tokens import Token
from .chain_reads import Pricer

_PRICE_SECONDS = 2.5
# PRICE_TTL_SECONDS may be 0, which asks every time that somebody wants to know: here nobody asks.
_LEAST_SECONDS = 1.0


class Listed(NamedTuple):
    """A price on the board; its fingerprint changes with what streams are told of it."""

    symbol: str
    price: Price
    fingerprint: int


class Board(Protocol):
    """Where prices are looked up; the PriceBoard is one."""

    def get(self, asset_id: AssetId) -> Listed | None:
        """The price, once it is known."""

    def want(self, balances: Iterable[FragmentBalance]) -> None:
        """These are held."""


class Reader(Protocol):
    """Who looks at the board."""

    def assets(self) -> Collection[AssetId]:
        """What it wants the prices of."""

    def priced(self, assets: Collection[AssetId]) -> None:
        """The prices of these have changed."""

    def failed(self) -> None:
        """Other sources of prices fail than before."""


class PriceBoard:
    """The newest price of every asset that some open stream holds."""

    def __init__(self, pricer: Callable[[], Pricer], every: float) -> None:
        """`every` is in seconds."""
        self.failures: tuple[Failure, ...] = ()
        self._pricer = pricer
        self._every = max(every, _LEAST_SECONDS)
        self._listed: dict[AssetId, Listed] = {}
        self._tokens: dict[AssetId, Token] = {}
        self._readers: set[Reader] = set()
        self._stirred = asyncio.Event()
        self._asked = asyncio.Event()

    @contextmanager
    def read_by(self, reader: Reader) -> Iterator[None]:
        """Keeps what the reader wants on the board.

        What is there when nobody looks may be of any age: who comes first finds nothing.
        """
        self._readers.add(reader)
        if len(self._readers) == 1:
            self._forget_unheld()
            self._listed.clear()
        try:
            yield
        finally:
            self._readers.discard(reader)

    def get(self, asset_id: AssetId) -> Listed | None:
        """The price, once it is known (which may be that there is none)."""
        return self._listed.get(asset_id)

    def want(self, balances: Iterable[FragmentBalance]) -> None:
        """These are held: what is not on the board yet is asked about at once."""
        for balance in balances:
            if balance.asset_id not in self._tokens:
                self._tokens[balance.asset_id] = _token(balance)
                self._stirred.set()

    async def settle(self, assets: Collection[AssetId], *, within: float) -> None:
        """Returns when all of these are on the board, or after so many seconds."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within):
                while any(asset_id not in self._listed for asset_id in assets):
                    await self._asked.wait()

    async def run(self) -> None:
        """Ask for what is new at once, and for everything as often as prices are to be renewed."""
        clock = asyncio.get_running_loop().time
        due = clock() + self._every
        while True:
            self._stirred.clear()
            await self._ask([t for asset_id, t in self._tokens.items() if asset_id not in self._listed])
            with suppress(TimeoutError):
                async with asyncio.timeout_at(due):
                    await self._stirred.wait()
            if clock() >= due:
                due = clock() + self._every
                self._forget_unheld()
                await self._ask(list(self._tokens.values()))

    async def _ask(self, tokens: list[Token]) -> None:
        if not tokens:
            return
        # Fresh, because every price expires just when it is asked about again: an old one would be told
        # now, and the new one the next time.
        answer = await self._pricer().prices(tokens, within=_PRICE_SECONDS, fresh=True)
        changed = self._list(answer.prices)
        told, self.failures = self.failures, answer.failures
        for reader in list(self._readers):
            if changed:
                reader.priced(changed)
            if told != answer.failures:
                reader.failed()
        self._asked.set()
        self._asked = asyncio.Event()

    def _list(self, prices: Mapping[AssetId, Price]) -> list[AssetId]:
        """Put those that are still held on the board; returns those that say something else than before."""
        changed = []
        for asset_id, price in prices.items():
            if asset_id not in self._tokens:
                continue
            before, new = self._listed.get(asset_id), _fingerprint(price)
            self._listed[asset_id] = Listed(self._tokens[asset_id].symbol, price, new)
            if before is None or before.fingerprint != new:
                changed.append(asset_id)
        return changed

    def _forget_unheld(self) -> None:
        held = {asset_id for reader in self._readers for asset_id in reader.assets()}
        self._tokens = {asset_id: token for asset_id, token in self._tokens.items() if asset_id in held}
        self._listed = {asset_id: listed for asset_id, listed in self._listed.items() if asset_id in held}


def _token(balance: FragmentBalance) -> Token:
    """What a fragment says of an asset is all that a price needs."""
    asset_id, symbol = balance.asset_id, balance.symbol
    chain_id, address = parse_asset_id(asset_id)
    return Token(chain_id, asset_id, address, symbol, symbol, balance.decimals, listed=True)


def _fingerprint(price: Price) -> int:
    usd = "" if price.price_usd is None else format_decimal(price.price_usd)
    return fingerprint(price.asset_id, usd, price.source or "", str(price.stale))
