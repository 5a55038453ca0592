"""One chain's endpoints behind one door, which remembers how they have been doing."""

from __future__ import annotations

import random
import time
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

from .endpoint import Endpoint
from .health import Clock, EndpointHealth, Health, HealthPolicy
from .jsonrpc import Json
from .race import Candidate, Race, RetryPolicy

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class TransportPolicy:
    """How patient a transport is."""

    health: HealthPolicy = field(default_factory=HealthPolicy)
    retry: RetryPolicy = field(default_factory=RetryPolicy)


class Transport:
    """The endpoints of one chain, in order of preference; what they did is remembered from run to run."""

    def __init__(
        self,
        chain: str,
        endpoints: Sequence[Endpoint],
        policy: TransportPolicy | None = None,
        *,
        rng: Callable[[float, float], float] = random.uniform,
        clock: Clock = time.monotonic,
    ) -> None:
        """`rng` draws the jitter of a retry between two bounds; `clock` tells how long endpoints rest."""
        self.chain = chain
        self.endpoints = tuple(endpoints)
        self._policy = policy or TransportPolicy()
        self._rng = rng
        self._health = [Health(self._policy.health, clock) for _ in self.endpoints]

    async def run(self, task: Callable[[Endpoint], Awaitable[T]], *, within: float) -> T:
        """What the task returns on the first endpoint on which it succeeds.

        The task may run on two endpoints at a time, and again after a failure, so it must only read.
        Raises RpcError: the task's own RpcReverted or RpcTooLarge at once, as every endpoint would answer
        the same; otherwise one that says what each endpoint did.
        """
        candidates = [Candidate(*pair) for pair in zip(self.endpoints, self._health, strict=True)]
        return await Race(self.chain, candidates, task, self._policy.retry, self._rng).run(within)

    async def request(self, method: str, params: list[Json], *, within: float) -> Json:
        """The result of one call. Raises RpcError as `run` does."""
        return await self.run(lambda endpoint: endpoint.request(method, params, within=within), within=within)

    def health(self) -> list[EndpointHealth]:
        """How each endpoint is doing, in order of preference."""
        return [
            EndpointHealth(endpoint.label, health.rest_left > 0, health.failures, health.latency)
            for endpoint, health in zip(self.endpoints, self._health, strict=True)
        ]
