"""The token that Google Cloud Storage wants, found and renewed as Google's own clients do it."""

from __future__ import annotations

import asyncio
from typing import Any

from ..errors import ArchiveUnavailable

_SCOPE = "https://www.googleapis.com/auth/devstorage.read_write"


class Token:
    """The credentials of the surroundings: a service account's where deployed, else those of gcloud."""

    def __init__(self) -> None:
        self._credentials: Any = None
        self._renewing = asyncio.Lock()

    async def headers(self) -> dict[str, str]:
        """The header of a request that is made now. Raises ArchiveUnavailable."""
        async with self._renewing:
            if self._credentials is None or not self._credentials.valid:
                # In a thread, because it asks the metadata server where there is one.
                await asyncio.to_thread(self._renew)
        return {"Authorization": f"Bearer {self._credentials.token}"}

    def _renew(self) -> None:
        import google.auth
        from google.auth.exceptions import GoogleAuthError
        from google.auth.transport.requests import Request

        try:
            if self._credentials is None:
                self._credentials, _ = google.auth.default(scopes=[_SCOPE])
            self._credentials.refresh(Request())
        except GoogleAuthError as error:
            kind = type(error).__name__
            raise ArchiveUnavailable(f"there are no credentials for Google Cloud Storage ({kind})") from error
