"""Where it is shown: a screen that is left as it was, or a line for everything that happens."""

import io
import logging

import pytest
from rich.console import Console

from shared.terminal.watch_changes import Line
from shared.terminal.watch_displays import Lines, Screen, open_display
from shared.terminal.watch_state import Watched
from shared.terminal.watch_told import PricesTold
from tests.terminal.watch_samples import NOON, balance, fragment, later, snapshot, tick


def terminal(height: int = 12) -> Console:
    return Console(file=io.StringIO(), force_terminal=True, color_system="standard", width=80, height=height)


def written(console: Console) -> str:
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue()


def test_a_terminal_has_a_screen_that_is_given_back() -> None:
    console = terminal()
    with open_display(console) as display:
        assert isinstance(display, Screen)
        display.show(Watched(), NOON)

    assert written(console).startswith("\x1b[?1049h\x1b[H\x1b[?25l")
    assert written(console).endswith("\x1b[?25h\x1b[?1049l")


def test_a_screen_is_given_back_when_something_breaks() -> None:
    console = terminal()
    with pytest.raises(KeyError), open_display(console):
        raise KeyError

    assert written(console).endswith("\x1b[?25h\x1b[?1049l")


def test_a_frame_fills_the_screen_and_never_scrolls_it() -> None:
    console, state = terminal(12), Watched()
    for number in range(50):
        state.journal.add(NOON, Line("·", str(number)))
    with open_display(console) as display:
        display.show(state, NOON)
        display.show(state, later(1))

    frames = written(console).split("\x1b[H")[-2:]
    assert [frame.count("\n") for frame in frames] == [11, 11]


def test_nothing_is_logged_across_a_frame(capsys: pytest.CaptureFixture[str]) -> None:
    before = list(logging.getLogger().handlers)
    with open_display(terminal()):
        logging.getLogger("shared.services").warning("a store is slow")

    assert capsys.readouterr().err == ""
    assert logging.getLogger().handlers == before


@pytest.mark.parametrize(
    "console",
    [
        Console(file=io.StringIO(), color_system=None, width=20),
        Console(file=io.StringIO(), force_terminal=True, color_system=None, width=20),
    ],
    ids=["a file", "a terminal without colour"],
)
def test_elsewhere_everything_that_happens_is_a_line_that_stays(console: Console) -> None:
    state = Watched()
    with open_display(console) as display:
        display.show(state, NOON)
        state.hear(snapshot(fragment(balance(150)), ticks=(tick("2000"),)), NOON)
        display.show(state, later(1))
        display.show(state, later(2))
        state.hear(fragment(balance(250), block=8), later(3))
        state.hear(PricesTold((tick("2100"),)), later(3))
        display.show(state, later(4))

    assert written(console).splitlines() == [
        "12:00:00 ✓ connected",
        "12:00:00 · 1 asset on ethereum",
        "12:00:01 = $3,000.00 in all",
        "12:00:03 ▲ ETH on ethereum: +1, now 2.5",
        "12:00:03 · price: ETH 2,000.00 → 2,100.00",
        "12:00:04 = $5,250.00 in all",
    ]


def test_lines_that_nobody_could_show_are_counted() -> None:
    console = Console(file=io.StringIO(), color_system=None)
    state, lines = Watched(), Lines(console)
    for number in range(250):
        state.journal.add(NOON, Line("·", str(number)))
    lines.show(state, NOON)

    shown = written(console).splitlines()
    assert shown[:2] == ["12:00:00 · 50 lines are left out", "12:00:00 · 50"]
    assert shown[-1] == "12:00:00 · 249"
