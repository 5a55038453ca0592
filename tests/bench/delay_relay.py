"""TCP relays that add latency, in a process of their own: `python -m tests.bench.delay_relay SECONDS PORT…`.

What arrives from the client is passed on SECONDS later, what comes back at once. Prints a port for each.
"""

from __future__ import annotations

import asyncio
import sys
from functools import partial


class _Towards(asyncio.Protocol):
    """Passes on what the other end sends."""

    def __init__(self, back: asyncio.Transport) -> None:
        self._back = back

    def data_received(self, data: bytes) -> None:
        self._back.write(data)

    def connection_lost(self, exc: Exception | None) -> None:
        self._back.close()


class _Relay(asyncio.Protocol):
    """One client. Bytes that come before the connection to the node stands wait for it in order."""

    def __init__(self, port: int, delay: float) -> None:
        self._port = port
        self._delay = delay

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        loop = asyncio.get_running_loop()
        connecting = loop.create_connection(lambda: _Towards(transport), "127.0.0.1", self._port)
        self._node = loop.create_task(connecting)

    def data_received(self, data: bytes) -> None:
        asyncio.get_running_loop().call_later(self._delay, self._pass_on, data)

    def connection_lost(self, exc: Exception | None) -> None:
        if self._node.done() and not self._node.cancelled():
            self._node.result()[0].close()
        self._node.cancel()

    def _pass_on(self, data: bytes) -> None:
        if not self._node.cancelled():
            self._node.result()[0].write(data)


async def main(delay: float, ports: list[int]) -> None:
    loop = asyncio.get_running_loop()
    for port in ports:
        server = await loop.create_server(partial(_Relay, port, delay), "127.0.0.1", 0)
        print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(main(float(sys.argv[1]), [int(port) for port in sys.argv[2:]]))
