"""One outbox with its surroundings, for tests of what it tells."""

from __future__ import annotations

from collections.abc import Iterable

from shared.core.stream_ids import Place, Start
from shared.services.stream_events import StreamEvent
from shared.services.stream_outbox import Outbox
from tests.services.stream_model import KEYS, NOON, ModelBoard, ModelStore, failing

QUESTION = 3
NEW = Start("new", None)


class Setting:
    """One outbox with its surroundings."""

    def __init__(self, start: Start = NEW, before: Setting | None = None) -> None:
        """With `before`, on the same store and the same board."""
        self.store: ModelStore = before.store if before else ModelStore()
        self.board: ModelBoard = before.board if before else ModelBoard()
        self.failing = failing(())
        self.stirred = 0
        self.outbox = Outbox(
            start,
            QUESTION,
            covers=lambda fragment: fragment.chain == "ethereum",
            board=self.board,
            failing=lambda: self.failing,
            stir=self._stir,
        )

    def _stir(self) -> None:
        self.stirred += 1

    def begin(self) -> None:
        self.outbox.queue.begin(self.store.list())

    def write(self, *numbers: int, held: Iterable[int] = (1,)) -> None:
        self.outbox.hear(self.store.write([KEYS[number] for number in numbers], held, 0))

    def place(self) -> Place:
        return self.outbox.heartbeat(NOON).id.place

    def taken(self) -> list[StreamEvent]:
        events = []
        while (event := self.outbox.take(NOON)) is not None:
            events.append(event)
        return events


def came_back(setting: Setting) -> Setting:
    """The client's next connection, to a process whose prices are the same."""
    return Setting(Start(None, setting.outbox.heartbeat(NOON).id), setting)
