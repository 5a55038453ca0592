"""What becomes of a message that nobody can act on."""

from __future__ import annotations

import logging
from dataclasses import replace
from itertools import islice

from ..counts import Counts
from .batches import MAX_MESSAGE_BYTES
from .ports import Message

REASON = "discard_reason"
ORIGINAL_ID = "original_id"
ORIGINAL_BYTES = "original_bytes"

# Pub/Sub's limits on attributes, three of which are ours (https://cloud.google.com/pubsub/quotas).
_MAX_ATTRIBUTES = 97
_MAX_NAME_BYTES = 256
_MAX_VALUE_BYTES = 1024

_log = logging.getLogger(__name__)


def dead_letter(message: Message, reason: str) -> Message:
    """The message as it is kept: its data and attributes, its id, and why nobody could act on it.

    Attributes that Pub/Sub would refuse are left out, and data that is longer than any of ours is cut (its
    length is then told), so that a dead letter is never refused.
    """
    attributes = dict(islice(filter(_fits, message.attributes.items()), _MAX_ATTRIBUTES))
    attributes[REASON] = _cut(reason)
    attributes[ORIGINAL_ID] = _cut(message.id)
    if len(message.data) > MAX_MESSAGE_BYTES:
        attributes[ORIGINAL_BYTES] = str(len(message.data))
    return replace(message, data=message.data[:MAX_MESSAGE_BYTES], attributes=attributes)


def note_discarded(counts: Counts, message: Message, reason: str) -> None:
    """Count a message that somebody gave up, and say so in the log."""
    counts.add("messages_discarded_total", reason="unknown")
    _log.warning("message %s is discarded: %s", message.id, reason)


def note_worn_out(counts: Counts, message: Message, topic: str) -> None:
    """Count a message that was delivered in vain too often, and say so in the log."""
    counts.add("messages_discarded_total", reason="attempts")
    _log.error("message %s of %s is discarded after %s attempts", message.id, topic, message.attempt)


def _fits(attribute: tuple[str, str]) -> bool:
    name, value = attribute
    # Names that begin with goog are the service's own.
    return (
        bool(name)
        and not name.startswith("goog")
        and len(name.encode()) <= _MAX_NAME_BYTES
        and len(value.encode()) <= _MAX_VALUE_BYTES
    )


def _cut(text: str) -> str:
    return text.encode(errors="replace")[:_MAX_VALUE_BYTES].decode(errors="ignore")
