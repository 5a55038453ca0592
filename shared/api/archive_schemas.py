"""The body of an archive that was written, and what the OpenAPI document shows of it."""

from __future__ import annotations

from typing import Annotated

from typing_extensions import TypedDict  # pydantic cannot read the standard library's before Python 3.12

from ..core.archive_tables import TableName
from ..web.messages import Json
from .schemas import Says, TimeText


class ArchiveBody(TypedDict):
    """An archive that is whole; its manifest says more."""

    id: str
    started_at: TimeText
    created_at: Annotated[TimeText, Says("When it was whole: asking again changes nothing any more.")]
    methods: Annotated[list[str], Says("The accounting methods of its reports.")]
    users: int
    files: int
    rows: Annotated[dict[TableName, int], Says("How many rows each table has, in either format.")]


WRITTEN: Json = {
    "id": "2026-11-21",
    "started_at": "2026-11-21T03:00:00.412Z",
    "created_at": "2026-11-21T03:00:07.9Z",
    "methods": ["fifo"],
    "users": 2,
    "files": 10,
    "rows": {"wallets": 3, "trades": 120, "snapshots": 730, "disposals": 41, "lots": 212},
}
