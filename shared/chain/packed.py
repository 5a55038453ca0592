"""What the two contracts under contracts/ take and give, byte for byte as their sources state it.

Both run as the init code of an `eth_call` without `to`: nothing needs to be deployed, and the arguments are
packed without ABI padding.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cache, lru_cache
from pathlib import Path
from typing import NamedTuple

from ..core.balances import Block
from ..core.ids import Address
from ..errors import RpcBadResponse
from .blocks import make_block
from .calls import Call, Outcome, Reply

INIT_CODE_LIMIT = 49_152  # bytes, EIP-3860
PAIR_LIMIT = 0xFFFF  # a pair's index has two bytes
CALL_LIMIT = 0xFFFF

# A balanceOf behind proxies takes some 10,000 to 60,000; some tokens walk through lists on top of that.
GAS_PER_CALL = 500_000
LONGEST_REPLY = 1024

_VERSION = 2
_HEAD = 29
_MARKS = {
    0xFF: Outcome.NO_CODE,
    0xFE: Outcome.REVERTED,
    0xFD: Outcome.WRONG_LENGTH,
    0xFC: Outcome.OUT_OF_GAS,
}


class ScanAnswer(NamedTuple):
    """What a scan found before pair `reached`: balances above zero, and the pairs that have none to tell."""

    chain_id: int
    block: Block
    reached: int
    balances: Mapping[int, int]
    failures: Mapping[int, Outcome]


class CallsAnswer(NamedTuple):
    """The replies of the calls that were made, from the first on."""

    chain_id: int
    block: Block
    replies: tuple[Reply, ...]


@cache
def contract_code(name: str) -> str:
    """The init code of `scanner` or `caller`, in hexadecimal."""
    return (Path(__file__).parent / "contracts" / f"{name}.hex").read_text().strip()


def scan_room() -> int:
    """How many addresses one scan can carry, wallets and tokens together."""
    return (INIT_CODE_LIMIT - len(contract_code("scanner")) // 2 - 12) // 20


def calls_room() -> int:
    """How many bytes of calls one request can carry, `call_size` each."""
    return INIT_CODE_LIMIT - len(contract_code("caller")) // 2 - 8


def call_size(call: Call) -> int:
    return 22 + len(call.data)


def pack_scan(wallets: tuple[Address, ...], tokens: tuple[Address, ...], first: int) -> str:
    """The `data` of a scan over all wallets × tokens from pair `first` on."""
    head = f"{GAS_PER_CALL:08x}{len(wallets):04x}{len(tokens):04x}{first:08x}"
    return f"0x{contract_code('scanner')}{head}{_packed(wallets)}{_packed(tokens)}"


def unpack_scan(answer: bytes, first: int, pairs: int) -> ScanAnswer:
    """A scan's answer, checked against the question; RpcBadResponse if it is not one."""
    chain_id, block, reached = _unpack_head(answer)
    if not first <= reached <= pairs:
        raise RpcBadResponse("the scan reports progress that it cannot have made")
    balances: dict[int, int] = {}
    failures: dict[int, Outcome] = {}
    last = first - 1
    at = _HEAD
    while at < len(answer):
        if at + 3 > len(answer):
            raise RpcBadResponse("the scan's answer is cut off")
        pair, mark = int.from_bytes(answer[at : at + 2]), answer[at + 2]
        if not last < pair < reached:
            raise RpcBadResponse("the scan's answer is out of order")
        last = pair
        at += 3
        if mark in _MARKS:
            failures[pair] = _MARKS[mark]
        else:
            balances[pair] = _balance(answer[at : at + mark], mark)
            at += mark
    return ScanAnswer(chain_id, block, reached, balances, failures)


def pack_calls(calls: Sequence[Call]) -> str:
    """The `data` of a request that makes these calls."""
    head = f"{GAS_PER_CALL:08x}{len(calls):04x}{LONGEST_REPLY:04x}"
    body = "".join(f"{call.target[2:]}{len(call.data):04x}{call.data.hex()}" for call in calls)
    return f"0x{contract_code('caller')}{head}{body}"


def unpack_calls(answer: bytes, calls: int) -> CallsAnswer:
    """The caller's answer, checked against the number of calls; RpcBadResponse if it is not one."""
    chain_id, block, reached = _unpack_head(answer)
    replies = tuple(_replies(answer))
    if len(replies) != reached or reached > calls:
        raise RpcBadResponse("the answer has another number of replies than it says")
    return CallsAnswer(chain_id, block, replies)


@lru_cache(maxsize=128)
def _packed(addresses: tuple[Address, ...]) -> str:
    return "".join([address[2:] for address in addresses])


def _unpack_head(answer: bytes) -> tuple[int, Block, int]:
    if len(answer) < _HEAD or answer[0] != _VERSION:
        raise RpcBadResponse("not the answer of the contract that was sent")
    chain_id, number, seconds = (int.from_bytes(answer[at : at + 8]) for at in (1, 9, 17))
    return chain_id, make_block(number, seconds), int.from_bytes(answer[25:_HEAD])


def _balance(raw: bytes, length: int) -> int:
    if not 1 <= length <= 32 or len(raw) != length or raw[0] == 0:
        raise RpcBadResponse("the scan's answer holds a malformed balance")
    return int.from_bytes(raw)


def _replies(answer: bytes) -> Iterator[Reply]:
    at = _HEAD
    while at < len(answer):
        mark, length = answer[at], int.from_bytes(answer[at + 1 : at + 3])
        at += 3 + length
        known = mark == 0 or (mark in _MARKS and length == 0)
        if at > len(answer) or length > LONGEST_REPLY or not known:
            raise RpcBadResponse("the answer holds a malformed reply")
        yield Reply(_MARKS[mark]) if mark else Reply(Outcome.ANSWERED, answer[at - length : at])
