"""Refuses connections to private addresses: a name that looks public may lead anywhere."""

from __future__ import annotations

import logging
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any

from .core.hosts import is_public

if TYPE_CHECKING:  # types only: importing httpx takes longer than all of the core
    import httpx

logger = logging.getLogger(__name__)

RequestHook = Callable[["httpx.Request"], Awaitable[None]]


def peer_checks(
    *, public_only: bool, is_allowed: Callable[[str], bool] = is_public
) -> dict[str, list[RequestHook]]:
    """The `event_hooks` of an httpx client that asks nobody in a private network; none unless `public_only`.

    What counts is the address that the connection leads to, not what a name resolved to a moment before. It
    is looked at before anything is sent, TLS included; one that is refused raises httpx.ConnectError. A proxy
    that the environment names is the operator's, and whom it connects to is its own affair.
    """
    if not public_only:
        return {}

    async def check(request: httpx.Request) -> None:
        watch = _Watch(request.url.raw_host.decode("ascii"), is_allowed)
        request.extensions = {**request.extensions, "trace": watch.see}

    return {"request": [check]}


class _Watch:
    """Sees how one request gets its connection; one that it finds open has been seen before."""

    def __init__(self, host: str, is_allowed: Callable[[str], bool]) -> None:
        self._host = host
        self._is_allowed = is_allowed
        self._is_direct = True

    async def see(self, event: str, about: dict[str, Any]) -> None:
        """As httpcore tells of its work, https://www.encode.io/httpcore/extensions/#trace"""
        if event == "connection.connect_tcp.started":
            self._is_direct = about["host"] == self._host
        elif event == "connection.connect_tcp.complete" and self._is_direct:
            await self._check(about["return_value"])

    async def _check(self, stream: Any) -> None:
        peer = stream.get_extra_info("server_addr")
        if peer and self._is_allowed(peer[0]):
            return
        import httpx

        logger.warning(
            "a host in the settings leads to a private network: refused, unless ALLOW_PRIVATE_URLS is true"
        )
        await stream.aclose()
        raise httpx.ConnectError("the host leads to a private network")
