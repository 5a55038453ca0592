"""One task on several endpoints: which is asked next and when, until one succeeds or time is up."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Generic, NamedTuple, TypeVar

from ..errors import (
    RpcError,
    RpcRefused,
    RpcReverted,
    RpcTimeout,
    RpcTooLarge,
    RpcUnavailable,
    RpcUnsupported,
    RpcWrongChain,
)
from ..probing import is_probe
from .endpoint import Endpoint
from .health import Health

T = TypeVar("T")

logger = logging.getLogger(__name__)

_SHARES = 3
"""An attempt gets a third of the time at least, however many endpoints there are to try."""
_SLOWER, _SLOWER_BY = 2.0, 0.1
"""More than twice the latency of the fastest and a tenth of a second: no longer preferred."""
_MESSAGE_LENGTH = 400


class RetryPolicy(NamedTuple):
    """How often and how fast a failed attempt is repeated."""

    attempts: int = 3
    """On each endpoint."""
    backoff: float = 0.15
    """Seconds, the most that is waited before the first retry; doubled for each that follows."""
    longest_backoff: float = 2.0
    attempt: float = 10.0
    """Seconds, the most that one attempt may take; less while there are other endpoints to try."""


@dataclass(slots=True, eq=False)
class Candidate:
    """An endpoint and what it did in this race; `not_before` is in the loop's time."""

    endpoint: Endpoint
    health: Health
    tries: int = 0
    not_before: float = 0.0
    spent: bool = False
    error: RpcError | None = None

    @property
    def is_open(self) -> bool:
        """Whether it may be asked at all: a race that has begun with an endpoint may see it through."""
        return not self.spent and (self.tries > 0 or not self.health.absence_left)

    def says(self) -> str:
        """Its last error, led by its label."""
        message, label = str(self.error or self.health.last_words), self.endpoint.label
        return message if message.startswith(label) else f"{label}: {message}"


class _Attempt(NamedTuple):
    """`started` is in the loop's time, `began` in that of the endpoint's health."""

    candidate: Candidate
    started: float
    began: float
    is_probe: bool


