"""One endpoint over a real socket: what it sends, what it believes, and what it never shows."""

import asyncio
import gzip
import json
import traceback
import tracemalloc
from typing import Any

import httpx
import pytest

from shared.chain.endpoint import Endpoint, label_of
from shared.errors import (
    ConfigError,
    RpcBadResponse,
    RpcError,
    RpcRateLimited,
    RpcReverted,
    RpcTimeout,
    RpcTooLarge,
    RpcUnavailable,
    RpcUnsupported,
)
from tests.chain.bad_answers import FAILURES, LIMIT, NOT_AN_ANSWER, reply
from tests.chain.nodes import SECRET
from tests.chain.rpc_proxy import (
    Mode,
    RpcFault,
    RpcProxy,
    batch_refused,
    hang,
    held,
    packed,
    raw,
    rpc_error,
    status,
    wrong_id,
)


@pytest.fixture
def endpoint(node: RpcProxy, http: httpx.AsyncClient) -> Endpoint:
    return Endpoint(node.url, http, max_response_bytes=LIMIT)


async def test_a_call_is_one_post_and_its_result_is_returned(node: RpcProxy, endpoint: Endpoint) -> None:
    assert await endpoint.request("eth_call", [{"data": "0x00"}, "latest"], within=5) == "0x1"

    [asked] = node.requests
    assert asked.calls == [
        {"jsonrpc": "2.0", "id": 1, "method": "eth_call", "params": [{"data": "0x00"}, "latest"]}
    ]
    assert asked.headers["content-type"] == "application/json"
    assert asked.headers["accept-encoding"] == "gzip"


async def test_no_two_calls_have_the_same_id(node: RpcProxy, endpoint: Endpoint) -> None:
    await endpoint.request("eth_chainId", [], within=5)
    await endpoint.batch([("eth_chainId", []), ("eth_chainId", [])], within=5)

    assert [call["id"] for asked in node.requests for call in asked.calls] == [1, 2, 3]


async def test_a_null_result_is_a_result(node: RpcProxy, endpoint: Endpoint) -> None:
    node.behave(reply(result=None, error=None))

    assert await endpoint.request("eth_getTransactionReceipt", ["0x"], within=5) is None


async def test_a_gzipped_answer_is_unpacked(node: RpcProxy, endpoint: Endpoint) -> None:
    node.behave(packed(b'{"jsonrpc":"2.0","id":1,"result":"0x%s"}' % (b"0" * 50_000)))

    assert await endpoint.request("eth_call", [], within=5) == "0x" + "0" * 50_000


async def test_credentials_in_the_url_are_sent_to_the_node(node: RpcProxy, http: httpx.AsyncClient) -> None:
    endpoint = Endpoint(f"http://me:pass@127.0.0.1:{node.port}/v3/key?a=b", http)

    await endpoint.request("eth_chainId", [], within=5)

    assert node.requests[0].path == "/v3/key?a=b"
    assert node.requests[0].headers["authorization"] == "Basic bWU6cGFzcw=="


@pytest.mark.parametrize("mode", NOT_AN_ANSWER.values(), ids=NOT_AN_ANSWER)
async def test_what_is_not_an_answer_is_not_believed(node: RpcProxy, endpoint: Endpoint, mode: Mode) -> None:
    node.behave(mode)

    with pytest.raises(RpcBadResponse) as caught:
        await endpoint.request("eth_chainId", [], within=5)

    assert caught.type is RpcBadResponse
    assert node.methods == ["eth_chainId"]


@pytest.mark.parametrize(("mode", "kind"), FAILURES.values(), ids=FAILURES)
async def test_a_failure_has_its_kind(
    node: RpcProxy, endpoint: Endpoint, mode: Mode, kind: type[RpcError]
) -> None:
    node.behave(mode)

    with pytest.raises(kind) as caught:
        await endpoint.request("eth_chainId", [], within=5)

    assert caught.type is kind
    assert str(caught.value).startswith(f"127.0.0.1:{node.port}: ")
    assert node.methods == ["eth_chainId"]


async def test_a_revert_carries_its_data(node: RpcProxy, endpoint: Endpoint) -> None:
    node.behave(rpc_error(3, "execution reverted", "0x1234"))

    with pytest.raises(RpcReverted) as caught:
        await endpoint.request("eth_call", [], within=5)

    assert caught.value.data == b"\x12\x34"


async def test_retry_after_is_told(node: RpcProxy, endpoint: Endpoint) -> None:
    node.behave(status(429, retry_after="7"))

    with pytest.raises(RpcRateLimited) as caught:
        await endpoint.request("eth_chainId", [], within=5)

    assert caught.value.retry_after == 7


async def test_a_node_that_hangs_is_left_after_the_time_allowed(node: RpcProxy, endpoint: Endpoint) -> None:
    node.behave(hang)

    with pytest.raises(RpcTimeout, match=r"no answer within 0\.05 s"):
        await endpoint.request("eth_chainId", [], within=0.05)


async def test_a_closed_port_is_unavailable(http: httpx.AsyncClient) -> None:
    async with RpcProxy() as gone:
        endpoint = Endpoint(gone.url, http)

    with pytest.raises(RpcUnavailable, match="no connection"):
        await endpoint.request("eth_chainId", [], within=5)


async def test_a_gzip_bomb_is_never_unpacked_beyond_the_limit(node: RpcProxy, endpoint: Endpoint) -> None:
    bomb = gzip.compress(bytes(64 * 2**20))
    node.behave(raw(bomb, headers={"Content-Encoding": "gzip"}))
    assert len(bomb) < LIMIT

    tracemalloc.start()
    with pytest.raises(RpcTooLarge):
        await endpoint.request("eth_call", [], within=5)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()

    assert peak < 2**20


