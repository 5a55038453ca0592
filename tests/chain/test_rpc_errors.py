"""Each row of the table has an answer that it is there for, and the words are those that providers send."""

import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.chain.jsonrpc import Json
from shared.chain.rpc_errors import TABLE, Refusal, Row, error_for, parse_refusal, revert_data, row_for
from shared.errors import (
    RpcBadResponse,
    RpcError,
    RpcRateLimited,
    RpcRefused,
    RpcReverted,
    RpcTimeout,
    RpcTooLarge,
    RpcUnavailable,
    RpcUnsupported,
)

REASON = "0x08c379a0" + "00" * 31 + "20" + "00" * 31 + "02" + "686900".ljust(64, "0")


def refused(code: int, message: str, data: Any = None, http: int = 200) -> Refusal:
    error: dict[str, Json] = {"code": code, "message": message, "data": data}
    refusal = parse_refusal(http, {"jsonrpc": "2.0", "id": 1, "error": error})
    assert refusal is not None
    return refusal


OF_EACH_ROW = {
    "wants a key or a plan": refused(-32600, "Monthly capacity limit exceeded.", http=403),
    "asks for patience": Refusal(429),
    "takes no body of this size": Refusal(413),
    "the call reverted with data": refused(3, "execution reverted: hi", REASON),
    "the call reverted": refused(-32000, "execution reverted"),
    "asks for patience in the body": refused(429, "Your app has exceeded its compute units"),
    "wants a key or a plan, it says in the body": refused(402, "Payment Required"),
    "the call ran out of gas": refused(-32000, "out of gas"),
    "code past the limit of its size": refused(-32603, "EVM error CreateContractSizeLimit"),
    "the call reads too much storage": refused(-32000, "Storage invocations limit reached"),
    "the call reverted, by its code": refused(3, "something went wrong"),
    "the call failed in the EVM": refused(-32603, "EVM error InvalidFEOpcode"),
    "asks for patience in words": refused(-32000, "rate limit exceeded, slow down"),
    "the batch has too many calls": refused(-32600, "batch too large"),
    "takes no batches": refused(-32600, "batch requests are not supported"),
    "the answer would be too large": refused(-32602, "Log response size exceeded. Try [0x1, 0x2]"),
    "the range has too many blocks": refused(-32000, "block range is too wide"),
    "the question takes too long": refused(-32000, "execution aborted (timeout = 5s)"),
    "does not have this block": refused(-32000, "header not found"),
    "does not know this method": refused(-32000, "the method eth_call is not available"),
    "does not know this method, by its code": refused(-32601, "no"),
    "wants a key, it says in words": refused(-32000, "Unauthorized: You must authenticate your request"),
    "does not fulfil requests": refused(-32046, "Cannot fulfill request"),
    "its gateway timed out": Refusal(504),
    "timed out itself": refused(-32002, "request timed out"),
    "is down behind its gateway": refused(-32011, "no backend is currently healthy to serve traffic"),
    "a limit is exceeded": refused(-32005, "limit exceeded"),
    "failed inside": refused(-32603, "Internal error"),
    "does not take this form of call": refused(-32602, "Expected between 1 and 2 arguments and got 3"),
    "has no JSON-RPC at this URL": Refusal(404),
    "failed with a server error": Refusal(500),
    "failed in a way that is not known": refused(-32000, "gremlins"),
}


@pytest.mark.parametrize("row", TABLE, ids=lambda row: row.says)
def test_each_row_is_the_first_to_match_its_own_answer(row: Row) -> None:
    assert row_for(OF_EACH_ROW[row.says]) is row


