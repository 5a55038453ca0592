"""Counts: how often things happened in this process; the metrics page shows them."""

from __future__ import annotations

from collections.abc import Iterator

Labels = tuple[tuple[str, str], ...]


class Counts:
    """Numbers that only grow, by name and labels. Label values must come from a small fixed set."""

    def __init__(self) -> None:
        self._numbers: dict[tuple[str, Labels], int] = {}

    def add(self, name: str, number: int = 1, /, **labels: str) -> None:
        """Count something `number` times more."""
        key = (name, tuple(sorted(labels.items())))
        self._numbers[key] = self._numbers.get(key, 0) + number

    def total(self, name: str) -> int:
        """How often, over all labels."""
        return sum(number for (known, _), number in self._numbers.items() if known == name)

    def __iter__(self) -> Iterator[tuple[str, Labels, int]]:
        """Name, labels and number of everything counted, in order."""
        return iter([(name, labels, number) for (name, labels), number in sorted(self._numbers.items())])
