"""The HTTP client that a chain's endpoints share, and reading an answer whose size may not be trusted."""

from __future__ import annotations

import logging
import re
import ssl
from typing import TYPE_CHECKING, NamedTuple

from ..errors import RpcBadResponse, RpcTooLarge
from ..http_body import BodyBroken, BodyTooLarge, read_body
from ..peer_check import peer_checks

if TYPE_CHECKING:  # types only: importing httpx takes longer than all of the core
    import httpx

_ERROR_BODY_BYTES = 64 * 1024


def open_http(
    context: ssl.SSLContext | None = None, *, connections: int = 64, public_only: bool = False
) -> httpx.AsyncClient:
    """A pooled client that follows no redirect and logs no URL; close it with `aclose()`.

    A proxy and certificates named in the environment are honoured, but this machine's own nodes are asked
    directly. Clients may share a TLS context, which takes longer to make than all the rest.
    With `public_only` nobody in a private network is asked.
    """
    import httpx

    silence_urls()
    return httpx.AsyncClient(
        verify=context or httpx.create_ssl_context(),
        limits=httpx.Limits(
            max_connections=connections, max_keepalive_connections=connections, keepalive_expiry=30
        ),
        timeout=httpx.Timeout(10),
        follow_redirects=False,
        event_hooks=peer_checks(public_only=public_only),
        mounts={"all://127.0.0.1": None, "all://localhost": None, "all://[::1]": None},
    )


def silence_urls() -> None:
    """Keep URLs, which may hold a key, out of the log.

    httpx writes each request's whole URL at INFO, httpcore the headers of answers at DEBUG.
    """
    logging.getLogger("httpx").addFilter(_withhold)
    logging.getLogger("httpcore").setLevel(logging.WARNING)


def _withhold(_: logging.LogRecord) -> bool:
    return False


class HttpReply(NamedTuple):
    """An answer that was read to its end."""

    status: int
    body: bytes
    retry_after: float | None


async def read_reply(response: httpx.Response, label: str, most: int) -> HttpReply:
    """Status and unpacked body; more than `most` bytes of it are never held.

    The body of an HTTP error only helps to say what is wrong, so it may be cut off. Otherwise raises
    RpcTooLarge, or RpcBadResponse when the body is not packed as the headers say.
    """
    retry_after = parse_retry_after(response.headers.get("retry-after"), response.headers.get("date"))
    if response.is_success:
        return HttpReply(response.status_code, await _read_body(response, label, most), retry_after)
    try:
        body = await _read_body(response, label, _ERROR_BODY_BYTES)
    except RpcBadResponse:
        body = b""
    return HttpReply(response.status_code, body, retry_after)


def parse_retry_after(value: str | None, date: str | None) -> float | None:
    """Seconds to wait, from the Retry-After header: a number, or a time as measured from the Date."""
    if value is None:
        return None
    if re.fullmatch(r"[0-9]{1,9}(\.[0-9]{1,9})?", value):
        return float(value)
    from email.utils import parsedate_to_datetime

    try:
        wait = parsedate_to_datetime(value) - parsedate_to_datetime(date or "")
    except (ValueError, TypeError, OverflowError):  # a TypeError when only one of them has a time zone
        return None
    return max(wait.total_seconds(), 0.0)


async def _read_body(response: httpx.Response, label: str, most: int) -> bytes:
    try:
        return await read_body(response.headers, response.aiter_raw(), most)
    except BodyTooLarge as error:
        raise RpcTooLarge(f"{label}: {error}") from None
    except BodyBroken as error:
        raise RpcBadResponse(f"{label}: {error}") from None