async def test_an_error_page_in_a_gzip_bomb_is_still_just_an_error(
    node: RpcProxy, endpoint: Endpoint
) -> None:
    node.behave(raw(gzip.compress(bytes(2**20)), 503, {"Content-Encoding": "gzip"}))

    with pytest.raises(RpcUnavailable, match="HTTP 503"):
        await endpoint.request("eth_call", [], within=5)


async def test_a_batch_is_one_request_matched_by_id_in_any_order(node: RpcProxy, endpoint: Endpoint) -> None:
    replies = [{"jsonrpc": "2.0", "id": number, "result": hex(number)} for number in (3, 1, 2)]
    node.behave(raw(json.dumps(replies).encode()))

    results = await endpoint.batch([("eth_call", [n]) for n in range(3)], within=5)

    assert results == ["0x1", "0x2", "0x3"]
    assert len(node.requests) == 1


async def test_a_call_of_a_batch_has_its_own_error(http: httpx.AsyncClient) -> None:
    def answer(method: str, params: list[Any]) -> str:
        if method == "eth_foo":
            raise RpcFault(-32601, "no")
        return "0x1"

    async with RpcProxy(answer) as node:
        endpoint = Endpoint(node.url, http)
        first, second, third = await endpoint.batch(
            [("eth_chainId", []), ("eth_foo", []), ("eth_blockNumber", [])], within=5
        )

    assert (first, third) == ("0x1", "0x1")
    assert isinstance(second, RpcUnsupported)


async def test_what_a_batch_left_out_or_gave_twice_is_bad_and_the_rest_is_kept(
    node: RpcProxy, endpoint: Endpoint
) -> None:
    replies = [
        {"jsonrpc": "2.0", "id": 1, "result": "0xa"},
        {"jsonrpc": "2.0", "id": 2, "result": "0xb"},
        {"jsonrpc": "2.0", "id": 2, "result": "0xc"},
        {"jsonrpc": "2.0", "id": 9, "result": "0xd"},
        None,
    ]
    node.behave(raw(json.dumps(replies).encode()))

    first, second, third = await endpoint.batch([("eth_call", [])] * 3, within=5)

    assert first == "0xa"
    assert type(second) is RpcBadResponse
    assert type(third) is RpcBadResponse


REFUSED_BATCHES: dict[str, tuple[Mode, type[RpcError]]] = {
    "one error object": (batch_refused(), RpcTooLarge),
    "one error in an array": (raw(b'[{"id":null,"error":{"code":429,"message":""}}]'), RpcRateLimited),
    "nothing": (raw(b"[]"), RpcBadResponse),
    "one result": (raw(b'{"jsonrpc":"2.0","id":1,"result":"0x1"}'), RpcBadResponse),
    "only other ids": (wrong_id, RpcBadResponse),
    "HTTP 429": (status(429), RpcRateLimited),
}


@pytest.mark.parametrize(("mode", "kind"), REFUSED_BATCHES.values(), ids=REFUSED_BATCHES)
async def test_a_batch_refused_as_a_whole_raises(
    node: RpcProxy, endpoint: Endpoint, mode: Mode, kind: type[RpcError]
) -> None:
    node.behave(mode)

    with pytest.raises(kind) as caught:
        await endpoint.batch([("eth_chainId", []), ("eth_chainId", [])], within=5)

    assert caught.type is kind


async def test_an_empty_batch_asks_nothing(node: RpcProxy, endpoint: Endpoint) -> None:
    assert await endpoint.batch([], within=5) == []
    assert node.requests == []


async def test_no_more_requests_at_once_than_allowed_and_none_is_lost(
    node: RpcProxy, http: httpx.AsyncClient
) -> None:
    endpoint = Endpoint(node.url, http, concurrency=2)
    gate = asyncio.Event()
    node.behave(then=held(gate))
    many = [asyncio.create_task(endpoint.request("eth_chainId", [], within=5)) for _ in range(9)]
    await node.seen(2)
    gate.set()

    assert await asyncio.gather(*many) == ["0x1"] * 9
    assert node.most_at_once == 2


async def test_waiting_for_a_free_place_counts_as_waiting(node: RpcProxy, http: httpx.AsyncClient) -> None:
    endpoint = Endpoint(node.url, http, concurrency=1)
    node.behave(hang)
    first = asyncio.create_task(endpoint.request("eth_chainId", [], within=5))
    await node.seen(1)

    with pytest.raises(RpcTimeout):
        await endpoint.request("eth_chainId", [], within=0.01)

    first.cancel()
    await asyncio.wait([first])
    assert await endpoint.request("eth_chainId", [], within=5) == "0x1"


@pytest.mark.parametrize(
    ("url", "label"),
    [
        ("https://user:pass@Node.Example/v3/key?a=b#c", "node.example"),
        ("http://127.0.0.1:8545", "127.0.0.1:8545"),
        ("http://[::1]:8545/key", "[::1]:8545"),
    ],
)
def test_a_label_is_host_and_port(url: str, label: str) -> None:
    assert label_of(url) == label


@pytest.mark.parametrize(
    "url",
    [
        SECRET,
        f"ftp://{SECRET}",
        f"https:///{SECRET}",
        f"https://user:{SECRET}/x@host",
        f"http://[{SECRET}",
        "",
    ],
)
def test_what_is_no_http_url_is_refused_without_showing_it(url: str) -> None:
    with pytest.raises(ConfigError) as caught:
        label_of(url)

    assert SECRET not in "".join(traceback.format_exception(caught.value))
