"""What the OpenAPI document says of snapshot runs."""

from __future__ import annotations

from ..web.messages import Json, Operation
from ..web.openapi import json_answer
from .describing import IDEMPOTENCY_KEY, json_body, kept_answer, private_operation
from .runs_examples import EMPTY, FINISHED, RUN_ID, STARTED
from .runs_schemas import NewSnapshotBody, RunBody

_SNAPSHOT = """
The answer comes at once, and the run goes on behind it: `Location` is where to see how far it is. When it is
finished the snapshot is in your history.

A chain or a price source that fails is asked again for five minutes. A snapshot that something is missing
from after that is kept too, with `complete` false and what is missing.
"""
_RUN = """
A run of your own, or a scheduled one of all users, of which you see numbers only and your own snapshot.
"""
_ID: Json = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "The run: the time that it was scheduled for and, of one user's run, the user's hash.",
    "schema": {"type": "string", "pattern": r"^[0-9]{8}T[0-9]{6}(Z|\.[0-9]{6}Z-[0-9a-f]{12})$"},
    "example": RUN_ID,
}
_LOCATION: Json = {"Location": {"schema": {"type": "string"}, "description": "The path of the run."}}


def snapshot_operation() -> Operation:
    """POST /api/v1/snapshots."""
    about: Json = {
        "operationId": "takeSnapshot",
        "summary": "Takes a snapshot of your saved wallets now.",
        "description": _SNAPSHOT.strip(),
        "tags": ["Snapshots"],
        "parameters": [IDEMPOTENCY_KEY],
        "requestBody": {**json_body(NewSnapshotBody, example={}), "required": False},
    }
    started = json_answer("The run, which goes on.", "RunBody", STARTED)
    empty = json_answer("No wallet is saved: there is nothing to do.", "RunBody", EMPTY)
    answers = {"200": {**empty, "headers": _LOCATION}, "202": {**started, "headers": _LOCATION}}
    return private_operation(about, answers, NewSnapshotBody, RunBody, problems=(409, 415))


def run_operation() -> Operation:
    """GET /api/v1/runs/{id}."""
    about: Json = {
        "operationId": "getRun",
        "summary": "How far a snapshot run is.",
        "description": _RUN.strip(),
        "tags": ["Snapshots"],
        "parameters": [_ID],
    }
    return private_operation(about, kept_answer("The run.", "RunBody", FINISHED), RunBody, problems=(404,))
