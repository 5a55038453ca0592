"""The frame: fits its screen, shows every number whole, and says what changed and what cannot be read."""

import io

import pytest
from rich.cells import cell_len
from rich.console import Console

from shared.core.ids import AssetId
from shared.terminal.watch_state import Watched
from shared.terminal.watch_told import ErrorsTold, PricesTold
from shared.terminal.watch_view import WatchView
from tests.terminal.watch_samples import (
    NOON,
    OTHER,
    USDC,
    WALLET,
    balance,
    error,
    fragment,
    later,
    snapshot,
    tick,
)


def watched() -> Watched:
    state = Watched()
    lent = fragment(balance(100_000, "USDC", USDC, "deposit"), balance(50, kind="debt"), protocol="aave-v3")
    ticks = (tick("2000"), tick("0.99", "USDC", USDC, stale=True))
    state.hear(snapshot(fragment(balance(150)), lent, ticks=ticks), NOON)
    return state


def drawn(state: Watched, seconds: float = 0, width: int = 80, height: int | None = None) -> str:
    console = Console(file=io.StringIO(), width=width, color_system=None)
    with console.capture() as captured:
        console.print(WatchView(state, later(seconds), height))
    return "\n".join(line.rstrip() for line in captured.get().splitlines())


def line_of(word: str, text: str) -> str:
    return " ".join(next(line for line in text.splitlines() if word in line).split())


def test_the_head_says_how_the_connection_is_whose_it_is_and_the_total() -> None:
    head = drawn(watched(), 3).splitlines()[:3]

    assert head[0].split("  ")[1] == "● live · heard 3 s ago"
    assert head[0].endswith("2026-11-21 12:00:03 UTC")
    assert head[1].split() == [WALLET, "$2,990.00"]
    assert head[2].strip() == "1 asset · 2 positions · on 1 of 2 chains"


def test_assets_positions_and_chains_are_a_line_each() -> None:
    text = drawn(watched(), 90, width=110)

    assert line_of(" 1.5 ", text) == "ETH ethereum 1.5 2,000.00 llama $3,000.00 75.1% █████████"
    assert line_of("deposit", text) == "USDC deposit aave-v3 ethereum 1,000 0.99 llama ~ $990.00"
    assert line_of("debt", text) == "ETH debt aave-v3 ethereum 0.5 2,000.00 llama -$1,000.00"
    assert line_of("✓ ethereum", text) == "✓ ethereum 7 1 min 3 $2,990.00"
    assert line_of("– base", text) == "– base – – 0 –"
    assert "~ an old price" in text


def test_what_changed_is_marked_for_a_minute() -> None:
    state = watched()
    state.hear(fragment(balance(250), block=8), later(1))

    assert "▲ $5,000.00" in line_of(" 2.5 ", drawn(state, 2))
    assert "12:00:01 ▲ ETH on ethereum: +1, now 2.5" in drawn(state, 2)
    assert "▲ $5,000.00" in line_of(" 2.5 ", drawn(state, 60))
    assert "▲" not in line_of(" 2.5 ", drawn(state, 62))


def test_a_price_that_rises_makes_a_debt_worse() -> None:
    state = watched()
    state.hear(PricesTold((tick("2100"),)), later(1))
    text = drawn(state, 2)

    assert "▲ $3,150.00" in line_of(" 1.5 ", text)
    assert "▼ -$1,050.00" in line_of("debt", text)


def test_what_cannot_be_read_is_named_and_its_chain_comes_first() -> None:
    state = watched()
    state.hear(ErrorsTold((error(),)), later(1))
    text = drawn(state, 2)

    assert "1 cannot be read" in text
    assert "· base: no answer (rpc_timeout)" in text
    assert text.index("✗ base") < text.index("✓ ethereum")


def test_chains_that_are_still_read_are_named() -> None:
    state = watched()
    state.hear(ErrorsTold((error("ethereum"),), ("base",)), later(1))
    text = drawn(state, 2)

    assert "reading base… · 1 cannot be read" in text
    assert line_of("… base", text) == "… base – – 0 –"

    state.hear(ErrorsTold((), ("a", "b", "c")), later(2))

    assert "reading 3 chains…" in drawn(state, 3)


def test_before_anything_is_known_nothing_is_zero() -> None:
    text = drawn(Watched())

    assert "○ connecting" in text
    assert "$" not in text


def test_a_lost_connection_is_said() -> None:
    state = watched()
    state.lost("the server closed the connection", 2, later(1))

    assert (
        drawn(state, 2).splitlines()[0].split("  ")[1] == "✗ the server closed the connection; again in 2.0 s"
    )


def crowded() -> Watched:
    assets = [AssetId(f"eip155:1/slip44:{number}") for number in range(80)]
    held = [balance(10**14 + number, "界" * 12, asset) for number, asset in enumerate(assets)]
    state = Watched()
    both = [fragment(*held), fragment(*held, wallet=OTHER, protocol="p" * 40)]
    ticks = tuple(tick("1.5", "A", asset) for asset in assets)
    errors = tuple(error(f"chain-{number}", "x" * 400) for number in range(30))
    state.hear(snapshot(*both, ticks=ticks, errors=errors, addresses=(WALLET, OTHER)), NOON)
    return state


@pytest.mark.parametrize("width", [80, 100, 200])
@pytest.mark.parametrize("height", [10, 24, 50, 100])
def test_a_frame_is_never_larger_than_the_screen_and_no_number_is_cut(width: int, height: int) -> None:
    text = drawn(crowded(), width=width, height=height)

    assert len(text.splitlines()) <= height
    assert all(cell_len(line) <= width for line in text.splitlines())
    assert "$1,500,000,000,001.18" in text
    assert "more" in text


def test_where_there_is_little_room_the_newest_of_what_happened_is_shown() -> None:
    text = drawn(crowded(), height=39)

    assert text.index("What happened last") < text.index("· 80 assets on ethereum of") < text.index("Ctrl-C")
    assert "more" not in text[text.index("What happened last") :]


def test_without_a_height_everything_is_there() -> None:
    assert drawn(crowded()).count("$1,500,000,000,00") == 160


def test_hostile_names_are_plain_text() -> None:
    state = Watched()
    evil = "[red]\x1b[2J"
    named = fragment(balance(1, evil), chain=evil, protocol=evil)
    failed = error("\x1b]8;;x", "\x1b[31m")
    state.hear(snapshot(named, errors=(failed,), addresses=(evil,)), NOON)
    state.hear(fragment(balance(2, evil), chain=evil, protocol=evil, block=8), later(1))
    state.lost(evil, 1, later(2))

    assert "\x1b" not in drawn(state)
    assert "[red][2J" in drawn(state)


@pytest.mark.parametrize(
    ("seconds", "text"), [(-5, "0 s"), (59, "59 s"), (60, "1 min"), (7199, "1 h"), (86_400 * 3, "3 d")]
)
def test_an_age_is_in_its_largest_unit(seconds: float, text: str) -> None:
    assert line_of("✓ ethereum", drawn(watched(), seconds)).startswith(f"✓ ethereum 7 {text} ")
