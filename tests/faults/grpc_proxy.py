"""Stands between Firestore's library and its emulator, and answers with errors of gRPC's own when told to."""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from typing import Any, Self

import grpc  # type: ignore[import-untyped]  # has no types
import grpc.aio  # type: ignore[import-untyped]  # has no types

_UNARY = ("Commit", "BatchWrite", "Rollback", "BeginTransaction", "GetDocument")
_KEPT = ("google-cloud-resource-prefix", "authorization", "x-goog-request-params")


@dataclass(frozen=True)
class Trouble:
    """What a call ends with: before it reached anybody, or after it was done."""

    code: grpc.StatusCode
    done: bool


class GrpcProxy(grpc.GenericRpcHandler):  # type: ignore[misc]  # has no types
    """Passes all calls on, as bytes; `trouble` says what goes wrong with a call of a method."""

    def __init__(self, upstream: str) -> None:
        self.troubles: Counter[str] = Counter()
        self.trouble: Callable[[str], Trouble | None] = lambda method: None
        self.address = ""
        self._upstream = upstream
        self._listening: set[grpc.aio.StreamStreamCall] = set()

    async def __aenter__(self) -> Self:
        self._channel = grpc.aio.insecure_channel(self._upstream)
        self._server = grpc.aio.server()
        self._server.add_generic_rpc_handlers((self,))
        self.address = f"127.0.0.1:{self._server.add_insecure_port('127.0.0.1:0')}"
        await self._server.start()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._server.stop(None)
        await self._channel.close()

    def cut(self) -> None:
        """Whoever listens loses the connection."""
        for call in self._listening:
            call.cancel()

    def service(self, call: grpc.HandlerCallDetails) -> grpc.RpcMethodHandler:
        """How to pass a method on."""
        path = call.method
        name = path.rpartition("/")[2]
        metadata = tuple((key, value) for key, value in call.invocation_metadata if key in _KEPT)

        async def pass_one(request: bytes, context: Any) -> bytes:
            trouble = self._count(name)
            await _fail(context, trouble, done=False)
            answer = await self._channel.unary_unary(path)(request, metadata=metadata)
            await _fail(context, trouble, done=True)
            return bytes(answer)

        async def pass_many(request: bytes, context: Any) -> AsyncIterator[bytes]:
            trouble = self._count(name)
            await _fail(context, trouble, done=False)
            async for answer in self._channel.unary_stream(path)(request, metadata=metadata):
                yield answer
            await _fail(context, trouble, done=True)

        async def pass_both(requests: AsyncIterator[bytes], context: Any) -> AsyncIterator[bytes]:
            trouble = self._count(name)
            await _fail(context, trouble, done=False)
            call = self._channel.stream_stream(path)(requests, metadata=metadata)
            self._listening.add(call)
            try:
                while (answer := await call.read()) is not grpc.aio.EOF:
                    yield answer
            except asyncio.CancelledError:
                await context.abort(grpc.StatusCode.UNAVAILABLE, "was cut")
            finally:
                self._listening.discard(call)
                call.cancel()

        if name == "Listen":
            return grpc.stream_stream_rpc_method_handler(pass_both)
        if name in _UNARY:
            return grpc.unary_unary_rpc_method_handler(_translated(pass_one))
        return grpc.unary_stream_rpc_method_handler(pass_many)

    def _count(self, name: str) -> Trouble | None:
        trouble = self.trouble(name)
        if trouble is not None:
            self.troubles[name] += 1
        return trouble


def _translated(act: Callable[[bytes, Any], Any]) -> Callable[[bytes, Any], Any]:
    """What the emulator itself refuses is passed on too."""

    async def call(request: bytes, context: Any) -> bytes:
        try:
            return bytes(await act(request, context))
        except grpc.aio.AioRpcError as error:
            await context.abort(error.code(), error.details() or "")
            raise

    return call


async def _fail(context: Any, trouble: Trouble | None, *, done: bool) -> None:
    if trouble is not None and trouble.done == done:
        await context.abort(trouble.code, "made to fail")
