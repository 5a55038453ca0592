"""Objects in a folder of this machine."""

from __future__ import annotations

import asyncio
import os
import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from ..errors import ArchiveUnavailable

# No word begins with a dot, so a name never leads out of the folder.
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*(?:/[A-Za-z0-9][A-Za-z0-9._-]*)*")


class FolderObjects:
    """A file for each object, for the owner of the process only."""

    def __init__(self, path: str) -> None:
        self._root = Path(path)

    async def add_object(self, name: str, content: bytes) -> bool:
        return await asyncio.to_thread(_add, self._file(name), content)

    async def read_object(self, name: str) -> bytes | None:
        return await asyncio.to_thread(_read, self._file(name))

    async def list_folders(self) -> tuple[str, ...]:
        return await asyncio.to_thread(_list, self._root)

    async def close(self) -> None:
        """Nothing is open."""

    def _file(self, name: str) -> Path:
        if not _NAME.fullmatch(name):
            raise ValueError(f"{name[:80]!r} is not an object's name")
        return self._root / name


def _add(file: Path, content: bytes) -> bool:
    """Write beside it, then give it its name: whoever reads finds all of it or nothing."""
    with _translated():
        for folder in reversed(file.parents):  # by itself, mkdir would let everybody into those on the way
            folder.mkdir(mode=0o700, exist_ok=True)
        draft = file.with_name(f".{secrets.token_hex(8)}")
        try:
            with os.fdopen(os.open(draft, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600), "wb") as output:
                output.write(content)
                output.flush()
                os.fsync(output.fileno())
            os.link(draft, file)
        except FileExistsError:
            return False
        finally:
            draft.unlink(missing_ok=True)
    return True


def _read(file: Path) -> bytes | None:
    with _translated():
        try:
            return file.read_bytes()
        except (FileNotFoundError, NotADirectoryError):
            return None


def _list(root: Path) -> tuple[str, ...]:
    with _translated():
        try:
            return tuple(sorted(each.name for each in root.iterdir() if each.is_dir()))
        except FileNotFoundError:
            return ()


@contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise ArchiveUnavailable(f"the archive's folder cannot be used: {error.strerror}") from error
