"""cloudbuild.yaml: valid by its schema, its scripts sound, its functions the folders, its order safe."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any, cast

import pytest
import yaml  # type: ignore[import-untyped] # it has no types of its own

from infra.delivery.release import PLAN
from infra.terraform.bundle import function_names
from tests.delivery.tools import ROOT, place_program, tool

FILE = ROOT / "cloudbuild.yaml"
BUILD = cast(dict[str, Any], yaml.safe_load(FILE.read_text()))
STEPS: dict[str, dict[str, Any]] = {step["id"]: step for step in BUILD["steps"]}
SCRIPTS = {name: step["script"] for name, step in STEPS.items() if "script" in step}
GIVEN = {"PROJECT_ID", "BUILD_ID"}
# A program that notes how it was called, and fails when it is told to.
NOTES = """#!/bin/sh
echo "$(basename "$0") $*" >> "$CALLS"
case "$0 $*" in *"$FAILS"*) [ "$(grep -c -e "$FAILS" "$CALLS")" -lt "$AT" ] || exit 1;; esac
"""


def check(file: Path) -> subprocess.CompletedProcess[str]:
    command = [tool("check-jsonschema"), "--builtin-schema", "vendor.cloudbuild", str(file)]
    return subprocess.run(command, capture_output=True, text=True, check=False, timeout=60)


def test_the_build_is_valid_by_its_published_schema() -> None:
    done = check(FILE)

    assert done.returncode == 0, done.stdout


@pytest.mark.parametrize(
    ("good", "bad"),
    [
        ("    name: docker", "    nam: docker"),
        ("script: |", "scripts: |"),
        ("timeout: 5400s", "timeout: an hour"),
        ("logging: CLOUD_LOGGING_ONLY", "logging: SOMEWHERE"),
        ("args: [build,", "args: [{build: now},"),
    ],
)
def test_the_schema_finds_mistakes(good: str, bad: str, tmp_path: Path) -> None:
    assert good in FILE.read_text()
    (tmp_path / "cloudbuild.yaml").write_text(FILE.read_text().replace(good, bad, 1))

    assert check(tmp_path / "cloudbuild.yaml").returncode == 1


@pytest.mark.parametrize("step", SCRIPTS)
def test_a_script_is_sound(step: str, tmp_path: Path) -> None:
    script = tmp_path / "script"
    script.write_text(SCRIPTS[step])
    done = subprocess.run(
        [tool("shellcheck"), "--enable=all", "--exclude=SC2154,SC2250,SC2312", str(script)],
        capture_output=True,
        text=True,
        check=False,
    )

    assert done.stdout == ""
    assert SCRIPTS[step].startswith("#!/usr/bin/env bash\nset -euo pipefail\n")


def test_the_functions_are_the_folders() -> None:
    assert BUILD["substitutions"]["_FUNCTIONS"].split() == function_names()


def test_what_is_substituted_is_declared_and_what_is_declared_is_used() -> None:
    text = json.dumps(BUILD["steps"])
    used = set(re.findall(r"\$\{?(_[A-Z_]+|PROJECT_ID|BUILD_ID)\b", text))

    assert used - GIVEN == set(BUILD["substitutions"])
    assert BUILD["options"]["automapSubstitutions"] is True


def test_what_serves_is_touched_last_and_nothing_runs_out_of_order() -> None:
    assert list(STEPS) == ["image", "setup", "lint", "test", "audit", "bundles", "plan", "apply", "release"]
    assert not any("waitFor" in step or step.get("allowFailure") for step in BUILD["steps"])


def test_every_image_has_a_version() -> None:
    images = {step["name"] for step in BUILD["steps"]} - {"chainfolio-build"}
    images |= set(
        re.findall(r"^FROM (\S+)", (ROOT / "infra/delivery/Dockerfile").read_text(), flags=re.MULTILINE)
    )

    assert len(images) == 4
    assert all(re.search(r":\d", image) for image in images)


def test_what_is_made_is_a_target() -> None:
    targets = {
        word
        for script in SCRIPTS.values()
        for line in re.findall(r"make (.+)", script)
        for word in line.split()
    }
    makefile = (ROOT / "Makefile").read_text()

    assert {"lint", "test", "audit", "sbom"} <= targets
    assert all(re.search(rf"^{re.escape(target)}:", makefile, flags=re.MULTILINE) for target in targets)


@pytest.fixture
def calls(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where terraform, gcloud and python3 note how they were called instead of doing anything."""
    for name in ("terraform", "gcloud", "python3"):
        place_program(tmp_path / "bin", name, NOTES, monkeypatch)
    (tmp_path / "infra" / "terraform").mkdir(parents=True)
    return tmp_path / "calls"


