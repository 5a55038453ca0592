"""From a stream's events to the bytes that carry them."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import lru_cache, partial

from ..core.amounts import format_decimal, from_raw
from ..core.chains import Chains
from ..core.failures import Failure
from ..core.fragments import Fragment, FragmentBalance
from ..core.stream_ids import format_stream_id
from ..core.times import format_time
from ..services.chain_reads import PortfolioQuery
from ..services.stream_events import (
    Broken,
    End,
    Found,
    Heartbeat,
    Prices,
    PriceTold,
    Snapshot,
    Status,
    StreamEvent,
)
from ..services.stream_refresh import Refreshed
from ..web.messages import encode_json
from ..web.sse import encode_event
from .portfolio import PATH as PORTFOLIO
from .portfolio_present import retry_url
from .portfolio_schemas import ErrorBody
from .stream_schemas import (
    EndEventBody,
    FragmentBody,
    HeartbeatEventBody,
    HeldBody,
    PriceEventBody,
    RefreshBody,
    RefreshedChainBody,
    SnapshotEventBody,
    StatusEventBody,
    StreamErrorBody,
    TickBody,
)
from .values_present import decimal_text, error_body, time_text

# Streams of the same wallet send the same fragments within moments: each is encoded once.
_REMEMBERED = 64

_RetryUrl = Callable[[Failure], str | None]


class StreamEncoder:
    """Encodes the events of one stream."""

    def __init__(self, query: PortfolioQuery, *, of_caller: bool = False) -> None:
        """With `of_caller` it is about the caller's own wallets, however they are named."""
        self._query = query
        self._retry_url = _retry_url(query, of_caller)
        self._chain_ids = {chain.slug: chain.chain_id for chain in query.chains}

    def encode(self, event: StreamEvent, *, retry_ms: int | None = None) -> bytes:
        """The event; with `retry_ms`, when to come back after it."""
        match event:
            case Found(fragment, stream_id):
                name, data = "fragment", _fragment_data(fragment, self._chain_ids[fragment.chain])
            case Snapshot(id=stream_id):
                name, data = "snapshot", encode_json(self._snapshot(event))
            case Prices(prices, stream_id):
                name, data = "price", encode_json(PriceEventBody(type="price", prices=_ticks(prices)))
            case Status(id=stream_id):
                name, data = "status", encode_json(self._status(event))
            case Heartbeat(as_of, stream_id):
                body = HeartbeatEventBody(type="heartbeat", as_of=format_time(as_of))
                name, data = "heartbeat", encode_json(body)
            case Broken(message):
                return encode_event("error", encode_json(_broken(message)), retry_ms=retry_ms)
            case End(reason):
                ended = EndEventBody(type="end", reason=reason)
                return encode_event("end", encode_json(ended), retry_ms=retry_ms)
        return encode_event(name, data, event_id=format_stream_id(stream_id), retry_ms=retry_ms)

    def _snapshot(self, event: Snapshot) -> SnapshotEventBody:
        return SnapshotEventBody(
            type="snapshot",
            reason=event.reason,
            chunk=event.chunk,
            chunks=event.chunks,
            as_of=format_time(event.as_of),
            addresses=list(self._query.addresses),
            chains=[chain.slug for chain in self._query.chains],
            fragments=[fragment_body(each, self._chain_ids[each.chain]) for each in event.fragments],
            prices=_ticks(event.prices),
            errors=_errors(event.failures, self._retry_url),
            pending=list(event.pending),
        )

    def _status(self, status: Status) -> StatusEventBody:
        return StatusEventBody(
            type="status",
            complete=not (status.failures or status.pending),
            errors=_errors(status.failures, self._retry_url),
            pending=list(status.pending),
        )


def fragment_body(fragment: Fragment, chain_id: int) -> FragmentBody:
    """A fragment of the chain with this id."""
    return FragmentBody(
        type="wallet_update",
        wallet=fragment.wallet,
        chain=fragment.chain,
        chain_id=chain_id,
        protocol=fragment.protocol,
        block_number=fragment.block.number,
        block_time=format_time(fragment.block.time),
        sequence=fragment.sequence,
        positions=[_held(balance) for balance in fragment.balances],
    )


def refresh_body(refreshed: Refreshed, query: PortfolioQuery, *, of_caller: bool) -> RefreshBody:
    """What a refresh of the query read; with `of_caller` of the caller's own wallets."""
    chain_ids = {each.chain.slug: each.chain.chain_id for each in refreshed.chains}
    return RefreshBody(
        as_of=format_time(refreshed.as_of),
        complete=not refreshed.failures,
        fragments=[fragment_body(each, chain_ids[each.chain]) for each in refreshed.fragments],
        chains=[
            RefreshedChainBody(
                chain=each.chain.slug,
                chain_id=each.chain.chain_id,
                status=each.state,
                block_number=each.block.number if each.block else None,
            )
            for each in refreshed.chains
        ],
        errors=_errors(refreshed.failures, _retry_url(query, of_caller)),
    )


@lru_cache(maxsize=_REMEMBERED)
def _fragment_data(fragment: Fragment, chain_id: int) -> bytes:
    return encode_json(fragment_body(fragment, chain_id))


def _held(balance: FragmentBalance) -> HeldBody:
    return HeldBody(
        asset_id=balance.asset_id,
        kind=balance.kind,
        symbol=balance.symbol,
        decimals=balance.decimals,
        balance=format_decimal(from_raw(balance.raw, balance.decimals)),
        balance_raw=str(balance.raw),
        contract=balance.contract,
        market=balance.market,
    )


def _ticks(prices: Iterable[PriceTold]) -> list[TickBody]:
    return [
        TickBody(
            asset_id=price.asset_id,
            symbol=symbol,
            price_usd=decimal_text(price.price_usd),
            source=price.source,
            as_of=time_text(price.as_of),
            confidence=format_decimal(price.confidence),
            stale=price.stale,
        )
        for symbol, price in prices
    ]


def _errors(failures: Iterable[Failure], retry: _RetryUrl) -> list[ErrorBody]:
    return [error_body(failure, retry(failure)) for failure in failures]


def _retry_url(query: PortfolioQuery, of_caller: bool) -> _RetryUrl:
    """Asks for the portfolio on the chain that failed. Whoever names no address gets their own wallets."""
    addresses = () if of_caller else query.addresses
    return partial(retry_url, chains=Chains(query.chains), addresses=addresses, extra=(), path=PORTFOLIO)


def _broken(message: str) -> StreamErrorBody:
    return StreamErrorBody(type="error", scope="stream", code="internal_error", message=message)
