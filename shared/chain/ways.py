"""Ways to read many things at once, and what an endpoint has shown: which of them it bears, and how much."""

from __future__ import annotations

from collections.abc import Hashable, Iterator
from dataclasses import dataclass, field
from enum import Enum

from ..core.chains import Chain
from ..core.ids import Address

_RECOVERY_SECONDS = 600.0  # a reduced limit doubles in this time, and does not grow past it before
_QUICK_SECONDS = 0.5  # whoever takes longer is not asked for more at once: pieces side by side are faster


class Way(Enum):
    """Best first."""

    INIT_CODE = "init code"
    MULTICALL = "Multicall3"
    BATCH = "JSON-RPC batch"


class Limit:
    """How much may be asked for at once.

    Less after the endpoint refused, slowly the usual again; more, up to `most`, where it bore much quickly.
    """

    def __init__(self, usual: int, most: int = 0) -> None:
        self.usual = usual
        self._most = max(usual, most)
        self._limit = usual
        self._reduced_at: float | None = None

    def at(self, now: float) -> int:
        if self._reduced_at is None or self._limit >= self.usual:
            return self._limit
        doublings = min(int((now - self._reduced_at) / _RECOVERY_SECONDS), 40)
        return min(self.usual, self._limit << doublings)

    def reduce(self, to: int, now: float) -> None:
        """Asks for at most `to` from now on; never raises the limit."""
        self._limit = max(1, min(to, self.at(now)))
        self._reduced_at = now

    def restore(self) -> None:
        """Forgets the reductions: it was not the size that the endpoint refused."""
        self._limit = max(self._limit, self.usual)
        self._reduced_at = None

    def bore(self, size: int, seconds: float, now: float) -> None:
        """So much was answered within so many seconds: if that was quick, twice as much may be asked for.

        Only what is more than half of the limit shows anything.
        """
        limit = self.at(now)
        refused_lately = self._reduced_at is not None and now - self._reduced_at < _RECOVERY_SECONDS
        if 2 * size > limit >= self.usual and seconds <= _QUICK_SECONDS and not refused_lately:
            self._limit = min(2 * limit, self._most)


@dataclass(slots=True)
class Limits:
    """What is asked for at once: `scan` in units of Grid.cost, the others in calls."""

    # What 50 M gas bear; the most is beyond what init code can carry.
    scan: Limit = field(default_factory=lambda: Limit(8_000, most=128_000))
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
