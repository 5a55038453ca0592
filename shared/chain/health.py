"""How an endpoint has been doing: when to leave it alone, and how long to wait before asking another."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import NamedTuple

from ..errors import RpcError, RpcRefused, RpcTimeout

Clock = Callable[[], float]

_FULL_PROBE_EVERY = 4


class HealthPolicy(NamedTuple):
    """All in seconds."""

    rest: float = 1.0
    """After a first failure; doubled with each that follows."""
    longest_rest: float = 60.0
    """Also the most that a Retry-After is believed."""
    longest_absence: float = 15.0
    """Where all others rest too, it is asked again after so long, however long its rest: someone may have
    mended it."""
    probe: float = 1.5
    """The most that an attempt may take after a time-out, unless the endpoint is known as slower."""
    refused_rest: float = 600.0
    """After "not without a key": that does not pass by itself."""
    latency_remembered: float = 120.0
    """After so long without news a slow endpoint deserves another chance."""
    hedge: float = 1.0
    """Before another endpoint is asked as well, as long as the latency is not known."""
    shortest_hedge: float = 0.25
    longest_hedge: float = 3.0


class EndpointHealth(NamedTuple):
    """What may be shown of an endpoint's health; `latency` is a moving average in seconds."""

    label: str
    resting: bool
    failures: int
    latency: float | None


class Health:
    """One endpoint's. `failures` are consecutive; what failed at the same time counts once.

    `last_words` is the message of the last one.
    """

    def __init__(self, policy: HealthPolicy, clock: Clock) -> None:
        self.failures = 0
        self.last_words = ""
        self._hung = False
        self._policy = policy
        self._clock = clock
        self._rest_until = -math.inf
        self._tried_at = -math.inf
        self._failed_at = -math.inf
        self._heard_at = -math.inf
        self._latency = 0.0
        self._deviation = 0.0

    @property
    def rest_left(self) -> float:
        """Seconds for which the endpoint is to be left alone, 0 when it may be asked."""
        return max(self._rest_until - self._clock(), 0.0)

    @property
    def absence_left(self) -> float:
        """Seconds for which it is not even asked where all others rest too; a lone failure is no outage."""
        if self.failures < 2 and not self._hung:
            return 0.0
        until = min(self._rest_until, self._tried_at + self._policy.longest_absence)
        return max(until - self._clock(), 0.0)

    @property
    def patience(self) -> float:
        """Seconds that an attempt may take: few after a time-out.

        Every few failures it gets all the time that there is, for it may not hang but have become slow.
        """
        if not self._hung or self.failures % _FULL_PROBE_EVERY == 0:
            return math.inf
        return max(self._policy.probe, 2 * (self._latency + 4 * self._deviation))

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
        self._tried_at = now
        return now

    def succeeded(self, began: float) -> None:
        """It did what was asked."""
        self.failures = 0
        self._hung = False
        self._rest_until = -math.inf
        self._learn(self._clock() - began)

    def failed(self, began: float, error: RpcError) -> None:
        """It did not."""
        self._count(began)
        self.last_words = str(error)
        self._tried_at = self._clock()
        self._hung = isinstance(error, RpcTimeout) and self._clock() - began >= self._policy.probe / 2
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
        self.last_words = "slower than another"
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
