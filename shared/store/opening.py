"""Opens the store that the settings name."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from ..counts import Counts
from ..errors import ConfigError

if TYPE_CHECKING:  # types only: a store is loaded when it is opened
    from .ports import Store

_SQLITE = "sqlite:"
_FIRESTORE = "firestore"


def open_store(
    name: str, project: str | None, clock: Callable[[], datetime], counts: Counts | None = None
) -> Store:
    """The store of `sqlite:PATH`, `sqlite::memory:` or `firestore`; nothing connects before it is used.

    `project` is the Google Cloud project that Firestore belongs to; None for the surroundings' own. What is
    read and written is counted in `counts`. Raises ConfigError for another name.
    """
    path = name.removeprefix(_SQLITE)
    if name.startswith(_SQLITE) and path:
        from .sqlite.opening import open_sqlite

        return open_sqlite(path, clock, counts)
    if name == _FIRESTORE:
        from .firestore.opening import open_firestore

        return open_firestore(project, clock, counts)
    raise ConfigError("STORE: must be sqlite:PATH, sqlite::memory: or firestore")


class StoreOnDemand:
    """A store that is opened when it is first needed: reading public balances needs none."""

    def __init__(self, open_it: Callable[[], Store]) -> None:
        self._open = open_it
        self._store: Store | None = None

    def get(self) -> Store:
        """The store, opened by now."""
        if self._store is None:
            self._store = self._open()
        return self._store

    async def close(self) -> None:
        """Close it if it was opened."""
        store, self._store = self._store, None
        if store is not None:
            await store.close()
