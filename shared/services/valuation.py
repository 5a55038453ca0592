"""From the assets a ledger names to tokens and their prices, and a reason for each that has none."""

from __future__ import annotations

import asyncio
from collections import defaultdict
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field
from typing import Protocol

from ..core.balances import TokenFault
from ..core.chains import Chain, Chains
from ..core.failures import Failure
from ..core.ids import Address, AssetId, ChainId, parse_asset_id
from ..core.quotes import Price, unpriced
from ..core.tokens import Token, native_token
from ..errors import PriceUnavailable, UpstreamError
from .chain_reads import ChainReader, TokenSources

_CATALOGUE_SECONDS = 2.0
_DESCRIBE_SECONDS = 4.0
_PRICE_SECONDS = 2.5
# More unlisted contracts than these are not asked what they are.
MOST_UNLISTED = 500


class AssetSources(TokenSources, Protocol):
    """What assets are described and priced with; the Context is one."""

    @property
    def known_chains(self) -> Chains: ...
    @property
    def chains(self) -> Chains: ...
    def client(self, chain: Chain) -> ChainReader: ...


@dataclass(frozen=True, slots=True)
class Described:
    """The tokens of assets; a reason, as `code: text`, for each that is none, and what could not be asked."""

    tokens: dict[AssetId, Token] = field(default_factory=dict)
    reasons: dict[AssetId, str] = field(default_factory=dict)
    failures: list[Failure] = field(default_factory=list)


async def describe_assets(assets: Iterable[AssetId], sources: AssetSources) -> Described:
    """What each asset is: by the token lists, the issuer's catalogue, or the contract's own word.

    A ledger may name assets of any chain that is known; contracts are asked only on those that are read.
    """
    described = Described()
    unlisted: dict[ChainId, list[Address]] = defaultdict(list)
    for asset in dict.fromkeys(assets):
        _look_up(asset, sources, described, unlisted)
    await _ask_catalogue(unlisted, sources, described)
    await asyncio.gather(
        *(
            _ask_contracts(sources.known_chains[chain_id], found, sources, described)
            for chain_id, found in unlisted.items()
        )
    )
    return described


async def price_assets(
    assets: Collection[AssetId], described: Described, sources: AssetSources
) -> tuple[dict[AssetId, Price], tuple[Failure, ...]]:
    """A Price for each asset, with a reason where it has none, and the sources that failed."""
    tokens = [described.tokens[asset] for asset in assets if asset in described.tokens]
    prices = {
        asset: unpriced(asset, described.reasons[asset]) for asset in assets if asset in described.reasons
    }
    if not tokens:
        return prices, ()
    answer = await sources.prices.prices(tokens, within=_PRICE_SECONDS)
    return {**prices, **answer.prices}, answer.failures


def _look_up(
    asset: AssetId, sources: AssetSources, described: Described, unlisted: dict[ChainId, list[Address]]
) -> None:
    if ":" not in asset:
        described.reasons[asset] = (
            f"no_chain: {asset} names no asset of a chain, so no source is asked for it"
        )
        return
    chain_id, address = parse_asset_id(asset)
    chain = sources.known_chains.get(chain_id)
    if chain is None:
        described.reasons[asset] = f"unknown_chain: there is no chain {chain_id} here"
    elif address is not None:
        listed = _listed(chain_id, sources).get(address)
        if listed is None:
            unlisted[chain_id].append(address)
        else:
            described.tokens[asset] = listed
    elif asset == chain.native_asset_id:
        described.tokens[asset] = native_token(chain)
    else:
        described.reasons[asset] = f"unknown: it is not the coin of {chain.slug}, {chain.native_asset_id} is"


def _listed(chain_id: ChainId, sources: AssetSources) -> Mapping[Address, Token]:
    return {token.address: token for token in sources.token_lists(chain_id) if token.address is not None}


async def _ask_catalogue(
    unlisted: Mapping[ChainId, list[Address]], sources: AssetSources, described: Described
) -> None:
    """What the issuer knows is taken from `unlisted`."""
    asked = [chain_id for chain_id in unlisted if sources.known_chains[chain_id].price_names.backed]
    if not asked:
        return
    try:
        async with asyncio.timeout(_CATALOGUE_SECONDS):
            issued = await sources.catalogue.tokens()
    except (PriceUnavailable, TimeoutError):
        message = "the issuer's list of xStocks could not be read"
        described.failures.append(Failure("price", None, PriceUnavailable.code, message))
        return
    for chain_id in asked:
        known = {token.address: token for token in issued.get(chain_id, ())}
        for address in [address for address in unlisted[chain_id] if address in known]:
            described.tokens[known[address].asset_id] = known[address]
            unlisted[chain_id].remove(address)


async def _ask_contracts(
    chain: Chain, addresses: list[Address], sources: AssetSources, described: Described
) -> None:
    asked, left = addresses[:MOST_UNLISTED], addresses[MOST_UNLISTED:]
    found: list[Token | TokenFault] = []
    reason = "unlisted: no token list knows it"
    if sources.chains.get(chain.chain_id) is None:
        left = addresses
        reason = f"{reason}, and {chain.slug} is not one of the chains that are read here"
    elif asked:
        try:
            found = await sources.client(chain).read_tokens(asked, within=_DESCRIBE_SECONDS)
        except UpstreamError as error:
            described.failures.append(Failure("chain", chain.slug, error.code, str(error)))
            left = addresses
            reason = f"{reason}, and its contract could not be asked"
    for told in found:
        if isinstance(told, Token):
            described.tokens[told.asset_id] = told
        else:
            described.reasons[_asset_id(chain, told.token)] = f"{reason}; its contract: {told.reason}"
    described.reasons.update({_asset_id(chain, address): reason for address in left})


def _asset_id(chain: Chain, address: Address) -> AssetId:
    return AssetId(f"{chain.caip2}/erc20:{address}")
