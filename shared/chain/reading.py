"""A read of many pieces from one endpoint: cut further where need be, carried on, brought to one block."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Coroutine, Iterable, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, Protocol, Self, TypeVar

from ..core.balances import Block
from ..core.chains import Chain
from ..errors import RpcBadResponse, RpcTimeout, RpcTooLarge, RpcUnsupported, RpcWrongChain
from .blocks import LATEST, tag_of
from .calls import Call
from .endpoint import Endpoint
from .jsonrpc import Json
from .ways import EndpointMemory, Limit


class Piece(Protocol):
    """A part of a read that can be cut in two."""

    @property
    def cost(self) -> int: ...

    def halves(self) -> tuple[Self, ...]: ...


_QUANTITY = re.compile("0x[0-9a-fA-F]{1,64}")

P = TypeVar("P", bound=Piece)
A = TypeVar("A")
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Part(Generic[P, A]):
    """The answer to a piece, and what of it was not reached."""

    piece: P
    block: Block
    answer: A
    rest: P | None = None


Ask = Callable[[P, str], Awaitable[Part[P, A]]]
"""Asks for a piece at a block tag, in one request."""


class Session(NamedTuple):
    """One read on one endpoint of a chain, until `deadline` on the event loop's clock.

    It is made at the block `at`, or at the latest one.
    """

    chain: Chain
    endpoint: Endpoint
    memory: EndpointMemory
    deadline: float
    at: Block | None = None

    def now(self) -> float:
        return asyncio.get_running_loop().time()

    def left(self) -> float:
        """The seconds left; RpcTimeout if there are none."""
        seconds = self.deadline - self.now()
        if seconds <= 0:
            raise RpcTimeout(f"{self.endpoint.label}: the time allowed was used up")
        return seconds

    def check_chain(self, chain_id: int) -> None:
        """RpcWrongChain unless the endpoint that said this is on the chain that is read."""
        if chain_id != self.chain.chain_id:
            raise RpcWrongChain(f"{self.endpoint.label}: answers for another chain (id {chain_id})")

    async def confirm_chain(self) -> None:
        """Ask the endpoint for its chain, until it named the right one. Raises RpcError."""
        if not self.memory.chain_confirmed:
            self.check_chain(parse_quantity(await self.request("eth_chainId", [])))
            self.memory.chain_confirmed = True

    async def request(self, method: str, params: list[Json]) -> Json:
        return await self.endpoint.request(method, params, within=self.left())

    async def run_init_code(self, code: str, tag: str) -> bytes:
        """What init code returns; raises RpcError."""
        return parse_bytes(await self.request("eth_call", [{"data": code}, tag]))

    async def call(self, call: Call, tag: str) -> bytes:
        """What a contract returns; raises RpcError."""
        return parse_bytes(await self.request("eth_call", [call_params(call), tag]))


def call_params(call: Call) -> Json:
    return {"to": call.target, "data": "0x" + call.data.hex()}


def parse_bytes(value: Json) -> bytes:
    """The bytes of a JSON-RPC `0x…` string; RpcBadResponse for anything else."""
    if not isinstance(value, str) or value[:2] != "0x":
        raise RpcBadResponse("the answer is not hexadecimal")
    try:
        return bytes.fromhex(value[2:])
    except ValueError:
        raise RpcBadResponse("the answer is not hexadecimal") from None


def parse_quantity(value: Json) -> int:
    """The number of a JSON-RPC `0x…` string; RpcBadResponse for anything else."""
    if not isinstance(value, str) or not _QUANTITY.fullmatch(value):
        raise RpcBadResponse("the answer is not a number")
    return int(value, 16)


async def together(jobs: Iterable[Coroutine[None, None, T]]) -> list[T]:
    """The results of all jobs, in order; the first exception ends the others."""
    waiting = list(jobs)
    if len(waiting) == 1:
        return [await waiting[0]]
    tasks = [asyncio.ensure_future(job) for job in waiting]
    try:
        return await asyncio.gather(*tasks)
    finally:
        for task in tasks:
            task.cancel()


async def read_at_one_block(
    session: Session, limit: Limit, pieces: Sequence[P], ask: Ask[P, A]
) -> tuple[Block, list[Part[P, A]]]:
    """All pieces, asked for at once; those that met a newer block than the oldest are asked for again.

    One piece that the endpoint bears is exactly one request. Raises RpcError, RpcBadResponse also where the
    session's block is no longer the chain's.
    """
    tag = LATEST if session.at is None else tag_of(session.at)
    groups = await together([_read(session, limit, piece, tag, ask) for piece in pieces])
    met = (part.block for group in groups for part in group)
    block = session.at or min(met, key=lambda block: block.number)
    late = [i for i, group in enumerate(groups) if any(part.block != block for part in group)]
    if late:
        again = await together([_read(session, limit, pieces[i], tag_of(block), ask) for i in late])
        for i, group in zip(late, again, strict=True):
            groups[i] = group
    parts = [part for group in groups for part in group]
    if any(part.block != block for part in parts):
        raise RpcBadResponse(f"{session.endpoint.label}: the chain changed during the read")
    return block, parts


async def _read(session: Session, limit: Limit, piece: P, tag: str, ask: Ask[P, A]) -> list[Part[P, A]]:
    """One piece, in as many requests as it takes."""
    started = session.now()
    try:
        part = await ask(piece, tag)
    except (RpcTooLarge, RpcTimeout) as error:
        halves = piece.halves()
        limit.reduce(piece.cost // 2, session.now())
        session.left()
        if halves:
            parts = await together([_read(session, limit, half, tag, ask) for half in halves])
            return parts[0] + parts[1]
        if isinstance(error, RpcTooLarge):
            raise RpcUnsupported(f"{session.endpoint.label}: refuses even the smallest read") from None
        raise
    if part.rest is None:
        limit.bore(piece.cost, session.now() - started, session.now())
        return [part]
    if part.rest == piece:
        raise RpcUnsupported(f"{session.endpoint.label}: allows too little gas for a read")
    limit.reduce(piece.cost - part.rest.cost, session.now())
    return [part, *await _read(session, limit, part.rest, tag_of(part.block), ask)]
