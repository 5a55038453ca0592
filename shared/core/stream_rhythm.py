"""How often open streams do what they do."""

from __future__ import annotations

from typing import NamedTuple


class Rhythm(NamedTuple):
    """All in seconds."""

    refresh_seconds: float
    """Until a wallet is read again."""
    fresh_seconds: float
    """For so long after a read nobody reads the wallet again because a stream begins."""
    price_seconds: float
    """Until prices are asked for again."""
    heartbeat_seconds: float
    longest_seconds: float
    """Until a stream ends itself."""
