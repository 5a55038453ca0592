"""The parts that operations of the OpenAPI document are put together from."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from ..web.cursors import MAX_CURSOR
from ..web.messages import Json, Operation
from ..web.openapi import COMMON_PROBLEMS, json_answer, problem_responses
from .examples import TRADE_ID
from .paging import DEFAULT_LIMIT, MAX_LIMIT
from .schemas import ASSET_PATTERN, MAX_CHAIN, MAX_WALLET, MOMENT, WALLET_PATTERN, schemas_of

if TYPE_CHECKING:  # types only: an answer does not need it
    from typing_extensions import TypeAliasType

_ALWAYS = (*COMMON_PROBLEMS, 401, 503)
_TAG: Json = {"schema": {"type": "string"}, "description": "Send it in `If-None-Match`, or in `If-Match`."}
_KEPT: Json = {
    "schema": {"type": "string"},
    "description": "How long the answer holds; mostly it is not reused without asking.",
}
ETAG = {"ETag": _TAG}
NOT_MODIFIED: Json = {"description": "The answer is still the one that `If-None-Match` names."}
IF_MATCH: Json = {
    "name": "If-Match",
    "in": "header",
    "description": "The `ETag` that you know: if it is another by now, nothing happens (412).",
    "schema": {"type": "string", "pattern": r'^(\*|(W/)?"[!#-~]*"( *, *(W/)?"[!#-~]*")*)$'},
}
IDEMPOTENCY_KEY: Json = {
    "name": "Idempotency-Key",
    "in": "header",
    "description": "Your own name for this request. Sent again within a day with the same bytes it is "
    "answered as before; with others the answer is 409.",
    "schema": {"type": "string", "pattern": "^[!-~]{1,128}$"},
}
TRADE_PARAMETER: Json = {
    "name": "id",
    "in": "path",
    "required": True,
    "description": "The trade.",
    "schema": {"type": "string", "pattern": "^[0-9a-f]{30}$"},
    "example": TRADE_ID,
}
ADDRESS: Json = {"type": "string", "pattern": WALLET_PATTERN, "maxLength": MAX_WALLET}
ASSET: Json = {"type": "string", "pattern": ASSET_PATTERN}
CHAIN: Json = {"type": "string", "minLength": 1, "maxLength": MAX_CHAIN}
FLAG: Json = {"type": "boolean", "default": False}


def query_parameter(
    name: str, about: str, schema: Json, example: Any = None, *, required: bool = False
) -> Json:
    """A parameter of the query."""
    parameter: Json = {"name": name, "in": "query", "description": about, "schema": schema}
    if required:
        parameter["required"] = True
    return parameter if example is None else {**parameter, "example": example}


def choice_parameter(name: str, about: str, words: Sequence[str], default: str | None = None) -> Json:
    """One of some words."""
    schema: Json = {"type": "string", "enum": list(words)}
    return query_parameter(name, about, schema if default is None else {**schema, "default": default})


def list_parameter(
    name: str, about: str, word: Json, most: int, example: list[str], *, explode: bool = False
) -> Json:
    """Several words, separated by commas; with `explode` the parameter may be repeated, too."""
    schema: Json = {"type": "array", "minItems": 1, "maxItems": most, "items": word}
    return {**query_parameter(name, about, schema, example), "style": "form", "explode": explode}


def period_parameters(what: str) -> list[Json]:
    """`from` and `to`."""
    return [
        query_parameter(
            "from", f"{what} from this time on; RFC 3339, or a date.", MOMENT, "2026-01-01T00:00:00Z"
        ),
        query_parameter("to", f"{what} before this time.", MOMENT, "2027-01-01T00:00:00Z"),
    ]


def page_parameters(what: str, by: str) -> list[Json]:
    """`limit`, `cursor` and `order`."""
    limits: Json = {"type": "integer", "minimum": 1, "maximum": MAX_LIMIT, "default": DEFAULT_LIMIT}
    cursor: Json = {"type": "string", "maxLength": MAX_CURSOR}
    return [
        query_parameter("limit", f"{what} on a page.", limits),
        query_parameter("cursor", "`next_cursor` of the page before, with the same filters.", cursor),
        choice_parameter("order", f"By {by}: the latest first, or the earliest.", ("asc", "desc"), "desc"),
    ]


def kept_answer(about: str, schema: str, example: Json) -> dict[str, Json]:
    """The responses of a GET whose answer may be kept and asked about."""
    headers = {**ETAG, "Cache-Control": _KEPT}
    return {"200": {**json_answer(about, schema, example), "headers": headers}, "304": NOT_MODIFIED}


def json_body(*models: type, example: Json) -> Json:
    """A JSON body of one of these types."""
    schemas = [{"$ref": f"#/components/schemas/{model.__name__}"} for model in models]
    schema = schemas[0] if len(schemas) == 1 else {"oneOf": schemas}
    return {"required": True, "content": {"application/json": {"schema": schema, "example": example}}}


def private_operation(
    about: Json, responses: Json, *models: type, problems: tuple[int, ...] = ()
) -> Operation:
    """An operation that needs a user."""
    return operation({"security": [{"idToken": []}], **about}, responses, *models, problems=problems)


def operation(
    about: Json, responses: Json, *models: type | TypeAliasType, problems: tuple[int, ...] = ()
) -> Operation:
    """An operation; `about` says the rest of it, `models` are the types that it names."""
    answers = {**responses, **problem_responses(*sorted((*_ALWAYS, *problems)))}
    described = {**about, "responses": answers}
    schemas: Json = {}
    for model in models:
        schemas.update(schemas_of(model))
    return Operation(described, schemas)
