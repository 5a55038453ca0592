"""Bodies at the real servers that are too long: they are refused, however they come."""

from __future__ import annotations

from tests.guard.raw import head, tell
from tests.guard.served import Served, bearer


async def test_who_goes_on_sending_is_cut_off(served: Served) -> None:
    heard = await tell(served.port, head(10**12), *[bytes(65_536)] * 2_000, within=20)

    assert heard.statuses == (413,)
    assert heard.ended
    assert heard.seconds < 5


async def test_chunks_without_an_end_are_cut_off(served: Served) -> None:
    chunk = b"10000\r\n" + bytes(65_536) + b"\r\n"
    heard = await tell(served.port, head(None), *[chunk] * 2_000, within=20)

    assert heard.statuses == (413,)
    assert heard.ended
    assert heard.seconds < 5


def test_an_ordinary_client_that_sends_a_little_too_much_hears_why(served: Served) -> None:
    answer = served.ask("/api/v1/wallets", "POST", content=bytes(1024 * 1024 + 1), headers=bearer())

    assert (answer.status_code, answer.json()["title"]) == (413, "Content Too Large")
