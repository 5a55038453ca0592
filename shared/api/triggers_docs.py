"""What the OpenAPI document says of triggers, so that it tells callers to leave them alone."""

from __future__ import annotations

from ..web.messages import Json, Operation
from ..web.openapi import json_answer, problem_responses
from .archive_schemas import WRITTEN, ArchiveBody
from .runs_examples import STARTED
from .runs_schemas import RunBody
from .schemas import schemas_of

_NOT_FOR_CALLERS = """
Not part of the public API. Where this is deployed nobody but {whom} may call it: the platform checks their
token, and no user's is wanted. Where it is not, and users have tokens, it is there for Pub/Sub's emulator on
the same machine only, and not at all with `BUS=local`.
"""
_SNAPSHOT = """
Without a body it starts the run of the time in `X-CloudScheduler-ScheduleTime`, or of now, for all users;
the same minute is the same run. `run` names another time; `sweep` closes the runs that are overdue.
Pub/Sub's messages come here too, as a push envelope or a CloudEvent.
"""
_FETCH = """
A push envelope or a CloudEvent with a part to be read, or a group of users to be finished. What nobody can
act on is acknowledged and put among the dead letters.
"""
_ARCHIVE = """
Writes what all users keep, and their tax reports, to object storage, as Parquet and CSV with a manifest. The
archive is that of the day of `X-CloudScheduler-ScheduleTime`, or of today: asked for again, it is gone on
with if it is not whole, and otherwise left as it is; who was erased since is told beside it. `archive` names
another one. Pub/Sub's messages come here too, as a push envelope or a CloudEvent.
"""
# Whatever comes is answered: what is no message of ours is acknowledged, so no schema says what may not come.
_ENVELOPE: Json = {"message": {"data": "eyJ2IjoxfQ==", "messageId": "77"}, "subscription": "projects/p/…"}
_SCHEDULED: Json = {
    "name": "X-CloudScheduler-ScheduleTime",
    "in": "header",
    "description": "When the schedule wanted the run; RFC 3339.",
    "schema": {"type": "string"},
    "example": "2026-11-21T08:00:00Z",
}


def snapshot_operation() -> Operation:
    """POST /triggers/snapshot."""
    about: Json = {
        "operationId": "triggerSnapshot",
        "summary": "For Cloud Scheduler and Pub/Sub: starts a run, plans it on, or sweeps.",
        "description": _SNAPSHOT.strip() + "\n\n" + _for("Cloud Scheduler and Pub/Sub"),
        "parameters": [_SCHEDULED],
        "requestBody": _body({"run": "20261121T080000Z"}),
    }
    started = json_answer("The run that was started.", "RunBody", STARTED)
    return _trigger(about, {"200": started}, schemas_of(RunBody))


def fetch_balances_operation() -> Operation:
    """POST /triggers/fetch-balances."""
    about: Json = {
        "operationId": "triggerFetchBalances",
        "summary": "For Pub/Sub: reads a part of a run, or finishes a group of users.",
        "description": _FETCH.strip() + "\n\n" + _for("Pub/Sub"),
        "requestBody": _body(_ENVELOPE),
    }
    return _trigger(about, {}, {})


def archive_operation() -> Operation:
    """POST /triggers/archive."""
    about: Json = {
        "operationId": "triggerArchive",
        "summary": "For Cloud Scheduler and Pub/Sub: writes the archive of the day.",
        "description": _ARCHIVE.strip() + "\n\n" + _for("Cloud Scheduler and Pub/Sub"),
        "parameters": [_SCHEDULED],
        "requestBody": _body({"archive": "2026-11-21"}),
    }
    written = json_answer("The archive that is there now.", "ArchiveBody", WRITTEN)
    return _trigger(about, {"200": written, **problem_responses(404)}, schemas_of(ArchiveBody))


def _for(whom: str) -> str:
    return _NOT_FOR_CALLERS.strip().format(whom=whom)


def _body(example: Json) -> Json:
    return {"required": False, "content": {"application/json": {"schema": {}, "example": example}}}


def _trigger(about: Json, answers: Json, schemas: Json) -> Operation:
    done = {"204": {"description": "It is acknowledged."}}
    again = problem_responses(400, 401, 408, 413, 421, 431, 500, 503, 504)
    return Operation(
        {"tags": ["Triggers"], "security": [], **about, "responses": {**answers, **done, **again}}, schemas
    )
