"""What is known of wallets, kept up to date with what is read of them; streams are told of what is news."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from typing import Protocol

from ..core.fragments import WALLET, Fragment, FragmentKey, Fragments, Unread, carried, changed
from ..core.ids import Address, AssetId, erc20_asset_id
from ..core.portfolio import ChainRead
from ..core.tokens import native_token
from ..counts import Counts
from ..store.ports import Store
from .chain_reads import Issued, ScanSources, scan_of

IsNews = Callable[[Fragment | None, Fragment], bool]
"""Whether a fragment that was read is to be kept in place of the known one."""


class LatestSources(Protocol):
    """Where fragments are kept; the Context is one."""

    @property
    def store(self) -> Store: ...
    @property
    def counts(self) -> Counts: ...


async def keep_news(
    fragments: Sequence[Fragment], unread: Unread, sources: LatestSources, is_news: IsNews = changed
) -> Collection[FragmentKey]:
    """Keep the news among the fragments; their keys. Raises StoreUnavailable.

    `unread` is what is not said of the wallets' own balances: what is known of it is kept with the others. A
    protocol is read in full or makes no fragment.
    """
    known = await _known(fragments, sources)
    whole = [
        carried(known.get(each.key), each, unread) if each.protocol == WALLET else each for each in fragments
    ]
    news = [each for each in whole if is_news(known.get(each.key), each)]
    if news:
        sources.counts.add("latest_writes_total", await sources.store.latest.put_latest(news))
    return [each.key for each in news]


def unread_of(read: ChainRead, issued: Issued, sources: ScanSources) -> Unread:
    """The tokens that misbehaved; without the issuer's list also all that was not asked for."""
    faulty = frozenset(f.asset_id for f in read.failures if f.scope == "token" and f.asset_id is not None)
    if not issued.failures:
        return Unread(faulty)
    chain = read.chain
    asked: set[AssetId] = {erc20_asset_id(chain.chain_id, t) for t in scan_of(chain, issued, sources).tokens}
    return Unread(faulty, frozenset({native_token(chain).asset_id, *asked}))


async def _known(fragments: Sequence[Fragment], sources: LatestSources) -> Fragments:
    """What is known of the fragments' wallets; keys would be billed also where nothing is known."""
    wallets: dict[str, dict[Address, None]] = {}
    for each in fragments:
        wallets.setdefault(each.chain, {})[each.wallet] = None
    known: dict[FragmentKey, Fragment] = {}
    for chain, of_chain in wallets.items():
        known.update(await sources.store.latest.list_known(chain, tuple(of_chain)))
    return known
