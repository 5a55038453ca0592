"""Work beside requests: one of each kind, ended with the context."""

from __future__ import annotations

from shared.ongoing import Ongoing


class Digging:
    """Some work."""

    def __init__(self) -> None:
        self.is_closed = False

    async def close(self) -> None:
        self.is_closed = True


class Filling(Digging):
    """Work of another kind."""


async def test_each_kind_is_begun_once_and_ended() -> None:
    ongoing = Ongoing()
    digging, filling = ongoing.get(Digging, Digging), ongoing.get(Filling, Filling)

    assert ongoing.get(Digging, Digging) is digging
    assert ongoing.get(Filling, Filling) is filling
    await ongoing.close()
    assert digging.is_closed
    assert filling.is_closed
    assert ongoing.get(Digging, Digging) is not digging
