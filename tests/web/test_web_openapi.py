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


def test_paths_are_by_group_and_answers_by_status() -> None:
    def tagged(path: str, tag: str, *statuses: str) -> Route[None]:
        responses = {status: {"description": ""} for status in statuses}
        return Route(
            "GET", path, nothing, "named", lambda: Operation({"tags": [tag], "responses": responses}, {})
        )

    routes = [
        *(tagged("/a", "last", "200"), tagged("/b", "first", "400", "503", "200")),
        *(tagged("/a/b", "first", "200"), tagged("/c", "nobody's", "200")),
    ]
    paths = openapi_document("t", "d", routes, ("first", "last"))["paths"]

    assert list(paths) == ["/a/b", "/b", "/a", "/c"]
    assert list(paths["/b"]["get"]["responses"]) == ["200", "400", "503"]
