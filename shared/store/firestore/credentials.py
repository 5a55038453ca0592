"""Who asks Firestore: found when it is first asked, and not while the event loop waits."""

from __future__ import annotations

import asyncio
from collections.abc import MutableMapping

import google.auth
from google.auth.credentials import Credentials
from google.auth.transport import Request

_SCOPES = ("https://www.googleapis.com/auth/datastore",)


class DeferredCredentials(Credentials):
    """The surroundings' own credentials: a file, or those of the metadata server, which may not answer."""

    def __init__(self) -> None:
        super().__init__()  # type: ignore[no-untyped-call]  # has no types
        self._found: Credentials | None = None
        self._finding: asyncio.Task[None] | None = None

    async def find(self) -> None:
        """Find them, in a thread; who comes meanwhile waits for the same.

        Raises GoogleAuthError and OSError.
        """
        if self._found is not None:
            return
        if self._finding is None:
            self._finding = asyncio.create_task(asyncio.to_thread(self._find))
            self._finding.add_done_callback(self._end)
        await asyncio.shield(self._finding)

    def refresh(self, request: Request) -> None:
        """Have a new token: called by Google's library, in a thread of its own."""
        assert self._found is not None  # every call finds them first
        self._found.refresh(request)  # type: ignore[no-untyped-call]  # has no types

    def before_request(
        self, request: Request, method: str, url: str, headers: MutableMapping[str, str]
    ) -> None:
        """Put the token into the headers: called by Google's library, in a thread of its own."""
        assert self._found is not None  # every call finds them first
        self._found.before_request(request, method, url, headers)  # type: ignore[no-untyped-call]

    def _find(self) -> None:
        self._found, _ = google.auth.default(scopes=_SCOPES)

    def _end(self, finding: asyncio.Task[None]) -> None:
        """Who asks after a failure tries again; that nobody waited for it any more is none."""
        self._finding = None
        if not finding.cancelled():
            finding.exception()
