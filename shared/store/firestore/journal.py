"""A user's journal of imports: one document, which says whose rows are written but not there yet.

While it names an import at work, the rows of that import are hidden from every reader. One commit ends the
import and shows them all.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from google.cloud.firestore import AsyncDocumentReference

from ..codecs import to_micros
from .cloud import Cloud, Document
from .documents import plain_time

IMPORT_ID = "import_id"


def journal_of(cloud: Cloud, user: str) -> AsyncDocumentReference:
    """Where the user's journal is."""
    return cloud.below(user, "imports").document("journal")


def field_of(document: Document, name: str) -> Any:
    """A field of the document, None if it has none of this name."""
    try:
        return document.get(name)
    except KeyError:
        return None


def import_at_work(journal: Document) -> str | None:
    """The import that the journal says is at work."""
    found: str | None = field_of(journal, IMPORT_ID) if journal.exists else None
    return found


def last_import(journal: Document) -> int:
    """When the user's last import ended, in microseconds; 0 before the first."""
    ended = field_of(journal, "ended_at") if journal.exists else None
    return 0 if ended is None else to_micros(plain_time(ended))


async def visible(
    cloud: Cloud, user: str, documents: Sequence[Document], at: datetime | None = None
) -> list[Document]:
    """Those of the documents that are not of the import at work, now or at the time that they were read at.

    The journal is read only if one of them came with an import.
    """
    if all(field_of(document, IMPORT_ID) is None for document in documents):
        return list(documents)
    hidden = import_at_work(await cloud.get(journal_of(cloud, user), at))
    return [document for document in documents if hidden is None or field_of(document, IMPORT_ID) != hidden]
