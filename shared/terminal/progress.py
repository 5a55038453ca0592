"""What a terminal shows while the chains are read: a line for each, as it answers."""

from __future__ import annotations

from collections.abc import Sequence
from types import TracebackType
from typing import Self

from rich.console import Console, RenderableType
from rich.live import Live
from rich.spinner import Spinner
from rich.table import Table
from rich.text import Text

from ..core.chains import Chain
from ..core.ids import ChainId
from ..core.portfolio import ChainRead
from .text import safe_text

# Lines that the live display leaves to the prompt and to what was there before.
_MARGIN = 4


class Progress:
    """Live lines that vanish when all is read, or plain ones that stay where nothing can move."""

    def __init__(self, console: Console, chains: Sequence[Chain]) -> None:
        self._console = console
        self._chains = chains
        self._answers: dict[ChainId, ChainRead] = {}
        self._spinner = Spinner("dots", style="cyan")
        self._live = Live(console=console, get_renderable=self.lines, transient=True)
        self._moves = console.is_terminal and console.color_system is not None

    def __enter__(self) -> Self:
        if self._moves:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._moves:
            self._live.stop()

    def on_chain(self, read: ChainRead) -> None:
        """Hears that a chain has answered, or has not."""
        self._answers[read.chain.chain_id] = read
        if not self._moves:
            mark, words = _outcome(read)
            self._console.print(Text.assemble(mark, " ", f"{read.chain.slug} ", words), soft_wrap=True)

    def lines(self) -> RenderableType:
        """Every chain's line, or only the waiting ones where the screen is too low for all."""
        room = max(self._console.height - _MARGIN, 1)
        waiting = [chain for chain in self._chains if chain.chain_id not in self._answers]
        shown = list(self._chains) if len(self._chains) <= room else waiting[:room]
        grid = Table.grid(padding=(0, 1, 0, 0))
        for chain in shown:
            read = self._answers.get(chain.chain_id)
            mark, words = _outcome(read) if read else (self._spinner, Text("reading …", "dim"))
            grid.add_row(mark, chain.slug, words)
        if len(shown) < len(self._chains):
            grid.add_row("", Text(f"{len(self._answers)} of {len(self._chains)} chains have answered", "dim"))
        return grid


def _outcome(read: ChainRead) -> tuple[Text, Text]:
    said = (failure.message for failure in read.failures if failure.scope == "chain")
    trouble = "; ".join(message.removeprefix(f"{read.chain.slug}: ") for message in said)
    if read.read is None:
        return Text("✗", "red"), Text(safe_text(trouble, 200) or "no answer")
    words = Text(
        f"block {read.read.block.number:,} · {read.read.tokens_scanned:,} tokens · {read.latency_ms:,} ms"
    )
    if read.state == "stale":
        return Text("~", "yellow"), words.append(f" · as read before: {safe_text(trouble, 200)}")
    return Text("✓", "green"), words
