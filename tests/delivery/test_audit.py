"""The audit: what is vulnerable fails it, what cannot be asked is said, what breaks is neither."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from infra.delivery import audit

FINE = {"dependencies": [{"name": "httpx", "version": "0.28.1", "vulns": []}]}
QUIET = {"metadata": {"dependencies": {"total": 3}}, "vulnerabilities": {}}
Programs = Callable[..., None]


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with one set of pins and one lock file, and files of that name that are not its own."""
    for name in (
        "shared/requirements.in",
        "shared/requirements.txt",
        "tests/devnet/package-lock.json",
        "tests/infra/.venv/requirements.in",
        "tests/infra/.venv/requirements.txt",
        "tests/node_modules/package-lock.json",
    ):
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("")
    return tmp_path


@pytest.fixture
def programs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Programs:
    """Puts a pip-audit and an npm on the PATH that print this."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", str(folder), prepend=":")

    def place(pip_audit: object = FINE, npm: object = QUIET, *, complaint: str = "", code: int = 0) -> None:
        for name, answer in (("pip-audit", pip_audit), ("npm", npm)):
            said = answer if isinstance(answer, str) else json.dumps(answer)
            (folder / f"{name}.out").write_text(said)
            (folder / f"{name}.err").write_text(complaint)
            script = f'#!/bin/sh\ncat "{folder}/{name}.out"\ncat "{folder}/{name}.err" >&2\nexit {code}\n'
            (folder / name).write_text(script)
            (folder / name).chmod(0o755)

    return place


def test_nothing_known_is_no_failure(
    project: Path, programs: Programs, capsys: pytest.CaptureFixture[str]
) -> None:
    programs()

    assert audit.main(project) == 0
    assert capsys.readouterr().out.splitlines() == [
        "shared/requirements.txt: no known vulnerability among 1 packages",
        "tests/devnet/package-lock.json: no known vulnerability among 3 packages",
    ]


def test_a_vulnerable_python_package_fails_the_audit_and_is_named(
    project: Path, programs: Programs, capsys: pytest.CaptureFixture[str]
) -> None:
    vulnerable = {
        "name": "jinja2",
        "version": "3.1.2",
        "vulns": [{"id": "GHSA-1", "fix_versions": ["3.1.3"]}],
    }
    programs({"dependencies": [*FINE["dependencies"], vulnerable]}, code=1)

    assert audit.main(project) == 1
    said = capsys.readouterr().out
    assert "shared/requirements.txt: 1 vulnerable among 2 packages\n" in said
    assert "  jinja2 3.1.2: GHSA-1 (fixed in 3.1.3)\n" in said


def test_a_vulnerable_node_package_fails_the_audit_and_is_named(
    project: Path, programs: Programs, capsys: pytest.CaptureFixture[str]
) -> None:
    programs(npm={**QUIET, "vulnerabilities": {"ws": {"severity": "high", "range": "<8.17.1"}}}, code=1)

    assert audit.main(project) == 1
    assert "  ws: high, <8.17.1\n" in capsys.readouterr().out


@pytest.mark.parametrize(
    "silence",
    [
        "requests.exceptions.ProxyError: HTTPSConnectionPool: Max retries exceeded",
        "ERROR:pip_audit._cli:Could not connect to the vulnerability feed",
    ],
)
def test_a_service_that_cannot_be_reached_is_said_and_is_no_failure(
    project: Path, programs: Programs, capsys: pytest.CaptureFixture[str], silence: str
) -> None:
    programs("", {"message": "ECONNREFUSED"}, complaint=f"Traceback\n{silence}\n", code=1)

    assert audit.main(project) == 0
    assert capsys.readouterr().out.splitlines() == [
        f"shared/requirements.txt: NOT AUDITED, the advisory service gave no answer: {silence}",
        "tests/devnet/package-lock.json: NOT AUDITED, the advisory service gave no answer: ECONNREFUSED",
    ]


def test_a_mirror_that_knows_no_package_is_not_taken_for_good_news(
    project: Path, programs: Programs, capsys: pytest.CaptureFixture[str]
) -> None:
    programs({"dependencies": [{"name": "httpx", "skip_reason": "httpx could not be audited"}]})

    assert audit.main(project) == 0
    said = capsys.readouterr().out
    assert "NOT AUDITED, the advisory service gave no answer: httpx could not be audited" in said


def test_single_packages_that_nobody_knows_are_named(
    project: Path, programs: Programs, capsys: pytest.CaptureFixture[str]
) -> None:
    programs({"dependencies": [*FINE["dependencies"], {"name": "ours", "skip_reason": "not found"}]})

    assert audit.main(project) == 0
    assert capsys.readouterr().out.splitlines()[:2] == [
        "shared/requirements.txt: no known vulnerability among 1 packages",
        "  not audited, as nobody knows them: ours",
    ]


@pytest.mark.parametrize(("pip_audit", "npm"), [("", QUIET), (FINE, "<html>")])
def test_a_tool_that_breaks_fails_the_audit(
    project: Path, programs: Programs, pip_audit: object, npm: object, capsys: pytest.CaptureFixture[str]
) -> None:
    programs(pip_audit, npm, complaint="ERROR: the file has no hashes\n", code=1)

    assert audit.main(project) == 2
    assert capsys.readouterr().err.endswith(": ERROR: the file has no hashes\n")


def test_a_tool_that_is_missing_is_named(
    project: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PATH", str(project))

    assert audit.main(project) == 2
    assert capsys.readouterr().err == "pip-audit is not installed\n"


def test_everything_that_is_pinned_is_audited() -> None:
    pinned = [path for path in tracked("*.txt") if "--hash=sha256:" in path.read_text()]

    assert audit.ROOT / "shared" / "requirements.txt" in pinned
    assert audit.pinned_sets(audit.ROOT) == sorted(pinned)
    assert audit.node_locks(audit.ROOT) == sorted(tracked("*package-lock.json"))


def tracked(pattern: str) -> list[Path]:
    """The project's own files of this name."""
    command = ["git", "-C", str(audit.ROOT), "ls-files", "-z", pattern]
    listed = subprocess.run(command, capture_output=True, text=True, check=True).stdout
    return [audit.ROOT / name for name in listed.split("\0") if name]
