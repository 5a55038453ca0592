"""Whatever an endpoint answers, the parsers find a value in it or raise RpcBadResponse, and nothing else."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from typing import Any, TypeVar, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.chain import abi
from shared.chain.calls import Outcome, Reply
from shared.chain.endpoint import Endpoint
from shared.chain.jsonrpc import Json, format_body, parse_body
from shared.chain.multicall import parse_replies
from shared.chain.packed import unpack_calls, unpack_scan
from shared.chain.reading import Session, parse_bytes, parse_quantity
from shared.chain.receipts import read_native_change, read_transaction
from shared.chain.rpc_batch import call_many
from shared.chain.rpc_errors import Refusal, error_for, parse_refusal
from shared.chain.tokens import parse_tokens
from shared.chain.ways import EndpointMemory
from shared.core.balances import TokenFault
from shared.core.ids import ChainId
from shared.core.transactions import TransactionRead
from shared.errors import RpcBadResponse, RpcError
from tests.chain.setting import WALLET, chain_for, nth_address, outcome_of

T = TypeVar("T")
HASH = "0x" + "ab" * 32
ADDRESS = nth_address(1)

small = st.integers(0, 130).map(abi.uint)
answers = st.lists(st.binary(max_size=40) | small | st.just(b"\2" + bytes(28)), max_size=12).map(b"".join)
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.text(max_size=8)
    | st.sampled_from([HASH, ADDRESS, "0x", "0x0", "0x1", "0x" + "f" * 64, "0x" + "00" * 32])
)
NAMES = [
    "hash",
    "from",
    "to",
    "input",
    "value",
    "transactionHash",
    "blockNumber",
    "blockHash",
    "logs",
    "status",
    "gasUsed",
    "gasPrice",
    "effectiveGasPrice",
    "timestamp",
    "number",
    "topics",
    "data",
    "address",
    "error",
    "code",
    "message",
    "id",
    "result",
]
values = st.recursive(
    scalars,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.sampled_from(NAMES), inner, max_size=12),
    max_leaves=20,
)
hashes = dict.fromkeys(("hash", "transactionHash", "blockHash"), st.just(HASH))
near_receipts = st.fixed_dictionaries(hashes, optional={name: values for name in NAMES if name not in hashes})

READERS: dict[str, tuple[Callable[[bytes], object], Callable[[Any, bytes], bool]]] = {
    "scan": (lambda raw: unpack_scan(raw, 0, 100), lambda scan, _: 0 <= scan.reached <= 100),
    "calls": (lambda raw: unpack_calls(raw, 100), lambda calls, _: len(calls.replies) <= 100),
    "multicall": (lambda raw: parse_replies(raw, 2), lambda replies, _: len(replies) == 2),
    "words": (lambda raw: abi.Words(raw).uint(0), lambda number, raw: abi.uint(number) == raw[:32]),
    "address": (lambda raw: abi.Words(raw).address(1), lambda one, raw: abi.address(one) == raw[32:64]),
    "bytes": (lambda raw: abi.Words(raw).byte_string(0), lambda content, raw: content in raw),
    "tuple": (lambda raw: abi.Words(raw).tuple(0).boolean(1), lambda flag, raw: abi.uint(flag) in raw),
    "array": (lambda raw: abi.Words(raw).array(0)[1].byte_string(0), lambda content, raw: content in raw),
}
"""How each is read, and what then holds of the value and the bytes."""


class Parrot:
    """An endpoint that gives these answers in turn, over and over."""

    label = "node"

    def __init__(self, given: Sequence[Json]) -> None:
        self._given = given
        self._asked = 0

    async def request(self, method: str, params: list[Json], *, within: float) -> Json:
        self._asked += 1
        return self._given[self._asked % len(self._given)]

    async def batch(self, calls: Sequence[Any], *, within: float) -> list[Json]:
        return [await self.request(*call, within=within) for call in calls]


@pytest.mark.parametrize(("read", "holds"), READERS.values(), ids=READERS)
@given(raw=answers)
def test_bytes_of_a_contract_are_read_or_refused(
    read: Callable[[bytes], object], holds: Callable[[Any, bytes], bool], raw: bytes
) -> None:
    outcome = outcome_of(lambda: read(raw))

    assert type(outcome) is RpcBadResponse or holds(outcome, raw)


@given(values | st.from_regex("0x[0-9a-fA-F]{0,8}", fullmatch=True))
def test_strings_of_json_rpc_are_read_or_refused(value: Json) -> None:
    raw, number = outcome_of(lambda: parse_bytes(value)), outcome_of(lambda: parse_quantity(value))

    assert type(raw) is RpcBadResponse or (isinstance(raw, bytes) and f"0x{raw.hex()}" == str(value).lower())
    assert type(number) is RpcBadResponse or number == int(str(value), 16)


@given(st.lists(answers, min_size=3, max_size=3))
def test_whatever_a_token_says_of_itself_is_a_token_or_a_fault(raws: list[bytes]) -> None:
    replies = tuple(Reply(Outcome.ANSWERED, raw) for raw in raws)

    (told,) = parse_tokens(ChainId(1), [ADDRESS], replies)
    assert (told.token if isinstance(told, TokenFault) else told.address) == ADDRESS


@given(st.integers(100, 599), values | st.binary().map(parse_body))
def test_every_refusal_becomes_an_error_of_ours(status: int, body: Json) -> None:
    refusal = parse_refusal(status, body) or Refusal(status)

    assert isinstance(error_for("node", refusal), RpcError)


@given(st.binary() | values.map(format_body))
async def test_every_reply_is_a_result_or_an_error_of_ours(body: bytes) -> None:
    endpoint = Endpoint("http://node.example", cast(Any, None))
    reply = parse_body(body)
    outcome = endpoint._result_or_error(reply, 1)

    if not isinstance(outcome, RpcError):
        assert isinstance(reply, dict)
        assert (reply["id"], reply.get("error"), reply["result"]) == (1, None, outcome)


quantities = st.integers(0, 2**256 - 1).map(hex)


@given(
    st.lists(near_receipts | values | quantities, min_size=1, max_size=3) | st.lists(quantities, min_size=1)
)
async def test_every_transaction_and_balance_is_read_or_refused(given_answers: list[Json]) -> None:
    node = cast(Endpoint, Parrot(given_answers))
    memory = EndpointMemory(chain_confirmed=True)
    transaction = await settled(read_transaction(node, chain_for(), HASH, 5))
    change = await settled(read_native_change(node, WALLET, 1, 5))
    replies = await settled(call_many(Session(chain_for(), node, memory, float("inf")), []))

    assert isinstance(transaction, TransactionRead | RpcBadResponse)
    assert isinstance(transaction, RpcBadResponse) or transaction.tx_hash == HASH
    assert isinstance(change, RpcBadResponse) or min(change.before, change.after) >= 0
    assert isinstance(replies, RpcBadResponse) or replies.replies == ()


async def settled(reading: Coroutine[Any, Any, T]) -> T | RpcBadResponse:
    """The value that is read, or the refusal."""
    try:
        return await reading
    except RpcBadResponse as refusal:
        return refusal
