"""Discovering trades: from a transaction, or from a range of blocks a bounded piece at a time."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

from ..chain.reading import together
from ..chain.transfer_logs import Span, TransactionPlace
from ..core.chains import Chain
from ..core.discovery import Proposal, Sighting, propose
from ..core.failures import Failure
from ..core.ids import Address, erc20_asset_id
from ..core.transactions import TransactionRead, flows_of, parties
from ..errors import InvalidInput, RpcBadResponse, RpcError, RpcUnavailable, RpcUnsupported
from .transactions import SECONDS, LedgerSources, describe_tokens, failure_of, read_change

MAX_SPANS = 20
_RANGE_SECONDS = 8.0
_AT_ONCE = 6


class Progress(NamedTuple):
    """How far a range was read: all before `block`, and in it the transactions up to the `order`-th.

    `last` is where the range ends, None until it is known how long the chain is.
    """

    block: int
    order: int = -1
    last: int | None = None

    @property
    def is_done(self) -> bool:
        return self.last is not None and self.block > self.last


@dataclass(frozen=True, slots=True)
class RangeQuery:
    """Whose transactions, up to which block (None: the latest), and how many of them at once."""

    chain: Chain
    wallet: Address
    to_block: int | None
    limit: int


@dataclass(slots=True)
class Discovery:
    """What was found; `progress` is how far a range was read, None for a single transaction."""

    proposals: list[Proposal] = field(default_factory=list)
    failures: list[Failure] = field(default_factory=list)
    progress: Progress | None = None

    @property
    def complete(self) -> bool:
        return not self.failures


def unread(progress: Progress, span: Span) -> list[TransactionPlace]:
    """The transactions of a span that were not read yet, in order."""
    return [place for place in span.places if place[:2] > progress[:2]]


def advance(progress: Progress, span: Span, read: Sequence[TransactionPlace], waiting: int) -> Progress:
    """The progress once these were read of a span, in order, and so many were left waiting."""
    if not waiting:
        return Progress(span.reached + 1, -1, progress.last)
    if not read:
        return progress
    return Progress(read[-1].block, read[-1].order, progress.last)


async def discover_transaction(
    chain: Chain, tx_hash: str, wallets: Sequence[Address], own: Sequence[Address], sources: LedgerSources
) -> Discovery:
    """What a transaction amounts to for the wallets; without any, for those of `own` that take part in it.

    When none does, for its sender. Upstream failures are in the answer.
    """
    found = Discovery()
    try:
        read = await sources.client(chain).history.read_transaction(tx_hash, within=SECONDS)
        involved = parties(read)
        if read.transaction is None and not wallets:
            found.proposals.append(Proposal(None, read))
            return found
        sender = [read.transaction.sender] if read.transaction else []
        for wallet in wallets or [each for each in own if each in involved] or sender:
            _add(found, chain, await _propose(chain, wallet, read, sources))
    except RpcError as error:
        found.failures.append(failure_of(chain, error))
    return found


async def discover_range(query: RangeQuery, progress: Progress, sources: LedgerSources) -> Discovery:
    """The next transactions of a range in which the wallet's tokens moved, at most `query.limit` of them.

    It ends early when time is up or the chain fails; what was not read then is read from `progress` on.
    Raises InvalidInput for a range that begins where the chain does not reach yet.
    """
    walk = _Walk(query, progress, sources, asyncio.get_running_loop().time() + _RANGE_SECONDS)
    try:
        await walk.find_end()
        for _ in range(MAX_SPANS):
            if walk.is_over:
                break
            await walk.read_span()
    except RpcError as error:
        walk.found.failures.append(failure_of(query.chain, error))
    walk.found.progress = walk.progress
    return walk.found


@dataclass(slots=True)
class _Walk:
    """A range being read; `progress` covers all that is in `found`, so that a failure loses nothing."""

    query: RangeQuery
    progress: Progress
    sources: LedgerSources
    deadline: float
    found: Discovery = field(default_factory=Discovery)
    taken: int = 0

    @property
    def seconds(self) -> float:
        return self.deadline - asyncio.get_running_loop().time()

    @property
    def is_over(self) -> bool:
        return self.progress.is_done or self.taken >= self.query.limit or self.seconds <= 0

    async def find_end(self) -> None:
        """Settle where the range ends: no further than the chain does now. Raises RpcError and InvalidInput.

        The block after the latest is where a caller who follows the chain goes on: there is nothing yet.
        """
        if self.progress.last is None:
            head = await self.sources.client(self.query.chain).history.read_head(within=SECONDS)
            if self.progress.block > head + 1:
                raise InvalidInput(
                    "from_block", f"is beyond the latest block of {self.query.chain.name}, {head}"
                )
            asked = self.query.to_block
            self.progress = self.progress._replace(last=head if asked is None else min(asked, head))

    async def read_span(self) -> None:
        """Read the transactions of one answer, a few at a time. Raises RpcError."""
        history = self.sources.client(self.query.chain).history
        assert self.progress.last is not None  # find_end has settled it
        span = await history.read_transfers(
            self.query.wallet, self.progress.block, self.progress.last, within=self.seconds
        )
        waiting = unread(self.progress, span)
        self.progress = advance(self.progress, span, (), len(waiting))
        while waiting and not self.is_over:
            count = min(_AT_ONCE, self.query.limit - self.taken)
            some, waiting = waiting[:count], waiting[count:]
            for found in await together(self._read(place) for place in some):
                self._add(found)
            self.taken += len(some)
            self.progress = advance(self.progress, span, some, len(waiting))

    async def _read(self, place: TransactionPlace) -> Proposal | Failure:
        """What a transaction amounts to, or why it cannot be read by anybody. Raises RpcError."""
        history = self.sources.client(self.query.chain).history
        try:
            read = await history.read_transaction(place.tx_hash, within=SECONDS)
            if read.receipt is None or read.receipt.block.number != place.block:
                raise RpcUnavailable(f"{self.query.chain.slug}: the chain changed during the read")
            return await _propose(self.query.chain, self.query.wallet, read, self.sources)
        except RpcUnsupported:
            raise
        except RpcBadResponse as error:  # would be so the next time too, and must not hold up the rest
            return Failure(
                "chain", self.query.chain.slug, error.code, f"transaction {place.tx_hash}: {error}"
            )

    def _add(self, found: Proposal | Failure) -> None:
        if isinstance(found, Failure):
            self.found.failures.append(found)
        else:
            _add(self.found, self.query.chain, found)


async def _propose(chain: Chain, wallet: Address, read: TransactionRead, sources: LedgerSources) -> Proposal:
    if read.receipt is None:
        return Proposal(wallet, read)
    moved = flows_of(read.receipt.movements, wallet)
    contracts = [address for address in moved if address is not None]
    tokens, change = await asyncio.gather(
        describe_tokens(chain, contracts, sources),
        read_change(sources.client(chain).history, read, wallet),
    )
    return propose(Sighting(chain, wallet, read, tokens, change), sources.clock())


def _add(found: Discovery, chain: Chain, proposal: Proposal) -> None:
    found.proposals.append(proposal)
    for address in proposal.undescribed:
        message = f"it moved in {proposal.read.tx_hash}, but does not state its decimals"
        asset_id = erc20_asset_id(chain.chain_id, address)
        found.failures.append(Failure("token", chain.slug, RpcBadResponse.code, message, asset_id))
