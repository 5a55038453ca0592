"""`python3 infra/terraform/bundle.py`: one zip per function, the same wherever and whenever it is built.

A bundle is flat, as the platform wants it: main.py, shared/ and requirements.txt. The standard library is all
that this takes.
"""

from __future__ import annotations

import argparse
import hashlib
import io
import sys
import zipfile
from collections.abc import Mapping, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
BUNDLES = Path(__file__).resolve().parent / ".bundles"

# What only laptops and the makers of contracts need; the pins are in the bundle under their own name.
_LEFT_OUT_FOLDERS = frozenset({"__pycache__", "terminal"})
_LEFT_OUT_SUFFIXES = frozenset({".in", ".md", ".mjs", ".pyc", ".yul"})
_PINS = "requirements"

_STAMP = (1980, 1, 1, 0, 0, 0)
_MODE = 0o100644 << 16
_UNIX = 3
_DESCRIPTION = "Writes the bundle of every function, and beside each its digest, by which Terraform names it."
_EXIT_CODES = (
    "exit code: 0 when done, 1 when --check found bundles that are not of these sources, 2 for a wrong name"
)


def main(arguments: Sequence[str] | None = None) -> int:
    """Writes or checks the bundles that the arguments ask for; the exit code."""
    parser = argparse.ArgumentParser("bundle.py", description=_DESCRIPTION, epilog=_EXIT_CODES)
    parser.add_argument("--only", nargs="+", metavar="NAME", help="these functions; default: all")
    parser.add_argument("--check", action="store_true", help="write nothing; tell which are out of date")
    parser.add_argument("--output", type=Path, default=BUNDLES, help="the folder; default: %(default)s")
    options = parser.parse_args(arguments)
    known = function_names()
    names = sorted(set(options.only or known))
    if unknown := sorted(set(names) - set(known)):
        parser.error(f"no function is called {', '.join(unknown)}; there are {', '.join(known)}")
    return _check(names, options.output) if options.check else _write(names, options.output)


def function_names(root: Path = ROOT) -> list[str]:
    """What is deployed: every folder of functions/ with a main.py."""
    return sorted(path.parent.name for path in (root / "functions").glob("*/main.py"))


def bundle_files(name: str, root: Path = ROOT) -> dict[str, bytes]:
    """What the function's bundle holds, by name, in order."""
    shared = root / "shared"
    own_pins = shared / f"{_PINS}-{name}.txt"
    pins = own_pins if own_pins.exists() else shared / f"{_PINS}.txt"
    paths = {
        path.relative_to(root).as_posix(): path for path in shared.rglob("*") if _is_deployed(path, shared)
    }
    paths |= {"main.py": root / "functions" / name / "main.py", f"{_PINS}.txt": pins}
    return {inside: paths[inside].read_bytes() for inside in sorted(paths)}


def content_digest(files: Mapping[str, bytes]) -> str:
    """The SHA-256 of names and contents.

    It is what Terraform goes by: two builds of zlib may compress the same bytes differently, and that is no
    reason to deploy anew.
    """
    digest = hashlib.sha256()
    for name, content in files.items():
        digest.update(f"{name}\0{len(content)}\0".encode())
        digest.update(content)
    return digest.hexdigest()


def pack(files: Mapping[str, bytes]) -> bytes:
    """The zip of these files, with nothing in it of when, where and by whom it was made."""
    packed = io.BytesIO()
    with zipfile.ZipFile(packed, "w") as bundle:
        for name, content in files.items():
            member = zipfile.ZipInfo(name, _STAMP)
            member.create_system, member.external_attr = _UNIX, _MODE
            bundle.writestr(member, content, zipfile.ZIP_DEFLATED, compresslevel=9)
    return packed.getvalue()


def _is_deployed(path: Path, shared: Path) -> bool:
    inside = path.relative_to(shared)
    hidden = any(part.startswith(".") for part in inside.parts)
    is_pins = len(inside.parts) == 1 and path.name.startswith(_PINS)
    left_out = _LEFT_OUT_FOLDERS.intersection(inside.parts) or path.suffix in _LEFT_OUT_SUFFIXES
    return path.is_file() and not (hidden or is_pins or left_out)


def _write(names: Sequence[str], output: Path) -> int:
    output.mkdir(parents=True, exist_ok=True)
    for name in names:
        files = bundle_files(name)
        digest = content_digest(files)
        packed = pack(files)
        (output / f"{name}.zip").write_bytes(packed)
        (output / f"{name}.sha256").write_text(digest + "\n")
        print(f"{name:<16}{len(packed):>9,} bytes   sha256 {hashlib.sha256(packed).hexdigest()}")
    return 0


def _check(names: Sequence[str], output: Path) -> int:
    stale = [
        name for name in names if _found_digest(output / f"{name}.zip") != content_digest(bundle_files(name))
    ]
    for name in stale:
        print(f"{output / name}.zip is not of these sources: run infra/terraform/bundle.py", file=sys.stderr)
    return int(bool(stale))


def _found_digest(path: Path) -> str | None:
    """The digest of what a zip holds; None when there is none or it is broken."""
    try:
        with zipfile.ZipFile(path) as bundle:
            return content_digest({name: bundle.read(name) for name in sorted(bundle.namelist())})
    except (FileNotFoundError, zipfile.BadZipFile):
        return None


if __name__ == "__main__":
    sys.exit(main())
