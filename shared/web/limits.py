"""How much a caller may ask: requests a minute, bytes in headers and body, and the time they may take."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from math import ceil
from typing import Any, NamedTuple

from ..errors import CallerError, HeadersTooLarge, PayloadTooLarge, RequestTimeout

Receive = Callable[[], Awaitable[Mapping[str, Any]]]

BODY_SECONDS = 15.0
_MAX_CALLERS = 10_000
_MAX_HEADERS = 64 * 1024
_MAX_LEFT = 1024 * 1024
_LEFT_SECONDS = 2.0


class Allowance(NamedTuple):
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


def caller_address(client: str, forwarded_for: bytes | None, *, deployed: bool, hops: int = 1) -> str:
    """Whose allowance a request without a user counts against.

    Deployed, one element of X-Forwarded-For counts, the `hops`th from the right: each front end appends, and
    everything before that is the caller's own claim. A load balancer appends whom it saw and then itself
    (https://cloud.google.com/load-balancing/docs/https#x-forwarded-for_header). A request with fewer elements
    came another way: its last one is what the nearest front end saw, which no caller can choose. Whoever has
    one IPv6 address has its whole /64, so that is one caller.
    """
    if deployed and forwarded_for:
        elements = forwarded_for.rsplit(b",", hops)
        counted = elements[-hops] if len(elements) >= hops else elements[-1]
        client = counted.decode("latin-1").strip()
    return _network(client[:64]) if ":" in client else client[:64]


def _network(address: str) -> str:
    import ipaddress

    try:
        return str(ipaddress.IPv6Network((address.partition("%")[0], 64), strict=False))
    except ValueError:
        return address


def check_headers(size: int) -> None:
    """Raises HeadersTooLarge for more bytes of headers than anybody needs."""
    if size > _MAX_HEADERS:
        raise HeadersTooLarge(f"the headers are longer than {_MAX_HEADERS} bytes")


async def read_body(
    content_length: bytes | None, receive: Receive, most: int, within: float = BODY_SECONDS
) -> bytes:
    """The request's body; raises PayloadTooLarge as soon as it is known to be longer than `most`.

    Raises RequestTimeout when it has not arrived `within` these seconds, and CallerError when the connection
    ends before the body does: half a body is not the request.
    """
    length = content_length or b"0"
    if not length.isdigit():
        raise CallerError("Content-Length is not a number")
    too_large = PayloadTooLarge(f"the body is longer than {most} bytes")
    if len(length) > 18 or int(length) > most:
        raise too_large
    try:
        async with asyncio.timeout(within):
            return await _put_together(receive, most, too_large)
    except TimeoutError as error:
        raise RequestTimeout(f"the body did not arrive within {within:g} s") from error


async def discard_rest(receive: Receive, most: int = _MAX_LEFT, within: float = _LEFT_SECONDS) -> None:
    """Let a caller who is still sending finish, for a moment, when the answer is on its way already.

    A connection that is closed while more comes in is reset, and the answer may be lost with it. Who sends
    much, or slowly, is not waited for.
    """
    left = most
    try:
        async with asyncio.timeout(within):
            while left > 0:
                message = await receive()
                if not message.get("more_body", False):
                    return
                left -= len(message.get("body", b""))
    except TimeoutError:
        return


async def _put_together(receive: Receive, most: int, too_large: PayloadTooLarge) -> bytes:
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
