"""Multicall3's `aggregate3`: its call data and its answer.

The contract and its addresses: https://github.com/mds1/multicall3
"""

from __future__ import annotations

from collections.abc import Sequence

from ..core.ids import Address
from ..errors import RpcBadResponse
from . import abi
from .calls import NATIVE, Call, Outcome, Reply

BLOCK_NUMBER = bytes.fromhex("42cbb15c")  # getBlockNumber()
BLOCK_TIME = bytes.fromhex("0f28c97d")  # getCurrentBlockTimestamp()
CHAIN_ID = bytes.fromhex("3408e470")  # getChainId()
_AGGREGATE3 = bytes.fromhex("82ad56cb")  # aggregate3((address,bool,bytes)[])
_ETH_BALANCE = bytes.fromhex("4d2301cc")  # getEthBalance(address)
_MAY_FAIL = abi.uint(1)
_BYTES_AT = abi.uint(96)  # the offset of a call's data in its tuple of three words


def aggregate3(calls: Sequence[Call], multicall: Address) -> Call:
    """All calls in one; each may fail by itself. The native coin is asked of the contract too."""
    return Call(multicall, _AGGREGATE3 + abi.join([abi.array([_encoded(call, multicall) for call in calls])]))


def parse_replies(answer: bytes, calls: int) -> list[Reply]:
    """The replies to that many calls; RpcBadResponse when it is not an answer to them.

    An address without code answers any call with nothing, so NO_CODE can only be told by looking at the code.
    """
    length, replies = abi.Words(answer).array(0)
    if length != calls:
        raise RpcBadResponse("Multicall3 answered another number of calls")
    return [_reply(replies.tuple(i)) for i in range(length)]


def _encoded(call: Call, multicall: Address) -> abi.Dynamic:
    target, data = call.target, call.data
    if target == NATIVE:
        target, data = multicall, _ETH_BALANCE + data[4:]
    return abi.Dynamic(abi.address(target) + _MAY_FAIL + _BYTES_AT + abi.byte_string(data).encoded)


def _reply(result: abi.Words) -> Reply:
    if not result.boolean(0):
        return Reply(Outcome.REVERTED)
    return Reply(Outcome.ANSWERED, result.byte_string(1))
