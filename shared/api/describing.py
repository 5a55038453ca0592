"""The parts that operations of the OpenAPI document are put together from."""

from __future__ import annotations

from typing import Any

from ..web.messages import Json, Operation
from ..web.openapi import problem_responses
from .schemas import schemas_of

_ALWAYS = (400, 401, 413, 429, 500, 503)
_TAG: Json = {"schema": {"type": "string"}, "description": "Send it in `If-None-Match`, or in `If-Match`."}
ETAG = {"ETag": _TAG}
NOT_MODIFIED: Json = {"description": "The answer is still the one that `If-None-Match` names."}
IF_MATCH: Json = {
    "name": "If-Match",
    "in": "header",
    "description": "The `ETag` that you know: if it is another by now, nothing happens (412).",
    "schema": {"type": "string", "pattern": r'^(\*|"[!#-~]*")$', "maxLength": 200},
}
IDEMPOTENCY_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Your own name for this request. Sent again within a day with the same bytes it is "
    "answered as before; with others the answer is 409.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,128}$"},
}


def query_parameter(
    name: str, about: str, schema: Json, example: Any = None, *, required: bool = False
) -> Json:
    """A parameter of the query."""
    parameter: Json = {"name": name, "in": "query", "description": about, "schema": schema}
    if required:
        parameter["required"] = True
    return parameter if example is None else {**parameter, "example": example}


def json_body(*models: type, example: Json) -> Json:
    """A JSON body of one of these types."""
    schemas = [{"$ref": f"#/components/schemas/{model.__name__}"} for model in models]
    schema = schemas[0] if len(schemas) == 1 else {"oneOf": schemas}
    return {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}


def private_operation(
    about: Json,
    responses: Json,
    *models: type,
    problems: tuple[int, ...] = (),
) -> Operation:
    """An operation that needs a user; `about` says the rest of it, `models` are the types that it names."""
    described = {
        "security": [{"idToken": []}],
        **about,
        "responses": {**responses, **problem_responses(*sorted((*_ALWAYS, *problems)))},
    }
    schemas: Json = {}
    for model in models:
        schemas.update(schemas_of(model))
    return Operation(described, schemas)
