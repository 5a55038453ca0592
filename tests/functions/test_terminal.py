"""`make portfolio`: what it exits with, what it says of bad input, and its lines while chains are read."""

import io
import json
import socket
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pytest
from rich.console import Console

from functions.terminal import main, open_console
from shared.core.balances import BalanceRead, Block
from shared.core.chains import Chain
from shared.core.failures import Failure
from shared.core.portfolio import ChainRead
from shared.facts import load_chains
from shared.terminal.progress import Progress

WALLET = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
CHAINS = tuple(load_chains())


@pytest.fixture
def nobody_answers(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Iterator[None]:
    """Two chains and the price sources, all at a port that is taken but not listened on."""
    monkeypatch.chdir(tmp_path)
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/a-secret-key"
        for name in ("RPC_URL_1", "RPC_URL_8453", "BACKED_BASE_URL", "LLAMA_BASE_URL", "COINGECKO_BASE_URL"):
            monkeypatch.setenv(name, url)
        monkeypatch.setenv("CHAINS", "ethereum,base")
        yield


def test_without_an_address_there_is_a_usage_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([])

    assert stopped.value.code == 2
    assert capsys.readouterr().err.startswith("usage: make portfolio ADDRESS=")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["banana"], "address: 'banana' is not an address"),
        ([WALLET.replace("F", "f")], "has a wrong checksum"),
        ([",".join([WALLET] * 51)], "at most 50 are accepted"),
        ([WALLET, "--chains", "atlantis"], "chains: 'atlantis' is not a known chain"),
        ([WALLET, "--min-value-usd", "abc"], "min_value_usd: "),
        ([WALLET, "--tokens", "USDC"], "tokens: "),
    ],
)
@pytest.mark.usefixtures("nobody_answers")
def test_bad_input_is_one_line_and_exit_code_two(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert complaint in printed.err


@pytest.mark.usefixtures("nobody_answers")
def test_a_bad_setting_is_one_line_and_exit_code_two(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", "many")

    assert main([WALLET]) == 2
    assert capsys.readouterr().err == "PORT: must be a number (see README.md, Settings)\n"


@pytest.mark.usefixtures("nobody_answers")
def test_when_no_chain_answers_it_says_why_and_exits_with_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main([WALLET]) == 1
    printed = capsys.readouterr()
    assert "✗ ethereum" in printed.err
    assert "✗ base" in printed.out
    assert "$0.00" not in printed.out
    assert "rpc_unavailable" in printed.out
    assert "secret" not in printed.out + printed.err


@pytest.mark.usefixtures("nobody_answers")
def test_a_name_that_cannot_be_resolved_exits_with_one(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["vitalik.eth"]) == 1
    assert "vitalik.eth could not be resolved" in capsys.readouterr().err


@pytest.mark.usefixtures("nobody_answers")
def test_json_is_the_answer_of_the_server_and_nothing_else(capsys: pytest.CaptureFixture[str]) -> None:
    main([WALLET, "--json", "--chains", "base"])
    body = json.loads(capsys.readouterr().out)

    assert body["addresses"] == [WALLET]
    assert body["complete"] is False
    assert [chain["status"] for chain in body["chains"]] == ["error"]


def read(chain: Chain, *failures: Failure) -> ChainRead:
    block = Block(21_345_678, datetime(2026, 1, 1, tzinfo=UTC))
    scan = BalanceRead(chain.chain_id, block, {}, (), frozenset(), 1262)
    return ChainRead(chain, "error" if failures else "ok", None if failures else scan, {}, 84, failures)


def lost(chain: Chain) -> ChainRead:
    return read(chain, Failure("chain", chain.slug, "rpc_timeout", f"{chain.slug}: no answer"))


def test_where_nothing_moves_each_chain_is_a_line() -> None:
    console = Console(file=io.StringIO(), color_system=None)
    with console.capture() as captured, Progress(console, CHAINS[:2]) as progress:
        progress.on_chain(read(CHAINS[0]))
        progress.on_chain(lost(CHAINS[1]))

    assert captured.get() == (
        f"✓ {CHAINS[0].slug} block 21,345,678 · 1,262 tokens · 84 ms\n✗ {CHAINS[1].slug} no answer\n"
    )


def live_lines(chains: tuple[Chain, ...], height: int, *answered: Chain) -> list[str]:
    console = Console(
        file=io.StringIO(), force_terminal=True, color_system="standard", width=80, height=height
    )
    progress = Progress(console, chains)
    for chain in answered:
        progress.on_chain(read(chain))
    with console.capture() as captured:
        console.print(progress.lines())
    return captured.get().splitlines()


def test_live_lines_show_every_chain_from_waiting_to_read() -> None:
    first, second = live_lines(CHAINS[:2], 40, CHAINS[1])

    assert "reading …" in first
    assert "21,345,678" in second


def test_a_low_screen_shows_the_chains_that_are_waited_for() -> None:
    lines = live_lines(CHAINS[:30], 10, *CHAINS[:20])

    assert len(lines) <= 10
    assert CHAINS[20].slug in lines[0]
    assert "20 of 30 chains have answered" in lines[-1]


def test_a_live_display_leaves_nothing_behind() -> None:
    file = io.StringIO()
    console = Console(file=file, force_terminal=True, color_system="standard", width=80, height=40)
    with Progress(console, CHAINS[:1]) as progress:
        progress.on_chain(read(CHAINS[0]))

    assert file.getvalue().endswith("\x1b[1A\x1b[2K")


@pytest.mark.parametrize(("name", "value"), [("NO_COLOR", "1"), ("TERM", "dumb")])
def test_there_are_no_escapes_where_colour_is_not_wanted(
    name: str, value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv(name, value)

    assert open_console(io.StringIO()).color_system is None


def test_there_is_colour_where_it_is_wanted(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")

    assert open_console(io.StringIO()).color_system is not None


def test_a_terminal_without_our_signs_shows_others() -> None:
    file = io.TextIOWrapper(io.BytesIO(), encoding="ascii")
    open_console(file).print("✓ 界")
    file.flush()

    assert file.buffer.getvalue() == b"? ?\n"
