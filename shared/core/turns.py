"""In which turn moves of one instant are made, when some bring what others take away."""

from __future__ import annotations

from collections import Counter, defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from heapq import heapify, heappop, heappush
from typing import NamedTuple

from .events import Pair
from .lots import ZERO
from .pools import Pool


class Step(NamedTuple):
    """A move's part in one instant: what it takes from and brings to; None is neither, then."""

    pair: Pair
    source: Pool | None
    destination: Pool | None


def in_turn(steps: Sequence[Step]) -> Iterator[Pair]:
    """What brings coins to a pool comes before what takes from it; otherwise in the order given.

    In a circle the first comes that takes no more than is there: the steps are ordered by what they send.
    """
    awaited = Counter(step.destination for step in steps)
    waiting: dict[Pool, deque[int]] = defaultdict(deque)
    ready: list[int] = []
    for turn, step in enumerate(steps):
        if step.source is None or not awaited[step.source]:
            ready.append(turn)
        else:
            waiting[step.source].append(turn)
    heapify(ready)
    held = {pool: sum((part.quantity for part in pool), ZERO) for pool in waiting}
    while ready or waiting:
        step = steps[heappop(ready) if ready else _out_of_circle(steps, waiting, held)]
        yield step.pair
        _note(step, held)
        brought_to = step.destination
        awaited[brought_to] -= 1
        if brought_to is not None and not awaited[brought_to]:
            for turn in waiting.pop(brought_to, ()):
                heappush(ready, turn)


def _out_of_circle(
    steps: Sequence[Step], waiting: dict[Pool, deque[int]], held: Mapping[Pool, Decimal]
) -> int:
    heads = sorted((turns[0], pool) for pool, turns in waiting.items())
    _, pool = next((each for each in heads if steps[each[0]].pair.match.sent <= held[each[1]]), heads[0])
    turn = waiting[pool].popleft()
    if not waiting[pool]:
        del waiting[pool]
    return turn


def _note(step: Step, held: dict[Pool, Decimal]) -> None:
    match = step.pair.match
    if step.source in held:
        held[step.source] -= match.sent + match.elsewhere
    if step.destination in held:
        held[step.destination] += match.received
