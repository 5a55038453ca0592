"""The local server as a process: it does not outlive whoever started it, however that one ends."""

from __future__ import annotations

import os
import select
import signal
import subprocess
import sys

import pytest

from tests.devnet.local_server import ROOT
from tests.functions.bundle import environment
from tests.ports import free_port

STARTER = """
import signal
from tests.devnet.local_server import run_server

with run_server({port}, {{"STORE": "sqlite::memory:", "LOG_LEVEL": "ERROR"}}) as process:
    print(process.pid, flush=True)
    signal.pause()
"""


def ends(pid: int, within: float) -> bool:
    """Whether the process, which is no child of ours, ends in these seconds."""
    try:
        watched = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return bool(select.select([watched], [], [], within)[0])
    finally:
        os.close(watched)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGKILL])
def test_a_server_ends_when_who_started_it_is_killed(number: signal.Signals) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", STARTER.format(port=free_port())],
        cwd=ROOT,
        env=environment({}),
        stdout=subprocess.PIPE,
        text=True,
    ) as starter:
        assert starter.stdout is not None
        server = int(starter.stdout.readline())
        starter.send_signal(number)
        ended = ends(server, 20)
        if not ended:
            os.kill(server, signal.SIGKILL)

    assert starter.returncode == -number
    assert ended
