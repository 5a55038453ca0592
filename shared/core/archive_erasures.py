"""The list of erasures beside an archive: by hashes, who was erased and when."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from datetime import datetime

from .times import format_time, parse_time

_VERSION = 1
_MARK = re.compile(r"[0-9a-f]{64}")


def encode_erasures(erasures: Mapping[str, datetime]) -> bytes:
    """The marks of erased users, and when each was erased for the last time, as an object."""
    erased = {mark: format_time(at) for mark, at in sorted(erasures.items())}
    return json.dumps({"schema_version": _VERSION, "erased": erased}, indent=1).encode() + b"\n"


def decode_erasures(content: bytes) -> Mapping[str, datetime]:
    """What `encode_erasures` wrote. Raises ValueError for anything else."""
    try:
        fields = json.loads(content)
        if fields["schema_version"] != _VERSION:
            raise ValueError(f"its schema_version is not {_VERSION}")
        erased = {mark: parse_time(at) for mark, at in fields["erased"].items()}
    except (AttributeError, KeyError, TypeError) as error:
        raise ValueError("a field is missing, or is not what it should be") from error
    if not all(map(_MARK.fullmatch, erased)):
        raise ValueError("it names somebody by what is no hash")
    return erased
