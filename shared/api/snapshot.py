"""POST /triggers/snapshot: Cloud Scheduler starts a run; Pub/Sub has it planned on, or overdue ones swept."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from ..bus.ports import Message
from ..core.run_ids import parse_run_id
from ..core.run_messages import StartRun, SweepRun, SweepRuns, decode
from ..errors import InvalidInput, InvalidRequest, UnknownMessage
from ..services.runs_progress import view_run
from ..services.runs_start import go_on, start_run
from ..services.runs_sweep import sweep, sweep_page
from ..web.messages import Operation, Request, Response, Route, json_response
from ..web.params import Params
from ..wiring import Context
from .runs_present import run_body
from .scheduled_calls import NOTHING_SAID, parse_wish, scheduled_at
from .triggers import MAX_EVENT, SECONDS, check_trigger, receive_event, sweep_if_local

PATH = "/triggers/snapshot"
_FIELDS = ("run", "sweep")


async def post(context: Context, request: Request) -> Response:
    """Start a run, or do what a pushed message says."""
    wish = parse_wish(request)
    if wish is None:
        return await receive_event(context, request, act)
    check_trigger(context, request)
    Params(request.query, ()).check()
    if _wants_sweep(wish):
        await sweep(context)
        return Response(204, b"")
    due = _due_at(wish, request) or context.clock()
    await sweep_if_local(context)
    run = await start_run(due, context)
    return json_response(200, run_body(await view_run(run, None, context)))


async def act(context: Context, message: Message) -> None:
    """Do what a message says; one that says nothing is the schedule's, and starts the run of its time.

    Raises UnknownMessage and Unavailable.
    """
    if message.data.strip() in NOTHING_SAID:
        await _start_by(message, context)
        return
    told = decode(message.data)
    if isinstance(told, StartRun):
        await go_on(told.run_id, context)
    elif isinstance(told, SweepRuns):
        await sweep(context)
    elif isinstance(told, SweepRun):
        await sweep_page(told, context)
    else:
        raise UnknownMessage(f"a {type(told).__name__} is not for snapshot")


async def _start_by(message: Message, context: Context) -> None:
    """Start the run of a message's time. Raises UnknownMessage for one that has not come, and Unavailable."""
    try:
        await start_run(message.published_at or context.clock(), context)
    except InvalidInput as error:
        raise UnknownMessage(f"its time: {error.message}", message.id) from error


def _wants_sweep(wish: Mapping[str, object]) -> bool:
    """Whether a sweep is asked for. Raises InvalidRequest for what cannot be asked for."""
    faults = [InvalidInput(name[:60], "is not a field of this body") for name in wish if name not in _FIELDS]
    if "sweep" in wish and wish["sweep"] is not True:
        faults.append(InvalidInput("sweep", "must be true, or left out"))
    if len(wish) > 1 and not faults:
        faults.append(InvalidInput("sweep", "does not go with a run"))
    if faults:
        raise InvalidRequest(faults)
    return "sweep" in wish


def _due_at(wish: Mapping[str, object], request: Request) -> datetime | None:
    """The time of the run: by its id, by Cloud Scheduler's header, or None. Raises InvalidInput."""
    if "run" in wish:
        named = wish["run"]
        at, is_for_one_user = parse_run_id(named if isinstance(named, str) else "", "run")
        if is_for_one_user:
            raise InvalidInput("run", "is of one user, who starts it with POST /api/v1/snapshots")
        return at
    return scheduled_at(request)


def describe() -> Operation:
    """What the OpenAPI document says of it."""
    from .triggers_docs import snapshot_operation

    return snapshot_operation()


ROUTES: tuple[Route[Context], ...] = (
    Route(
        "POST",
        PATH,
        post,
        "snapshot",
        describe,
        limited=False,
        max_body=MAX_EVENT,
        identified=False,
        trigger=True,
        seconds=SECONDS,
    ),
)
