"""Where a wallet's coins moved in a range of blocks: read in pieces of the size that an endpoint allows."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from typing import NamedTuple, Protocol

from ..core.ids import Address, address_bytes
from ..errors import RpcBadResponse, RpcTimeout, RpcTooLarge, RpcUnavailable, RpcUnsupported
from .jsonrpc import Json
from .reading import Session, parse_quantity, together
from .receipts import parse_hash
from .token_logs import DEPOSIT, TRANSFER, WITHDRAWAL, Log, movements_of, parse_log
from .ways import Limit

BLOCKS_AT_ONCE = 10_000
"""What most endpoints allow; those that allow less say so."""
MAX_LOGS = 10_000
"""In one answer; more is asked for in smaller pieces."""
_REQUEST_SECONDS = 4.0


class TransactionPlace(NamedTuple):
    """A transaction and where it is; sorts as the chain does."""

    block: int
    order: int
    tx_hash: str


@dataclass(frozen=True, slots=True)
class Span:
    """The transactions of a range in which the wallet's coins moved; it was read up to `reached`."""

    places: tuple[TransactionPlace, ...]
    reached: int


Ask = Callable[[int, int], Awaitable[set[TransactionPlace]]]
"""Asks for a range of blocks, both ends included. Raises RpcTooLarge when they are too many."""


class Timer(Protocol):
    """Who knows the time; a Session does."""

    def now(self) -> float: ...
    def left(self) -> float:
        """The seconds left; raises RpcTimeout if there are none."""


async def read_span(session: Session, limit: Limit, wallet: Address, first: int, last: int) -> Span:
    """As many blocks from `first` on as the endpoint answers for at once. Raises RpcError."""

    async def ask(start: int, end: int) -> set[TransactionPlace]:
        return await _ask(session, wallet, start, end)

    head = parse_quantity(await session.request("eth_blockNumber", []))
    if head < last:  # it would answer with nothing for blocks that it does not have yet
        raise RpcUnavailable(f"{session.endpoint.label}: is behind")
    return await widest(ask, limit, first, last, session)


async def widest(ask: Ask, limit: Limit, first: int, last: int, timer: Timer) -> Span:
    """The answer to the longest piece from `first` on that is not refused.

    A range that the endpoint suggests is taken; otherwise half is asked for, and kept to from then on.
    Raises RpcUnsupported when not even one block is answered.
    """
    end = min(last, first + limit.at(timer.now()) - 1)
    while True:
        try:
            return Span(tuple(sorted(await ask(first, end))), end)
        except (RpcTooLarge, RpcTimeout) as error:
            timer.left()
            if end == first:
                if isinstance(error, RpcTimeout):
                    raise
                raise RpcUnsupported("refuses the logs of even one block") from None
            suggested = error.suggested if isinstance(error, RpcTooLarge) else None
            if suggested is not None and suggested[0] <= first <= suggested[1] < end:
                end = suggested[1]
                continue
            end = first + (end - first + 1) // 2 - 1
            limit.reduce(end - first + 1, timer.now())


async def _ask(session: Session, wallet: Address, first: int, last: int) -> set[TransactionPlace]:
    answers = await together(
        _logs(session, {"fromBlock": hex(first), "toBlock": hex(last), "topics": topics})
        for topics in _topics(wallet)
    )
    places = {place for logs in answers for place in _places(session, logs, wallet, first, last)}
    if len({place[:2] for place in places}) != len(places):
        raise RpcBadResponse(f"{session.endpoint.label}: two transactions at one place")
    return places


def _topics(wallet: Address) -> tuple[list[Json], list[Json]]:
    """What the wallet sent, wrapped or unwrapped; what it received."""
    word = "0x" + _word(wallet).hex()
    sent: list[Json] = ["0x" + topic.hex() for topic in (TRANSFER, DEPOSIT, WITHDRAWAL)]
    return [sent, word], ["0x" + TRANSFER.hex(), None, word]


async def _logs(session: Session, query: dict[str, Json]) -> list[Json]:
    within = min(session.left(), _REQUEST_SECONDS)
    logs = await session.endpoint.request("eth_getLogs", [query], within=within)
    if not isinstance(logs, list):
        raise RpcBadResponse(f"{session.endpoint.label}: the logs are not a list")
    if len(logs) > MAX_LOGS:
        raise RpcTooLarge(f"{session.endpoint.label}: more logs than are taken at once")
    return logs


def _places(
    session: Session, logs: Iterable[Json], wallet: Address, first: int, last: int
) -> Iterable[TransactionPlace]:
    """The transactions that moved something of the wallet. Raises RpcBadResponse for a log not asked for."""
    word = _word(wallet)
    for value in logs:
        log = parse_log(value)
        assert isinstance(value, dict)  # or parse_log would have refused it
        place = TransactionPlace(
            parse_quantity(value.get("blockNumber")),
            parse_quantity(value.get("transactionIndex")),
            parse_hash(value.get("transactionHash")),
        )
        if not first <= place.block <= last or word not in log.topics[1:3]:
            raise RpcBadResponse(f"{session.endpoint.label}: a log that was not asked for")
        if value.get("removed") is not True and _moves(log, session.chain.wrapped_native):
            yield place


def _moves(log: Log, wrapped_native: Address | None) -> bool:
    """Not so for NFTs, for other events of these names, and for the zero amounts that spam is made of."""
    return any(movement.raw for movement in movements_of([log], wrapped_native))


def _word(wallet: Address) -> bytes:
    return address_bytes(wallet).rjust(32, b"\0")
