"""Calls of contracts that look something up off the chain: the client's part of EIP-3668."""

from __future__ import annotations

import asyncio
from typing import Protocol

from ..core.ids import Address
from ..errors import RpcBadResponse, RpcError, RpcReverted, RpcTooLarge
from .ccip import (
    LOCAL_BATCH,
    Question,
    format_batch,
    format_callback,
    format_failure,
    parse_batch,
    parse_lookup,
)
from .client import ChainClient

_MOST_LOOKUPS = 4  # one after the other, as EIP-3668 suggests
_MOST_QUESTIONS = 16  # in all
_DEEPEST_BATCH = 3  # batches within batches


class GatewayAsker(Protocol):
    """Who asks gateways over the network: `Gateways`."""

    async def fetch(self, question: Question, *, within: float) -> bytes:
        """The answer of the first of the question's gateways that has one. Raises RpcError."""


async def call_offchain(
    client: ChainClient, gateways: GatewayAsker, to: Address, data: bytes, *, within: float
) -> bytes:
    """What a contract returns, after what it wants to know from gateways was looked up for it.

    Raises RpcReverted with what the contract said, GatewayRefused and any other RpcError.
    """
    lookups = _Lookups(gateways, within)
    for _ in range(_MOST_LOOKUPS + 1):
        try:
            return await client.call(to, data, within=lookups.seconds_left())
        except RpcReverted as error:
            revert = error
        lookup = parse_lookup(revert.data)
        if lookup is None:
            raise lookups.cause_of(revert)
        if lookup.question.sender != to:
            raise RpcBadResponse("an off-chain lookup in the name of another contract")
        data = format_callback(lookup, await lookups.answer(lookup.question))
    raise RpcTooLarge(f"more than {_MOST_LOOKUPS} off-chain lookups for one call")


class _Lookups:
    """The questions of one call: their common deadline, their number, and which of them failed."""

    def __init__(self, gateways: GatewayAsker, within: float) -> None:
        self._gateways = gateways
        self._deadline = asyncio.get_running_loop().time() + within
        self._questions = 0
        self._failures: dict[bytes, RpcError] = {}

    def seconds_left(self) -> float:
        return max(self._deadline - asyncio.get_running_loop().time(), 0.0)

    def cause_of(self, revert: RpcReverted) -> RpcError:
        """The failure of a gateway that the contract passes on, bare or wrapped; else the revert itself."""
        passed_on = (error for encoded, error in self._failures.items() if encoded in revert.data)
        return next(passed_on, revert)

    async def answer(self, question: Question, depth: int = 0) -> bytes:
        """Raises RpcError."""
        if LOCAL_BATCH in question.urls:
            return await self._answer_batch(question, depth + 1)
        self._questions += 1
        if self._questions > _MOST_QUESTIONS:
            raise RpcTooLarge(f"more than {_MOST_QUESTIONS} questions to gateways for one call")
        return await self._gateways.fetch(question, within=self.seconds_left())

    async def _answer_batch(self, batch: Question, depth: int) -> bytes:
        """As a batch gateway would, so that none run by somebody else gets to see all names."""
        if depth > _DEEPEST_BATCH:
            raise RpcTooLarge(f"off-chain batches more than {_DEEPEST_BATCH} deep")
        questions = parse_batch(batch.data)
        answers = await asyncio.gather(*(self._answer_or_failure(question, depth) for question in questions))
        return format_batch(answers)

    async def _answer_or_failure(self, question: Question, depth: int) -> bytes | RpcError:
        try:
            return await self.answer(question, depth)
        except RpcError as error:
            self._failures[format_failure(error)] = error
            return error
