"""The keys that ID tokens are signed with, fetched from the issuer and remembered."""

from __future__ import annotations

import asyncio
import json
import time
from collections.abc import Callable
from typing import Any

from ..core.nesting import check_nesting
from ..errors import Unauthenticated, Unavailable
from ..http_body import ACCEPT_ENCODING, read_body
from ..peer_check import peer_checks
from .limits import RateLimiter

_FRESH_SECONDS = 3600.0
# Keys rotate, but anybody can send a token with a key id that nobody has: that must not make us ask
# the issuer every time.
_ASKS_PER_MINUTE = 6
# Whoever waits for the keys has a budget of their own to keep.
_TIMEOUT_SECONDS = 2.5
_MAX_BYTES = 256 * 1024


class SigningKeys:
    """A JSON Web Key Set by URL. Refetched when it is an hour old or a key is not in it."""

    def __init__(
        self,
        url: str,
        clock: Callable[[], float] = time.monotonic,
        transport: Any = None,
        *,
        public_only: bool = False,
    ) -> None:
        """`public_only`: no host is asked whose name leads to a private network."""
        self._url = url
        self._public_only = public_only
        self._clock = clock
        self._asks = RateLimiter(_ASKS_PER_MINUTE, clock)
        self._transport = transport
        self._client: Any = None
        self._keys: dict[str, Any] = {}
        self._fetched_at = self._asked_at = float("-inf")
        self._asking = asyncio.Lock()

    async def key(self, kid: str) -> Any:
        """The key with this id; raises Unauthenticated if there is none, Unavailable if nobody can say."""
        if not self._knows(kid):
            asked_at = self._asked_at
            async with self._asking:
                # Whoever waited for another's question has its answer, good or bad.
                if asked_at == self._asked_at and not self._asks.take("").retry_after:
                    await self._refresh()
        if kid in self._keys:
            return self._keys[kid]
        if self._fetched_at < self._asked_at:
            raise Unavailable("tokens cannot be verified now: the issuer's keys cannot be fetched")
        raise Unauthenticated("the token is signed with a key that the issuer does not have")

    async def close(self) -> None:
        """Close the connection to the issuer."""
        if self._client is not None:
            await self._client.aclose()

    def _knows(self, kid: str) -> bool:
        return kid in self._keys and self._clock() - self._fetched_at < _FRESH_SECONDS

    async def _refresh(self) -> None:
        """Fetch the set; when that fails the keys known so far go on serving."""
        import httpx

        self._asked_at = self._clock()
        try:
            async with asyncio.timeout(_TIMEOUT_SECONDS):
                body = await self._fetch()
            self._keys = _parse_keys(body)
            self._fetched_at = self._asked_at
        except (httpx.HTTPError, TimeoutError, ValueError, RecursionError):
            return

    async def _fetch(self) -> bytes:
        import httpx

        if self._client is None:
            self._client = httpx.AsyncClient(
                timeout=_TIMEOUT_SECONDS,
                transport=self._transport,
                headers={"Accept-Encoding": ACCEPT_ENCODING},
                event_hooks=peer_checks(public_only=self._public_only),
            )
        async with self._client.stream("GET", self._url) as response:
            response.raise_for_status()
            return await read_body(response.headers, response.aiter_raw(), _MAX_BYTES)


def _parse_keys(body: bytes) -> dict[str, Any]:
    """The usable signing keys by id; ValueError when this is not a key set."""
    import jwt

    check_nesting(body)
    content = json.loads(body)
    found = content.get("keys") if isinstance(content, dict) else None
    if found is None or not isinstance(found, list):
        raise ValueError("not a key set")
    keys: dict[str, Any] = {}
    for jwk in found:
        if not isinstance(jwk, dict) or jwk.get("use", "sig") != "sig" or jwk.get("kty") not in ("RSA", "EC"):
            continue
        try:
            keys[str(jwk.get("kid"))] = jwt.PyJWK(jwk)
        except (jwt.PyJWTError, KeyError, TypeError, ValueError):
            continue
    return keys
