"""ChainClient: what the services ask of one chain."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import TYPE_CHECKING, TypeVar

from ..core.balances import BalanceRead, Block, TokenFault
from ..core.chains import Chain
from ..core.ids import Address
from ..core.tokens import Token
from . import scanner
from .blocks import LATEST, check_fresh
from .calls import NATIVE, Call, Replies
from .endpoint import Endpoint
from .reading import Session, call_params, parse_bytes
from .tokens import metadata_calls, parse_tokens
from .transport import Transport
from .ways import Ways

if TYPE_CHECKING:  # types only: see `history`
    from .history import ChainHistory

Read = TypeVar("Read", BalanceRead, Replies)


def _utc_now() -> datetime:
    return datetime.now(UTC)


class ChainClient:
    """One chain, read through its transport. Every read is at one block, which is in the answer."""

    def __init__(self, chain: Chain, transport: Transport, *, now: Callable[[], datetime] = _utc_now) -> None:
        self.chain = chain
        self._transport = transport
        self._history: ChainHistory | None = None
        self._ways = Ways(chain)
        self._now = now
        self._seen: Block | None = None

    @property
    def history(self) -> ChainHistory:
        """What happened on the chain; loaded when first asked for, because few functions ask."""
        if self._history is None:
            from .history import ChainHistory

            self._history = ChainHistory(self.chain, self._transport)
        return self._history

    async def read_balances(
        self, wallets: Sequence[Address], tokens: Sequence[Address], *, within: float
    ) -> BalanceRead:
        """The balances of all wallets in all tokens and the native coin, read once each. Raises RpcError."""
        once = tuple(dict.fromkeys(wallets)), tuple(dict.fromkeys(t for t in tokens if t != NATIVE))
        return await self._read(lambda session: scanner.read_balances(session, self._ways, *once), within)

    async def read_calls(self, calls: Sequence[Call], *, within: float, at: Block | None = None) -> Replies:
        """The replies to all calls, in order, at a block or the latest. Raises RpcError."""
        return await self._read(lambda session: scanner.read_calls(session, self._ways, calls), within, at)

    async def read_tokens(self, addresses: Sequence[Address], *, within: float) -> list[Token | TokenFault]:
        """What contracts outside of the lists say of themselves, in order. Raises RpcError."""
        if not addresses:
            return []
        read = await self.read_calls(metadata_calls(addresses), within=within)
        return parse_tokens(self.chain.chain_id, addresses, read.replies)

    async def call(self, to: Address, data: bytes, *, within: float) -> bytes:
        """What one contract returns at the latest block. Raises RpcError, RpcReverted with what it said."""
        result = await self._transport.request(
            "eth_call", [call_params(Call(to, data)), LATEST], within=within
        )
        return parse_bytes(result)

    async def _read(
        self, read: Callable[[Session], Awaitable[Read]], within: float, at: Block | None = None
    ) -> Read:
        deadline = asyncio.get_running_loop().time() + within
        found = await self._transport.run(partial(self._read_from, read, deadline, at), within=within)
        if self._seen is None or found.block.time > self._seen.time:
            self._seen = found.block
        return found

    async def _read_from(
        self,
        read: Callable[[Session], Awaitable[Read]],
        deadline: float,
        at: Block | None,
        endpoint: Endpoint,
    ) -> Read:
        memory = self._ways.memory(endpoint)
        found = await read(Session(self.chain, endpoint, memory, deadline, at))
        # A lone endpoint is the chain: nobody else would know better. An old block was asked for as such.
        if at is None and len(self._transport.endpoints) > 1:
            check_fresh(found.block, self._seen, self._now())
        return found
