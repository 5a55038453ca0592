"""Asks off-chain gateways (EIP-3668), whose URLs come from contracts of anybody: nothing here trusts them.

Only public addresses of named https hosts are asked, at the very address that was checked, for a bounded
time and answer, without redirects, cookies, proxies or a connection that hosts could share.
"""

from __future__ import annotations

import asyncio
import socket
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

from ..core.hosts import is_public
from ..core.ids import Address
from ..errors import GatewayRefused, RpcBadResponse, RpcError, RpcRateLimited, RpcTimeout, RpcUnavailable
from ..tls import Tls
from .http import HttpReply, read_reply, silence_urls
from .jsonrpc import format_body, parse_body

if TYPE_CHECKING:  # types only: importing httpx takes longer than all of the core
    import httpx

    from .ccip import Question
    from .gateway_urls import GatewayUrl

ResolveHost = Callable[[str], Sequence[str]]
"""The IP addresses of a host's name; raises OSError. It may block."""

_MOST_ADDRESSES = 2
_DNS_THREADS = 4
_CONNECT_SECONDS = 1.0


class GatewayLimits(NamedTuple):
    """How much one gateway may take. Proofs of another chain's storage have some tens of kilobytes."""

    seconds: float = 2.0
    answer_bytes: int = 256 * 1024
    at_once: int = 32


class Gateways:
    """Opens nothing before the first question."""

    def __init__(
        self,
        tls: Tls | None = None,
        *,
        limits: GatewayLimits | None = None,
        resolve_host: ResolveHost | None = None,
        local: bool = False,
    ) -> None:
        """`tls` is what hosts are verified with. `local` is for tests: http and this machine too."""
        self._tls = tls or Tls()
        self._limits = limits or GatewayLimits()
        self._resolve_host = resolve_host or _resolve_host
        self._local = local
        self._threads: ThreadPoolExecutor | None = None
        self._places = asyncio.Semaphore(self._limits.at_once)

    async def fetch(self, question: Question, *, within: float) -> bytes:
        """The answer of the first of the question's gateways that has one.

        Raises GatewayRefused or RpcRateLimited from the first that refuses, which ends the matter, and
        another RpcError when all have failed.
        """
        loop = asyncio.get_running_loop()
        deadline = loop.time() + within
        failures: list[RpcError] = []
        for url in question.urls:
            try:
                return await self._ask(url, question.sender, question.data, deadline - loop.time())
            except (GatewayRefused, RpcRateLimited):
                raise
            except RpcError as error:
                failures.append(error)
        raise _sum_up(failures)

    async def close(self) -> None:
        """Stop looking up hosts."""
        threads, self._threads = self._threads, None
        if threads:
            threads.shutdown(wait=False, cancel_futures=True)

    async def _ask(self, template: str, sender: Address, data: bytes, within: float) -> bytes:
        """One gateway's answer. Foreign exceptions may hold the URL: ours is raised outside of `except`."""
        import httpx

        from .gateway_urls import fill_url

        url = fill_url(template, sender, data, local=self._local)
        seconds = min(within, self._limits.seconds)
        body = None if url.takes_get else format_body({"data": "0x" + data.hex(), "sender": sender.lower()})
        failure: RpcError
        try:
            async with asyncio.timeout(seconds), self._places:
                return _parse_reply(url.host, await self._exchange(url, body))
        except (TimeoutError, httpx.TimeoutException):
            failure = RpcTimeout(f"{url.host}: no answer within {max(seconds, 0.0):.3g} s")
        except httpx.ConnectError:
            failure = RpcUnavailable(f"{url.host}: no connection")
        except (httpx.HTTPError, httpx.InvalidURL, OSError):
            failure = RpcUnavailable(f"{url.host}: the connection broke")
        raise failure

    async def _exchange(self, url: GatewayUrl, body: bytes | None) -> HttpReply:
        import httpx

        addresses = await self._addresses(url.host)
        for address in addresses[:-1]:
            try:
                return await self._send(url, address, body)
            except (httpx.ConnectError, httpx.ConnectTimeout):
                continue
        return await self._send(url, addresses[-1], body)

    async def _addresses(self, host: str) -> list[str]:
        """Where the host is; all of its addresses must be public. IPv4 first, which more networks have."""
        # Threads of its own: a name server that never answers holds up other gateways at most.
        self._threads = self._threads or ThreadPoolExecutor(_DNS_THREADS, "gateway-dns")
        loop = asyncio.get_running_loop()
        try:
            found = await loop.run_in_executor(self._threads, self._resolve_host, host)
        except (OSError, UnicodeError):
            found = []
        if not found:
            raise RpcUnavailable(f"{host}: no such host")
        if not self._local and not all(is_public(address) for address in found):
            raise RpcBadResponse(f"{host}: is not on the public internet")
        return sorted(dict.fromkeys(found), key=lambda address: ":" in address)[:_MOST_ADDRESSES]

    async def _send(self, url: GatewayUrl, address: str, body: bytes | None) -> HttpReply:
        """One request to the address, on a connection of its own: hosts behind one address share none."""
        import httpx

        silence_urls()
        async with httpx.AsyncHTTPTransport(verify=self._tls.context(), trust_env=False) as transport:
            response = await transport.handle_async_request(self._request(url, address, body))
            try:
                return await read_reply(response, url.host, self._limits.answer_bytes)
            finally:
                await response.aclose()

    def _request(self, url: GatewayUrl, address: str, body: bytes | None) -> httpx.Request:
        """To the address, in the name of the host, whose certificate is asked for and verified."""
        import httpx

        usual = url.port == (443 if url.scheme == "https" else 80)
        headers = {
            "Host": url.host if usual else f"{url.host}:{url.port}",
            "Accept": "application/json",
            "Accept-Encoding": "gzip",
            "User-Agent": "chainfolio",
        } | ({"Content-Type": "application/json"} if body is not None else {})
        seconds = self._limits.seconds
        timeout = {
            "connect": min(seconds, _CONNECT_SECONDS),
            "read": seconds,
            "write": seconds,
            "pool": seconds,
        }
        return httpx.Request(
            "GET" if body is None else "POST",
            httpx.URL(scheme=url.scheme, host=address, port=url.port, raw_path=url.target.encode()),
            headers=headers,
            content=body,
            extensions={"timeout": timeout, "sni_hostname": url.host},
        )


