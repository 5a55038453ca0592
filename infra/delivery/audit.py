"""`make audit`: asks the advisory services about every pinned Python set and every Node lock file.

Where a service cannot be reached, that is said and is no failure: advice that is not to be had stops nobody.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parent.parent.parent
_PIP_AUDIT = ("pip-audit", "--require-hashes", "--disable-pip", "--progress-spinner=off", "--format=json")
_PINNED = ("shared", "tests", "infra")
_NPM_AUDIT = ("npm", "audit", "--json")
# How the libraries beneath pip-audit say that nobody answered.
_UNREACHABLE = ("requests.exceptions.", "urllib3.exceptions.", "Could not connect")


class AuditFailed(Exception):
    """The tool did not do its work, and not for want of an answer."""


@dataclass(frozen=True, slots=True)
class Audit:
    """What came of asking about one file."""

    known: Sequence[str] = ()
    """A line for each vulnerable package."""
    asked: int = 0
    """How many packages the service could tell about."""
    unknown: Sequence[str] = ()
    """Packages that the service does not know."""
    unreachable: str = ""
    """Why nobody answered."""


def main(root: Path = ROOT) -> int:
    """Prints what is known of everything pinned; 1 when something is vulnerable, 2 when a tool failed."""
    vulnerable = False
    try:
        for pins in pinned_sets(root):
            vulnerable |= _tell(pins.relative_to(root), audit_python(pins))
        for lock in node_locks(root):
            vulnerable |= _tell(lock.relative_to(root), audit_node(lock))
    except AuditFailed as error:
        print(error, file=sys.stderr)
        return 2
    return int(vulnerable)


def pinned_sets(root: Path) -> list[Path]:
    """Every file of pins, of what is deployed, of tests and of tools: it was made of an `.in` beside it."""
    sources = (path for folder in _PINNED for path in root.glob(f"{folder}/**/*.in") if _is_ours(path))
    return sorted(pins for path in sources if (pins := path.with_suffix(".txt")).exists())


def node_locks(root: Path) -> list[Path]:
    """Every lock file that is not a package's own."""
    return sorted(path for path in root.glob("*/*/package-lock.json") if _is_ours(path))


def audit_python(pins: Path) -> Audit:
    """What pip-audit says of a file. Raises AuditFailed."""
    done = _run((*_PIP_AUDIT, f"--requirement={pins}"), pins.parent)
    try:
        dependencies = json.loads(done.stdout)["dependencies"]
    except (ValueError, KeyError) as error:
        if any(sign in done.stderr for sign in _UNREACHABLE):
            return Audit(unreachable=_last_line(done.stderr))
        raise AuditFailed(f"pip-audit on {pins}: {_last_line(done.stderr)}") from error
    # Also a mirror without advisories counts as an answer for pip-audit, and every package as skipped.
    unknown = [dependency["name"] for dependency in dependencies if "skip_reason" in dependency]
    if unknown and len(unknown) == len(dependencies):
        return Audit(unreachable=dependencies[0]["skip_reason"])
    known = [_advice(dependency) for dependency in dependencies if dependency.get("vulns")]
    return Audit(known, len(dependencies) - len(unknown), unknown)


def audit_node(lock: Path) -> Audit:
    """What npm says of a lock file. Raises AuditFailed."""
    done = _run(_NPM_AUDIT, lock.parent)
    try:
        told = json.loads(done.stdout)
    except ValueError as error:
        raise AuditFailed(f"npm audit on {lock}: {_last_line(done.stderr)}") from error
    if "metadata" not in told:
        return Audit(unreachable=told.get("message") or told.get("error", {}).get("summary") or "no answer")
    known = [
        f"{name}: {found['severity']}, {found['range']}" for name, found in told["vulnerabilities"].items()
    ]
    return Audit(known, told["metadata"]["dependencies"]["total"])


def _is_ours(path: Path) -> bool:
    return not any(part == "node_modules" or part.startswith(".venv") for part in path.parts)


def _run(command: Iterable[str], folder: Path) -> subprocess.CompletedProcess[str]:
    try:
        return subprocess.run(list(command), cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError as error:
        raise AuditFailed(f"{error.filename} is not installed") from error


def _advice(dependency: dict[str, Any]) -> str:
    advised = (
        f"{found['id']} (fixed in {', '.join(found['fix_versions']) or 'no version'})"
        for found in dependency["vulns"]
    )
    return f"{dependency['name']} {dependency['version']}: {', '.join(advised)}"


def _tell(name: Path, audit: Audit) -> bool:
    """Print it; whether something is vulnerable."""
    if audit.unreachable:
        print(f"{name}: NOT AUDITED, the advisory service gave no answer: {audit.unreachable}")
        return False
    verdict = f"{len(audit.known)} vulnerable" if audit.known else "no known vulnerability"
    print(f"{name}: {verdict} among {audit.asked} packages")
    if audit.unknown:
        print(f"  not audited, as nobody knows them: {', '.join(audit.unknown)}")
    for line in audit.known:
        print(f"  {line}")
    return bool(audit.known)


def _last_line(text: str) -> str:
    return next((line for line in reversed(text.splitlines()) if line.strip()), "it failed and said nothing")


if __name__ == "__main__":
    sys.exit(main())
