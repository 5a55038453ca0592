"""One client for each chain, opened when first asked for.

Each has a pool of connections to itself: httpcore walks through all connections of a pool on every request.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from ..core.chains import Chain
from ..core.ids import ChainId
from ..counts import Counts
from ..tls import Tls
from .counting import request_counter

if TYPE_CHECKING:  # types only: they are loaded with the first client, for some functions need none
    import httpx

    from .client import ChainClient
    from .endpoint import Endpoint
    from .health import EndpointHealth
    from .transport import Transport


class ChainClients:
    """The clients of a process; `rpc_urls` replaces a chain's own endpoints."""

    def __init__(
        self,
        rpc_urls: Mapping[int, tuple[str, ...]],
        tls: Tls | None = None,
        counts: Counts | None = None,
        *,
        public_only: bool = False,
    ) -> None:
        """`tls` is what connections verify hosts with; with `public_only` none leads to a private network."""
        self._rpc_urls = rpc_urls
        self._tls = tls or Tls()
        self._counts = counts or Counts()
        self._public_only = public_only
        self._https: list[httpx.AsyncClient] = []
        self._transports: dict[ChainId, Transport] = {}
        self._clients: dict[ChainId, ChainClient] = {}

    def client(self, chain: Chain) -> ChainClient:
        """The chain's client; it connects when it is first used."""
        if chain.chain_id not in self._clients:
            self._tls.begin()
            from .client import ChainClient
            from .transport import Transport

            transport = Transport(chain.slug, self._endpoints(chain))
            self._transports[chain.chain_id] = transport
            self._clients[chain.chain_id] = ChainClient(chain, transport)
        return self._clients[chain.chain_id]

    def health(self, chain: Chain) -> list[EndpointHealth]:
        """How the chain's endpoints have been doing; none before the first request."""
        transport = self._transports.get(chain.chain_id)
        return transport.health() if transport else []

    async def close(self) -> None:
        """Close the connections."""
        https, self._https = self._https, []
        self._transports.clear()
        self._clients.clear()
        for http in https:
            await http.aclose()

    def _endpoints(self, chain: Chain) -> list[Endpoint]:
        from .endpoint import Endpoint
        from .http import open_http

        http = open_http(self._tls.context(), public_only=self._public_only)
        self._https.append(http)
        urls = self._rpc_urls.get(chain.chain_id, chain.rpc_urls)
        heard = request_counter(self._counts, chain.slug)
        return [Endpoint(url, http, on_request=heard) for url in urls]
