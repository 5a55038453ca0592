"""A pushed message is read from every form it comes in, and nothing else is taken for one."""

from __future__ import annotations

import json
from base64 import b64encode
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from shared.bus.events import MAX_BODY_BYTES, parse_event
from shared.bus.ports import Message
from shared.errors import UnknownMessage

TYPE = "google.cloud.pubsub.topic.v1.messagePublished"
JSON = {"content-type": "application/json"}
STRUCTURED = {"content-type": "application/cloudevents+json; charset=utf-8"}
BINARY = {
    **JSON,
    "ce-id": "event-1",
    "ce-specversion": "1.0",
    "ce-type": TYPE,
    "ce-source": "//pubsub.googleapis.com/projects/demo/topics/chainfolio-snapshot",
    "ce-time": "2026-11-21T12:00:00.123Z",
}
NOON = datetime(2026, 11, 21, 12, 0, 0, 123_000, UTC)

EMULATOR = {
    "subscription": "projects/demo/subscriptions/chainfolio-snapshot",
    "message": {
        "data": "aGVsbG8=",
        "messageId": "7",
        "message_id": "7",
        "attributes": {"request_id": "trace-1"},
        "publishTime": "2026-11-21T12:00:00.123Z",
        "publish_time": "2026-11-21T12:00:00.123Z",
    },
}
PRODUCTION = {**EMULATOR, "deliveryAttempt": 5}
READ = Message("7", b"hello", {"request_id": "trace-1"}, None, NOON)
READ_IN_PRODUCTION = Message("7", b"hello", {"request_id": "trace-1"}, 5, NOON)


def structured(data: object, **fields: object) -> dict[str, object]:
    event = {"specversion": "1.0", "type": TYPE, "id": "event-1", "source": "//pubsub.googleapis.com/x"}
    return {**event, "data": data, **fields}


def read(body: object, headers: dict[str, str] = JSON) -> Message:
    return parse_event(headers, json.dumps(body).encode())


def envelope(**message: Any) -> dict[str, object]:
    return {"message": {"messageId": "7", **message}, "subscription": "s"}


@pytest.mark.parametrize(
    ("headers", "body", "message"),
    [
        (JSON, EMULATOR, READ),
        ({}, EMULATOR, READ),
        (JSON, PRODUCTION, READ_IN_PRODUCTION),
        (BINARY, PRODUCTION, READ_IN_PRODUCTION),
        ({name.title(): value for name, value in BINARY.items()}, PRODUCTION, READ_IN_PRODUCTION),
        (STRUCTURED, structured(PRODUCTION), READ_IN_PRODUCTION),
        ({"Content-Type": "Application/CloudEvents+JSON"}, structured(EMULATOR), READ),
    ],
    ids=[
        "emulator",
        "bare",
        "production",
        "binary",
        "binary, other case",
        "structured",
        "structured, other case",
    ],
)
def test_a_message_is_read_from_every_form(headers: dict[str, str], body: object, message: Message) -> None:
    assert read(body, headers) == message


@pytest.mark.parametrize("data", [{}, {"data": ""}, {"data": None}])
def test_a_message_of_attributes_alone_has_no_data(data: dict[str, object]) -> None:
    assert read(envelope(**data, attributes=None)) == Message("7", b"")


def test_an_event_lends_its_id_to_a_message_without_one() -> None:
    body = {"message": {"data": ""}}

    assert read(body, BINARY).id == "event-1"
    assert read(structured(body), STRUCTURED).id == "event-1"


@pytest.mark.parametrize(
    ("published", "moment"),
    [
        ("2026-11-21T12:00:00Z", datetime(2026, 11, 21, 12, tzinfo=UTC)),
        ("2026-11-21T12:00:00.123456789Z", datetime(2026, 11, 21, 12, 0, 0, 123_456, UTC)),
        ("2026-11-21T13:00:00+01:00", datetime(2026, 11, 21, 12, tzinfo=UTC)),
        ("2026-11-21T12:00:00", None),
        ("9999-12-31T23:59:59-23:00", None),
        ("yesterday", None),
        (1, None),
    ],
)
def test_when_it_was_published_is_a_moment_or_unknown(published: object, moment: datetime | None) -> None:
    assert read(envelope(publishTime=published)).published_at == moment


