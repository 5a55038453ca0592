"""GET /api/v1/portfolio: reads the question, asks the service, and says how long the answer holds."""

from __future__ import annotations

from datetime import timedelta
from decimal import Decimal
from typing import NamedTuple

from ..core.amounts import parse_decimal
from ..core.chains import Chain, Chains
from ..core.ids import Address, AssetId, erc20_asset_id, parse_asset_id
from ..core.portfolio import Portfolio
from ..errors import Unauthenticated
from ..services.addresses import resolve_addresses
from ..services.chain_reads import PortfolioQuery
from ..services.portfolio import read_portfolio
from ..services.wallets import list_wallets
from ..web.messages import Operation, Request, Response, Route, encode_json
from ..web.params import Params, parse_flag
from ..wiring import Context
from .answers import NOT_REUSABLE
from .portfolio_present import portfolio_body, shown_of
from .reading import not_read, parse_wallet

PATH = "/api/v1/portfolio"
MAX_ADDRESSES = 50
MAX_CHAINS = 300
MAX_TOKENS = 100
PARAMETERS = ("address", "chains", "min_value_usd", "include_spam", "tokens", "refresh")


class Question(NamedTuple):
    """The query of a request, checked, with nothing fetched for it yet."""

    addresses: tuple[str, ...]
    chains: tuple[Chain, ...]
    tokens: tuple[tuple[Chain, Address], ...]
    min_value_usd: Decimal
    include_spam: bool
    refresh: bool
    chains_named: bool = False

    @property
    def asset_ids(self) -> tuple[AssetId, ...]:
        return tuple(erc20_asset_id(chain.chain_id, address) for chain, address in self.tokens)


async def get(context: Context, request: Request) -> Response:
    """The portfolio of the addresses asked for, or of the caller's own wallets."""
    question = parse_question(request.query, context.chains)
    if not question.addresses and request.user is None:
        raise Unauthenticated("without an address this shows your own wallets, and needs your token")
    query = await query_of(question, request.user, context)
    return _answer(await read_portfolio(query, context), question, context)


async def query_of(question: Question, user: str | None, context: Context) -> PortfolioQuery:
    """What is to be read: of the addresses asked for, or of the user's own wallets, each on its chains."""
    if question.addresses or user is None:
        addresses = await resolve_addresses(question.addresses, context)
        return PortfolioQuery(addresses, question.chains, question.tokens, question.refresh)
    saved = await list_wallets(user, context)
    only = {wallet.address: wallet.chains for wallet in saved if wallet.chains}
    chains = {chain.chain_id: chain for chain in question.chains}
    if not question.chains_named:  # a saved chain is read even if it is not among those read by default
        wanted = (context.chains.find(slug) for slugs in only.values() for slug in slugs)
        chains.update((chain.chain_id, chain) for chain in wanted if chain is not None)
    addresses = tuple(wallet.address for wallet in saved)
    return PortfolioQuery(addresses, tuple(chains.values()), question.tokens, question.refresh, only)


def parse_question(query: bytes, chains: Chains) -> Question:
    """What is asked for; raises InvalidRequest naming every parameter that is wrong."""
    params = Params(query, PARAMETERS)
    texts = params.words("address", MAX_ADDRESSES, repeatable=True)
    named = params.each("chains", params.words("chains", MAX_CHAINS), lambda name: find_chain(chains, name))
    tokens = params.each(
        "tokens", params.words("tokens", MAX_TOKENS), lambda text: _parse_token(chains, text)
    )
    for chain, address in tokens:
        if "chains" in params and chain not in named:
            params.refuse("tokens", f"{address} is on {chain.slug}, which `chains` leaves out")
    asked = named or (*chains.enabled(), *(chain for chain, _ in tokens))
    question = Question(
        addresses=params.each("address", texts, parse_wallet),
        chains=tuple({chain.chain_id: chain for chain in asked}.values()),
        tokens=tuple(dict.fromkeys(tokens)),
        min_value_usd=params.one("min_value_usd", _parse_minimum, Decimal(0)),
        include_spam=params.one("include_spam", parse_flag, False),
        refresh=params.one("refresh", parse_flag, False),
        chains_named=bool(named),
    )
    params.check()
    return question


def _answer(portfolio: Portfolio, question: Question, context: Context) -> Response:
    shown = shown_of(portfolio, min_value_usd=question.min_value_usd, include_spam=question.include_spam)
    body = portfolio_body(
        portfolio, shown, context.chains, question.asset_ids, PATH, of_caller=not question.addresses
    )
    answer = Response(
        200,
        encode_json(body),
        cache_control=NOT_REUSABLE,
        reusable_until=_reusable_until(portfolio, question, context),
    )
    answer.supersedes = question.refresh
    return answer


def _reusable_until(portfolio: Portfolio, question: Question, context: Context) -> float | None:
    """An answer holds as long as its oldest balance, but not where the caller's token decides.

    One that misses a chain or a price holds for a second: long enough for a crowd, too short to be missed.
    """
    settings = context.settings
    holds = min(settings.balance_ttl_seconds, settings.price_ttl_seconds)
    until = portfolio.as_of + timedelta(seconds=holds)
    if any(failure.scope != "token" for failure in portfolio.failures):
        until = min(until, context.clock() + timedelta(seconds=min(holds, 1)))
    if question.refresh or not question.addresses or until <= context.clock():
        return None
    return until.timestamp()


def find_chain(chains: Chains, name: str) -> Chain:
    """The chain of a name; else ValueError."""
    chain = chains.find(name.lower())
    if chain is None:
        raise ValueError(not_read(chains, name))
    return chain


def _parse_token(chains: Chains, text: str) -> tuple[Chain, Address]:
    chain_id, address = parse_asset_id(text)
    chain = chains.find(str(chain_id))
    if chain is None:
        raise ValueError(f"{text[:100]!r} is not on a known chain")
    if address is None:
        raise ValueError(f"{text[:100]!r} is a native coin, which is always read")
    if chain.mirrors_native(address):
        raise ValueError(f"{text[:100]!r} is the native coin by another name, and would be counted twice")
    return chain, address


def _parse_minimum(text: str) -> Decimal:
    value = parse_decimal(text)
    if value.is_signed():
        raise ValueError("must not be below zero")
    return value


def describe() -> Operation:
    """What the OpenAPI document says of it."""
    from .portfolio_docs import portfolio_operation

    return portfolio_operation()


ROUTES: tuple[Route[Context], ...] = (Route("GET", PATH, get, "portfolio", describe),)
