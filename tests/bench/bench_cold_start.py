"""Cold start: the portfolio function against hello-world, as whole processes, both compiled beforehand.

Both run where only the deployed requirements are installed: libraries also import what they merely find.
"""

from __future__ import annotations

import compileall
import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

from tests.bench.bench_serving import PATH, devnet
from tests.functions.bundle import ROOT, environment, make_bundle, make_hello, serve_bundle

PYTHON = str(ROOT / ".venv-deployed" / "bin" / "python")
_ROUNDS = 11
_IMPORT_GOAL = 1.6
_FIRST_ANSWER_GOAL = 2.0


def _import(folder: Path) -> float:
    """Seconds of a process that imports main.py and ends."""
    started = time.perf_counter()
    subprocess.run([PYTHON, "-c", "import main"], cwd=folder, env=environment({}), check=True)
    return time.perf_counter() - started


def _first_answer(folder: Path, target: str, variables: Mapping[str, str], path: str) -> float:
    """Seconds from the start of the server's process to its first answer with status 200."""
    started = time.perf_counter()
    with serve_bundle(folder, target, variables, path=path, python=PYTHON):
        return time.perf_counter() - started


def _compare(name: str, goal: float, hello: Callable[[], float], ours: Callable[[], float]) -> bool:
    """Print medians of interleaved runs; whether the ratio of the pairs is within the goal."""
    hello(), ours()
    pairs = [(hello(), ours()) for _ in range(_ROUNDS)]
    ratio = statistics.median(second / first for first, second in pairs)
    base, mean = (statistics.median(pair[n] for pair in pairs) * 1000 for n in (0, 1))
    print(
        f"{name:<14}hello-world {base:6.0f} ms   portfolio {mean:6.0f} ms   "
        f"ratio {ratio:.2f} (goal: at most {goal})"
    )
    return ratio <= goal


def main() -> int:
    """Print both ratios; 1 when one is above its goal."""
    with devnet() as variables, TemporaryDirectory() as one, TemporaryDirectory() as other:
        hello, bundle = make_hello(Path(one)), make_bundle("portfolio", Path(other))
        for folder in (hello, bundle):
            compileall.compile_dir(folder, quiet=1)
        good = [
            _compare("import", _IMPORT_GOAL, lambda: _import(hello), lambda: _import(bundle)),
            _compare(
                "first answer",
                _FIRST_ANSWER_GOAL,
                lambda: _first_answer(hello, "hello", {}, "/"),
                lambda: _first_answer(bundle, "portfolio", variables, PATH),
            ),
        ]
    return int(not all(good))


if __name__ == "__main__":
    sys.exit(main())
