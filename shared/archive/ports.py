"""What the project asks of a place for archives. Every method may raise ArchiveUnavailable."""

from __future__ import annotations

from typing import Protocol


class Objects(Protocol):
    """Objects by name, written once: none is ever changed. A name is words joined by slashes."""

    async def add_object(self, name: str, content: bytes) -> bool:
        """Keep an object; False if there is one of this name, which stays as it is.

        After an answer that was lost, it may be this very one.
        """
        ...

    async def read_object(self, name: str) -> bytes | None:
        """The object's content; None if there is none of this name."""
        ...

    async def list_folders(self) -> tuple[str, ...]:
        """The first words of all names that have several, in order."""
        ...

    async def close(self) -> None:
        """Close what is open."""
        ...
