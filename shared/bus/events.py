"""Reads a message that is pushed over HTTP, in every form that Pub/Sub and Eventarc give it."""

from __future__ import annotations

import json
import re
from base64 import b64decode
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import cast

from ..core.nesting import check_nesting
from ..errors import UnknownMessage
from .ports import Message

MAX_BODY_BYTES = 1_500_000
"""A message of MAX_MESSAGE_BYTES in base64, and what is around it."""

_MAX_ID = 200
_SURROGATE = re.compile(r"[\ud800-\udfff]")
_PUBLISHED = "google.cloud.pubsub.topic.v1.messagePublished"
_STRUCTURED = "application/cloudevents+json"

_Object = Mapping[str, object]


def parse_event(headers: Mapping[str, str], body: bytes) -> Message:
    """The message in a push envelope, a binary CloudEvent or a structured one.

    Raises UnknownMessage, with the message's id if there is one.
    """
    envelope, event_id = _unwrap({name.lower(): value for name, value in headers.items()}, _parse(body))
    message = _object(envelope.get("message"), "the message of an event", event_id)
    message_id = _id(_either(message, "messageId", "message_id")) or event_id
    if message_id is None:
        raise UnknownMessage("a message without an id")
    return Message(
        id=message_id,
        data=_data(message.get("data"), message_id),
        attributes=_attributes(message.get("attributes"), message_id),
        attempt=_attempt(_either(envelope, "deliveryAttempt", "delivery_attempt")),
        published_at=_moment(_either(message, "publishTime", "publish_time")),
    )


def _parse(body: bytes) -> _Object:
    if len(body) > MAX_BODY_BYTES:
        raise UnknownMessage(f"an event of more than {MAX_BODY_BYTES} bytes")
    try:
        check_nesting(body)
        # Not left to json, which guesses at UTF-16 too: what was checked is to be what is parsed.
        parsed: object = json.loads(body.decode("utf-8"))
    except ValueError:
        raise UnknownMessage("an event that is not JSON in UTF-8, or is nested too deep") from None
    return _object(parsed, "an event", None)


def _unwrap(headers: Mapping[str, str], parsed: _Object) -> tuple[_Object, str | None]:
    """The push envelope, and the id of the CloudEvent that it is in, if it is in one."""
    if headers.get("content-type", "").partition(";")[0].strip().lower() == _STRUCTURED:
        event_id = _id(parsed.get("id"))
        _check_type(parsed.get("type"), event_id)
        return _object(parsed.get("data"), "the data of an event", event_id), event_id
    if "ce-type" in headers:
        event_id = _id(headers.get("ce-id"))
        _check_type(headers["ce-type"], event_id)
        return parsed, event_id
    return parsed, None


def _check_type(kind: object, event_id: str | None) -> None:
    if kind != _PUBLISHED:
        raise UnknownMessage("an event of a type that is not Pub/Sub's", event_id)


def _object(value: object, what: str, message_id: str | None) -> _Object:
    if not isinstance(value, dict):
        raise UnknownMessage(f"{what} is not an object", message_id)
    return cast(_Object, value)


def _either(value: _Object, *names: str) -> object:
    """Production and emulator spell the same fields in two ways."""
    return next((value[name] for name in names if name in value), None)


def _id(value: object) -> str | None:
    """Ids end up in logs and attributes, so they are short and printable."""
    if isinstance(value, str) and 0 < len(value) <= _MAX_ID and value.isprintable():
        return value
    return None


def _data(value: object, message_id: str) -> bytes:
    """What a message says; one of attributes alone may come without."""
    try:
        return b"" if value is None else b64decode(cast(str, value), validate=True)
    except (TypeError, ValueError):
        raise UnknownMessage("a message whose data is not base64", message_id) from None


def _attributes(value: object, message_id: str) -> Mapping[str, str]:
    attributes = _object({} if value is None else value, "the attributes of a message", message_id)
    if not all(_is_text(name) and _is_text(text) for name, text in attributes.items()):
        raise UnknownMessage("a message whose attributes are not text", message_id)
    return cast(Mapping[str, str], attributes)


def _is_text(value: object) -> bool:
    """Half a surrogate pair is a character in JSON, but cannot be sent on."""
    return isinstance(value, str) and not _SURROGATE.search(value)


def _attempt(value: object) -> int | None:
    return value if type(value) is int and value >= 1 else None


def _moment(value: object) -> datetime | None:
    try:
        moment = datetime.fromisoformat(value) if isinstance(value, str) else None
        return moment.astimezone(UTC) if moment and moment.tzinfo else None
    except (ValueError, OverflowError):
        return None
