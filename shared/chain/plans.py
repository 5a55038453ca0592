"""Plans: what to read, said without reading it; and the driver that reads for all of them at once."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator, Mapping, Sequence
from typing import TypeVar

from ..errors import RpcError
from .calls import Call, Reply

T = TypeVar("T")

Plan = Generator[Sequence[Call], Sequence[Reply], T]
"""Yields the calls of a round, is sent their replies in order, and returns what they mean.

A plan never waits, retries or logs. It may raise RpcBadResponse where the replies mean nothing.
"""


async def drive(
    plans: Sequence[Plan[T]], read: Callable[[Sequence[Call]], Awaitable[Sequence[Reply]]]
) -> list[T | RpcError]:
    """What each plan returns, in order, or why it could not; all that wait share one `read` a round."""
    ended: dict[int, T | RpcError] = {}
    asked = _advance({number: (plan, None) for number, plan in enumerate(plans)}, ended)
    while asked:
        try:
            replies = iter(await read([call for calls in asked.values() for call in calls]))
        except RpcError as error:
            ended |= dict.fromkeys(asked, error)
            break
        asked = _advance(
            {number: (plans[number], [next(replies) for _ in calls]) for number, calls in asked.items()},
            ended,
        )
    return [ended[number] for number in range(len(plans))]


def _advance(
    told: Mapping[int, tuple[Plan[T], Sequence[Reply] | None]], ended: dict[int, T | RpcError]
) -> dict[int, Sequence[Call]]:
    """The calls that each plan now asks for; those that are through are put into `ended`."""
    asked: dict[int, Sequence[Call]] = {}
    for number, (plan, replies) in told.items():
        try:
            asked[number] = next(plan) if replies is None else plan.send(replies)
        except StopIteration as end:
            ended[number] = end.value
        except RpcError as error:
            ended[number] = error
    return asked
