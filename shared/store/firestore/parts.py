"""Content of any length beside a document: a document holds one part, further ones hold the rest."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from google.cloud.firestore import AsyncDocumentReference, AsyncWriteBatch

from .cloud import Cloud, Document

# Of the 1 MiB that a document may have, with room for its other fields.
PART_BYTES = 900_000


def add_parts(
    batch: AsyncWriteBatch,
    document: AsyncDocumentReference,
    content: bytes,
    writing: str = "",
    expire_at: datetime | None = None,
) -> dict[str, Any]:
    """Put all but the first part into the batch; what remains are fields of the document itself.

    `writing` tells the parts of one writing from those of another.
    """
    for number in further_parts(content):
        set_part(batch, document, number, content, writing, expire_at)
    return part_fields(content, writing)


def further_parts(content: bytes) -> range:
    """The numbers of the parts that are beside the document."""
    return range(1, -(-len(content) // PART_BYTES))


def set_part(
    batch: AsyncWriteBatch,
    document: AsyncDocumentReference,
    number: int,
    content: bytes,
    writing: str,
    expire_at: datetime | None,
) -> None:
    """Put one of the further parts into the batch."""
    piece = content[number * PART_BYTES : (number + 1) * PART_BYTES]
    batch.set(part_reference(document, writing, number), {"content": piece, "expire_at": expire_at})


def part_fields(content: bytes, writing: str) -> dict[str, Any]:
    """The fields of the document itself: the first part, and where the others are."""
    return {"content": content[:PART_BYTES], "parts": 1 + len(further_parts(content)), "writing": writing}


def remove_parts(batch: AsyncWriteBatch, snapshot: Document) -> None:
    """Put the removal of a document's further parts into the batch."""
    for part in further_references(snapshot):
        batch.delete(part)


def further_references(snapshot: Document) -> list[AsyncDocumentReference]:
    """Where a document's further parts are."""
    writing = snapshot.get("writing")
    return [part_reference(snapshot.reference, writing, number) for number in range(1, snapshot.get("parts"))]


async def read_parts(cloud: Cloud, snapshot: Document) -> bytes | None:
    """The whole content; None if it was written anew while it was read."""
    parts = further_references(snapshot)
    found = {part.id: part.get("content") async for part in cloud.get_all(parts)}
    if len(found) < len(parts):
        return None
    return b"".join([snapshot.get("content"), *(found[part.id] for part in parts)])


def part_reference(document: AsyncDocumentReference, writing: str, number: int) -> AsyncDocumentReference:
    """Where one of a writing's further parts is."""
    part: AsyncDocumentReference = document.collection("parts").document(f"{writing}-{number:04d}")
    return part
