"""POST /triggers/archive: Cloud Scheduler has the archive of the day written, or gone on with."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta

from ..bus.ports import Message
from ..core.archive_manifest import Manifest
from ..core.archive_names import day_id, parse_archive_id
from ..core.archive_tables import TABLE_NAMES
from ..core.times import format_time
from ..errors import CallerError, InvalidInput, InvalidRequest, NotFound, UnknownMessage
from ..services.archive_export import write_archive
from ..web.messages import Operation, Request, Response, Route, json_response
from ..web.params import Params
from ..wiring import Context
from .archive_schemas import ArchiveBody
from .scheduled_calls import NOTHING_SAID, parse_wish, scheduled_at
from .triggers import MAX_EVENT, SECONDS, check_trigger, receive_event

PATH = "/triggers/archive"
# Pub/Sub waits ten minutes at most: whoever is told that it takes longer asks again, and it is gone on with.
_WITHIN = timedelta(minutes=8)


async def post(context: Context, request: Request) -> Response:
    """Write the archive, or do what a pushed message says."""
    wish = parse_wish(request)
    if wish is None:
        return await receive_event(context, request, act)
    check_trigger(context, request)
    Params(request.query, ()).check()
    archive_id = _named(wish) or day_id(scheduled_at(request) or context.clock())
    manifest = await _write(archive_id, context)
    return json_response(200, archive_body(manifest))


async def act(context: Context, message: Message) -> None:
    """Write the archive of the day of a message, which says nothing else.

    Raises UnknownMessage and Unavailable.
    """
    if message.data.strip() not in NOTHING_SAID:
        raise UnknownMessage("it is not for archive, which is told nothing", message.id)
    try:
        await _write(day_id(message.published_at or context.clock()), context)
    except CallerError as error:
        raise UnknownMessage(str(error), message.id) from error


def archive_body(manifest: Manifest) -> ArchiveBody:
    """The body of an archive that is whole."""
    return ArchiveBody(
        id=manifest.id,
        started_at=format_time(manifest.started_at),
        created_at=format_time(manifest.created_at),
        methods=list(manifest.methods),
        users=manifest.users,
        files=len(manifest.files),
        rows={table: manifest.rows(table) for table in TABLE_NAMES},
    )


async def _write(archive_id: str, context: Context) -> Manifest:
    objects = context.objects
    if objects is None:
        raise NotFound("no place for archives is set: see ARCHIVE")
    methods = context.settings.archive.methods
    return await write_archive(archive_id, methods, objects, context, within=_WITHIN)


def _named(wish: Mapping[str, object]) -> str | None:
    """The id that is asked for. Raises InvalidRequest and InvalidInput for what cannot be asked for."""
    faults = [InvalidInput(name[:60], "is not a field of this body") for name in wish if name != "archive"]
    if faults:
        raise InvalidRequest(faults)
    if "archive" not in wish:
        return None
    named = wish["archive"]
    text = named if isinstance(named, str) else ""
    parse_archive_id(text)
    return text


def describe() -> Operation:
    """What the OpenAPI document says of it."""
    from .triggers_docs import archive_operation

    return archive_operation()


ROUTES: tuple[Route[Context], ...] = (
    Route(
        "POST",
        PATH,
        post,
        "archive",
        describe,
        limited=False,
        max_body=MAX_EVENT,
        identified=False,
        trigger=True,
        seconds=SECONDS,
    ),
)
