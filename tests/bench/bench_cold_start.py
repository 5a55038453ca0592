"""Cold start: every function against hello-world, as whole processes, compiled beforehand; and their sizes.

Both run where only the function's own pins are installed: libraries also import what they merely find.
"""

from __future__ import annotations

import compileall
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from tempfile import TemporaryDirectory

from infra.terraform.bundle import bundle_files, function_names, pack
from tests.bench.bench_serving import devnet
from tests.functions.bundle import environment, install, make_bundle, make_hello, serve_bundle
from tests.functions.questions import Question, first_question, settings_alone

_ROUNDS = 7
_IMPORT_GOAL = 1.6
_FIRST_ANSWER_GOAL = 2.0
_BUNDLE_GOAL = 1_000_000
_HELLO = Question("GET", "/")


@dataclass(frozen=True, slots=True)
class Deployed:
    """A function as it is deployed, and hello-world beside it."""

    name: str
    folder: Path
    hello: Path
    python: str


def _import(folder: Path, python: str) -> float:
    """Seconds of a process that imports main.py and ends."""
    started = time.perf_counter()
    subprocess.run([python, "-c", "import main"], cwd=folder, env=environment({}), check=True)
    return time.perf_counter() - started


def _first_answer(
    folder: Path, target: str, variables: Mapping[str, str], question: Question, python: str
) -> float:
    """Seconds from the start of the server's process to its first answer."""
    started = time.perf_counter()
    with serve_bundle(folder, target, variables, first=question, python=python):
        return time.perf_counter() - started


def _compare(name: str, goal: float, hello: Callable[[], float], ours: Callable[[], float]) -> bool:
    """Print medians of interleaved runs; whether the ratio of the pairs is within the goal."""
    hello(), ours()
    pairs = [(hello(), ours()) for _ in range(_ROUNDS)]
    ratio = statistics.median(second / first for first, second in pairs)
    base, mean = (statistics.median(pair[n] for pair in pairs) * 1000 for n in (0, 1))
    print(
        f"  {name:<16}hello-world {base:5.0f} ms   ours {mean:5.0f} ms   "
        f"ratio {ratio:.2f} (goal: at most {goal})",
        flush=True,
    )
    return ratio <= goal


def _compare_imports(one: Deployed) -> bool:
    return _compare(
        one.name,
        _IMPORT_GOAL,
        lambda: _import(one.hello, one.python),
        lambda: _import(one.folder, one.python),
    )


def _compare_answers(one: Deployed, variables: Mapping[str, str]) -> bool:
    question = first_question(one.name)
    return _compare(
        one.name,
        _FIRST_ANSWER_GOAL,
        lambda: _first_answer(one.hello, "hello", {}, _HELLO, one.python),
        lambda: _first_answer(one.folder, one.name, variables, question, one.python),
    )


@contextmanager
def _deploy() -> Iterator[list[Deployed]]:
    """Every function, unpacked and compiled, with an environment for each set of pins."""
    with TemporaryDirectory() as everything:
        root = Path(everything)
        pythons: dict[bytes, str] = {}
        (root / "hello").mkdir()
        hello = make_hello(root / "hello")
        deployed = []
        for name in function_names():
            folder = make_bundle(name, root / name)
            pins = folder / "requirements.txt"
            key = pins.read_bytes()
            if key not in pythons:
                pythons[key] = install(pins, root / f"environment{len(pythons)}")
            deployed.append(Deployed(name, folder, hello, pythons[key]))
        for folder in (hello, *(one.folder for one in deployed)):
            compileall.compile_dir(folder, quiet=1)
        yield deployed


def _installed_size(python: str) -> int:
    """Bytes of what is installed, without what Python compiled."""
    (packages,) = (Path(python).parent.parent / "lib").glob("python*/site-packages")
    files = (path for path in packages.rglob("*") if path.is_file() and path.suffix != ".pyc")
    return sum(path.stat().st_size for path in files)


def _show_sizes(deployed: list[Deployed]) -> bool:
    """Print how large bundles and environments are; whether every bundle is within the goal."""
    sizes = {one.name: len(pack(bundle_files(one.name))) for one in deployed}
    largest = max(sizes, key=lambda name: sizes[name])
    print(
        f"bundles          {min(sizes.values()):,} to {sizes[largest]:,} bytes ({largest}) "
        f"(goal: below {_BUNDLE_GOAL:,})"
    )
    for python in dict.fromkeys(one.python for one in deployed):
        names = [one.name for one in deployed if one.python == python]
        print(
            f"installed        {_installed_size(python) / 1e6:.0f} MB of dependencies for {', '.join(names)}"
        )
    return max(sizes.values()) < _BUNDLE_GOAL


def main() -> int:
    """Print ratios and sizes; 1 when one is above its goal."""
    with devnet() as variables, _deploy() as deployed:
        good = [_show_sizes(deployed)]
        print("import of main.py, process to process")
        good += [_compare_imports(one) for one in deployed if one.name == "portfolio"]
        print("process start to first answer")
        good += [_compare_answers(one, {**settings_alone(one.name), **variables}) for one in deployed]
    return int(not all(good))


if __name__ == "__main__":
    sys.exit(main())
