"""Following a stream: it goes on where it left off, and never hurries a server that is down."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime

import pytest

from functions.watch_following import Follower
from functions.watch_sources import Lost, Refused
from shared.terminal.watch_state import Watched
from shared.web.sse import encode_event

NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
BEAT = encode_event("heartbeat", b'{"type":"heartbeat","as_of":"2026-11-21T12:00:00Z"}', event_id="1")


def snapshot(event_id: str, retry_ms: int | None = None) -> bytes:
    body = {
        "type": "snapshot",
        "reason": "new",
        "chunk": 1,
        "chunks": 1,
        "as_of": "2026-11-21T12:00:00Z",
        "addresses": ["0x"],
        "chains": [],
        "fragments": [],
        "prices": [],
        "errors": [],
        "pending": [],
    }
    return encode_event("snapshot", json.dumps(body).encode(), event_id=event_id, retry_ms=retry_ms)


def end(retry_ms: int) -> bytes:
    return encode_event("end", b'{"type":"end","reason":"time"}', retry_ms=retry_ms)


class Server:
    """Answers each connection with what it is given, then refuses."""

    def __init__(self, *answers: Sequence[bytes] | Lost) -> None:
        self.asked: list[str | None] = []
        self.waited: list[float] = []
        self.watched = Watched()
        self._answers = list(answers)

    @asynccontextmanager
    async def connect(self, last_id: str | None) -> AsyncIterator[AsyncIterator[bytes]]:
        self.asked.append(last_id)
        if not self._answers:
            raise Refused("no more")
        answer = self._answers.pop(0)
        if isinstance(answer, Lost):
            raise answer
        yield self._chunks(answer)

    async def follow(self) -> None:
        follower = Follower(self.connect, self.watched, lambda: None, lambda: NOON, sleep=self._sleep)
        with pytest.raises(Refused):
            await follower.run()

    def said(self) -> list[str]:
        return [line.words.partition(";")[0] for _, line in self.watched.journal.lines]

    async def _chunks(self, chunks: Sequence[bytes]) -> AsyncIterator[bytes]:
        for chunk in chunks:
            yield chunk

    async def _sleep(self, seconds: float) -> None:
        self.waited.append(seconds)


async def test_it_comes_back_with_the_last_id_when_the_server_said() -> None:
    server = Server([snapshot("a"), end(1500)], [encode_event("heartbeat", b"{}", event_id="b"), end(2500)])
    await server.follow()

    assert server.asked == [None, "a", "b"]
    assert server.waited == [1.5, 2.5]
    ended = "the server ended the stream (time)"
    assert server.said() == ["connected", ended, "connected again", ended]


async def test_of_an_event_that_did_not_come_whole_the_id_does_not_count() -> None:
    server = Server([snapshot("a") + b"id: b\nevent: heartbeat\ndata: {}\n"])
    await server.follow()

    assert server.asked == [None, "a"]
    assert server.said()[-1] == "the server closed the connection"


async def test_what_comes_behind_the_end_is_not_read() -> None:
    server = Server([snapshot("a"), end(1000) + BEAT])
    await server.follow()

    assert server.asked == [None, "a"]


async def test_each_failure_in_a_row_is_followed_by_a_longer_rest_up_to_a_minute() -> None:
    server = Server(*[Lost("down")] * 8)
    await server.follow()
    longest = [2, 4, 8, 16, 32, 60, 60, 60]

    assert all(most / 2 <= rest <= most for rest, most in zip(server.waited, longest, strict=True))


async def test_an_event_ends_a_row_of_failures() -> None:
    server = Server(*[Lost("down")] * 4, [snapshot("a", retry_ms=1000)], Lost("down"))
    await server.follow()

    assert server.waited[4] <= 1
    assert server.waited[5] <= 2


async def test_a_server_that_names_a_time_is_left_alone_for_so_long_but_not_for_ever() -> None:
    server = Server(Lost("too many", 15), Lost("too many", 1e9))
    await server.follow()

    assert server.waited == [15, 60]


@pytest.mark.parametrize(
    ("sent", "complaint"),
    [
        (b"event: fragment\nid: c\ndata: {}\n\n", "the server's 'fragment' is not understood"),
        (b"x" * 17_000_000, "an event of more than 16,000,000 bytes"),
    ],
)
async def test_what_is_not_understood_is_said_and_asked_for_again(sent: bytes, complaint: str) -> None:
    server = Server([snapshot("a"), sent])
    await server.follow()

    assert server.asked == [None, "a"]
    assert server.said()[-1] == complaint