class Race(Generic[T]):
    """At most two endpoints run the task at a time; the first success ends it and cancels the other."""

    def __init__(
        self,
        chain: str,
        candidates: Sequence[Candidate],
        task: Callable[[Endpoint], Awaitable[T]],
        policy: RetryPolicy,
        rng: Callable[[float, float], float],
    ) -> None:
        self._chain = chain
        self._candidates = candidates
        self._task = task
        self._policy = policy
        self._rng = rng
        self._running: dict[asyncio.Task[T], _Attempt] = {}
        self._hedge_at = 0.0
        self._deadline = 0.0

    async def run(self, within: float) -> T:
        """The first success. Raises RpcError; whatever happens, it leaves no task behind."""
        now = asyncio.get_running_loop().time
        self._deadline = now() + within
        try:
            while now() < self._deadline:
                self._start(now())
                if self._running:
                    winner = await self._settle(now())
                    if winner is not None:
                        return winner.result()
                elif (wait := self._wait_before_retry(now())) is not None:
                    await asyncio.sleep(wait)
                else:
                    break
            failure = _failure(self._chain, self._candidates)
            if not is_probe():
                fields = {"chain": self._chain, "code": failure.code}
                logger.warning("chain could not be read", extra={"fields": fields})
            raise failure
        finally:
            await self._cancel_running()

    def _start(self, now: float) -> None:
        """Begin the best attempt when none is under way, otherwise a second where one is ready."""
        waiting = [c for c in self._idle() if c.not_before <= now]
        ready = [c for c in waiting if not c.health.rest_left]
        chosen = _best(ready)
        if self._running:
            self._hedge_at = math.inf
        elif chosen is None:  # better to disturb one that rests than to fail
            chosen = min((c for c in waiting if c.is_open), key=lambda c: c.health.rest_left, default=None)
        if chosen is None:
            return
        if not self._running:
            self._hedge_at = now + chosen.health.hedge_delay
        untried = sum(1 for c in ready if c is not chosen and not c.tries)
        share = min((self._deadline - now) / min(untried + 1, _SHARES), self._policy.attempt)
        patience = chosen.health.patience
        chosen.tries += 1
        attempt = _Attempt(chosen, now, chosen.health.begin(), patience < share)
        self._running[asyncio.create_task(self._attempt(chosen, min(share, patience)))] = attempt

    def _idle(self) -> list[Candidate]:
        running = [attempt.candidate for attempt in self._running.values()]
        return [c for c in self._candidates if not c.spent and c not in running]

    async def _attempt(self, candidate: Candidate, seconds: float) -> T:
        try:
            async with asyncio.timeout(seconds) as limit:
                return await self._task(candidate.endpoint)
        except TimeoutError:
            if not limit.expired():
                raise
        raise RpcTimeout(f"{candidate.endpoint.label}: not done within {seconds:.3g} s")

    async def _settle(self, now: float) -> asyncio.Task[T] | None:
        """Wait until an attempt ends or it is time to hedge; the attempt that succeeded, if one did."""
        timeout = max(self._hedge_at - now, 0) if self._hedge_at < math.inf else None
        done, _ = await asyncio.wait(self._running, timeout=timeout, return_when=asyncio.FIRST_COMPLETED)
        for task in done:
            attempt, error = self._running.pop(task), task.exception()
            if error is None:
                self._won(attempt)
                return task
            self._lost(attempt, error)
        return None

    def _won(self, attempt: _Attempt) -> None:
        attempt.candidate.health.succeeded(attempt.began)
        for other in self._running.values():
            if other.started < attempt.started:
                other.candidate.health.overtaken(other.began)

    def _lost(self, attempt: _Attempt, error: BaseException) -> None:
        """Decide whether and when this endpoint is asked again. Raises what no other endpoint would cure."""
        candidate = attempt.candidate
        if isinstance(error, RpcReverted | RpcTooLarge | RpcUnsupported):  # alive, and clear about it
            candidate.health.succeeded(attempt.began)
        if not isinstance(error, RpcError) or isinstance(error, RpcReverted | RpcTooLarge):
            raise error
        candidate.error = error
        if not isinstance(error, RpcUnsupported):
            candidate.health.failed(attempt.began, error)
        now = asyncio.get_running_loop().time()
        most = min(self._policy.backoff * 2 ** (candidate.tries - 1), self._policy.longest_backoff)
        candidate.not_before = now + max(self._rng(0, most), error.retry_after or 0)
        candidate.spent = (
            isinstance(error, RpcUnsupported | RpcRefused | RpcWrongChain)
            or (attempt.is_probe and isinstance(error, RpcTimeout))
            or candidate.tries >= self._policy.attempts
            or candidate.not_before >= self._deadline
        )

    def _wait_before_retry(self, now: float) -> float | None:
        """Seconds until an endpoint may be asked again, None when none is left."""
        times = [c.not_before for c in self._candidates if c.is_open]
        return max(min(times) - now, 0) if times else None

    async def _cancel_running(self) -> None:
        for task in self._running:
            task.cancel()
        await asyncio.gather(*self._running, return_exceptions=True)


def _best(ready: Sequence[Candidate]) -> Candidate | None:
    """The first by preference, unless it is known to be much slower than another."""
    known = [latency for c in ready if (latency := c.health.latency) is not None]
    slow = _SLOWER * min(known) + _SLOWER_BY if known else 0.0
    return min(ready, key=lambda c: (c.health.latency or 0.0) > slow, default=None)


def _failure(chain: str, candidates: Sequence[Candidate]) -> RpcError:
    """One error for all: of their common kind, and saying what each did."""
    if not candidates:
        return RpcUnavailable(f"{chain}: no endpoint")
    errors = [c.error for c in candidates if c.error is not None]
    if not errors:
        return _untried(chain, candidates)
    says = "; ".join(c.says() for c in candidates if c.error is not None)
    waits = [error.retry_after for error in errors if error.retry_after is not None]
    return _common_kind(errors)(f"{chain}: {says}"[:_MESSAGE_LENGTH], min(waits, default=None))


def _untried(chain: str, candidates: Sequence[Candidate]) -> RpcError:
    """Nobody was asked: either all are left alone, or there was no time."""
    if any(c.is_open for c in candidates):
        return RpcTimeout(f"{chain}: no time left to ask")
    seconds = min(c.health.absence_left for c in candidates)
    says = "; ".join(c.says() for c in candidates)
    message = f"{chain}: left alone for another {max(seconds, 0.1):.1f} s, the last error being {says}"
    return RpcUnavailable(message[:_MESSAGE_LENGTH], seconds)


def _common_kind(errors: Sequence[RpcError]) -> type[RpcError]:
    """That of all; an unsupported call outweighs the rest, because then asking differently may help."""
    kinds = {type(error) for error in errors}
    if RpcUnsupported in kinds:
        return RpcUnsupported
    return kinds.pop() if len(kinds) == 1 else RpcUnavailable
