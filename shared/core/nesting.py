"""How deep JSON from outside is nested: checked before it is parsed, because the parser recurses in C.

Python's own limit guards it only as long as nobody raises that limit, and libraries do (py_ecc, for one).
"""

from __future__ import annotations

import re

MAX_DEPTH = 200
# The closing quote is optional: else a string that never ends is looked for again from each of its quotes.
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*"?', re.DOTALL)
_NOT_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))


def check_nesting(text: bytes) -> None:
    """Raises ValueError for JSON nested deeper than 200 levels.

    Few brackets cannot be deep, so the usual text costs two counts.
    """
    if text.count(b"[") + text.count(b"{") <= MAX_DEPTH:
        return
    depth = 0
    for bracket in _STRING.sub(b"", text).translate(None, delete=_NOT_BRACKETS):
        depth += 1 if bracket in b"[{" else -1
        if depth > MAX_DEPTH:
            raise ValueError(f"nested deeper than {MAX_DEPTH} levels")
