"""Those who are slow at the real servers, all at once: each is given up in time, and nobody else waits."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass

import pytest

from tests.guard.conftest import SERVERS
from tests.guard.raw import Heard, head, tell
from tests.guard.served import Served, bearer

HEAD_SECONDS, BODY_SECONDS = 10, 15
DRIPPING = 20
LONGEST = 40.0


@dataclass(frozen=True, slots=True)
class Saying:
    """What is said on so many connections, a part after each gap."""

    parts: tuple[bytes, ...]
    gap: float = 0.0
    connections: int = 1


@dataclass(frozen=True, slots=True)
class Told:
    """What a server said to each saying, how many answers of a status it counted, and how others fared."""

    heard: Mapping[str, list[Heard]]
    counted: Mapping[int, int]
    others: tuple[int, ...]
    others_seconds: float


BODIES = {
    "a body that drips": Saying((head(1000), *[b" "] * 100), 0.5, DRIPPING),
    "ten megabytes, not sent": Saying((head(),)),
    "asked before it is sent": Saying((head(more="Expect: 100-continue\r\n"),)),
    "a body that nobody wants": Saying(
        (b"POST /nowhere HTTP/1.1\r\nHost: localhost\r\nContent-Length: 100000\r\n\r\n", *[b"x"] * 100), 0.2
    ),
}
START = b"GET /healthz HTTP/1.1\r\nHost: localhost\r\n"
HEADS = {
    "lines": Saying((START, *(b"X-%d: a\r\n" % n for n in range(60))), 0.5),
    "empty lines": Saying((b"\r\n",) * 60, 0.5),
    "a letter": Saying((b"G",)),
    "nothing": Saying(()),
}


@pytest.fixture(scope="module")
def told(deployed_wallets: Served, local_server: Served) -> dict[str, Told]:
    """By both kinds of server. Deployed, Google's front end hands on whole heads only: none drips there."""

    async def wait() -> tuple[Told, Told]:
        return await asyncio.gather(listen(deployed_wallets, BODIES), listen(local_server, BODIES | HEADS))

    return dict(zip(SERVERS, asyncio.run(wait()), strict=True))


@pytest.fixture(params=SERVERS)
def by_each(request: pytest.FixtureRequest, told: dict[str, Told]) -> Told:
    return told[request.param]


async def listen(server: Served, sayings: Mapping[str, Saying]) -> Told:
    """Until the last connection has ended."""
    before = await asyncio.to_thread(counts, server)
    talks = {name: asyncio.gather(*talk(server.port, saying)) for name, saying in sayings.items()}
    started = time.perf_counter()
    asked = [await asyncio.to_thread(server.ask, "/api/v1/wallets", headers=bearer()) for _ in range(20)]
    spent = time.perf_counter() - started
    heard = {name: await talk for name, talk in talks.items()}
    after = await asyncio.to_thread(counts, server)
    counted = {status: number - before[status] for status, number in after.items()}
    return Told(heard, counted, tuple(answer.status_code for answer in asked), spent)


def talk(port: int, saying: Saying) -> list[asyncio.Task[Heard]]:
    return [
        asyncio.create_task(tell(port, *saying.parts, gap=saying.gap, within=LONGEST))
        for _ in range(saying.connections)
    ]


def counts(server: Served) -> dict[int, int]:
    return {status: server.counted(status) for status in (408, 413)}


def test_others_are_served_meanwhile(by_each: Told) -> None:
    assert set(by_each.others) == {200}
    assert by_each.others_seconds < 10


def test_a_body_that_drips_is_given_up(by_each: Told) -> None:
    heard = by_each.heard["a body that drips"]

    assert [each.statuses for each in heard] == [(408,)] * DRIPPING
    assert all(each.ended and BODY_SECONDS - 1 < each.seconds < BODY_SECONDS + 10 for each in heard)


@pytest.mark.parametrize("named", ["ten megabytes, not sent", "asked before it is sent"])
def test_a_body_that_is_too_long_is_refused_before_it_is_sent(by_each: Told, named: str) -> None:
    (heard,) = by_each.heard[named]

    assert heard.statuses == (413,)
    assert b"connection: close" in heard.text
    assert heard.ended
    assert heard.seconds < 5


def test_nobody_keeps_a_connection_with_a_body_that_nobody_wants(by_each: Told) -> None:
    (heard,) = by_each.heard["a body that nobody wants"]

    assert heard.statuses == (404,)
    assert heard.ended
    assert heard.seconds < 5


def test_heads_that_drip_are_given_up_where_no_front_end_gathers_them(told: dict[str, Told]) -> None:
    heard = {name: told["local"].heard[name][0] for name in HEADS}

    assert all(each.ended and HEAD_SECONDS - 1 < each.seconds < HEAD_SECONDS + 10 for each in heard.values())
    assert {name: each.statuses for name, each in heard.items()} == {
        "lines": (408,),
        "empty lines": (408,),
        "a letter": (408,),
        "nothing": (),
    }


@pytest.mark.parametrize(("server", "heads"), [("deployed", 0), ("local", 3)])
def test_whoever_is_given_up_or_refused_is_counted(told: dict[str, Told], server: str, heads: int) -> None:
    assert told[server].counted == {408: DRIPPING + heads, 413: 2}
