"""A place for archives that is a dictionary."""

from __future__ import annotations

from dataclasses import dataclass, field

from shared.errors import ArchiveUnavailable


@dataclass
class FakeObjects:
    """Keeps nothing beyond the test; fails from the `adds_left`th writing on, if that is a number."""

    kept: dict[str, bytes] = field(default_factory=dict)
    adds_left: int | None = None

    async def add_object(self, name: str, content: bytes) -> bool:
        if self.adds_left is not None:
            if self.adds_left == 0:
                raise ArchiveUnavailable("it is gone")
            self.adds_left -= 1
        if name in self.kept:
            return False
        self.kept[name] = content
        return True

    async def read_object(self, name: str) -> bytes | None:
        return self.kept.get(name)

    async def list_folders(self) -> tuple[str, ...]:
        return tuple(sorted({name.partition("/")[0] for name in self.kept if "/" in name}))

    async def close(self) -> None:
        """Nothing is open."""
