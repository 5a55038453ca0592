"""POST /api/v1/snapshots: a snapshot of the caller's wallets now. GET /api/v1/runs/{id}: how far a run is."""

from __future__ import annotations

import json
from functools import partial
from typing import TYPE_CHECKING

from ..services.once import answer_once, first_time
from ..services.runs_progress import find_run, view_run
from ..services.runs_start import start_run
from ..services.trades import Keyed, Reply
from ..web.bodies import parse_body, require_type
from ..web.messages import Operation, Request, Response, Route, encode_json
from ..web.params import Params
from ..web.preconditions import idempotency_key, request_hash
from ..wiring import Context
from .answers import private_answer
from .runs_present import run_body
from .triggers import sweep_if_local

if TYPE_CHECKING:  # a type only
    from ..services.me_erasure import Era

PATH = "/api/v1/snapshots"
RUNS_PATH = "/api/v1/runs"
RUN_PATH = f"{RUNS_PATH}/{{id}}"


async def post(context: Context, request: Request) -> Response:
    """Have a snapshot of the caller's wallets made."""
    Params(request.query, ()).check()
    _check_body(request)
    key = idempotency_key(request)
    keyed = None if key is None else (key, request_hash(request, "POST snapshots"))
    user = request.caller
    era = await context.store.erasures.read_era(user)
    start = partial(_start, context, user, keyed, era)
    status, body = await answer_once(user, keyed, start, era, context)
    location = f"{RUNS_PATH}/{json.loads(body)['id']}"
    return Response(status, body, headers=((b"location", location.encode()),))


async def get_one(context: Context, request: Request) -> Response:
    """One run; nobody sees another user's."""
    Params(request.query, ()).check()
    view = await find_run(request.path_params["id"], request.caller, context)
    if view.is_overdue:
        await sweep_if_local(context)
    return private_answer(run_body(view))


def _check_body(request: Request) -> None:
    """The body may be left out. Raises InvalidRequest, CallerError and UnsupportedMediaType."""
    if request.body:
        from .runs_schemas import NewSnapshotBody

        parse_body(request, NewSnapshotBody)
    else:
        require_type(request, ("application/json",))


async def _start(context: Context, user: str, keyed: Keyed | None, era: Era) -> Reply:
    """The run is named by its time: with a key, a try that failed is gone on with and not begun anew."""
    await sweep_if_local(context)
    run = await start_run(await first_time(user, keyed, era, context), context, user, era)
    body = run_body(await view_run(run, user, context))
    return 200 if body["users"] == 0 else 202, encode_json(body)


def describe_post() -> Operation:
    """What the OpenAPI document says of a new snapshot."""
    from .runs_docs import snapshot_operation

    return snapshot_operation()


def describe_get() -> Operation:
    """What the OpenAPI document says of a run."""
    from .runs_docs import run_operation

    return run_operation()


ROUTES: tuple[Route[Context], ...] = (
    Route("POST", PATH, post, "runs", describe_post, private=True),
    Route("GET", RUN_PATH, get_one, "runs", describe_get, private=True),
)
