"""How much a caller may ask: requests a minute, and bytes in a body."""

from __future__ import annotations

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from math import ceil
from typing import Any

from ..errors import CallerError, PayloadTooLarge

_MAX_CALLERS = 10_000


@dataclass(frozen=True, slots=True)
class Allowance:
    """What is left to a caller; `retry_after` is above zero when this request is one too many."""

    limit: int
    remaining: int
    reset: int
    retry_after: float = 0


class RateLimiter:
    """A token bucket for each caller, full at first, refilled evenly over the minute.

    It counts in this process. Beyond `size` callers the one longest unheard of is forgotten, so that
    memory stays bounded whoever calls.
    """

    def __init__(
        self, per_minute: int, clock: Callable[[], float] = time.monotonic, size: int = _MAX_CALLERS
    ) -> None:
        self._limit = per_minute
        self._rate = per_minute / 60
        self._clock = clock
        self._size = size
        self._buckets: dict[str, tuple[float, float]] = {}

    def take(self, caller: str) -> Allowance:
        """Count one request of the caller."""
        now = self._clock()
        tokens, seen = self._buckets.pop(caller, (float(self._limit), now))
        tokens = min(self._limit, tokens + (now - seen) * self._rate)
        allowed = tokens >= 1
        tokens -= allowed
        if len(self._buckets) >= self._size:
            del self._buckets[next(iter(self._buckets))]
        self._buckets[caller] = (tokens, now)
        reset = ceil((self._limit - tokens) / self._rate)
        return Allowance(self._limit, int(tokens), reset, 0 if allowed else (1 - tokens) / self._rate)


def caller_address(client: str, forwarded_for: bytes | None, *, deployed: bool) -> str:
    """Whose allowance a request without a user counts against.

    Deployed, only the last element of X-Forwarded-For counts: Google's front end appends the peer that it
    saw, and everything before that is the caller's own claim. Whoever has one IPv6 address has its whole
    /64, so that is one caller.
    """
    if deployed and forwarded_for:
        client = forwarded_for.rpartition(b",")[2].decode("latin-1").strip()
    return _network(client[:64]) if ":" in client else client[:64]


def _network(address: str) -> str:
    import ipaddress

    try:
        return str(ipaddress.IPv6Network((address.partition("%")[0], 64), strict=False))
    except ValueError:
        return address


async def read_body(
    content_length: bytes | None, receive: Callable[[], Awaitable[Mapping[str, Any]]], most: int
) -> bytes:
    """The request's body; raises PayloadTooLarge as soon as it is known to be longer than `most`.

    Raises CallerError when the connection ends before the body does: half a body is not the request.
    """
    length = content_length or b"0"
    if not length.isdigit():
        raise CallerError("Content-Length is not a number")
    too_large = PayloadTooLarge(f"the body is longer than {most} bytes")
    if len(length) > 18 or int(length) > most:
        raise too_large
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise CallerError("the connection was closed before the body ended")
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > most:
            raise too_large
    return bytes(body)
