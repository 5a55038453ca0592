"""The one price set of a run: what several workers add to, and all value by."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from ..core.ids import Address, AssetId, ChainId, parse_asset_id
from ..core.quotes import Price, unpriced
from ..core.run_snapshot import PriceSet, PricesKnown, no_price
from ..core.runs import PricePage, Run, RunPrice, gives_up, is_past
from ..core.tokens import Token, native_token
from ..errors import NotYet, PriceUnavailable
from ..prices.book import PriceAnswer
from .runs_sources import RunSources

_PRICE_SECONDS = 10.0
_SEED_SECONDS = 30.0


async def prices_for(run: Run, tokens: Iterable[Token], attempt: int | None, sources: RunSources) -> PriceSet:
    """The run's prices, with those of these tokens; the sources are asked for what nobody asked for yet.

    Of a run that is past, what was not asked for is kept as without a price.
    Raises NotYet while a source that fails may come back, and StoreUnavailable.
    """
    wanted = {token.asset_id: token for token in tokens}
    known = sources.run_memory.prices.get(run.id) or PricesKnown()
    if _missing(wanted, known):
        known = _keep(run, known, await sources.store.runs.list_prices(run.id, len(known.pages)), sources)
    missing = _missing(wanted, known)
    if missing:
        answer = await _ask(run, missing, sources)
        if answer.failures and not gives_up(run, attempt, sources.clock()):
            raise NotYet("; ".join(failure.message for failure in answer.failures))
        while missing := _missing(wanted, known):
            page = _page(len(known.pages), missing, answer)
            known = _keep(run, known, [await sources.store.runs.add_prices(run.id, page)], sources)
    return known.prices


async def seed_prices(run: Run, sources: RunSources) -> None:
    """Begin a run's price set with the assets of the last run's; of the first run, with the chains' coins.

    When a source fails nothing is kept: who needs a price asks again. Raises StoreUnavailable.
    """
    if await sources.store.runs.list_prices(run.id, 0):
        return
    tokens = await _tokens_before(sources) or [
        native_token(chain) for chain in sources.chains if chain.slug in run.chains
    ]
    answer = await sources.prices.prices(tokens, within=_SEED_SECONDS)
    if not answer.failures:
        prices = {asset_id: _run_price(price) for asset_id, price in answer.prices.items()}
        await sources.store.runs.add_prices(run.id, PricePage(0, prices, ()))


async def _ask(run: Run, tokens: Sequence[Token], sources: RunSources) -> PriceAnswer:
    if not is_past(run, sources.clock()):
        return await sources.prices.prices(tokens, within=_PRICE_SECONDS)
    failures = {token.asset_id: no_price(token.asset_id) for token in tokens}
    prices = {
        asset_id: unpriced(asset_id, f"{failure.code}: {failure.message}")
        for asset_id, failure in failures.items()
    }
    return PriceAnswer(prices, tuple(failures.values()))


def _page(number: int, tokens: Iterable[Token], answer: PriceAnswer) -> PricePage:
    """What was answered for these tokens."""
    prices = {token.asset_id: _run_price(answer.prices[token.asset_id]) for token in tokens}
    failures = (each for each in answer.failures if each.asset_id is None or each.asset_id in prices)
    return PricePage(number, prices, tuple(failures))


def _missing(wanted: Mapping[AssetId, Token], known: PricesKnown) -> list[Token]:
    return [token for asset_id, token in wanted.items() if asset_id not in known.prices]


def _keep(run: Run, known: PricesKnown, pages: Sequence[PricePage], sources: RunSources) -> PricesKnown:
    if pages:
        known = known.with_pages(pages)
        sources.run_memory.prices.keep(run.id, known)
    return known


def _run_price(price: Price) -> RunPrice:
    return RunPrice(price.price_usd, price.source, price.as_of, price.reason)


async def _tokens_before(sources: RunSources) -> list[Token]:
    """What the last finished run had prices of, as far as that is known by the lists."""
    for run in await sources.store.runs.list_finished(1):
        pages = await sources.store.runs.list_prices(run.id, 0)
        assets = dict.fromkeys(asset_id for page in pages for asset_id in page.prices)
        listings = _Listings(await _issued(sources), sources)
        return [token for asset_id in assets if (token := listings.find(asset_id)) is not None]
    return []


async def _issued(sources: RunSources) -> Mapping[ChainId, Sequence[Token]]:
    try:
        return await sources.catalogue.tokens()
    except PriceUnavailable:
        return {}


class _Listings:
    """Tokens by their ids, out of the lists of their chains."""

    def __init__(self, issued: Mapping[ChainId, Sequence[Token]], sources: RunSources) -> None:
        self._issued = issued
        self._sources = sources
        self._by_chain: dict[ChainId, dict[Address | None, Token]] = {}

    def find(self, asset_id: AssetId) -> Token | None:
        """The token of an id, if a list has it."""
        chain_id, address = parse_asset_id(asset_id)
        if chain_id not in self._by_chain:
            self._by_chain[chain_id] = self._listed(chain_id)
        found = self._by_chain[chain_id].get(address)
        return found if found is not None and found.asset_id == asset_id else None

    def _listed(self, chain_id: ChainId) -> dict[Address | None, Token]:
        chain = self._sources.chains.get(chain_id)
        if chain is None:
            return {}
        tokens = (*self._issued.get(chain_id, ()), *self._sources.token_lists(chain_id), native_token(chain))
        return {token.address: token for token in tokens}
