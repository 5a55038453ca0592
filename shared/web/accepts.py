"""`Accept`: which of two kinds of answer a caller would rather have (RFC 9110, 12.5.1)."""

from __future__ import annotations

import re

_MOST = 100
_QUALITY = re.compile(r"[ \t]*q[ \t]*=[ \t]*([01](?:\.[0-9]{0,3})?)[ \t]*", re.IGNORECASE)


def prefers(accept: bytes | None, wanted: str, usual: str) -> bool:
    """Whether a caller names `wanted` and would rather have it than `usual`; of equals, what is named first.

    Only what is named in full counts: `*/*` and ranges like it get the usual.
    """
    named: dict[str, tuple[float, int]] = {}
    for place, part in enumerate((accept or b"").decode("latin-1").split(",")[:_MOST]):
        media_type, *parameters = part.split(";")
        qualities = [match[1] for each in parameters if (match := _QUALITY.fullmatch(each))]
        quality = float(qualities[0]) if qualities else 1.0
        named.setdefault(media_type.strip().lower(), (quality, -place))
    chosen, other = named.get(wanted, (0.0, 0)), named.get(usual, (0.0, -_MOST))
    return chosen[0] > 0 and chosen > other
