"""Where archives are: a bucket of Google Cloud or of S3 with a prefix, or a folder of this machine."""

from __future__ import annotations

import re
from typing import Literal, NamedTuple, cast

Scheme = Literal["gs", "s3", "file"]

_BUCKET = re.compile(r"(gs|s3)://([a-z0-9][a-z0-9._-]{1,220}[a-z0-9])((?:/[A-Za-z0-9][A-Za-z0-9._=-]*)*)/?")
_FILE = "file:"


class Location(NamedTuple):
    """A bucket and the prefix of every name in it, which is empty or ends in a slash; or a folder's path."""

    scheme: Scheme
    place: str
    prefix: str = ""


def parse_location(text: str) -> Location:
    """The place of `gs://bucket/prefix`, `s3://bucket/prefix` or `file:PATH`. Raises ValueError."""
    if text.startswith(_FILE) and text != _FILE and "\0" not in text:
        return Location("file", text.removeprefix(_FILE))
    match = _BUCKET.fullmatch(text)
    if match is None:
        raise ValueError("must be gs://bucket/prefix, s3://bucket/prefix or file:PATH")
    prefix = match[3].strip("/")
    return Location(cast(Scheme, match[1]), match[2], f"{prefix}/" if prefix else "")
