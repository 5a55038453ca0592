"""`make portfolio`: what it exits with, what it says of bad input, and its lines while chains are read."""

import io
import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

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
ROOT = Path(__file__).parent.parent.parent


@dataclass
class Answering:
    """A server, and what it was asked."""

    url: str
    asked: list[str]


@contextmanager
def answering(status: int, body: object) -> Iterator[Answering]:
    """A server that answers everything with this."""
    asked: list[str] = []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            content = json.dumps(body).encode()
            self.send_response(status)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_: object) -> None:
            """Nothing is written."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        serving = Thread(target=server.serve_forever, args=(0.01,))
        serving.start()
        try:
            yield Answering(f"http://127.0.0.1:{server.server_port}", asked)
        finally:
            server.shutdown()
            serving.join()


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
        (["banana"], "address: 'banana' is not an address (0x and 40 hexadecimal digits), nor an ENS name"),
        ([WALLET.replace("F", "f")], "has a wrong checksum"),
        ([",".join([WALLET] * 51)], "at most 50 are accepted"),
        (
            [WALLET, "--chains", "atlantis"],
            "is not one of the chains read here, such as ethereum, base",
        ),
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
    assert "no chain could be reached: is there a network?" in printed.err.splitlines()[-1]


@pytest.mark.usefixtures("nobody_answers")
def test_the_log_is_not_written_between_the_lines() -> None:
    command = [sys.executable, "-m", "functions.terminal", WALLET]
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        command, env=environment, capture_output=True, encoding="utf-8", check=False, timeout=60
    )

    assert "no chain could be reached" in done.stderr
    assert "chain could not be read" not in done.stderr


def test_a_server_is_asked_where_there_is_a_url(capsys: pytest.CaptureFixture[str]) -> None:
    body = {
        "addresses": [WALLET],
        "total_usd": "0",
        "as_of": "2026-11-21T12:00:00Z",
        "complete": True,
        "chains": [],
        "assets": [],
        "positions": [],
        "errors": [],
    }
    with answering(200, body) as server:
        main([WALLET, "--chains", "base", "--json", "--url", f"{server.url}/"])

    assert json.loads(capsys.readouterr().out) == body
    assert server.asked == [f"/api/v1/portfolio?address={WALLET}&chains=base"]


@pytest.mark.parametrize(
    ("status", "body", "code", "said"),
    [
        (400, {"errors": [{"field": "chains", "message": "is odd"}]}, 2, "answered 400: chains: is odd"),
        (200, {"detail": "I am another server"}, 1, "the server's answer is not a portfolio"),
        (200, [], 1, "the server's answer is not a portfolio"),
        (503, {"detail": "come back later"}, 1, "the server answered 503: come back later"),
    ],
)
def test_what_a_server_will_not_answer_is_one_line(
    status: int, body: object, code: int, said: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with answering(status, body) as server:
        assert main([WALLET, "--url", server.url]) == code

    printed = capsys.readouterr()
    assert (printed.out, printed.err.count("\n")) == ("", 1)
    assert said in printed.err


def test_a_server_that_is_not_there_is_named(capsys: pytest.CaptureFixture[str]) -> None:
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{silent.getsockname()[1]}"
        assert main([WALLET, "--url", url]) == 1

    assert capsys.readouterr().err.startswith(f"{url}: ")


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
