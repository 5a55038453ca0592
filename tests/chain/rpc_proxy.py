"""A JSON-RPC server that misbehaves on demand, over a real socket.

async with RpcProxy() as node:                        # answers every call by "0x1"
async with RpcProxy(lambda method, params: …) as node:    # answers by itself
async with RpcProxy(upstream=anvil_url, latency=0.05) as node:  # forwards
    node.behave(status(500), hang, then=ok)           # the first, the second, and all that follow
    assert node.methods == ["eth_chainId"]            # what it was asked
"""

from __future__ import annotations

import asyncio
import contextlib
import gzip
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Any, Self

Answer = Callable[[str, list[Any]], Any]


class RpcFault(Exception):
    """Raised by an answer: the JSON-RPC error to send."""

    def __init__(self, code: int, message: str, data: Any = None) -> None:
        super().__init__(message)
        self.error = {"code": code, "message": message} | ({} if data is None else {"data": data})


@dataclass(frozen=True)
class Asked:
    """One HTTP request."""

    path: str
    headers: dict[str, str]
    body: bytes

    @property
    def calls(self) -> list[dict[str, Any]]:
        message = json.loads(self.body)
        return message if isinstance(message, list) else [message]

    @property
    def is_batch(self) -> bool:
        return self.body.lstrip().startswith(b"[")


@dataclass(frozen=True)
class Reply:
    """An empty header is not sent; `close` ends the connection after the body."""

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    close: bool = False

    def as_bytes(self) -> bytes:
        usual = {"Content-Type": "application/json", "Content-Length": str(len(self.body))}
        headers = {name: value for name, value in (usual | self.headers).items() if value}
        lines = [f"HTTP/1.1 {self.status} Said", *(f"{name}: {value}" for name, value in headers.items())]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + self.body


Mode = Callable[["RpcProxy", Asked], Awaitable[Reply | None]]
"""What becomes of a request; None cuts the connection without a word."""


async def ok(node: RpcProxy, asked: Asked) -> Reply | None:
    return await node.answered(asked)


async def hang(node: RpcProxy, asked: Asked) -> Reply | None:
    await asyncio.Event().wait()
    return None


async def cut(node: RpcProxy, asked: Asked) -> Reply | None:
    return None


async def cut_midway(node: RpcProxy, asked: Asked) -> Reply | None:
    return Reply(b'{"jsonrpc":"2.0",', headers={"Content-Length": "1000"}, close=True)


async def wrong_id(node: RpcProxy, asked: Asked) -> Reply | None:
    results = [_result(call["id"] + 1000, "0x1") for call in asked.calls]
    return Reply(json.dumps(results if asked.is_batch else results[0]).encode())


def held(until: asyncio.Event) -> Mode:
    """Slow: answers when the event is set."""

    async def mode(node: RpcProxy, asked: Asked) -> Reply | None:
        await until.wait()
        return await node.answered(asked)

    return mode


def status(code: int, body: bytes = b"", **headers: str) -> Mode:
    """An HTTP error; `retry_after="1"` sends Retry-After."""
    return raw(body, code, {name.replace("_", "-"): value for name, value in headers.items()})


def raw(body: bytes, code: int = 200, headers: dict[str, str] | None = None) -> Mode:
    """Garbage, or anything else, byte for byte."""

    async def mode(node: RpcProxy, asked: Asked) -> Reply | None:
        return Reply(body, code, headers or {})

    return mode


def unannounced(body: bytes) -> Mode:
    """A body whose length only its end shows."""

    async def mode(node: RpcProxy, asked: Asked) -> Reply | None:
        return Reply(body, headers={"Content-Length": ""}, close=True)

    return mode


def packed(body: bytes) -> Mode:
    """A body sent in gzip: a bomb, if it is long and dull."""
    return raw(gzip.compress(body, 9), headers={"Content-Encoding": "gzip"})


def rpc_error(code: int, message: str, data: Any = None, http: int = 200) -> Mode:
    """Each call is answered by this JSON-RPC error."""

    async def mode(node: RpcProxy, asked: Asked) -> Reply | None:
        fault = RpcFault(code, message, data)
        errors = [{"jsonrpc": "2.0", "id": call["id"], "error": fault.error} for call in asked.calls]
        return Reply(json.dumps(errors if asked.is_batch else errors[0]).encode(), http)

    return mode


