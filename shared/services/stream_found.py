"""What is held now, read from one chain and kept as fragments."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import NamedTuple, Protocol

from ..core.balances import Block
from ..core.chains import Chain
from ..core.failures import Failure
from ..core.fragments import (
    Fragment,
    FragmentKey,
    Unread,
    confirmed,
    position_fragments,
    wallet_fragments,
)
from ..core.portfolio import ChainState
from ..counts import Counts
from ..store.ports import Store
from .chain_reads import PortfolioQuery, read_chain, read_issued
from .latest import keep_news, unread_of
from .portfolio import LiveSources
from .positions import read_positions


class FragmentSources(LiveSources, Protocol):
    """Where fragments are read and kept; the Context is one."""

    @property
    def store(self) -> Store: ...
    @property
    def counts(self) -> Counts: ...


class ChainOutcome(NamedTuple):
    """How one chain answered; `block` is None unless it did so now."""

    chain: Chain
    state: ChainState
    block: Block | None
    failures: tuple[Failure, ...]


async def read_fragments(
    query: PortfolioQuery,
    chain: Chain,
    sources: FragmentSources,
    keep: Callable[[Sequence[Fragment], Unread], Awaitable[object]],
) -> ChainOutcome:
    """Read the wallets on one chain; `keep` gets what they hold first, then what protocols hold for them.

    A chain or protocol that could not be read makes no fragment, and `keep` hears which assets could not be.
    All that is in the outcome's failures too. Raises what `keep` raises.
    """
    issued = await read_issued([chain], sources)
    read = await read_chain(query, chain, issued, sources, [])
    failures = (*issued.failures, *read.failures)
    if read.state != "ok" or read.read is None:
        return ChainOutcome(chain, "error", None, failures)
    wallets = query.addresses_on(chain)
    await keep(wallet_fragments(wallets, chain, read.read, read.tokens), unread_of(read, issued, sources))
    positions = await read_positions(read, sources)
    await keep(position_fragments(wallets, positions), Unread())
    return ChainOutcome(chain, "ok", read.read.block, (*failures, *positions.failures))


async def keep_changed(fragments: Sequence[Fragment], unread: Unread, sources: FragmentSources) -> None:
    """Keep those that say something new, with what is known of unread assets. Raises StoreUnavailable."""
    await keep_news(fragments, unread, sources)


async def keep_confirmed(
    fragments: Sequence[Fragment], unread: Unread, sources: FragmentSources
) -> Collection[FragmentKey]:
    """Keep those that say nothing new, too; the keys of all that were kept. Raises StoreUnavailable."""
    return await keep_news(fragments, unread, sources, confirmed)
