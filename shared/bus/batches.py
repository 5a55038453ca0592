"""How messages are put together into requests."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

MAX_MESSAGE_BYTES = 1_000_000
"""Ours are a few kilobytes; Pub/Sub takes 10 MB."""

# Pub/Sub takes 1,000 messages and 10 MB in a request, attributes and framing included
# (https://cloud.google.com/pubsub/quotas).
BATCH_MESSAGES = 500
BATCH_BYTES = 4_000_000


def check_sizes(messages: Sequence[bytes]) -> None:
    """Raises ValueError for a message that is too long to be sent."""
    longest = max(map(len, messages), default=0)
    if longest > MAX_MESSAGE_BYTES:
        raise ValueError(f"a message of {longest} bytes is longer than {MAX_MESSAGE_BYTES}")


def cut_batches(messages: Sequence[bytes]) -> Iterator[list[bytes]]:
    """All messages, in their order, in batches that fit into a request each."""
    batch: list[bytes] = []
    size = 0
    for message in messages:
        if batch and (len(batch) == BATCH_MESSAGES or size + len(message) > BATCH_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(message)
        size += len(message)
    if batch:
        yield batch
