"""What a benchmark measured beside what it should reach."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Goal:
    """A figure and its bound; one of the bounds is given."""

    name: str
    figure: float
    at_most: float | None = None
    at_least: float | None = None

    @property
    def reached(self) -> bool:
        above = self.at_least is None or self.figure >= self.at_least
        return above and (self.at_most is None or self.figure <= self.at_most)

    @property
    def bound(self) -> str:
        return f"at most {self.at_most:g}" if self.at_most is not None else f"at least {self.at_least:g}"


def show(goals: Sequence[Goal]) -> int:
    """Print each goal; 1 when one is missed."""
    for goal in goals:
        missed = "" if goal.reached else "   MISSED"
        print(f"{goal.figure:9.2f} {goal.name} (goal: {goal.bound}){missed}")
    return int(not all(goal.reached for goal in goals))
