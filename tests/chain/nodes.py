"""What tests of the transport start from: misbehaving nodes of one chain, and a transport to them."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AsyncExitStack

import httpx

from shared.chain.endpoint import Endpoint
from shared.chain.health import HealthPolicy
from shared.chain.race import RetryPolicy
from shared.chain.transport import Transport, TransportPolicy
from tests.chain.rpc_proxy import Mode, RpcProxy, cut, cut_midway, raw, rpc_error, status, wrong_id

NEVER = 3600.0
SECRET = "S3CR3T"
"""Stands in URLs where a key would."""


def policy(*, hedge: float = NEVER, attempts: int = 3, backoff: float = 0) -> TransportPolicy:
    """Without waits, and without hedging unless told."""
    health = HealthPolicy(rest=1, hedge=hedge, shortest_hedge=hedge, longest_hedge=hedge)
    return TransportPolicy(health, RetryPolicy(attempts=attempts, backoff=backoff))


class Clock:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


class Net:
    """A chain's nodes and a transport to them."""

    def __init__(self, http: httpx.AsyncClient, stack: AsyncExitStack) -> None:
        self._http = http
        self._stack = stack
        self.clock = Clock()
        self.nodes: list[RpcProxy] = []

    async def open(self, *modes: Mode, policy: TransportPolicy) -> Transport:
        """One node for each mode, which it keeps to."""
        self.nodes = [
            await self._stack.enter_async_context(RpcProxy(self._name(i))) for i in range(len(modes))
        ]
        for node, mode in zip(self.nodes, modes, strict=True):
            node.behave(then=mode)
        endpoints = [Endpoint(f"{node.url}/{SECRET}?{SECRET}", self._http) for node in self.nodes]
        return Transport("ethereum", endpoints, policy, rng=lambda low, high: high, clock=self.clock)

    def _name(self, index: int) -> Callable[[str, list[object]], str]:
        return lambda method, params: f"node {index}"

    @property
    def asked(self) -> list[int]:
        """How many requests each node got."""
        return [len(node.requests) for node in self.nodes]


async def chain_id(transport: Transport, within: float = 5) -> object:
    return await transport.request("eth_chainId", [], within=within)


FAULTS: dict[str, Mode] = {
    "500": status(500),
    "429": status(429, retry_after="1"),
    "403": status(403),
    "garbage": raw(b"<html>"),
    "wrong id": wrong_id,
    "cut": cut,
    "cut midway": cut_midway,
    "broken gzip": raw(b"x", headers={"Content-Encoding": "gzip"}),
    "internal error": rpc_error(-32603, "Internal error"),
    "behind": rpc_error(-32000, "header not found"),
    "unsupported": rpc_error(-32601, "no"),
}
