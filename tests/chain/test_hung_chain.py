"""A chain that hangs or is down costs one caller a moment now and then, and nobody else anything."""

from __future__ import annotations

import asyncio

import httpx
import pytest

from shared.chain.endpoint import Endpoint
from shared.chain.health import HealthPolicy
from shared.chain.race import RetryPolicy
from shared.chain.transport import Transport, TransportPolicy
from shared.errors import RpcError, RpcTimeout, RpcUnavailable
from tests.chain.nodes import Clock

PROBE = 0.02


class Hanging:
    """A chain's endpoints, all of which hang, or fail as `says`, until they are mended."""

    def __init__(self, http: httpx.AsyncClient, endpoints: int = 1) -> None:
        self.clock = Clock()
        self.tries = 0
        self.says: RpcError | None = None
        self.mended = False
        policy = TransportPolicy(HealthPolicy(probe=PROBE), RetryPolicy(backoff=0))
        nodes = [Endpoint(f"http://node{i}.example/key", http) for i in range(endpoints)]
        self.transport = Transport("ethereum", nodes, policy, clock=self.clock)

    async def ask(self, within: float = 0.05) -> str:
        return await self.transport.run(self._answer, within=within)

    async def _answer(self, endpoint: Endpoint) -> str:
        self.tries += 1
        if self.mended:
            return "answered"
        if self.says is not None:
            raise self.says
        self.clock.now += PROBE
        return await asyncio.Future()


@pytest.mark.parametrize("endpoints", [1, 2])
async def test_after_a_time_out_others_are_told_at_once(http: httpx.AsyncClient, endpoints: int) -> None:
    chain = Hanging(http, endpoints)
    with pytest.raises(RpcTimeout):
        await chain.ask()
    so_far = chain.tries

    for _ in range(3):
        with pytest.raises(RpcUnavailable, match=r"left alone for .* s, the last error .*node0.*not done"):
            await chain.ask(within=3600)
    assert chain.tries == so_far == endpoints


async def test_after_the_rest_one_caller_probes_and_briefly(http: httpx.AsyncClient) -> None:
    chain = Hanging(http)
    with pytest.raises(RpcTimeout):
        await chain.ask()
    chain.clock.now += 1

    probe, other = await asyncio.gather(chain.ask(3600), chain.ask(3600), return_exceptions=True)

    assert isinstance(probe, RpcTimeout)
    assert f"within {PROBE:.3g} s" in str(probe)
    assert isinstance(other, RpcUnavailable)
    assert chain.tries == 2


@pytest.mark.parametrize("says", [None, RpcUnavailable("down")], ids=["hung", "down"])
async def test_however_long_it_was_away_a_chain_is_noticed_fifteen_seconds_after_it_is_back(
    http: httpx.AsyncClient, says: RpcError | None
) -> None:
    chain = Hanging(http)
    chain.says = says
    for _ in range(30):
        with pytest.raises(RpcError):
            await chain.ask()
        chain.clock.now += 5
    chain.mended = True
    chain.clock.now += 10

    assert await chain.ask() == "answered"


async def test_a_chain_that_is_back_is_asked_freely_again(http: httpx.AsyncClient) -> None:
    chain = Hanging(http)
    with pytest.raises(RpcTimeout):
        await chain.ask()
    chain.clock.now += 1
    chain.mended = True

    assert [await chain.ask() for _ in range(3)] == ["answered"] * 3


async def test_a_request_sees_its_own_retries_through(http: httpx.AsyncClient) -> None:
    chain = Hanging(http)
    chain.says = RpcUnavailable("down")
    with pytest.raises(RpcUnavailable, match="down"):
        await chain.ask()

    assert chain.tries == 3
