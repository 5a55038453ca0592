"""`make watch`: what it says of bad input, its lines, and the terminal that it leaves as it was."""

from __future__ import annotations

import fcntl
import os
import pty
import re
import select
import signal
import socket
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import pytest

from functions.watch import main

ROOT = Path(__file__).parent.parent.parent
WALLET = "0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266"
_PATIENCE_SECONDS = 30.0


@pytest.fixture
def variables(tmp_path: Path) -> Iterator[dict[str, str]]:
    """A chain and price sources at a port that is taken but not listened on."""
    with socket.socket() as silent:
        silent.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{silent.getsockname()[1]}/a-secret-key"
        names = ("RPC_URL_1", "BACKED_BASE_URL", "LLAMA_BASE_URL", "COINGECKO_BASE_URL")
        yield {
            **dict.fromkeys(names, url),
            "CHAINS": "ethereum",
            "STORE": "sqlite::memory:",
            "PATH": os.environ["PATH"],
            "PYTHONPATH": str(ROOT),
            "PYTHONIOENCODING": "utf-8",
            "TERM": "xterm-256color",
        }


@pytest.fixture
def here(variables: dict[str, str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.chdir(tmp_path)
    for name, value in variables.items():
        monkeypatch.setenv(name, value)


def test_without_an_address_there_is_a_usage_line(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as stopped:
        main([])

    assert stopped.value.code == 2
    assert capsys.readouterr().err.startswith("usage: make watch ADDRESS=")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["banana"], "address: 'banana' is not an address"),
        ([",".join([WALLET] * 51)], "at most 50 are accepted"),
        (
            [WALLET, "--chains", "atlantis"],
            "chains: 'atlantis' is not one of the chains read here, such as",
        ),
        ([WALLET, "--url", "banana"], "URL: must be an http or https URL"),
    ],
)
@pytest.mark.usefixtures("here")
def test_bad_input_is_one_line_and_exit_code_two(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.count("\n") == 1
    assert complaint in printed.err


@pytest.mark.usefixtures("here")
def test_a_bad_setting_is_one_line_and_exit_code_two(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PORT", "many")

    assert main([WALLET]) == 2
    assert capsys.readouterr().err == "PORT: must be a number (see README.md, Settings)\n"


@pytest.mark.usefixtures("here")
def test_a_token_is_not_shown_to_another_machine_in_the_open(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("CHAINFOLIO_TOKEN", "abc")

    assert main([WALLET, "--url", "http://example.com"]) == 2
    assert capsys.readouterr().err.startswith("CHAINFOLIO_TOKEN: ")


def test_without_a_terminal_it_says_line_by_line_what_happens(
    variables: dict[str, str], tmp_path: Path
) -> None:
    arguments = [sys.executable, "-m", "functions.watch", WALLET]
    said: list[str] = []
    with subprocess.Popen(
        arguments, env=variables, cwd=tmp_path, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        for line in process.stdout:
            said.append(line)
            if "✗ cannot be read: ethereum: " in line:
                break
        process.send_signal(signal.SIGINT)
        rest, _ = process.communicate(timeout=_PATIENCE_SECONDS)

    assert re.fullmatch(r"\d\d:\d\d:\d\d ✓ connected\n", said[0])
    assert "ethereum" in said[-1]
    assert "secret" not in "".join([*said, rest])
    assert "$" not in "".join([*said, rest])
    assert process.returncode == 0


@dataclass
class Terminal:
    """A process, and the screen that it writes to."""

    pid: int
    screen: int
    written: str = ""

    def resize(self, rows: int, columns: int) -> None:
        fcntl.ioctl(self.screen, termios.TIOCSWINSZ, struct.pack("HHHH", rows, columns, 0, 0))

    def read_until(self, text: str) -> None:
        """Raises TimeoutError when it is not written in time."""
        start, until = len(self.written), time.monotonic() + _PATIENCE_SECONDS
        while text not in self.written[start:]:
            if not select.select([self.screen], [], [], max(until - time.monotonic(), 0))[0]:
                raise TimeoutError(f"no {text!r} in {self.written[-2000:]!r}")
            self.written += os.read(self.screen, 65_536).decode(errors="replace")

    def read_frames(self, rows: int, columns: int) -> list[str]:
        """The lines of the first whole frame of this size."""
        for _ in range(100):
            self.read_until("\x1b[H")
            frame = self.written.split("\x1b[H")[-2]
            lines = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", frame).split("\r\n")
            if {len(line) for line in lines} == {columns} and len(lines) == rows:
                return lines
        raise TimeoutError("there was no frame of this size")


@contextmanager
def terminal(variables: dict[str, str], folder: Path) -> Iterator[Terminal]:
    """The program on a terminal of 30 lines and 100 columns, which is its own."""
    screen, side = pty.openpty()
    name = os.ttyname(side)
    command = (
        f"exec <{name} >{name} 2>&1; stty rows 30 cols 100; exec {sys.executable} -m functions.watch {WALLET}"
    )
    with subprocess.Popen(
        ["sh", "-c", command], env=variables, cwd=folder, start_new_session=True
    ) as process:
        try:
            yield Terminal(process.pid, screen)
        finally:
            process.kill()
            os.close(side)
            os.close(screen)


@pytest.mark.parametrize(
    ("number", "code"), [(signal.SIGINT, 0), (signal.SIGTERM, 143), (signal.SIGHUP, 143)]
)
def test_however_it_is_ended_the_terminal_is_as_it_was(
    variables: dict[str, str], tmp_path: Path, number: signal.Signals, code: int
) -> None:
    with terminal(variables, tmp_path) as shown:
        shown.read_until("live")
        os.kill(shown.pid, number)
        shown.read_until("\x1b[?25h\x1b[?1049l")
        _, status = os.waitpid(shown.pid, 0)

    assert shown.written.startswith("\x1b[?1049h")
    assert shown.written.endswith("\x1b[?1049l")
    assert os.waitstatus_to_exitcode(status) == code


def test_a_frame_is_drawn_anew_when_the_terminal_has_another_size(
    variables: dict[str, str], tmp_path: Path
) -> None:
    with terminal(variables, tmp_path) as shown:
        shown.read_until("Cannot be read")
        before = shown.read_frames(30, 100)
        shown.resize(20, 80)
        after = shown.read_frames(20, 80)

    assert "live" in before[0]
    assert "live" in after[0]
    assert any("Ctrl-C ends it" in line for line in after)
