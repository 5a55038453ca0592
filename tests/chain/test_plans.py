"""Driving plans: one read a round for all of them, and what goes wrong for one costs only that one."""

from collections.abc import Sequence

from hypothesis import given
from hypothesis import strategies as st

from shared.chain.calls import Call, Outcome, Reply
from shared.chain.plans import Plan, drive
from shared.core.ids import ZERO_ADDRESS
from shared.errors import RpcBadResponse, RpcError, RpcTimeout


def call(name: bytes) -> Call:
    return Call(ZERO_ADDRESS, name)


def asking(name: bytes, rounds: Sequence[int]) -> Plan[list[bytes]]:
    """Asks so many calls in each round, and returns all that it was told."""
    told: list[bytes] = []
    for number, size in enumerate(rounds):
        replies = yield [call(b"%b %d %d" % (name, number, i)) for i in range(size)]
        told += [reply.data for reply in replies]
    return told


class Echo:
    """Answers each call with its own data, and remembers each read."""

    def __init__(self) -> None:
        self.reads: list[int] = []

    async def __call__(self, calls: Sequence[Call]) -> list[Reply]:
        self.reads.append(len(calls))
        return [Reply(Outcome.ANSWERED, each.data) for each in calls]


@given(st.lists(st.lists(st.integers(0, 4), max_size=4), max_size=6))
async def test_every_plan_is_told_its_own_replies_in_order_and_a_round_is_one_read(
    plans: list[list[int]],
) -> None:
    echo = Echo()
    told = await drive([asking(b"%d" % n, rounds) for n, rounds in enumerate(plans)], echo)

    assert told == [
        [b"%d %d %d" % (n, number, i) for number, size in enumerate(rounds) for i in range(size)]
        for n, rounds in enumerate(plans)
    ]
    assert len(echo.reads) == max(map(len, plans), default=0)
    assert sum(echo.reads) == sum(map(sum, plans))


async def test_plans_that_ask_nothing_read_nothing() -> None:
    echo = Echo()

    assert await drive([asking(b"a", []), asking(b"b", [])], echo) == [[], []]
    assert echo.reads == []


async def test_a_failed_read_ends_those_that_waited_for_it() -> None:
    error = RpcTimeout("no answer")

    async def fails(calls: Sequence[Call]) -> list[Reply]:
        raise error

    assert await drive([asking(b"a", []), asking(b"b", [1])], fails) == [[], error]


async def test_a_plan_that_cannot_understand_its_replies_costs_only_itself() -> None:
    def refusing() -> Plan[list[bytes]]:
        replies = yield [call(b"x")]
        raise RpcBadResponse(f"{len(replies)} replies that mean nothing")

    lost, kept = await drive([refusing(), asking(b"a", [1, 1])], Echo())

    assert isinstance(lost, RpcError)
    assert kept == [b"a 0 0", b"a 1 0"]
