"""From the core's Portfolio to its body."""

from __future__ import annotations

from collections.abc import Sequence
from decimal import Decimal
from typing import NamedTuple
from urllib.parse import urlencode

from ..core.amounts import format_decimal
from ..core.chains import Chains
from ..core.failures import Failure
from ..core.ids import Address, AssetId, parse_asset_id
from ..core.portfolio import ChainSummary, Holding, Portfolio, visible
from ..core.quotes import Quote
from ..core.times import format_time
from ..core.valued_positions import ValuedPosition, visible_positions
from .portfolio_schemas import (
    AssetBody,
    ChainBody,
    HolderBody,
    PortfolioBody,
    PositionBody,
    QuoteBody,
)
from .values_present import decimal_text, error_body, price_body, price_flags, time_text


class Shown(NamedTuple):
    """What of a portfolio is not hidden."""

    holdings: Sequence[Holding]
    positions: Sequence[ValuedPosition]


def shown_of(portfolio: Portfolio, *, min_value_usd: Decimal, include_spam: bool) -> Shown:
    """What is neither below the minimum nor spam; the totals count the rest too."""
    return Shown(
        visible(portfolio.holdings, min_value_usd=min_value_usd, include_spam=include_spam),
        visible_positions(portfolio.positions, min_value_usd),
    )


def portfolio_body(
    portfolio: Portfolio,
    shown: Shown,
    chains: Chains,
    extra: Sequence[AssetId],
    path: str,
    *,
    of_caller: bool = False,
) -> PortfolioBody:
    """The body of a portfolio that shows these of its holdings and positions.

    `path` is where it can be asked again, and `extra` the unlisted tokens to name again then. The caller's
    own wallets are not named: whoever asks without an address gets them again.
    """
    named = () if of_caller else portfolio.addresses
    return PortfolioBody(
        addresses=list(portfolio.addresses),
        total_usd=format_decimal(portfolio.total_usd),
        as_of=format_time(portfolio.as_of),
        complete=portfolio.complete,
        chains=[_chain(summary) for summary in portfolio.chains],
        assets=[_asset(holding, chains) for holding in shown.holdings],
        positions=[_position(position, chains) for position in shown.positions],
        errors=[
            error_body(failure, retry_url(failure, chains, named, extra, path))
            for failure in portfolio.failures
        ],
    )


def _chain(summary: ChainSummary) -> ChainBody:
    return ChainBody(
        chain=summary.chain.slug,
        chain_id=summary.chain.chain_id,
        status=summary.state,
        total_usd=decimal_text(summary.total_usd),
        block_number=summary.block.number if summary.block else None,
        block_time=time_text(summary.block.time if summary.block else None),
        tokens_scanned=summary.tokens_scanned,
        latency_ms=summary.latency_ms,
    )


def _asset(holding: Holding, chains: Chains) -> AssetBody:
    token, price = holding.token, holding.price
    return AssetBody(
        asset_id=token.asset_id,
        chain=chains[token.chain_id].slug,
        chain_id=token.chain_id,
        address=token.address,
        symbol=token.symbol,
        name=token.name,
        decimals=token.decimals,
        balance=format_decimal(holding.balance),
        balance_raw=str(holding.balance_raw),
        price_usd=decimal_text(price.price_usd if price else None),
        value_usd=decimal_text(holding.value_usd),
        share=decimal_text(holding.share),
        price=price_body(price),
        quotes=[_quote(quote) for quote in price.quotes] if price else [],
        flags=price_flags(price),
        spam=bool(holding.spam_reasons),
        spam_reasons=list(holding.spam_reasons),
        holders=[HolderBody(address=address, balance_raw=str(raw)) for address, raw in holding.holders],
    )


def _position(valued: ValuedPosition, chains: Chains) -> PositionBody:
    position, price = valued.position, valued.price
    return PositionBody(
        asset_id=position.token.asset_id,
        chain=chains[position.token.chain_id].slug,
        chain_id=position.token.chain_id,
        wallet=position.wallet,
        protocol=position.protocol,
        market=position.market,
        kind=position.kind,
        contract=position.contract,
        symbol=position.token.symbol,
        decimals=position.token.decimals,
        balance=format_decimal(valued.balance),
        balance_raw=str(position.raw),
        price_usd=decimal_text(price.price_usd if price else None),
        value_usd=decimal_text(valued.value_usd),
        price=price_body(price),
        flags=price_flags(price),
        block_number=valued.block.number,
        block_time=format_time(valued.block.time),
    )


def _quote(quote: Quote) -> QuoteBody:
    return QuoteBody(
        source=quote.source,
        price_usd=format_decimal(quote.price_usd),
        as_of=format_time(quote.as_of),
        confidence=decimal_text(quote.confidence),
        volume_usd_24h=decimal_text(quote.volume_usd_24h),
    )


def retry_url(
    failure: Failure, chains: Chains, addresses: Sequence[Address], extra: Sequence[AssetId], path: str
) -> str | None:
    """Where the chain that failed is asked again, relative; None if it is not about one of these chains."""
    chain = chains.find(failure.chain) if failure.chain is not None else None
    if chain is None:
        return None
    query = {**({"address": ",".join(addresses)} if addresses else {}), "chains": chain.slug}
    if tokens := [token for token in extra if parse_asset_id(token)[0] == chain.chain_id]:
        query["tokens"] = ",".join(tokens)
    return f"{path}?{urlencode({**query, 'refresh': 'true'}, safe=',:/')}"
