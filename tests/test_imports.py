"""Imports point one way, and the core needs nothing but the standard library."""

import ast
import re
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SHARED = ROOT / "shared"
EDGES = ("chain", "prices", "store", "bus", "archive")
BELOW_EDGES = ("http_body", "counts", "peer_check", "probing", "refusals", "spans", "tls")
# Who may import whom inside `shared`; everybody may import itself and `errors`.
MAY_IMPORT: dict[str, tuple[str, ...]] = {
    "errors": (),
    "core": (),
    "http_body": (),
    "counts": (),
    "ongoing": (),
    "probing": (),
    "refusals": (),
    "spans": (),
    "tls": (),
    "telemetry": ("spans",),
    "variables": ("core",),
    "config": ("core", "variables"),
    "facts": ("core",),
    "peer_check": ("core",),
    **dict.fromkeys(EDGES, ("core", "config", *BELOW_EDGES)),
    "protocols": ("chain", "core"),
    "services": ("protocols", *EDGES, "core", "counts", "ongoing", "spans"),
    "web": ("config", "http_body", "counts", "peer_check", "spans", "core"),
    "wiring": ("config", "facts", "counts", "ongoing", "tls", *EDGES, "core"),
    "api": ("services", "web", "wiring", "bus", "config", "counts", "probing", "spans", "telemetry", "core"),
    "terminal": ("api", "core"),
}


def layer(path: Path) -> str:
    """The part of `shared` that a file belongs to: its first folder, or its own name."""
    return path.relative_to(SHARED).parts[0].removesuffix(".py")


def imported_modules(path: Path) -> Iterator[str]:
    package = path.relative_to(ROOT).parts[:-1]
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            base = package[: len(package) - node.level + 1] if node.level else ()
            yield ".".join((*base, *(node.module or "").split("."))).strip(".")


FILES = sorted(SHARED.rglob("*.py"))


@pytest.mark.parametrize("path", FILES, ids=lambda path: str(path.relative_to(SHARED)))
def test_imports_point_one_way(path: Path) -> None:
    allowed = {layer(path), "errors", *MAY_IMPORT[layer(path)]}
    inside = {name.split(".")[1] for name in imported_modules(path) if name.startswith("shared.")}

    assert inside <= allowed


@pytest.mark.parametrize("path", sorted((SHARED / "core").rglob("*.py")), ids=lambda path: path.name)
def test_the_core_needs_only_the_standard_library(path: Path) -> None:
    outside = {n.split(".")[0] for n in imported_modules(path) if not n.startswith("shared")}

    assert outside <= sys.stdlib_module_names


def test_a_function_imports_only_its_api() -> None:
    for path in (ROOT / "functions").glob("*/main.py"):
        inside = {name.split(".")[1] for name in imported_modules(path) if name.startswith("shared.")}

        assert inside <= {"api"}, path


def test_only_config_reads_the_environment() -> None:
    readers = {path.name for path in FILES if re.search(r"os\.environ|getenv", path.read_text())}

    assert readers == {"config.py"}