def batch_refused(code: int = -32600, message: str = "batch too large") -> Mode:
    """A batch is answered by one error object; a single call is answered well."""

    async def mode(node: RpcProxy, asked: Asked) -> Reply | None:
        if not asked.is_batch:
            return await node.answered(asked)
        error = RpcFault(code, message).error
        return Reply(json.dumps({"jsonrpc": "2.0", "id": None, "error": error}).encode())

    return mode


def _result(number: int, result: Any) -> dict[str, Any]:
    return {"jsonrpc": "2.0", "id": number, "result": result}


class RpcProxy:
    """Listens while its `async with` lasts. `requests` are all that came, in order of arrival."""

    def __init__(
        self, answer: Answer | None = None, *, upstream: str | None = None, latency: float = 0.0
    ) -> None:
        self.requests: list[Asked] = []
        self.latency = latency
        self.most_at_once = 0
        self._at_once = 0
        self._answer = answer or (lambda method, params: "0x1")
        self._upstream = upstream
        self._modes: list[Mode] = []
        self._then: Mode = ok
        self._arrived = asyncio.Condition()
        self._connections: set[asyncio.Task[None]] = set()
        self._stack = contextlib.AsyncExitStack()
        self._http: Any = None
        self.port = 0

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    @property
    def methods(self) -> list[str]:
        """The methods it was asked for, those of batches too."""
        return [call["method"] for asked in self.requests for call in asked.calls]

    def behave(self, *modes: Mode, then: Mode = ok) -> None:
        """The next requests are treated by these modes, one each, and all later ones by `then`."""
        self._modes = list(modes)
        self._then = then

    async def seen(self, requests: int) -> None:
        """Return as soon as so many requests have arrived."""
        async with self._arrived:
            await self._arrived.wait_for(lambda: len(self.requests) >= requests)

    async def answered(self, asked: Asked) -> Reply:
        """What a well-behaved node says."""
        if self._http is not None:
            reply = await self._http.post("", content=asked.body)
            return Reply(reply.content, reply.status_code)
        results = [self._answered_call(call) for call in asked.calls]
        return Reply(json.dumps(results if asked.is_batch else results[0]).encode())

    def _answered_call(self, call: dict[str, Any]) -> dict[str, Any]:
        try:
            return _result(call["id"], self._answer(call["method"], call["params"]))
        except RpcFault as fault:
            return {"jsonrpc": "2.0", "id": call["id"], "error": fault.error}

    async def __aenter__(self) -> Self:
        if self._upstream is not None:
            import httpx

            headers = {"Content-Type": "application/json"}
            client = httpx.AsyncClient(base_url=self._upstream, headers=headers, trust_env=False, timeout=60)
            self._http = await self._stack.enter_async_context(client)
        server = await asyncio.start_server(self._serve, "127.0.0.1", 0, limit=2**20)
        self.port = server.sockets[0].getsockname()[1]
        self._stack.push_async_callback(self._stop, server)
        return self

    async def __aexit__(self, *exc: object) -> None:
        await self._stack.aclose()

    async def _stop(self, server: asyncio.Server) -> None:
        server.close()
        for task in self._connections:
            task.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)
        await server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._connections.add(task)
        try:
            while await self._exchange(reader, writer):
                pass
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._connections.discard(task)
            writer.close()

    async def _exchange(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> bool:
        asked = await _read_request(reader)
        mode = self._modes.pop(0) if self._modes else self._then
        async with self._arrived:
            self.requests.append(asked)
            self._arrived.notify_all()
        self._at_once += 1
        self.most_at_once = max(self.most_at_once, self._at_once)
        try:
            if self.latency:
                await asyncio.sleep(self.latency)
            reply = await mode(self, asked)
        finally:
            self._at_once -= 1
        if reply is None:
            return False
        writer.write(reply.as_bytes())
        await writer.drain()
        return not reply.close


async def _read_request(reader: asyncio.StreamReader) -> Asked:
    head = (await reader.readuntil(b"\r\n\r\n")).decode().split("\r\n")
    pairs = (line.split(": ", 1) for line in head[1:] if line)
    headers = {name.lower(): value for name, value in pairs}
    body = await reader.readexactly(int(headers.get("content-length", "0")))
    return Asked(head[0].split(" ")[1], headers, body)
