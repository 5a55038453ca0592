"""Has checkov judge a configuration."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.infra.terraform import PRODUCTION, ROOT, ToolMissing

CHECKOV = ROOT / ".venv-checkov" / "bin" / "checkov"


@dataclass(frozen=True)
class Finding:
    """A policy, what it was applied to, and why it was waived if it was."""

    policy: str
    resource: str
    reason: str


@dataclass(frozen=True)
class Verdict:
    """What broke a policy, and what breaks one with a reason."""

    broken: tuple[Finding, ...]
    waived: tuple[Finding, ...]
    passed: int


def judge(folder: Path) -> Verdict:
    """Checkov's verdict on the configuration in a folder, as production has it; nothing is downloaded."""
    if not CHECKOV.exists():
        raise ToolMissing("checkov is not set up: run make .venv-checkov/ready")
    variables = folder / "production.tfvars.json"
    variables.write_text(json.dumps(PRODUCTION))
    command = [str(CHECKOV), "--directory", str(folder), "--framework", "terraform", "--skip-download"]
    command += ["--var-file", str(variables), "--output", "json", "--soft-fail"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=True)
    report = json.loads(done.stdout)
    results = report["results"]
    assert not results["parsing_errors"]
    return Verdict(
        tuple(map(_finding, results["failed_checks"])),
        tuple(map(_finding, results["skipped_checks"])),
        len(results["passed_checks"]),
    )


def _finding(found: Mapping[str, Any]) -> Finding:
    reason = found["check_result"].get("suppress_comment") or ""
    return Finding(found["check_id"], found["resource"], reason)
