"""What archives and their objects are called: by the day or the second, and by what is in them."""

from __future__ import annotations

import re
from datetime import UTC, datetime

from ..errors import InvalidInput
from .archive_tables import FORMATS, TABLE_NAMES, Format, TableName

_DAY = "%Y-%m-%d"
_SECOND = "%Y-%m-%dT%H%M%SZ"
_ID = re.compile(r"\d{4}-\d{2}-\d{2}(?:T\d{6}Z)?", re.ASCII)
_HASH_DIGITS = 16
_FILE = re.compile(
    rf"(?:{'|'.join(TABLE_NAMES)})/\d{{6,}}-\d{{3,}}\.[0-9a-f]{{{_HASH_DIGITS}}}\.(?:{'|'.join(FORMATS)})",
    re.ASCII,
)


def day_id(at: datetime) -> str:
    """`2026-11-21`, the archive of a day: however often it is asked for, it is one."""
    return at.astimezone(UTC).date().isoformat()


def moment_id(at: datetime) -> str:
    """`2026-11-21T083000Z`, an archive beside that of the day."""
    text = at.astimezone(UTC).replace(tzinfo=None).isoformat(timespec="seconds")
    return text.replace(":", "") + "Z"


def parse_archive_id(text: str) -> datetime:
    """The day or the second that an archive is of. Raises InvalidInput."""
    if _ID.fullmatch(text):
        try:
            return datetime.strptime(text, _SECOND if "T" in text else _DAY).replace(tzinfo=UTC)
        except ValueError:
            pass
    raise InvalidInput("archive", f"{text[:40]!r} is not an archive such as 2026-11-21")


def is_archive_id(text: str) -> bool:
    """Whether an archive may be called so."""
    try:
        parse_archive_id(text)
    except InvalidInput:
        return False
    return True


def manifest_name(archive_id: str) -> str:
    """The object that says what is in an archive: the last to be written, so with it the archive is whole."""
    return f"{archive_id}/manifest.json"


def erasures_name(archive_id: str, number: int) -> str:
    """The object that says who had been erased when an archive was asked for; the first is number 0."""
    return f"{archive_id}/erasures/{number:06d}.json"


def page_name(archive_id: str, number: int) -> str:
    """The object that says what a page of users became."""
    return f"{archive_id}/pages/{number:06d}.json"


def file_name(archive_id: str, table: TableName, place: tuple[int, int], sha256: str, ending: Format) -> str:
    """The object with some rows of a table: the `place`th, page and part, with this content.

    An attempt that was cut off and saw other rows wrote other objects: nothing is ever written over.
    """
    page, part = place
    return f"{archive_id}/{table}/{page:06d}-{part:03d}.{sha256[:_HASH_DIGITS]}.{ending}"


def is_file_name(archive_id: str, name: str) -> bool:
    """Whether a file of the archive may be called so; a manifest names no others."""
    folder, _, rest = name.partition("/")
    return folder == archive_id and _FILE.fullmatch(rest) is not None
