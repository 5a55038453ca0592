"""A function's process, in this one: the real app over the real edges, each call of which can be met."""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, TypeVar, cast

import httpx

from shared.api import fetch_balances, snapshot
from shared.api.app import build_app
from shared.bus.opening import BusOnDemand
from shared.store.opening import StoreOnDemand
from shared.store.ports import Store
from shared.store.run_memory import RunMemory
from shared.wiring import Context

T = TypeVar("T")
PORTS = ("owners", "wallets", "runs", "parts", "latest", "run_snapshots", "snapshots")
ROUTES = (*snapshot.ROUTES, *fetch_balances.ROUTES)


class Killed(BaseException):
    """The process is no more; nothing catches this."""


class Fate:
    """What happens around the calls of processes to their store and their bus: nothing."""

    async def before(self, call: str, args: Sequence[object]) -> None:
        """The call has not reached anybody."""

    async def after(self, call: str) -> None:
        """Its effect is there, and nobody knows."""


class Death(Fate):
    """The process dies when the n-th of its calls is done."""

    def __init__(self, number: int) -> None:
        self._left = number

    async def after(self, call: str) -> None:
        self._left -= 1
        if self._left == 0:
            raise Killed(call)


class Deaths(Fate):
    """The process dies when the first of these calls is done, the one after it with the second, and so on."""

    def __init__(self, *calls: str) -> None:
        self._calls = list(calls)

    async def after(self, call: str) -> None:
        if self._calls[:1] == [call]:
            raise Killed(self._calls.pop(0))


class Freeze(Fate):
    """From the n-th call on none comes back: the process has stopped for good."""

    def __init__(self, number: int) -> None:
        self.frozen = asyncio.Event()
        self._left = number

    async def after(self, call: str) -> None:
        self._left -= 1
        if self._left <= 0:
            self.frozen.set()
            await asyncio.Event().wait()


class Together(Fate):
    """The first two that are about to make this call, of a part for the same part, wait for each other."""

    def __init__(self, call: str) -> None:
        self.met = False
        self._call = call
        self._waiting: dict[object, asyncio.Future[None]] = {}

    async def before(self, call: str, args: Sequence[object]) -> None:
        if call != self._call or self.met:
            return
        about = getattr(args[0], "key", None)
        if about in self._waiting:
            self.met = True
            for waiting in self._waiting.values():
                waiting.set_result(None)
        else:
            waiting = self._waiting[about] = asyncio.get_running_loop().create_future()
            await asyncio.wait_for(waiting, 10)


class _Fated:
    """A port, every call of which meets a fate."""

    def __init__(self, port: object, fate: Fate) -> None:
        self._port = port
        self._fate = fate

    def __getattr__(self, name: str) -> Callable[..., Awaitable[Any]]:
        async def call(*args: Any, **options: Any) -> Any:
            await self._fate.before(name, args)
            answer = await getattr(self._port, name)(*args, **options)
            await self._fate.after(name)
            return answer

        return call


def _fated(port: T, fate: Fate) -> T:
    return cast(T, _Fated(port, fate))


def fated_context(context: Context, fate: Fate) -> Context:
    """The context of a process that has just begun, whose calls meet the fate."""

    return replace(
        context,
        run_memory=RunMemory(),
        stores=StoreOnDemand(lambda: fated_store(context.store, fate)),
        buses=BusOnDemand(lambda: _fated(context.bus, fate)),
    )


def fated_store(store: Store, fate: Fate) -> Store:
    """The store, every call of which meets the fate."""
    return replace(store, **{name: _fated(getattr(store, name), fate) for name in PORTS})


@dataclass(frozen=True)
class Delivery:
    """A message as it is pushed; `attempt` None: not told, as by a subscription without dead letters."""

    id: str
    data: bytes
    attributes: Mapping[str, str]
    published_at: str
    attempt: int | None

    def envelope(self) -> dict[str, object]:
        message = {
            "messageId": self.id,
            "data": b64encode(self.data).decode(),
            "attributes": dict(self.attributes),
            "publishTime": self.published_at,
        }
        told = {} if self.attempt is None else {"deliveryAttempt": self.attempt}
        return {"subscription": "projects/demo/subscriptions/demo", "message": message, **told}


class Process:
    """Both triggered functions, called over HTTP; when it dies of a call, a new one takes its place."""

    def __init__(self, context: Context, fate: Fate | None = None) -> None:
        self._context = context
        self._fate = fate or Fate()
        self.deaths: list[str] = []
        self._begin()

    async def push(self, topic: str, delivery: Delivery) -> int:
        """The status of a message's push; 0 if the process died of it."""
        return await self._post(topic, json=delivery.envelope())

    async def call(self, at: str | None = None, **body: object) -> int:
        """The status of Cloud Scheduler's call, for this time."""
        headers = {} if at is None else {"X-CloudScheduler-ScheduleTime": at}
        return await self._post("snapshot", json=body, headers=headers)

    def _begin(self) -> None:
        context = fated_context(self._context, self._fate)
        self._app = build_app("both", ROUTES, context.settings, lambda: context)

    async def _post(self, function: str, **what: Any) -> int:
        app = self._app
        async with httpx.AsyncClient(transport=httpx.ASGITransport(app), base_url="http://both") as client:
            try:
                answer = await client.post(f"/triggers/{function}", **what)
            except Killed as death:
                self.deaths.append(str(death))
                self._begin()
                return 0
        return answer.status_code
