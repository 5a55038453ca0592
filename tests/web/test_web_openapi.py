import pytest

from shared.web.messages import Json, Operation, Request, Response, Route
from shared.web.openapi import openapi_document


async def nothing(_context: None, _request: Request) -> Response:
    return Response(204, b"")


def route(path: str, **schemas: Json) -> Route[None]:
    return Route("GET", path, nothing, "named", lambda: Operation({}, schemas))


def test_a_schema_that_several_operations_name_is_there_once() -> None:
    document = openapi_document(
        "t", "d", [route("/a", Lot={"type": "object"}), route("/b", Lot={"type": "object"})]
    )

    assert document["components"]["schemas"]["Lot"] == {"type": "object"}


def test_two_schemas_of_one_name_are_refused() -> None:
    with pytest.raises(ValueError, match="Lot"):
        openapi_document("t", "d", [route("/a", Lot={"type": "object"}), route("/b", Lot={"type": "string"})])
