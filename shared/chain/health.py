"""How an endpoint has been doing: when to leave it alone, and how long to wait before asking another."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

from ..errors import RpcError, RpcRefused

Clock = Callable[[], float]


@dataclass(frozen=True, slots=True)
class HealthPolicy:
    """All in seconds."""

    rest: float = 1.0
    """After a first failure; doubled with each that follows."""
    longest_rest: float = 60.0
    """Also the most that a Retry-After is believed."""
    refused_rest: float = 600.0
    """After "not without a key": that does not pass by itself."""
    latency_remembered: float = 120.0
    """After so long without news a slow endpoint deserves another chance."""
    hedge: float = 1.0
    """Before another endpoint is asked as well, as long as the latency is not known."""
    shortest_hedge: float = 0.25
    longest_hedge: float = 3.0


@dataclass(frozen=True, slots=True)
class EndpointHealth:
    """What may be shown of an endpoint's health; `latency` is a moving average in seconds."""

    label: str
    resting: bool
    failures: int
    latency: float | None


class Health:
    """One endpoint's. `failures` are consecutive; what failed at the same time counts once."""

    def __init__(self, policy: HealthPolicy, clock: Clock) -> None:
        self.failures = 0
        self._policy = policy
        self._clock = clock
        self._rest_until = -math.inf
        self._failed_at = -math.inf
        self._heard_at = -math.inf
        self._latency = 0.0
        self._deviation = 0.0

    @property
    def rest_left(self) -> float:
        """Seconds for which the endpoint is to be left alone, 0 when it may be asked."""
        return max(self._rest_until - self._clock(), 0.0)

    @property
    def latency(self) -> float | None:
        """The moving average, None when there was no news for long."""
        recent = self._clock() - self._heard_at <= self._policy.latency_remembered
        return self._latency if recent else None

    @property
    def hedge_delay(self) -> float:
        """How long this endpoint may take before another is asked as well.

        The average and four deviations, as TCP waits before it sends again (RFC 6298); one that failed last
        has no credit.
        """
        if self.failures:
            return self._policy.shortest_hedge
        if self.latency is None:
            return self._policy.hedge
        usual = self._latency + 4 * self._deviation
        return min(max(usual, self._policy.shortest_hedge), self._policy.longest_hedge)

    def begin(self) -> float:
        """Note that it is asked now, and return the time, which the outcome is reported with.

        After a rest this is the probe: until its outcome is known, or another rest has passed, others see
        the endpoint as resting.
        """
        now = self._clock()
        if self.failures and self._rest_until <= now:
            self._rest_until = now + self._growing_rest()
        return now

    def succeeded(self, began: float) -> None:
        """It did what was asked."""
        self.failures = 0
        self._rest_until = -math.inf
        self._learn(self._clock() - began)

    def failed(self, began: float, error: RpcError) -> None:
        """It did not."""
        self._count(began)
        if isinstance(error, RpcRefused):
            rest = self._policy.refused_rest
        elif error.retry_after is not None:
            rest = min(error.retry_after, self._policy.longest_rest)
        else:
            rest = self._growing_rest()
        self._rest_until = max(self._rest_until, self._clock() + rest)

    def overtaken(self, began: float) -> None:
        """Another endpoint was asked later and was done earlier."""
        self._learn(self._clock() - began)
        self._count(began)
        self._rest_until = max(self._rest_until, self._clock() + self._growing_rest())

    def _count(self, began: float) -> None:
        if began >= self._failed_at:
            self.failures += 1
            self._failed_at = self._clock()

    def _growing_rest(self) -> float:
        doublings = min(self.failures - 1, 30)
        return min(self._policy.rest * 2.0**doublings, self._policy.longest_rest)

    def _learn(self, seconds: float) -> None:
        """The average and deviation of RFC 6298, with its weights."""
        if self.latency is None:
            self._latency, self._deviation = seconds, seconds / 2
        else:
            self._deviation += (abs(seconds - self._latency) - self._deviation) / 4
            self._latency += (seconds - self._latency) / 8
        self._heard_at = self._clock()
