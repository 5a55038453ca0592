"""Event logs read as movements of coins: ERC-20 transfers, and what wraps and unwraps the native coin.

Anybody can write a log in these forms, so each is checked in every part; what does not fit is left out.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from ..core.ids import ZERO_ADDRESS, Address, address_from_bytes, parse_address
from ..core.keccak import keccak256
from ..core.transactions import Movement
from ..errors import RpcBadResponse
from .jsonrpc import Json
from .reading import parse_bytes

TRANSFER = keccak256(b"Transfer(address,address,uint256)")
DEPOSIT = keccak256(b"Deposit(address,uint256)")  # of WETH9
WITHDRAWAL = keccak256(b"Withdrawal(address,uint256)")
_WORD = 32
_MAX_TOPICS = 4


@dataclass(frozen=True, slots=True)
class Log:
    """What a contract logged."""

    contract: Address
    topics: tuple[bytes, ...]
    data: bytes


def parse_log(value: Json) -> Log:
    """The log in an answer. Raises RpcBadResponse."""
    if not isinstance(value, dict):
        raise RpcBadResponse("a log is not an object")
    topics = value.get("topics")
    if not isinstance(topics, list) or len(topics) > _MAX_TOPICS:
        raise RpcBadResponse("a log has no list of topics")
    words = tuple(parse_bytes(topic) for topic in topics)
    if any(len(word) != _WORD for word in words):
        raise RpcBadResponse("a topic does not have 32 bytes")
    return Log(parse_chain_address(value.get("address")), words, parse_bytes(value.get("data")))


def parse_chain_address(value: Json) -> Address:
    """The address in an answer, in whatever case. Raises RpcBadResponse."""
    if isinstance(value, str):
        try:
            return parse_address(value.lower())
        except ValueError:
            pass
    raise RpcBadResponse("the answer has no address where one belongs")


def transfer_of(log: Log) -> Movement | None:
    """The ERC-20 transfer that a log tells of, None for any other.

    Old tokens do not index the addresses. With a third of its values indexed it is of an NFT (ERC-721).
    """
    if not log.topics or log.topics[0] != TRANSFER:
        return None
    words = [*log.topics[1:], *_words(log.data)]
    indexed = (len(log.topics), len(log.data))
    if indexed not in ((3, _WORD), (1, 3 * _WORD)):
        return None
    sender, receiver = _address(words[0]), _address(words[1])
    if sender is None or receiver is None:
        return None
    return Movement(log.contract, sender, receiver, int.from_bytes(words[2]))


def movements_of(logs: Sequence[Log], wrapped_native: Address | None) -> list[Movement]:
    """All movements that logs tell of, in order.

    Some wrappers log a transfer from or to the zero address besides the deposit or withdrawal: that counts
    once.
    """
    transfers = [transfer for log in logs if (transfer := transfer_of(log)) is not None]
    told = Counter(transfers)
    movements = list(transfers)
    for log in logs:
        for movement in _wrapping(log, wrapped_native):
            if told[movement]:
                told[movement] -= 1
            else:
                movements.append(movement)
    return movements


def _wrapping(log: Log, wrapped_native: Address | None) -> Iterable[Movement]:
    if log.contract != wrapped_native or len(log.topics) != 2 or len(log.data) != _WORD:
        return ()
    owner, raw = _address(log.topics[1]), int.from_bytes(log.data)
    if owner is None:
        return ()
    if log.topics[0] == DEPOSIT:
        return (Movement(log.contract, ZERO_ADDRESS, owner, raw),)
    if log.topics[0] == WITHDRAWAL:
        burnt = Movement(log.contract, owner, ZERO_ADDRESS, raw)
        return (burnt, Movement(None, log.contract, owner, raw))
    return ()


def _words(data: bytes) -> list[bytes]:
    return [data[start : start + _WORD] for start in range(0, len(data), _WORD)]


def _address(word: bytes) -> Address | None:
    return address_from_bytes(word[12:]) if not any(word[:12]) else None
