"""When a message that was not acknowledged is delivered again."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Redelivery:
    """Waits that double from `least_seconds` to `most_seconds`, until the last of `attempts` failed.

    In all that is 7 minutes at least: longer than a run waits for a part.
    """

    least_seconds: float = 1.0
    most_seconds: float = 60.0
    attempts: int = 20

    def wait_after(self, attempt: int, chance: float) -> float:
        """Seconds to wait after that attempt; `chance`, from 0 to 1, spreads them over the upper half."""
        doubled = self.least_seconds * 2.0 ** min(attempt - 1, 60)
        return min(doubled, self.most_seconds) * (1 + chance) / 2
