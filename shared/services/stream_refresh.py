"""Reads wallets now, for the caller and for every stream of theirs."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from typing import NamedTuple

from ..core.chains import Chain
from ..core.failures import Failure
from ..core.fragments import Fragment, FragmentKey, Unread
from .chain_reads import PortfolioQuery
from .stream_found import ChainOutcome, keep_confirmed, read_fragments
from .stream_hub import HubSources, hub_of


class Refreshed(NamedTuple):
    """What was read: `fragments` are those that were written, in their store's order."""

    as_of: datetime
    chains: tuple[ChainOutcome, ...]
    fragments: tuple[Fragment, ...]

    @property
    def failures(self) -> tuple[Failure, ...]:
        """Each once."""
        return tuple(dict.fromkeys(failure for chain in self.chains for failure in chain.failures))


async def refresh(query: PortfolioQuery, sources: HubSources) -> Refreshed:
    """Read past the caches and write what is not older: streams get it, confirmed where nothing changed.

    Upstream failures are in the answer, and this process's streams hear of them. Raises StoreUnavailable.
    """
    began = asyncio.get_running_loop().time()
    query = replace(query, refresh=True)
    chains = [chain for chain in query.chains if query.addresses_on(chain)]
    written: set[FragmentKey] = set()

    async def keep(fragments: Sequence[Fragment], unread: Unread) -> None:
        written.update(await keep_confirmed(fragments, unread, sources))

    async def read(chain: Chain) -> ChainOutcome:
        outcome = await read_fragments(query, chain, sources, keep)
        hub_of(sources).refreshed(query, outcome, began)
        return outcome

    as_of = sources.clock()
    outcomes = await asyncio.gather(*map(read, chains))
    kept = await sources.store.latest.read_latest(list(written)) if written else {}
    in_order = sorted(kept.values(), key=lambda fragment: (fragment.sequence, fragment.key))
    return Refreshed(as_of, tuple(outcomes), tuple(in_order))
