"""Calls of the outside worlds: each takes its time on the virtual clock and is counted as it is billed."""

from __future__ import annotations

from collections import Counter
from collections.abc import Generator, Sequence
from random import Random

from shared.store.firestore.parts import further_parts
from tests.simulate.engine import Delivery
from tests.simulate.facts import CallKind, EdgeFacts


class Pause:
    """Awaited, it tells whoever steps the coroutine how long it waits, and what the CPU does for it."""

    def __init__(self, seconds: float, cpu: float) -> None:
        self.seconds = seconds
        self.cpu = cpu

    def __await__(self) -> Generator[Pause, None, None]:
        yield self


class Edges:
    """What all simulated ports share: latencies by chance, and the tally of what was done."""

    def __init__(self, facts: EdgeFacts, seed: int = 1) -> None:
        self.facts = facts
        self.tally: Counter[tuple[str, str]] = Counter()
        """How often, by what is billed and what it was for: ("read", "parts")."""
        self.sent: list[Delivery] = []
        """What was published since someone last looked."""
        self._random = Random(seed)

    def count(self, what: str, of: str, number: int = 1) -> None:
        """Something happened so many times."""
        self.tally[what, of] += number

    def read(self, kind: CallKind, of: str, documents: int) -> Pause:
        """A call that reads documents: at least one is billed, whatever is found."""
        billed = max(1, documents)
        self.count("read", of, billed)
        return self.call(kind, billed)

    def query_at_once(self, of: str, found: Sequence[int]) -> Pause:
        """Queries that are made together, by how many documents each finds: the slowest is waited for."""
        self.count("read", of, sum(max(1, documents) for documents in found))
        slowest = max(self.draw("query") for _ in found)
        documents = sum(found)
        return self.pause(
            slowest + documents * self.facts.seconds_a_document,
            len(found) * self.facts.cpu["query"] + documents * self.facts.cpu_a_document,
        )

    def write(self, of: str, documents: int) -> Pause:
        """A commit of new documents."""
        self.count("write", of, documents)
        return self.call("commit", documents)

    def aggregate(self, of: str, matches: int) -> Pause:
        """A count: a read for each thousand."""
        self.count("read", of, -(-matches // 1000) or 1)
        return self.call("count", 0)

    def call(self, kind: CallKind, documents: int = 0) -> Pause:
        """One call, with so many documents under way."""
        facts = self.facts
        seconds = self.draw(kind) + documents * facts.seconds_a_document
        return self.pause(seconds, facts.cpu[kind] + documents * facts.cpu_a_document)

    def pause(self, seconds: float, cpu: float) -> Pause:
        """What a call waits for."""
        return Pause(seconds, cpu)

    def draw(self, kind: CallKind) -> float:
        """The latency of a call by chance."""
        return self._random.uniform(*self.facts.seconds[kind])

    def chance(self) -> float:
        """From 0 to below 1."""
        return self._random.random()


def documents_of(packed: bytes) -> int:
    """How many documents hold this content."""
    return 1 + len(further_parts(packed))
