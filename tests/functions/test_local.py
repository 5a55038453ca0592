"""`python -m functions.local`: every function on one port, and a clear line when that cannot be."""

from __future__ import annotations

import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pytest

from tests.functions.bundle import ROOT, environment
from tests.ports import free_port


@contextmanager
def started(folder: Path, **variables: str) -> Iterator[subprocess.Popen[str]]:
    """The local server in an empty folder, so that no `.env` is found."""
    process = subprocess.Popen(
        [sys.executable, "-m", "functions.local"],
        cwd=folder,
        env=environment({"PYTHONPATH": str(ROOT), "LOG_LEVEL": "ERROR", **variables}),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


def first_lines(process: subprocess.Popen[str]) -> str:
    """What it says until it is ready."""
    assert process.stdout is not None
    lines = ""
    for line in process.stdout:
        lines += line
        if "Ctrl-C" in line:
            break
    return lines


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_it_says_what_it_serves_and_ends_without_a_word(tmp_path: Path, number: signal.Signals) -> None:
    port = free_port()
    with started(tmp_path, PORT=str(port)) as process:
        said = first_lines(process)
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", transport=httpx.HTTPTransport(retries=9)
        ) as client:
            assert client.get("/healthz").status_code == 200
            assert client.get("/api/v1/portfolio?address=banana").status_code == 400
            assert client.get("/").headers["location"] == "/docs"
            assert client.get("/docs").headers["content-type"] == "text/html; charset=utf-8"
        process.send_signal(number)
        _, errors = process.communicate(timeout=20)

    assert f"http://127.0.0.1:{port}/api/v1/portfolio" in said
    assert errors == ""
    assert process.returncode in (0, -number)


def test_runs_are_started_and_carried_out_in_the_one_process(tmp_path: Path) -> None:
    port = free_port()
    with started(tmp_path, PORT=str(port)) as process:
        said = first_lines(process)
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", transport=httpx.HTTPTransport(retries=9)
        ) as client:
            own = client.post("/api/v1/snapshots")
            run = client.get(own.headers["location"])
            of_all = client.post("/triggers/snapshot")
            swept = client.post("/triggers/snapshot", json={"sweep": True})
            page = client.get("/metrics").text
        process.send_signal(signal.SIGTERM)
        _, errors = process.communicate(timeout=20)

    assert "/api/v1/runs/{id}" in said
    assert [answer.status_code for answer in (own, run, of_all, swept)] == [200, 200, 200, 204]
    assert run.json()["status"] == of_all.json()["status"] == "finished"
    assert 'messages_published_total{topic="snapshot"}' in page
    assert errors == ""


def test_a_taken_port_is_said_in_one_line(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        with started(tmp_path, PORT=str(port)) as process:
            _, errors = process.communicate(timeout=30)

    assert process.returncode == 1
    assert errors == (
        f"port {port} of 127.0.0.1 cannot be used (Address already in use): set PORT to another one\n"
    )


def test_a_bad_setting_is_said_in_one_line(tmp_path: Path) -> None:
    with started(tmp_path, BALANCE_TTL_SECONDS="soon") as process:
        _, errors = process.communicate(timeout=30)

    assert process.returncode == 2
    assert errors == "BALANCE_TTL_SECONDS: must be a number (see README.md, Settings)\n"


def test_a_store_that_cannot_be_used_is_said_in_one_line(tmp_path: Path) -> None:
    (tmp_path / "text.db").write_text("this is not a database, whatever its name says")
    with started(tmp_path, PORT=str(free_port()), STORE="sqlite:text.db") as process:
        said, errors = process.communicate(timeout=30)

    assert (process.returncode, said) == (2, "")
    assert errors.startswith("STORE: sqlite:text.db: the store's file cannot be used")
    assert errors.count("\n") == 1


def test_a_caller_cannot_pass_for_others_with_a_header(tmp_path: Path) -> None:
    port = free_port()
    oidc = {"AUTH_MODE": "oidc", "GOOGLE_CLOUD_PROJECT": "demo", "RATE_LIMIT_PER_MINUTE": "1"}
    with started(tmp_path, PORT=str(port), **oidc) as process:
        first_lines(process)
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", transport=httpx.HTTPTransport(retries=9)
        ) as client:
            answers = [
                client.get("/api/v1/portfolio?address=banana", headers={"X-Forwarded-For": f"9.9.9.{n}"})
                for n in range(2)
            ]

    assert [answer.status_code for answer in answers] == [400, 429]


def test_with_tokens_nobody_can_forge_a_message(tmp_path: Path) -> None:
    port = free_port()
    with started(tmp_path, PORT=str(port), AUTH_MODE="oidc", GOOGLE_CLOUD_PROJECT="demo") as process:
        said = first_lines(process)
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", transport=httpx.HTTPTransport(retries=9)
        ) as client:
            answers = [client.post(f"/triggers/{name}") for name in ("snapshot", "fetch-balances")]
            described = client.get("/openapi.json").json()["paths"]

    assert [answer.status_code for answer in answers] == [404, 404]
    assert "/api/v1/snapshots" in described
    assert "/triggers" not in said + "".join(described)


@pytest.mark.parametrize(
    ("variables", "status"),
    [({}, 421), ({"AUTH_MODE": "oidc", "GOOGLE_CLOUD_PROJECT": "demo"}, 200)],
    ids=["local", "oidc"],
)
def test_without_tokens_another_name_for_this_machine_is_not_answered(
    tmp_path: Path, variables: dict[str, str], status: int
) -> None:
    port = free_port()
    with started(tmp_path, PORT=str(port), **variables) as process:
        first_lines(process)
        with httpx.Client(
            base_url=f"http://127.0.0.1:{port}", transport=httpx.HTTPTransport(retries=9)
        ) as client:
            strange = client.get("/healthz", headers={"Host": f"evil.example:{port}"})
            own = client.get("/healthz", headers={"Host": f"localhost:{port}"})

    assert (strange.status_code, own.status_code) == (status, 200)
