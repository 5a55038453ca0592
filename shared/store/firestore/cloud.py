"""The connection to Firestore: where documents are, how they are written, what its errors mean."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, TypeAlias
from urllib.parse import quote

from google.auth.exceptions import GoogleAuthError
from google.cloud.firestore import (
    AsyncClient,
    AsyncCollectionReference,
    AsyncDocumentReference,
    AsyncQuery,
    AsyncWriteBatch,
    DocumentSnapshot,
)
from google.cloud.firestore_v1.types import ListenRequest, ListenResponse

from ...counts import Counts
from ...errors import StoreUnavailable
from ...refusals import Refusals, Service
from ...spans import span
from .credentials import DeferredCredentials

# An answer is due within 15 s; what takes longer than this, repetitions included, is not there.
_PATIENCE_SECONDS = 10.0
_MAX_ID = 700
_GET_AT_ONCE = 300
_COUNTED_AS_ONE = 1000


_SERVICE = Service("Firestore", "firestore.googleapis.com", "roles/datastore.user")

Document: TypeAlias = "DocumentSnapshot[Any]"


class Refused(Exception):
    """A commit found a document that should not be there, or one that is missing or was changed."""


def document_id(*names: str) -> str:
    """One id of several names: the same for the same names only, and fit for a path whatever they hold."""
    text = ":".join(quote(name, safe="") for name in names)
    if len(text) > _MAX_ID:
        from hashlib import sha256

        return f"sha256={sha256(text.encode()).hexdigest()}"
    # A path may not hold "." or "..", and ids that begin with two underscores are Firestore's own.
    if text in ("", ".", "..") or text.startswith("__"):
        return f"={text}"
    return text


class Cloud:
    """The client, made on first use in the event loop that uses it.

    Documents are counted as they are billed: one that was looked for is read, also if it is not there, and so
    is one for a query that finds nothing; a count is one for each thousand.
    """

    def __init__(
        self,
        project: str | None,
        patience_seconds: float = _PATIENCE_SECONDS,
        counts: Counts | None = None,
    ) -> None:
        self._project = project
        self._counts = Counts() if counts is None else counts
        self._patience_seconds = patience_seconds
        self._client: AsyncClient | None = None
        self._credentials = DeferredCredentials()
        self._refusals = Refusals(_SERVICE, project)

    @property
    def client(self) -> AsyncClient:
        """Raises StoreUnavailable where nothing says which project it is."""
        if self._client is None:
            try:
                self._client = AsyncClient(project=self._project, credentials=self._credentials)
            except (GoogleAuthError, OSError) as error:
                raise _not_let_in(error, self._refusals.explain(error)) from error
        return self._client

    def collection(self, name: str) -> AsyncCollectionReference:
        return self.client.collection(name)

    def user(self, user: str) -> AsyncDocumentReference:
        """The document under which a user's own collections are."""
        return self.client.collection("users").document(document_id(user))

    def below(self, user: str, name: str) -> AsyncCollectionReference:
        """One of the user's own collections."""
        collection: AsyncCollectionReference = self.user(user).collection(name)
        return collection

    def batch(self) -> AsyncWriteBatch:
        return self.client.batch()

    async def get(self, document: AsyncDocumentReference, at: datetime | None = None) -> Document:
        """The document as it is, or as it was at a time within the last hour."""
        async with self._call("get"):
            found = await document.get(read_time=at, **self._patience())
        self._count_reads(1)
        return found

    async def get_all(
        self, documents: Sequence[AsyncDocumentReference], fields: Sequence[str] | None = None
    ) -> AsyncIterator[Document]:
        """Those of the documents that exist, in any order; only these fields of them, if any are named."""
        for start in range(0, len(documents), _GET_AT_ONCE):
            asked = list(documents[start : start + _GET_AT_ONCE])
            async with self._call("get all", documents=len(asked)):
                found = self.client.get_all(asked, field_paths=fields, **self._patience())
                kept = [snapshot async for snapshot in found if snapshot.exists]
            self._count_reads(len(asked))
            for snapshot in kept:
                yield snapshot

    async def select(self, query: AsyncQuery, at: datetime | None = None) -> list[Document]:
        """The documents of a query as they are, or as they were at a time within the last hour."""
        async with self._call("query"):
            found = list(await query.get(read_time=at, **self._patience()))
        self._count_reads(len(found) or 1)
        return found

    async def count(self, query: AsyncQuery) -> int:
        """How many documents the query has, without reading them."""
        async with self._call("count"):
            ((found, *_), *_) = await query.count().get(**self._patience())
        number = int(found.value)
        self._count_reads(-(-number // _COUNTED_AS_ONE) or 1)
        return number

    async def server_time(self) -> datetime:
        """Firestore's own time: a read at it shows all that was written up to it."""
        at: datetime = (await self.get(self.user("nobody"))).read_time
        return at

    async def listen(self, requests: AsyncIterator[ListenRequest]) -> AsyncGenerator[ListenResponse, None]:
        """What happens to the targets that the requests add, until somebody ends it. Raises StoreUnavailable.

        The client's own call cannot be given up while it connects; the one below it can.
        """
        from google.api_core.exceptions import from_grpc_error
        from grpc import RpcError  # type: ignore[import-untyped]  # has no types

        await self._sign_in()
        prefix = f"projects/{self.client.project}/databases/(default)"
        metadata = (("google-cloud-resource-prefix", prefix),)
        call: Any = self.client._firestore_api.transport.listen(requests, metadata=metadata)
        try:
            async for response in call:
                if response is None:
                    raise StoreUnavailable("Firestore cannot be listened to (its answer is no message)")
                if "document_change" in response:
                    self._count_reads(1)
                yield response
        except RpcError as error:
            known = from_grpc_error(error)  # type: ignore[no-untyped-call]  # has no types
            remedy = self._refusals.explain(known)
            raise StoreUnavailable(
                f"Firestore cannot be listened to ({error.code().name})", remedy
            ) from error
        finally:
            call.cancel()

    async def commit(self, batch: AsyncWriteBatch) -> None:
        """Write all of the batch or nothing. Raises Refused, and StoreUnavailable."""
        from google.api_core.exceptions import AlreadyExists, FailedPrecondition, NotFound

        writes = len(batch)
        async with self._call("commit"):
            try:
                await batch.commit(**self._patience())
            except (AlreadyExists, FailedPrecondition, NotFound) as error:
                if self._refusals.explain(error) is not None:
                    raise
                raise Refused(str(error)) from error
        self._counts.add("store_writes_total", writes, store="firestore")

    @asynccontextmanager
    async def _call(self, name: str, **about: int) -> AsyncIterator[None]:
        """A call of the client's; what it raises becomes StoreUnavailable."""
        from google.api_core.exceptions import GoogleAPICallError, RetryError

        with span(f"firestore {name}", "client", **about):
            await self._sign_in()
            try:
                yield
            except GoogleAuthError as error:
                raise _not_let_in(error, self._refusals.explain(error)) from error
            except (GoogleAPICallError, RetryError) as error:
                raise self._unusable(error) from error

    async def _sign_in(self) -> None:
        """The emulator asks nobody who it is. Raises StoreUnavailable."""
        if self.client._emulator_host is None:
            try:
                await self._credentials.find()
            except (GoogleAuthError, OSError) as error:
                raise _not_let_in(error, self._refusals.explain(error)) from error

    def _unusable(self, error: Exception) -> StoreUnavailable:
        remedy = self._refusals.explain(error)
        return StoreUnavailable(f"Firestore cannot be used ({type(error).__name__})", remedy)

    def unchanged(self, snapshot: Document) -> Any:
        """The condition that a document is still as it was read."""
        return self.client.write_option(last_update_time=snapshot.update_time)

    def _count_reads(self, number: int) -> None:
        self._counts.add("store_reads_total", number, store="firestore")

    def _patience(self) -> dict[str, Any]:
        """How long a call may take, and which errors it is repeated on: those that pass."""
        from google.api_core import exceptions
        from google.api_core.retry import if_exception_type
        from google.api_core.retry_async import AsyncRetry

        passing = if_exception_type(
            exceptions.ServiceUnavailable, exceptions.Aborted, exceptions.InternalServerError
        )
        limit = self._patience_seconds
        retry = AsyncRetry(passing, initial=0.1, maximum=2.0, multiplier=2.0, timeout=limit)
        return {"retry": retry, "timeout": limit}

    async def close(self) -> None:
        """Close the connection."""
        if self._client is not None:
            # The library has no public way to close its channel.
            await self._client._firestore_api.transport.close()
            self._client = None


def _not_let_in(error: Exception, remedy: str | None) -> StoreUnavailable:
    advice = "sign in with `gcloud auth application-default login`, or set another STORE"
    return StoreUnavailable(f"Firestore needs credentials ({type(error).__name__}): {advice}", remedy)
