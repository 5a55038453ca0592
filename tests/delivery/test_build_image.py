"""The image that the build's steps run in has every program that the tests and the Makefile start."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.delivery.tools import ROOT

DOCKERFILE = (ROOT / "infra" / "delivery" / "Dockerfile").read_text()
PACKAGES = set(re.findall(r"[a-z0-9.+-]+", DOCKERFILE.partition("recommends")[2].partition("&&")[0]))
BASE = "FROM google/cloud-sdk:"  # its -emulators image: Debian with gcloud, the emulators and their Java
COPIED = "/usr/local/bin/"
# How each program comes into the image: a Debian package, or a part of a line of the Dockerfile.
PROVIDED = {
    "chromium": "chromium",
    "gcloud": BASE,
    "git": "git",
    "java": BASE,
    "make": "make",
    "node": f"/usr/local/bin/node {COPIED}",
    "npm": f"npm-cli.js {COPIED}npm",
    "openssl": "openssl",
    "ps": "procps",
    "python3": "python3-venv",
    "terraform": f"/bin/terraform {COPIED}",
}
# In every Debian.
SHELL = {"bash", "cd", "cp", "echo", "exec", "for", "mkdir", "rm", "sh", "test", "touch"}
_STARTING = {"subprocess.run", "subprocess.Popen", "asyncio.create_subprocess_exec"}


def test_every_program_that_is_started_is_in_the_image() -> None:
    assert started() == set(PROVIDED)


@pytest.mark.parametrize("program", PROVIDED)
def test_a_program_comes_with_the_image(program: str) -> None:
    source = PROVIDED[program]

    assert source in (DOCKERFILE.replace("\\\n    ", "") if "/" in source else PACKAGES)


def test_the_reading_of_code_finds_programs_however_they_are_named() -> None:
    code = """
_BROWSERS = ("firefox", "iceweasel")
shutil.which("jq")
[path for name in _BROWSERS if (path := shutil.which(name))]
subprocess.run(["git", "log"], check=True)
command = ["perl", "-e", script]
await asyncio.create_subprocess_exec("lua", script)
subprocess.run([sys.executable, "-c", code])
"""

    assert set(named_in(ast.parse(code))) == {"firefox", "jq", "git", "perl", "lua"}


def started() -> set[str]:
    """Programs by their names, but for those of our own environments."""
    sources = [path for folder in ("tests", "infra") for path in (ROOT / folder).rglob("*.py")]
    sources = [path for path in sources if "node_modules" not in path.parts and path != Path(__file__)]
    found = {name for path in sources for name in named_in(ast.parse(path.read_text()))}
    makefile = (ROOT / "Makefile").read_text().replace("$(PYTHON)", "python3")
    found |= set(re.findall(r"^\t@?([a-z]\w*) ", makefile, re.MULTILINE))
    build = (ROOT / "cloudbuild.yaml").read_text()
    found |= set(re.findall(r"^      (?:if ! )?(make|gcloud|terraform|python3) ", build, re.MULTILINE))
    return found - SHELL


def named_in(tree: ast.Module) -> Iterator[str]:
    """What a file looks for on the PATH, or starts by its name."""
    constants = dict(_constants(tree))
    for node in ast.walk(tree):
        if isinstance(node, ast.Call) and node.args and isinstance(node.func, ast.Attribute):
            if node.func.attr == "which":
                yield from _text(node.args[0], constants)
            elif ast.unparse(node.func) in _STARTING:
                yield from _first(node.args[0])
        elif isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "command":
            yield from _first(node.value)


def _constants(tree: ast.Module) -> Iterator[tuple[str, ast.expr]]:
    """Names of tuples, and of what loops over them: the first of several is what we install."""
    tuples = {
        target.id: node.value.elts[0]
        for node in tree.body
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Tuple) and node.value.elts
        for target in node.targets
        if isinstance(target, ast.Name)
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.comprehension) and isinstance(node.target, ast.Name):
            of = getattr(node.iter, "id", "")
            if of in tuples:
                yield node.target.id, tuples[of]


def _first(command: ast.expr) -> Iterator[str]:
    head = command.elts[0] if isinstance(command, ast.List) and command.elts else command
    yield from _text(head, {})


def _text(value: ast.expr, constants: dict[str, ast.expr]) -> Iterator[str]:
    value = constants.get(value.id, value) if isinstance(value, ast.Name) else value
    if isinstance(value, ast.Constant) and isinstance(value.value, str) and " " not in value.value:
        yield value.value
