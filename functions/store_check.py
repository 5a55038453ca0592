"""Whether the store can be used, found out before anybody asks for what is in it."""

from __future__ import annotations

from datetime import UTC, datetime

from shared.config import Settings
from shared.errors import ConfigError, StoreUnavailable
from shared.store.opening import open_store


async def check_store(settings: Settings) -> None:
    """Open the file that STORE names, and make it if there is none; a service is not asked.

    Raises ConfigError, which names the path.
    """
    if not settings.store.startswith("sqlite:"):
        return
    store = open_store(settings.store, settings.project, lambda: datetime.now(UTC))
    try:
        await store.ready()
    except StoreUnavailable as error:
        raise ConfigError(f"STORE: {settings.store}: {error}") from error
    finally:
        await store.close()
