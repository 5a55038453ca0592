"""Ten thousand requests at once at the real servers: served or refused, none lost, and others are served."""

from __future__ import annotations

import asyncio
import os
import time
from collections import Counter
from pathlib import Path

from tests.guard.raw import tell
from tests.guard.served import LIMIT, Served, bearer

CONNECTIONS, EACH = 1000, 10
FLOODER = "198.51.100.7"
MOST_SECONDS = 20.0
MOST_GROWTH = 64.0


def megabytes(port: int) -> float:
    """The resident memory of the processes that were started for the port."""
    pages = 0
    for process in Path("/proc").glob("[0-9]*"):
        try:
            variables = (process / "environ").read_bytes().split(b"\0")
            size = int((process / "statm").read_text().split()[1])
        except OSError:
            continue  # it ended meanwhile, or is not ours
        pages += size if f"PORT={port}".encode() in variables else 0
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def asked(last: bool) -> bytes:
    closing = "Connection: close\r\n" if last else ""
    lines = "GET /api/v1/wallets HTTP/1.1\r\nHost: localhost\r\n"
    return f"{lines}X-Forwarded-For: 1.1.1.1, {FLOODER}\r\n{closing}\r\n".encode()


async def served_meanwhile(
    served: Served, flood: asyncio.Task[list[Counter[int]]]
) -> list[tuple[int, float]]:
    """The status and the seconds of each answer to somebody else, who asks one thing after the other."""
    answers = []
    while not flood.done():
        started = time.perf_counter()
        answer = await asyncio.to_thread(served.ask, "/api/v1/wallets", headers=bearer())
        answers.append((answer.status_code, time.perf_counter() - started))
    return answers


async def pour(port: int) -> list[Counter[int]]:
    """The statuses on each connection."""
    requests = asked(last=False) * (EACH - 1) + asked(last=True)
    heard = await asyncio.gather(*(tell(port, requests, within=60) for _ in range(CONNECTIONS)))
    return [Counter(each.statuses) for each in heard]


async def test_ten_thousand_requests_at_once_are_all_answered_and_others_are_served(flooded: Served) -> None:
    flooded.ask("/api/v1/wallets", headers=bearer())
    before, memory = flooded.counted(401) + flooded.counted(429), megabytes(flooded.port)
    started = time.perf_counter()
    flood = asyncio.create_task(pour(flooded.port))
    others = await served_meanwhile(flooded, flood)
    told = await flood
    spent = time.perf_counter() - started
    statuses = sum(told, Counter[int]())

    assert {sum(each.values()) for each in told} == {EACH}
    assert set(statuses) == {401, 429}
    assert statuses[401] <= LIMIT + LIMIT / 60 * spent + 1
    assert spent < MOST_SECONDS
    assert others
    assert {status for status, _ in others} == {200}
    assert flooded.counted(401) + flooded.counted(429) == before + CONNECTIONS * EACH
    assert megabytes(flooded.port) < memory + MOST_GROWTH
