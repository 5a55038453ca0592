"""What CCIP-Read says on the wire: the lookups of contracts (EIP-3668) and batches of them (ENSIP-21).

https://eips.ethereum.org/EIPS/eip-3668 and https://docs.ens.domains/ensip/21. All of it comes from contracts
of anybody, so everything that is read has a bound.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from ..core.ids import Address
from ..errors import GatewayRefused, RpcBadResponse, RpcError, RpcTooLarge
from . import abi

LOCAL_BATCH = "x-batch-gateway:true"
"""Stands among the URLs where the client may be the batch gateway itself."""

_OFFCHAIN_LOOKUP = bytes.fromhex("556f1830")  # OffchainLookup(address,string[],bytes,bytes4,bytes)
_QUERY = bytes.fromhex("a780bab6")  # query((address,string[],bytes)[])
_HTTP_ERROR = bytes.fromhex("01800152")  # HttpError(uint16,string)
_ERROR = bytes.fromhex("08c379a0")  # Error(string)
_MOST_URLS = 4
_MOST_QUESTIONS = 16
_LONGEST_LOOKUP = 256 * 1024


@dataclass(frozen=True, slots=True)
class Question:
    """What a gateway is to be asked: one of the URLs, in order of preference, on behalf of the sender."""

    sender: Address
    urls: tuple[str, ...]
    data: bytes


@dataclass(frozen=True, slots=True)
class Lookup:
    """A contract's wish to have a question answered, and to be called back with what it left behind."""

    question: Question
    callback: bytes
    left: bytes


def parse_lookup(revert: bytes) -> Lookup | None:
    """The lookup that a call reverted with, None for any other revert. Raises RpcBadResponse."""
    if revert[:4] != _OFFCHAIN_LOOKUP:
        return None
    if len(revert) > _LONGEST_LOOKUP:
        raise RpcTooLarge(f"an off-chain lookup of more than {_LONGEST_LOOKUP} bytes")
    words = abi.Words(revert[4:])
    return Lookup(_question(words), callback=words.word(3)[:4], left=words.byte_string(4))


def format_callback(lookup: Lookup, answer: bytes) -> bytes:
    """The call data that hands the answer to the contract."""
    return lookup.callback + abi.join([abi.byte_string(answer), abi.byte_string(lookup.left)])


def parse_batch(data: bytes) -> list[Question]:
    """The questions of a batch. Raises RpcBadResponse."""
    if data[:4] != _QUERY:
        raise RpcBadResponse("a batch gateway is asked for something other than a batch")
    length, questions = abi.Words(data[4:]).array(0)
    if length > _MOST_QUESTIONS:
        raise RpcTooLarge(f"a batch of more than {_MOST_QUESTIONS} questions")
    return [_question(questions.tuple(i)) for i in range(length)]


def format_batch(answers: Sequence[bytes | RpcError]) -> bytes:
    """A batch gateway's answer: which questions failed, and each one's answer or failure."""
    failed = [abi.uint(isinstance(answer, RpcError)) for answer in answers]
    encoded = [format_failure(answer) if isinstance(answer, RpcError) else answer for answer in answers]
    return abi.join([abi.array(failed), abi.array([abi.byte_string(answer) for answer in encoded])])


def format_failure(error: RpcError) -> bytes:
    """What a contract is told of a failure."""
    message = abi.byte_string(str(error).encode())
    if isinstance(error, GatewayRefused):
        return _HTTP_ERROR + abi.join([abi.uint(error.status), message])
    return _ERROR + abi.join([message])


def _question(words: abi.Words) -> Question:
    """Of a tuple that begins with (address sender, string[] urls, bytes data)."""
    length, urls = words.array(1)
    texts = tuple(_text(urls.byte_string(i)) for i in range(min(length, _MOST_URLS)))
    return Question(words.address(0), texts, words.byte_string(2))


def _text(raw: bytes) -> str:
    try:
        return raw.decode("ascii")
    except UnicodeDecodeError:
        raise RpcBadResponse("a gateway's URL is not ASCII") from None
