"""POST /triggers/fetch-balances: Pub/Sub pushes the parts of snapshot runs, and groups to finish."""

from __future__ import annotations

from ..bus.ports import Message
from ..core.run_messages import FinishGroup, ReadPart, decode
from ..errors import UnknownMessage
from ..services.runs_finish import finish_group
from ..services.runs_part import read_part
from ..web.messages import Operation, Request, Response, Route
from ..wiring import Context
from .triggers import MAX_EVENT, SECONDS, receive_event

PATH = "/triggers/fetch-balances"


async def post(context: Context, request: Request) -> Response:
    """Read a part, or finish a group."""
    return await receive_event(context, request, act)


async def act(context: Context, message: Message) -> None:
    """Do what a message says. Raises UnknownMessage and Unavailable."""
    told = decode(message.data)
    if isinstance(told, ReadPart):
        await read_part(told, message.attempt, context)
    elif isinstance(told, FinishGroup):
        await finish_group(told, message.attempt, context)
    else:
        raise UnknownMessage(f"a {type(told).__name__} is not for fetch-balances")


def describe() -> Operation:
    """What the OpenAPI document says of it."""
    from .triggers_docs import fetch_balances_operation

    return fetch_balances_operation()


ROUTES: tuple[Route[Context], ...] = (
    Route(
        "POST",
        PATH,
        post,
        "fetch_balances",
        describe,
        limited=False,
        max_body=MAX_EVENT,
        identified=False,
        trigger=True,
        seconds=SECONDS,
    ),
)
