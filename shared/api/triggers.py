"""What triggered functions share: a message comes in, is acted on, and is acknowledged or comes again."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

from ..bus.events import parse_event
from ..bus.ports import Message
from ..errors import CallerError, NotFound, UnknownMessage
from ..services.runs_progress import ask_for_sweep
from ..web.hosts import comes_from_here, require_loopback
from ..web.messages import Request, Response
from ..wiring import Context
from .tracing import follow

Act = Callable[[Context, Message], Awaitable[None]]
"""Acts on a message; raises UnknownMessage for one that nobody can act on."""

MAX_EVENT = 16 * 1024 * 1024
"""More than Pub/Sub delivers: what is too long for us is to be given up, and not refused again and again."""


SECONDS = 590.0
"""How long a trigger may take: Pub/Sub and the platform wait ten minutes."""


async def receive_event(context: Context, request: Request, act: Act) -> Response:
    """Act on a pushed message. 204 acknowledges it; Unavailable has it delivered again."""
    check_trigger(context, request)
    try:
        message = parse_event(request.headers, request.body)
    except UnknownMessage as error:
        stray = Message(error.message_id or request.request_id, request.body)
        await context.bus.discard(stray, str(error))
    else:
        await act_on(context, act, message)
    return Response(204, b"")


async def act_on(context: Context, act: Act, message: Message) -> None:
    """Act on a message; it is put among the dead letters if nobody can."""
    follow(message)
    try:
        await act(context, message)
    except UnknownMessage as error:
        await context.bus.discard(message, str(error))


def check_trigger(context: Context, request: Request) -> None:
    """Raises CallerError for what no trigger sends, and for who may not.

    Nobody guards the triggers of a server that is not deployed: a page of another site can make a browser
    send anything, and where users are told apart, others may reach the port, while Pub/Sub's emulator calls
    from this machine. What parameters the address of a push has is the platform's affair.
    """
    settings = context.settings
    if settings.auth_mode != "local" and not settings.deployed:
        require_loopback(request)
        if not comes_from_here(request):
            raise NotFound(f"there is nothing at {request.path}")
    if request.header(b"origin") is not None:
        raise CallerError("a page may not call a trigger")


async def sweep_if_local(context: Context) -> None:
    """Have overdue runs closed where no scheduler has it done. Raises BusUnavailable."""
    if context.settings.bus == "local":
        await ask_for_sweep(context)
