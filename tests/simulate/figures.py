"""What a run took in numbers, and the same carried on to more users in a straight line."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from shared.core.runs import PlanTotals
from tests.simulate.facts import EdgeFacts
from tests.simulate.market import Crowd
from tests.simulate.play import Played, RunPlay, play_again


@dataclass(frozen=True, slots=True)
class Figures:
    """Of one run: what was planned, the tally, and seconds on the virtual clock."""

    users: int
    totals: PlanTotals
    tally: Mapping[tuple[str, str], int]
    planned_after: float
    done_after: Mapping[int, float]
    """By how many instances read and finish."""
    billed: float
    """Seconds in which an instance was at work, with the most instances."""
    scaled: bool = False

    def sum_of(self, what: str) -> int:
        """All that was counted of something, whatever it was for."""
        return sum(number for (counted, _), number in self.tally.items() if counted == what)


def played_figures(crowd: Crowd, chains: int, instances: Sequence[int], facts: EdgeFacts) -> Figures:
    """Play a run with the most instances; with fewer the same deliveries are played again."""
    most = max(instances)
    played = RunPlay(crowd, chains, most, facts).play()
    return figures_of(crowd.users, played, instances, facts)


def figures_of(users: int, played: Played, instances: Sequence[int], facts: EdgeFacts) -> Figures:
    """The figures of a run that was played with the most of the instances."""
    most = max(instances)
    done = {n: played.done_after if n == most else play_again(played, n, facts) for n in instances}
    return Figures(users, played.totals, played.tally, played.planned_after, done, played.billed)


def carried_on(small: Figures, large: Figures, users: int) -> Figures:
    """What so many users would take, if all goes on as from the small to the large run."""

    def at(a: float, b: float) -> float:
        return a + (b - a) * (users - small.users) / (large.users - small.users)

    kinds = sorted(small.tally.keys() | large.tally.keys())
    return Figures(
        users=users,
        totals=PlanTotals(*(round(at(a, b)) for a, b in zip(small.totals, large.totals, strict=True))),
        tally=Counter({kind: round(at(small.tally[kind], large.tally[kind])) for kind in kinds}),
        planned_after=at(small.planned_after, large.planned_after),
        done_after={n: at(small.done_after[n], after) for n, after in large.done_after.items()},
        billed=at(small.billed, large.billed),
        scaled=True,
    )


def bend(small: Figures, large: Figures, what: Sequence[str]) -> float:
    """By which part what is counted per user differs most between two runs: 0 is a straight line."""
    per_user = [(small.sum_of(each) / small.users, large.sum_of(each) / large.users) for each in what]
    return max(abs(b / a - 1) for a, b in per_user)
