"""A process that is asked to end tells its streams, and the server still hears of it."""

import asyncio
import os
import signal
from collections.abc import Iterator

import pytest

from shared.web.closing import Closing


@pytest.fixture
def heard() -> Iterator[list[int]]:
    """What the server's own handler was told."""
    signals: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: signals.append(number))
    yield signals
    signal.signal(signal.SIGTERM, before)


async def test_the_first_signal_ends_the_waiting(heard: list[int]) -> None:
    closing = Closing()
    closing.listen()
    waiting = [asyncio.create_task(closing.wait()) for _ in range(3)]
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(asyncio.gather(*waiting), 5)

    assert closing.is_set
    assert heard == [signal.SIGTERM]


async def test_listening_twice_tells_the_server_once(heard: list[int]) -> None:
    closing = Closing()
    closing.listen()
    closing.listen()
    os.kill(os.getpid(), signal.SIGTERM)
    await asyncio.wait_for(closing.wait(), 5)

    assert heard == [signal.SIGTERM]


async def test_without_a_server_the_signals_keep_their_meaning() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)]
    closing = Closing()
    closing.listen()

    assert [signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)] == before
    assert not closing.is_set
