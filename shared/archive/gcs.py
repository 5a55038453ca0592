"""Objects in a bucket of Google Cloud Storage, by its JSON API.

The official client would load a third of the functions' cold start for three kinds of request.
"""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING
from urllib.parse import quote

from ..core.archive_location import Location
from ..errors import ArchiveUnavailable
from .gcs_token import Token

if TYPE_CHECKING:  # types only: importing httpx takes longer than all of the core
    import httpx

_URL = "https://storage.googleapis.com"
_ATTEMPTS = 4
_FIRST_WAIT = 0.5
_CONNECT_SECONDS = 5.0
_READ_SECONDS = 60.0
_PASSING = frozenset({408, 429, 500, 502, 503, 504})


class GcsObjects:
    """One pooled client; requests are repeated here and nowhere above."""

    def __init__(
        self,
        location: Location,
        emulator_url: str | None = None,
        *,
        sleep: Callable[[float], Awaitable[object]] = asyncio.sleep,
    ) -> None:
        """`emulator_url` takes the place of Google's service, and wants no token."""
        self._bucket = location.place
        self._prefix = location.prefix
        self._url = emulator_url or _URL
        self._token = None if emulator_url else Token()
        self._sleep = sleep
        self._client: httpx.AsyncClient | None = None

    async def add_object(self, name: str, content: bytes) -> bool:
        told = {"uploadType": "media", "name": self._prefix + name, "ifGenerationMatch": "0"}
        url = f"{self._url}/upload/storage/v1/b/{self._bucket}/o"
        answer = await self._send("POST", url, told, content)
        # Who may add objects and not delete any is refused where one would be written over.
        if answer.status_code == 412 or (answer.status_code == 403 and await self._exists(name)):
            return False
        self._check(answer)
        return True

    async def read_object(self, name: str) -> bytes | None:
        answer = await self._send("GET", self._object(name), {"alt": "media"})
        if answer.status_code == 404:
            return None
        self._check(answer)
        return answer.content

    async def list_folders(self) -> tuple[str, ...]:
        url = f"{self._url}/storage/v1/b/{self._bucket}/o"
        asked = {"prefix": self._prefix, "delimiter": "/", "fields": "prefixes,nextPageToken"}
        found: list[str] = []
        token: str | None = None
        while True:
            answer = await self._send("GET", url, asked if token is None else {**asked, "pageToken": token})
            self._check(answer)
            page = answer.json()
            found += (name.removeprefix(self._prefix).rstrip("/") for name in page.get("prefixes", ()))
            token = page.get("nextPageToken")
            if token is None:
                return tuple(sorted(found))

    async def close(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            await client.aclose()

    async def _exists(self, name: str) -> bool:
        answer = await self._send("GET", self._object(name), {"fields": "name"})
        return answer.is_success

    def _object(self, name: str) -> str:
        return f"{self._url}/storage/v1/b/{self._bucket}/o/{quote(self._prefix + name, safe='')}"

    async def _send(
        self, method: str, url: str, params: dict[str, str], content: bytes = b""
    ) -> httpx.Response:
        """The answer, of whatever status but those that pass: then another attempt is made."""
        import httpx

        client = self._open()
        for attempt in range(_ATTEMPTS):
            if attempt:
                await self._sleep(_FIRST_WAIT * (1 << attempt) * random.uniform(0.5, 1.5))  # noqa: S311 (jitter)
            headers = {} if self._token is None else await self._token.headers()
            try:
                answer = await client.request(method, url, params=params, content=content, headers=headers)
            except httpx.HTTPError as error:
                said = type(error).__name__
                continue
            if answer.status_code not in _PASSING:
                return answer
            said = f"HTTP {answer.status_code}"
        raise self._unavailable(said)

    def _open(self) -> httpx.AsyncClient:
        import httpx

        if self._client is None:
            timeout = httpx.Timeout(_READ_SECONDS, connect=_CONNECT_SECONDS)
            mounts = {"all://127.0.0.1": None, "all://localhost": None, "all://[::1]": None}
            self._client = httpx.AsyncClient(timeout=timeout, follow_redirects=False, mounts=mounts)
        return self._client

    def _check(self, answer: httpx.Response) -> None:
        if not answer.is_success:
            raise self._unavailable(f"HTTP {answer.status_code}")

    def _unavailable(self, said: str) -> ArchiveUnavailable:
        return ArchiveUnavailable(f"the bucket {self._bucket} cannot be used ({said})")
