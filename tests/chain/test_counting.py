"""Requests to a chain are counted where they leave: by the process, and within one piece of work."""

import asyncio

import httpx
import pytest

from shared.chain.clients import ChainClients
from shared.chain.counting import counted_requests, request_counter
from shared.chain.endpoint import Endpoint
from shared.chain.transport import Transport
from shared.core.ids import ZERO_ADDRESS, ChainId
from shared.counts import Counts
from shared.errors import RpcError
from shared.facts import load_chains
from tests.chain.nodes import policy
from tests.chain.rpc_proxy import RpcProxy, status


def transport_of(node: RpcProxy, http: httpx.AsyncClient, counts: Counts, chain: str) -> Transport:
    endpoint = Endpoint(node.url, http, on_request=request_counter(counts, chain))
    return Transport(chain, [endpoint], policy(), rng=lambda low, high: 0)


async def test_retries_and_failures_are_requests_too(node: RpcProxy, http: httpx.AsyncClient) -> None:
    counts = Counts()
    transport = transport_of(node, http, counts, "base")
    node.behave(status(500), status(500))
    with counted_requests() as requests:
        await transport.request("eth_chainId", [], within=5)

    assert requests.number == len(node.requests) == 3
    assert list(counts) == [("rpc_requests_total", (("chain", "base"),), 3)]


async def test_work_at_the_same_time_is_counted_apart(node: RpcProxy, http: httpx.AsyncClient) -> None:
    counts = Counts()
    transport = transport_of(node, http, counts, "ethereum")

    async def work(calls: int) -> int:
        with counted_requests() as requests:
            for _ in range(calls):
                await transport.request("eth_chainId", [], within=5)
        return requests.number

    assert list(await asyncio.gather(work(1), work(4))) == [1, 4]
    assert counts.total("rpc_requests_total") == 5


async def test_the_clients_of_a_process_count_by_chain(node: RpcProxy) -> None:
    counts = Counts()
    clients = ChainClients({8453: (node.url,)}, counts=counts)
    with pytest.raises(RpcError):  # what this node says is no bytes
        await clients.client(load_chains()[ChainId(8453)]).call(ZERO_ADDRESS, b"", within=5)
    await clients.close()

    assert list(counts) == [("rpc_requests_total", (("chain", "base"),), len(node.requests))]