@pytest.mark.parametrize("attempt", [0, -1, True, "3", 1.0, None, [1]])
def test_an_attempt_that_is_no_count_is_unknown(attempt: object) -> None:
    assert read({**envelope(), "deliveryAttempt": attempt}).attempt is None


@pytest.mark.parametrize(
    ("headers", "body", "known"),
    [
        (JSON, [], None),
        (JSON, {}, None),
        (JSON, {"message": "hello"}, None),
        (JSON, {"message": {"data": ""}}, None),
        (JSON, {"message": {"messageId": 7}}, None),
        (JSON, {"message": {"messageId": "x" * 201}}, None),
        (JSON, {"message": {"messageId": "line\nbreak"}}, None),
        (JSON, envelope(data="not base64"), "7"),
        (JSON, envelope(data="aGVsbG8"), "7"),
        (JSON, envelope(data="aGVs bG8="), "7"),
        (JSON, envelope(data="é"), "7"),
        (JSON, envelope(data=7), "7"),
        (JSON, envelope(data={"x": 1}), "7"),
        (JSON, envelope(attributes=["x"]), "7"),
        (JSON, envelope(attributes={"x": 1}), "7"),
        (JSON, envelope(attributes={"x": "\ud800"}), "7"),
        (JSON, envelope(attributes={"\ud800": "x"}), "7"),
        ({**BINARY, "ce-type": "google.cloud.storage.object.v1.finalized"}, EMULATOR, "event-1"),
        (BINARY, {"bucket": "x"}, "event-1"),
        (STRUCTURED, structured(EMULATOR, type="other"), "event-1"),
        (STRUCTURED, structured("hello"), "event-1"),
        (STRUCTURED, EMULATOR, None),
        (STRUCTURED, structured({"message": None}), "event-1"),
    ],
)
def test_what_is_not_a_message_is_unknown_and_named_by_its_id_if_it_has_one(
    headers: dict[str, str], body: object, known: str | None
) -> None:
    with pytest.raises(UnknownMessage) as caught:
        read(body, headers)

    assert caught.value.message_id == known


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"\xff",
        b"{",
        b'{"message": NaN',
        b"[" * 100_000,
        b'{"message":' * 50_000,
        json.dumps(EMULATOR).encode("utf-16"),
        json.dumps(EMULATOR).encode("utf-8-sig"),
        b"1" * 5_000,
        json.dumps(envelope(data="A" * MAX_BODY_BYTES)).encode(),
    ],
)
def test_a_body_that_is_not_to_be_read_is_unknown(body: bytes) -> None:
    with pytest.raises(UnknownMessage):
        parse_event(JSON, body)


kinds = st.sampled_from([JSON, BINARY, STRUCTURED, {}, {"ce-type": "x", "content-type": "\xff"}])
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
names = [
    "message",
    "data",
    "attributes",
    "messageId",
    "message_id",
    "publishTime",
    "deliveryAttempt",
    "id",
    "type",
]
hostile = st.recursive(
    json_values,
    lambda inner: st.dictionaries(st.sampled_from(names), inner, max_size=6),
    max_leaves=10,
)


@given(kinds, st.binary(max_size=300) | hostile.map(lambda value: json.dumps(value).encode()))
@example(STRUCTURED, b'{"type":"' + TYPE.encode() + b'","data":{"message":{"messageId":"\\udc00"}}}')
def test_hostile_bytes_are_a_message_or_unknown(headers: dict[str, str], body: bytes) -> None:
    with suppress(UnknownMessage):
        message = parse_event(headers, body)
        assert message.id.encode()
        assert all(
            name.encode() is not None and text.encode() is not None
            for name, text in message.attributes.items()
        )


@given(
    st.binary(max_size=2_000),
    st.dictionaries(
        st.text(st.characters(exclude_categories=["Cs"])), st.text(st.characters(exclude_categories=["Cs"]))
    ),
    st.none() | st.integers(1, 100),
)
def test_what_was_published_is_what_is_read(
    data: bytes, attributes: dict[str, str], attempt: int | None
) -> None:
    body = {**envelope(data=b64encode(data).decode(), attributes=attributes), "deliveryAttempt": attempt}

    assert read(body) == Message("7", data, attributes, attempt)
    assert read(structured(body), STRUCTURED) == read(body, BINARY) == read(body)
