"""From a stream's events to what they tell, in the core's values; the server may be anybody's."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import NamedTuple

from ..api.portfolio_schemas import ErrorBody
from ..api.stream_schemas import (
    EndEventBody,
    FragmentBody,
    HeldBody,
    PriceEventBody,
    SnapshotEventBody,
    StatusEventBody,
    StreamErrorBody,
    TickBody,
)
from ..core.amounts import parse_decimal
from ..core.balances import Block
from ..core.fragments import Fragment, FragmentBalance
from ..core.ids import Address, AssetId
from ..core.quotes import Price
from ..core.times import parse_time
from .events import ServerEvent

_MOST_DECIMALS = 255
_MOST_RAW = 2**256


class Tick(NamedTuple):
    """An asset's price; `symbol` is what the asset is called."""

    symbol: str
    price: Price


class SnapshotTold(NamedTuple):
    """A part of the whole state."""

    chunk: int
    chunks: int
    addresses: tuple[str, ...]
    chains: tuple[str, ...]
    fragments: tuple[Fragment, ...]
    ticks: tuple[Tick, ...]
    errors: tuple[ErrorBody, ...]
    pending: tuple[str, ...] = ()


class PricesTold(NamedTuple):
    """Prices that are other ones than before."""

    ticks: tuple[Tick, ...]


class ErrorsTold(NamedTuple):
    """What cannot be read from now on, and the chains that are still being read."""

    errors: tuple[ErrorBody, ...]
    pending: tuple[str, ...] = ()


class BrokenTold(NamedTuple):
    """The server cannot go on."""

    message: str


class EndTold(NamedTuple):
    """The server ends the stream."""

    reason: str


Told = SnapshotTold | Fragment | PricesTold | ErrorsTold | BrokenTold | EndTold


def parse_told(event: ServerEvent) -> Told | None:
    """What the event tells; None for a heartbeat and for events that are not known here.

    Raises ValueError for one that is not as the contract has it.
    """
    kind = _kinds().get(event.name)
    return None if kind is None else kind(event.data)


@cache
def _kinds() -> dict[str, Callable[[str], Told]]:
    """How to read each kind of event."""
    from pydantic import TypeAdapter

    snapshot, fragment = TypeAdapter(SnapshotEventBody), TypeAdapter(FragmentBody)
    price, status = TypeAdapter(PriceEventBody), TypeAdapter(StatusEventBody)
    broken, end = TypeAdapter(StreamErrorBody), TypeAdapter(EndEventBody)
    return {
        "snapshot": lambda data: _snapshot(snapshot.validate_json(data)),
        "fragment": lambda data: _fragment(fragment.validate_json(data)),
        "price": lambda data: PricesTold(_ticks(price.validate_json(data)["prices"])),
        "status": lambda data: _errors(status.validate_json(data)),
        "error": lambda data: BrokenTold(broken.validate_json(data)["message"]),
        "end": lambda data: EndTold(end.validate_json(data)["reason"]),
    }


def _snapshot(body: SnapshotEventBody) -> SnapshotTold:
    return SnapshotTold(
        body["chunk"],
        body["chunks"],
        tuple(body["addresses"]),
        tuple(body["chains"]),
        tuple(_fragment(each) for each in body["fragments"]),
        _ticks(body["prices"]),
        tuple(body["errors"]),
        tuple(body["pending"]),
    )


def _errors(body: StatusEventBody) -> ErrorsTold:
    return ErrorsTold(tuple(body["errors"]), tuple(body["pending"]))


def _fragment(body: FragmentBody) -> Fragment:
    return Fragment(
        Address(body["wallet"]),
        body["chain"],
        body["protocol"],
        Block(body["block_number"], parse_time(body["block_time"])),
        tuple(_balance(held) for held in body["positions"]),
        body["sequence"],
    )


def _balance(held: HeldBody) -> FragmentBalance:
    raw = held["balance_raw"]
    if not (raw.isascii() and raw.isdigit() and len(raw) <= len(str(_MOST_RAW)) and int(raw) < _MOST_RAW):
        raise ValueError(f"{raw[:40]!r} is not a raw balance")
    if not 0 <= held["decimals"] <= _MOST_DECIMALS:
        raise ValueError(f"{held['decimals']} is not a number of decimals")
    contract = held["contract"]
    return FragmentBalance(
        AssetId(held["asset_id"]),
        held["symbol"],
        held["decimals"],
        int(raw),
        held["kind"],
        None if contract is None else Address(contract),
        held["market"],
    )


def _ticks(bodies: list[TickBody]) -> tuple[Tick, ...]:
    return tuple(Tick(body["symbol"], _price(body)) for body in bodies)


def _price(body: TickBody) -> Price:
    return Price(
        asset_id=AssetId(body["asset_id"]),
        price_usd=None if body["price_usd"] is None else parse_decimal(body["price_usd"]),
        source=body["source"],
        as_of=None if body["as_of"] is None else parse_time(body["as_of"]),
        confidence=parse_decimal(body["confidence"]),
        stale=body["stale"],
        market="unknown",  # a stream does not tell it
        quotes=(),
    )
