"""ChainHistory: what happened on one chain, transaction by transaction."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable
from typing import TypeVar

from ..core.chains import Chain
from ..core.ids import Address
from ..core.transactions import NativeChange, TransactionRead
from ..errors import RpcError, RpcUnavailable
from .endpoint import Endpoint
from .reading import Session, parse_quantity, together
from .receipts import read_native_change, read_transaction
from .transfer_logs import BLOCKS_AT_ONCE, Span, read_span
from .transport import Transport
from .ways import EndpointMemory, Limit

T = TypeVar("T")

_STATE_ENDPOINTS = 2
"""Asked for the state at a block; whoever keeps old state is rarely the last one."""


class ChainHistory:
    """One chain's past, read through its transport; each method is one task on one endpoint."""

    def __init__(self, chain: Chain, transport: Transport) -> None:
        self.chain = chain
        self._transport = transport
        self._limits: dict[Endpoint, Limit] = {}

    async def read_transaction(self, tx_hash: str, *, within: float) -> TransactionRead:
        """What the chain knows of a transaction: unknown only when no endpoint knows it. Raises RpcError."""

        async def read(endpoint: Endpoint) -> TransactionRead:
            return await read_transaction(endpoint, self.chain, tx_hash, within)

        found = await self._transport.run(read, within=within)
        if found.state == "unknown" and len(self._transport.endpoints) > 1:
            others = await together(_or_none(read(endpoint)) for endpoint in self._transport.endpoints)
            found = max((other for other in others if other), key=_knowledge, default=found)
        return found

    async def read_native_change(self, wallet: Address, block_number: int, *, within: float) -> NativeChange:
        """The wallet's native balance on both sides of a block. Raises RpcError, so for old blocks often.

        That an endpoint has forgotten old state is no trouble of its, so its health is left out of it.
        """
        failure: RpcError = RpcUnavailable(f"{self.chain.slug}: no endpoint")
        for endpoint in self._transport.endpoints[:_STATE_ENDPOINTS]:
            try:
                return await read_native_change(endpoint, wallet, block_number, within / _STATE_ENDPOINTS)
            except RpcError as error:
                failure = error
        raise failure

    async def read_transfers(self, wallet: Address, first: int, last: int, *, within: float) -> Span:
        """The transactions that moved the wallet's tokens, from `first` on: as far as one answer goes.

        Raises RpcError, also when no endpoint has the block `last` yet.
        """
        deadline = asyncio.get_running_loop().time() + within

        async def read(endpoint: Endpoint) -> Span:
            limit = self._limits.setdefault(endpoint, Limit(BLOCKS_AT_ONCE))
            session = Session(self.chain, endpoint, EndpointMemory(), deadline)
            return await read_span(session, limit, wallet, first, last)

        return await self._transport.run(read, within=within)

    async def read_head(self, *, within: float) -> int:
        """The number of the latest block. Raises RpcError."""
        return parse_quantity(await self._transport.request("eth_blockNumber", [], within=within))


async def _or_none(answer: Awaitable[T]) -> T | None:
    try:
        return await answer
    except RpcError:
        return None


def _knowledge(read: TransactionRead) -> int:
    return (read.transaction is not None) + (read.receipt is not None)