def run(
    step: str, calls: Path, *, fails: str = "no such call", at: int = 1, **substitutions: str
) -> tuple[int, list[str]]:
    """The exit code of a step's script and what it called; what fails does so from its `at`-th time on."""
    variables = {
        **BUILD["substitutions"],
        "PROJECT_ID": "p",
        "BUILD_ID": "7",
        "_STATE_BUCKET": "b",
        **substitutions,
    }
    done = subprocess.run(
        ["bash", "-c", SCRIPTS[step]],
        cwd=calls.parent,
        env={**os.environ, **variables, "CALLS": str(calls), "FAILS": fails, "AT": str(at)},
        capture_output=True,
        text=True,
        check=False,
    )
    lines = calls.read_text().splitlines() if calls.exists() else []
    return done.returncode, [_short(line) for line in lines]


def _short(call: str) -> str:
    """The word of a call that says what it does."""
    found = re.search(
        r"\b(hold|shift|rollback|storage cp|init|plan|show|apply)\b", call.replace("release.tfplan", "")
    )
    assert found is not None, call
    return found[0]


def test_a_build_that_may_not_deploy_ends_with_the_plan(calls: Path) -> None:
    assert [run(step, calls)[0] for step in ("plan", "apply", "release")] == [0, 0, 0]
    assert run("release", calls) == (0, ["storage cp", "init", "storage cp", "plan"])


def test_a_build_that_may_deploys_in_order(calls: Path) -> None:
    for step in ("plan", "apply", "release"):
        code, called = run(step, calls, _DEPLOY="true")
        assert code == 0

    assert called == ["storage cp", "init", "storage cp", "plan", "show", "hold", "plan", "apply", "shift"]
    assert " ".join(function_names()) in calls.read_text()


def test_what_hold_reads_is_what_terraform_showed() -> None:
    assert f"> {PLAN.relative_to(ROOT)}" in SCRIPTS["plan"]


def test_a_plan_that_fails_holds_nothing(calls: Path) -> None:
    code, called = run("plan", calls, fails=" plan -input", _DEPLOY="true")

    assert (code, called[-1]) == (1, "plan")
    assert "hold" not in called


def test_a_plan_that_fails_when_functions_are_held_lets_the_traffic_go_again(calls: Path) -> None:
    code, called = run("plan", calls, fails=" plan -input", at=2, _DEPLOY="true")

    assert code == 1
    assert called[-3:] == ["hold", "plan", "rollback"]


def test_a_hold_that_fails_ends_the_build_before_it_applies(calls: Path) -> None:
    code, called = run("plan", calls, fails=" hold ", _DEPLOY="true")

    assert (code, called[-1]) == (1, "hold")


def test_whoever_takes_the_lock_of_the_state_waits_for_it() -> None:
    """Two builds may be at it at once. To show a plan, or to say where the state is, takes none."""
    commands = re.findall(r"terraform -chdir=\S+ (\w+)(.*)", "\n".join(SCRIPTS.values()))

    assert {command for command, _ in commands} == {"init", "plan", "show", "apply"}
    assert all("-lock-timeout=" in rest for command, rest in commands if command in ("plan", "apply"))


def test_the_bills_of_materials_are_kept_beside_the_state(calls: Path) -> None:
    run("plan", calls)

    assert "gs://b/builds/7/" in calls.read_text()
    # Cloud Build's own would look for a bucket without a name, where none is given.
    assert "artifacts" not in BUILD


def test_an_apply_that_fails_is_taken_back(calls: Path) -> None:
    assert run("apply", calls, fails=" apply -input", _DEPLOY="true") == (1, ["apply", "rollback"])


def test_a_shift_that_fails_fails_the_build(calls: Path) -> None:
    assert run("release", calls, fails=" shift ", _DEPLOY="true") == (1, ["shift"])


def test_a_build_without_a_bucket_for_the_state_says_what_is_missing(calls: Path) -> None:
    code, called = run("plan", calls, _STATE_BUCKET="")

    assert (code, called) == (1, [])


def test_the_programs_of_the_build_run_with_any_python_of_today() -> None:
    """The steps call the image's own python3, which has none of our packages."""
    command = [
        sys.executable,
        "-I",
        "-S",
        "-c",
        "import sys; sys.path.insert(0, '.'); import infra.delivery.release",
    ]

    subprocess.run(command, cwd=ROOT, check=True)
