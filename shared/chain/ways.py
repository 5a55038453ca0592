"""Ways to read many things at once, and what an endpoint has shown: which of them it bears, and how much."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from enum import Enum

from ..core.chains import Chain
from ..core.ids import Address

_RECOVERY_SECONDS = 600.0  # a reduced limit doubles in this time


class Way(Enum):
    """Best first."""

    INIT_CODE = "init code"
    MULTICALL = "Multicall3"
    BATCH = "JSON-RPC batch"


@dataclass(slots=True)
class Limit:
    """How much may be asked for at once: less after the endpoint refused, slowly the usual again."""

    usual: int
    _reduced: int | None = None
    _since: float = 0.0

    def at(self, now: float) -> int:
        if self._reduced is None:
            return self.usual
        doublings = min(int((now - self._since) / _RECOVERY_SECONDS), 40)
        return min(self.usual, self._reduced << doublings)

    def reduce(self, to: int, now: float) -> None:
        """Asks for at most `to` from now on; never raises the limit."""
        self._reduced = max(1, min(to, self.at(now)))
        self._since = now

    def restore(self) -> None:
        """Forgets the reductions: it was not the size that the endpoint refused."""
        self._reduced = None


@dataclass(slots=True)
class Limits:
    """What is asked for at once: `scan` in units of Grid.cost, the others in calls."""

    scan: Limit = field(default_factory=lambda: Limit(8000))  # what 50 M gas bear
    packed_calls: Limit = field(default_factory=lambda: Limit(150))  # of 100 bytes each fill 24,576
    multicall: Limit = field(default_factory=lambda: Limit(500))  # some 110 kB to send
    batch: Limit = field(default_factory=lambda: Limit(100))


@dataclass(slots=True)
class EndpointMemory:
    """What one endpoint has shown.

    `proven` are the ways that have worked. `has_arb_sys` is None until it was asked. `chain_confirmed` is
    true once it was asked for its chain and named the right one. `greedy` are contracts that leave no gas to
    others, and are not to be called together with them.
    """

    limits: Limits = field(default_factory=Limits)
    proven: set[Way] = field(default_factory=set)
    has_arb_sys: bool | None = None
    chain_confirmed: bool = False
    greedy: set[Address] = field(default_factory=set)
    _demoted_until: dict[Way, float] = field(default_factory=dict)

    def demote(self, way: Way, until: float) -> None:
        """Leaves the way alone for a while."""
        self._demoted_until[way] = until

    def is_demoted(self, way: Way, now: float) -> bool:
        return now < self._demoted_until.get(way, now)


class Ways:
    """The ways of one chain, remembered for each endpoint."""

    def __init__(self, chain: Chain) -> None:
        self._possible = tuple(_possible(chain))
        self._memories: dict[Hashable, EndpointMemory] = {}

    def memory(self, endpoint: Hashable) -> EndpointMemory:
        return self._memories.setdefault(endpoint, EndpointMemory())

    def to_try(self, endpoint: Hashable, now: float) -> list[Way]:
        """The ways not demoted there, best first; JSON-RPC itself is always among them."""
        memory = self.memory(endpoint)
        return [way for way in self._possible if way is Way.BATCH or not memory.is_demoted(way, now)]


def _possible(chain: Chain) -> Iterator[Way]:
    if chain.runs_init_code:
        yield Way.INIT_CODE
    if chain.multicall is not None:
        yield Way.MULTICALL
    yield Way.BATCH