@pytest.mark.parametrize(
    ("kind", "refusal"),
    [
        (RpcRefused, Refusal(401)),
        (RpcRefused, Refusal(402)),
        (RpcRefused, refused(-32600, "Must be authenticated!", http=401)),
        (RpcRefused, refused(-33000, "Payment Required")),
        (RpcRateLimited, refused(-32005, "project ID request rate exceeded", http=429)),
        (RpcRateLimited, refused(-32007, "50/second request limit reached")),
        (RpcRateLimited, refused(-32005, "daily request count exceeded, request rate limited")),
        (RpcRateLimited, refused(-32000, "Too many requests, please try again later")),
        (RpcTooLarge, refused(-32603, "EVM error OutOfGas")),
        (RpcTooLarge, refused(-32015, "VM execution error.", "Out of gas")),
        (RpcTooLarge, refused(-32003, "Out of gas: gas required exceeds allowance: 50000000")),
        (RpcTooLarge, refused(-32000, "gas required exceeds allowance (50000000)")),
        (RpcTooLarge, refused(-32000, "err: intrinsic gas too low (supplied gas 50000000)")),
        (RpcTooLarge, refused(-32000, "intrinsic gas too high -- CallGasCostMoreThanGasLimit")),
        (RpcTooLarge, refused(-32000, "max code size exceeded")),
        (RpcTooLarge, refused(-32003, "max initcode size exceeded")),
        (RpcTooLarge, refused(-32000, "max initcode size exceeded: code size 50000 limit 49152")),
        (RpcTooLarge, refused(-32000, "Initcode of size 50000 exceeds maximum size of 49152")),
        (RpcTooLarge, refused(-32603, "EVM error CreateInitCodeSizeLimit")),
        (RpcTooLarge, refused(-32003, "response too large")),
        (RpcTooLarge, refused(-32000, "backend response too large")),
        (RpcTooLarge, refused(-32600, "batch size too large: 1001 > 1000")),
        (RpcTooLarge, refused(-32000, "Batch of more than 3 requests are not allowed on free tier")),
        (RpcTooLarge, refused(-32600, "too many requests in batch")),
        (RpcTooLarge, refused(-32005, "query returned more than 10000 results")),
        (RpcTooLarge, refused(-32000, "logs matched by query exceeds limit of 10000")),
        (RpcTooLarge, refused(-32602, "eth_getLogs is limited to 0 - 50 blocks range")),
        (RpcTooLarge, refused(-32005, "please limit the query to at most 1000 blocks")),
        (RpcTooLarge, refused(-32600, "query exceeds max results 20000")),
        (RpcTooLarge, refused(-32000, "requested too many blocks from 1 to 9, maximum is set to 2048")),
        (RpcTooLarge, refused(-32005, "query timeout exceeded")),
        (RpcTimeout, Refusal(408)),
        (RpcTimeout, Refusal(524)),
        (RpcTimeout, refused(-32000, "context deadline exceeded")),
        (RpcUnavailable, refused(-32000, "missing trie node 3a4b (path ) state 0x1 is not available")),
        (RpcUnavailable, refused(-32001, "Unknown block")),
        (RpcUnavailable, refused(-32602, "BlockOutOfRangeError: block height is 0 but requested was 9")),
        (RpcUnavailable, refused(-32000, "cannot query unfinalized data: after last accepted block")),
        (RpcUnavailable, Refusal(301)),
        (RpcUnavailable, Refusal(521)),
        (RpcUnavailable, refused(-32000, "Unable to complete request at this time.", http=500)),
        (RpcUnsupported, refused(-32004, "eth_simulateV1")),
        (RpcUnsupported, refused(-32601, "the method eth_foo does not exist/is not available")),
        (RpcUnsupported, refused(-32601, "rpc method is not whitelisted")),
        (RpcUnsupported, refused(-32600, "Invalid Request")),
        (RpcUnsupported, refused(-32700, "parse error")),
        (RpcReverted, refused(-32000, "Execution reverted", REASON)),
        (RpcReverted, refused(-32015, "VM execution error.", f"Reverted {REASON}")),
        (RpcReverted, refused(-32603, "Error: VM Exception while processing transaction: reverted with 'x'")),
        (RpcReverted, refused(-32000, "VM Exception while processing transaction: revert")),
        (RpcReverted, refused(-32000, "invalid opcode: opcode 0x5f not defined")),
        (RpcReverted, refused(-32000, "invalid code: must not begin with 0xef")),
        (RpcBadResponse, Refusal(400)),
    ],
    ids=lambda value: f"{value.code} {value.text}"[:60] if isinstance(value, Refusal) else value.__name__,
)
def test_what_providers_send_is_understood(kind: type[RpcError], refusal: Refusal) -> None:
    assert row_for(refusal).kind is kind


@pytest.mark.parametrize("reason", ["out of gas", "rate limit exceeded", "Unauthorized", "header not found"])
def test_a_contract_cannot_pass_off_its_revert_as_the_endpoints_failure(reason: str) -> None:
    assert row_for(refused(3, f"execution reverted: {reason}")).kind is RpcReverted
    assert row_for(refused(-32000, f"execution reverted: {reason}", REASON)).kind is RpcReverted


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ("0x08c379a0", b"\x08\xc3\x79\xa0"),
        ("Reverted 0x1234", b"\x12\x34"),
        ({"data": "0x12"}, b"\x12"),
        ({"message": "reverted", "data": {"data": "0x12"}}, b"\x12"),
        ("0x", b""),
        ("0x123", b""),
        ("0xzz", b""),
        ("Out of gas", b""),
        ("1234", b""),
        (["0x12"], b""),
        (None, b""),
        ({"data": {"data": {"data": {"data": {"data": "0x12"}}}}}, b""),
    ],
    ids=str,
)
def test_revert_data_is_found_where_nodes_put_it(data: Json, expected: bytes) -> None:
    assert revert_data(data) == expected


def test_a_revert_carries_its_data() -> None:
    error = error_for("node", refused(3, "execution reverted", "0x1234"))

    assert isinstance(error, RpcReverted)
    assert error.data == b"\x12\x34"


def test_patience_is_passed_on() -> None:
    assert error_for("node", Refusal(429), 7.0).retry_after == 7.0


def test_the_message_is_ours_and_names_endpoint_status_and_code() -> None:
    error = error_for("node:8545", refused(-32600, "App KEY123 is inactive", http=403))

    assert str(error) == "node:8545: wants a key or a plan (HTTP 403, code -32600)"


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ({"error": "rate limited"}, "rate limited"),
        ({"message": "Forbidden"}, "Forbidden"),
        ({"error": {"code": 1, "message": "a", "data": "b"}}, "a b"),
        ({"error": {"message": ["a"], "data": {"a": 1}}}, ""),
    ],
    ids=json.dumps,
)
def test_the_text_of_an_error_is_found(body: Json, text: str) -> None:
    refusal = parse_refusal(200, body)

    assert refusal is not None
    assert refusal.text == text


@pytest.mark.parametrize("body", [None, [], "no", 1, {}, {"result": "0x1"}, {"error": None}], ids=str)
def test_what_holds_no_error_is_no_refusal(body: Json) -> None:
    assert parse_refusal(200, body) is None


@pytest.mark.parametrize("code", [True, "-32000", -(10**30), 1.5, None])
def test_a_code_that_is_no_code_is_left_out(code: Json) -> None:
    refusal = parse_refusal(200, {"error": {"code": code, "message": "x"}})

    assert refusal is not None
    assert refusal.code is None


anything = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.sampled_from(["error", "code", "data", "id"]), inner),
    max_leaves=8,
)


@given(st.integers(100, 599), anything)
def test_whatever_is_answered_there_is_an_error_for_it(http: int, body: Json) -> None:
    refusal = parse_refusal(http, body) or Refusal(http)

    assert isinstance(error_for("node", refusal), RpcError)