def _resolve_host(host: str) -> list[str]:
    """Addresses of those families that this machine has itself; the dot keeps its search domains out."""
    found = socket.getaddrinfo(host + ".", None, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return [str(address[0]) for *_, address in found]


def _parse_reply(label: str, reply: HttpReply) -> bytes:
    if reply.status == 429:
        raise RpcRateLimited(f"{label}: asks for patience (HTTP 429)")
    if 400 <= reply.status < 500:
        raise GatewayRefused(f"{label}: HTTP {reply.status}", reply.status)
    if not 200 <= reply.status < 300:
        raise RpcUnavailable(f"{label}: HTTP {reply.status}")
    body = parse_body(reply.body)
    if not isinstance(body, dict):
        raise RpcBadResponse(f"{label}: the answer is not a JSON object")
    try:
        from .reading import parse_bytes

        return parse_bytes(body.get("data"))
    except RpcBadResponse as error:
        raise RpcBadResponse(f"{label}: {error}") from None


def _sum_up(failures: Sequence[RpcError]) -> RpcError:
    """One error for those of all gateways: unavailable unless all of them talk nonsense."""
    if len(failures) == 1:
        return failures[0]
    says = "; ".join(str(failure) for failure in failures) or "a lookup that names no gateway"
    nonsense = all(isinstance(failure, RpcBadResponse) for failure in failures)
    return RpcBadResponse(says) if nonsense else RpcUnavailable(says)
