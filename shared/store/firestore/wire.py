"""What is said to Firestore, and by it, in a call that listens to the balances of wallets."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from google.cloud.firestore import DocumentSnapshot
from google.cloud.firestore_v1 import types
from google.cloud.firestore_v1.types import (
    ListenRequest,
    ListenResponse,
    StructuredQuery,
    Target,
    TargetChange,
    Value,
)

from ...core.ids import Address
from ...errors import StoreUnavailable
from ..codecs import from_micros, to_micros
from .cloud import Cloud, Document
from .documents import plain_time

_Kind = TargetChange.TargetChangeType


@dataclass(slots=True)
class Listened:
    """A wallet that is listened to: all that was written of it up to `through` is known.

    `ready` is set once a call has caught up with it. `reset_at` is when a call last started over with it,
    until the next moment that all is known up to.
    """

    wallet: Address
    number: int
    through: int
    token: bytes = b""
    reset_at: int | None = None
    ready: asyncio.Event = field(default_factory=asyncio.Event)


class Moment(NamedTuple):
    """Everything that is listened to is known up to `through`; another call can go on from `token`."""

    through: int
    token: bytes


class Wire:
    """One call: whom it listens to, and what it has said that is not told yet.

    `behind` are the numbers of those that it has not caught up with. `documents` are by name; `unsettled` is
    the last moment, while they are not told up to there.
    """

    def __init__(self, cloud: Cloud) -> None:
        self.listened: dict[int, Listened] = {}
        self.behind: set[int] = set()
        self.documents: dict[str, types.Document] = {}
        self.unsettled: Moment | None = None
        self._cloud = cloud
        self._requests: asyncio.Queue[ListenRequest | None] = asyncio.Queue()
        self._responses = cloud.listen(self._outgoing())
        self._reading: asyncio.Task[ListenResponse] | None = None

    def add(self, listened: Listened, *, afresh: bool = False) -> None:
        """Listen to a wallet from where it is known, or `afresh`: from all that there is."""
        target: dict[str, Any] = {"target_id": listened.number, "query": self._query(listened.wallet)}
        if not afresh and listened.token:
            target["resume_token"] = listened.token
        elif not afresh:
            target["read_time"] = from_micros(listened.through)
        self.listened[listened.number] = listened
        self.behind.add(listened.number)
        self._requests.put_nowait(ListenRequest(database=self._database, add_target=Target(target)))

    def remove(self, listened: Listened) -> None:
        """Listen to it no more."""
        self.listened.pop(listened.number, None)
        self.behind.discard(listened.number)
        self._requests.put_nowait(ListenRequest(database=self._database, remove_target=listened.number))

    @property
    def caught_up(self) -> list[Listened]:
        """Whom it has caught up with."""
        return [listened for number, listened in self.listened.items() if number not in self.behind]

    def turn(self, change: TargetChange) -> None:
        """Take note of what it has caught up with or started over with. Raises StoreUnavailable."""
        kind = change.target_change_type
        if kind == _Kind.REMOVE and change.cause.code:
            raise StoreUnavailable(f"Firestore listens to a wallet no more ({change.cause.message})")
        numbers = self.listened.keys() & change.target_ids if change.target_ids else set(self.listened)
        if kind == _Kind.CURRENT:
            self.behind -= numbers
        elif kind == _Kind.RESET:
            self.behind |= numbers
            for number in numbers:
                self.listened[number].reset_at = read_at(change)

    async def next(self, within: float | None) -> ListenResponse | None:
        """The next response, or None if there is none in time. Raises StoreUnavailable."""
        if self._reading is None:
            self._reading = asyncio.create_task(self._read())
        await asyncio.wait([self._reading], timeout=within)
        if not self._reading.done():
            return None
        read, self._reading = self._reading, None
        return read.result()

    async def aclose(self) -> None:
        """End the call."""
        if self._reading is not None:
            self._reading.cancel()
            await asyncio.gather(self._reading, return_exceptions=True)
        self._requests.put_nowait(None)
        await self._responses.aclose()

    async def _read(self) -> ListenResponse:
        try:
            return await anext(self._responses)
        except StopAsyncIteration:
            raise StoreUnavailable("Firestore ended the call") from None

    async def _outgoing(self) -> AsyncGenerator[ListenRequest, None]:
        while (request := await self._requests.get()) is not None:
            yield request

    @property
    def _database(self) -> str:
        return f"projects/{self._cloud.client.project}/databases/(default)"

    def _query(self, wallet: Address) -> Target.QueryTarget:
        of_wallet = StructuredQuery.FieldFilter(
            field=StructuredQuery.FieldReference(field_path="wallet"),
            op=StructuredQuery.FieldFilter.Operator.EQUAL,
            value=Value(string_value=wallet),
        )
        query = StructuredQuery(
            from_=[StructuredQuery.CollectionSelector(collection_id="balances")],
            where=StructuredQuery.Filter(field_filter=of_wallet),
        )
        return Target.QueryTarget(parent=f"{self._database}/documents", structured_query=query)


def wallet_of(document: types.Document) -> Address:
    """Whose balances a document holds."""
    return Address(document.fields["wallet"].string_value)


def snapshot_of(cloud: Cloud, document: types.Document) -> Document:
    """The document as a read of it would give it."""
    fields = {name: _plain(value) for name, value in document.fields.items()}
    reference = cloud.collection("balances").document(document.name.rpartition("/")[2])
    made = document.create_time, document.update_time
    return DocumentSnapshot(reference, fields, True, None, *made)


def written_at(document: types.Document) -> int:
    """When a document was written."""
    return to_micros(plain_time(document.update_time))


def read_at(change: TargetChange) -> int | None:
    """The time that a change speaks of, if it does."""
    return to_micros(plain_time(change.read_time)) if "read_time" in change else None


def _plain(value: Value) -> Any:
    """A balance has texts, numbers, times and bytes: all of them are kept as they are."""
    return getattr(value, Value.pb(value).WhichOneof("value_type"))
