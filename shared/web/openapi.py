"""The OpenAPI 3.1 document of an app, put together from what its routes say of themselves."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TypeVar

from .messages import Json, Operation, Route

C = TypeVar("C")

# What any route may answer, whatever it serves.
COMMON_PROBLEMS = (400, 408, 413, 421, 429, 431, 500, 504)
_PROBLEM_REF = {"$ref": "#/components/schemas/Problem"}
_PROBLEMS = {
    400: "The request has a parameter that is unknown, missing or wrong; `errors` names each.",
    401: "There is no token, or one that does not verify.",
    404: "There is no such thing, or it is another user's.",
    408: "The body did not arrive in time; what was asked for was not begun.",
    409: "What is kept stands against it, or all that is yours was erased meanwhile; `trade_id` names the "
    "trade that exists, where it is one.",
    412: "It was changed since the version that `If-Match` names.",
    413: "The body is longer than is accepted.",
    415: "The body is of a kind that is not read here.",
    421: "The server is called by a name that is not its own: a local one has this machine's only.",
    429: "Too many requests of this caller; see `Retry-After`.",
    431: "The headers are longer, all together, than is accepted.",
    500: "Something went wrong here; the log has it under `request_id`.",
    503: "Nothing useful can be said until an upstream is back.",
    504: "The answer took longer than is allowed, and was given up.",
}
_STRING: Json = {"type": "string"}
_PROBLEM: Json = {
    "type": "object",
    "title": "Problem",
    "description": "RFC 9457 problem details.",
    "required": ["type", "title", "status", "detail", "instance", "request_id"],
    "properties": {
        "type": {"type": "string", "format": "uri-reference", "examples": ["about:blank"]},
        "title": _STRING,
        "status": {"type": "integer", "examples": [400]},
        "detail": _STRING,
        "instance": {"type": "string", "description": "The path that was asked for."},
        "request_id": {"type": "string", "description": "Also in `X-Request-Id`, and on the log line."},
        "errors": {
            "type": "array",
            "description": "What is wrong with the request, field by field.",
            "items": {
                "type": "object",
                "required": ["field", "message"],
                "properties": {"field": _STRING, "message": _STRING},
            },
        },
        "trade_id": {"type": "string", "description": "The trade that exists, where that is the conflict."},
    },
}


def openapi_document(
    title: str, description: str, routes: Iterable[Route[C]], groups: Sequence[str] = ()
) -> Json:
    """The document of those routes that describe themselves: by group, then by path.

    `groups` are the tags in the order in which people want to read of them; others come last.
    """
    paths: Json = {}
    schemas: Json = {"Problem": _PROBLEM}
    described = [(route, route.describe()) for route in routes if route.describe is not None]
    for route, operation in sorted(described, key=lambda pair: (_place(pair[1], groups), pair[0].path)):
        paths.setdefault(route.path, {})[route.method.lower()] = _ascending(operation.description)
        _add_schemas(schemas, operation.schemas)
    bearer = {"type": "http", "scheme": "bearer", "bearerFormat": "JWT"}
    return {
        "openapi": "3.1.0",
        "info": {"title": title, "version": "1", "description": description},
        "paths": paths,
        "components": {"schemas": schemas, "securitySchemes": {"idToken": bearer}},
    }


def _place(operation: Operation, groups: Sequence[str]) -> int:
    tag = next(iter(operation.description.get("tags", ())), None)
    return groups.index(tag) if tag in groups else len(groups)


def _ascending(description: Json) -> Json:
    """The description with its answers by status."""
    answers = sorted(description.get("responses", {}).items())
    return {**description, "responses": dict(answers)} if answers else description


def _add_schemas(schemas: Json, more: Mapping[str, Json]) -> None:
    """Raises ValueError for two schemas of one name: clients would be told the wrong one."""
    for name, schema in more.items():
        if schemas.setdefault(name, schema) != schema:
            raise ValueError(f"there are two schemas called {name}")


def problem_responses(*statuses: int) -> Json:
    """The responses of an operation for what can go wrong with it."""
    return {
        str(status): {
            "description": _PROBLEMS[status],
            "content": {"application/problem+json": {"schema": _PROBLEM_REF}},
        }
        for status in statuses
    }


def json_answer(description: str, schema: str, example: Json | None = None) -> Json:
    """A JSON response that is described by a named schema."""
    content: Json = {"schema": {"$ref": f"#/components/schemas/{schema}"}}
    if example is not None:
        content["example"] = example
    return {"description": description, "content": {"application/json": content}}


def simple_operation(summary: str, media_type: str, *, also: Json | None = None) -> Operation:
    """The description of an endpoint without parameters whose answer needs no schema."""
    plain = {"type": "object"} if media_type == "application/json" else {"type": "string"}
    answer = {"description": summary, "content": {media_type: {"schema": plain}}}
    responses = {"200": answer, **(also or {}), **problem_responses(*COMMON_PROBLEMS)}
    return Operation({"summary": summary, "tags": ["Operation"], "responses": responses}, {})
