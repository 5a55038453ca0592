"""`make bench`: every benchmark after the other, each in a process of its own.

`python -m tests.bench scanner` runs only those whose name contains a word given.
"""

import subprocess
import sys
from pathlib import Path

HERE = Path(__file__).parent


def main(words: list[str]) -> int:
    """Run the benchmarks; the exit code is the number of those that failed."""
    names = sorted(path.stem for path in HERE.glob("bench_*.py"))
    chosen = [name for name in names if not words or any(word in name for word in words)]
    failed = []
    for name in chosen:
        print(f"\n== {name.removeprefix('bench_').replace('_', ' ')} ==", flush=True)
        if subprocess.run([sys.executable, "-m", f"tests.bench.{name}"], check=False).returncode:
            failed.append(name)
    if failed:
        print(f"\nfailed: {', '.join(failed)}", file=sys.stderr)
    return len(failed)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
