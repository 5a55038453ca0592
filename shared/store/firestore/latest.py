"""The Latest port on Firestore."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from google.cloud.firestore import AsyncDocumentReference, AsyncQuery, FieldFilter

from ...core.balances import Block
from ...core.fragments import Fragment, FragmentKey
from ...core.ids import Address
from ...errors import StoreUnavailable
from ..codecs import to_micros
from ..keeping import KEEP_LATEST
from ..run_codecs import pack_balances, unpack_balances
from ..run_ports import News
from .cloud import Cloud, Document, Refused, document_id
from .documents import plain_time
from .drafts import ROUNDS, Draft, commit_load, loads
from .parts import read_parts

_MARKS = ("block_number", "writing", "expire_at")
_WALLETS_A_QUERY = 30  # values that one filter may have


class FirestoreLatest:
    """A document for each wallet, chain and protocol, replaced on the condition that it is as it was read."""

    def __init__(self, cloud: Cloud, clock: Callable[[], datetime]) -> None:
        self._cloud = cloud
        self._clock = clock

    async def read_latest(self, keys: Sequence[FragmentKey]) -> Mapping[FragmentKey, Fragment]:
        asked = [_document(self._cloud, key) for key in keys]
        fragments = await self._fragments([kept async for kept in self._cloud.get_all(asked)])
        return {fragment.key: fragment for fragment in fragments}

    async def list_known(self, chain: str, wallets: Sequence[Address]) -> Mapping[FragmentKey, Fragment]:
        on_chain = FieldFilter("chain", "==", chain)
        queries = [query.where(filter=on_chain) for query in _queries(self._cloud, wallets)]
        found = await _select(self._cloud, queries)
        return {fragment.key: fragment for fragment in await self._fragments(found)}

    async def list_latest(self, wallets: Sequence[Address], after: int = 0) -> News:
        at = await self._cloud.server_time()
        found = await _select(self._cloud, _queries(self._cloud, wallets), at)
        fragments = await self._fragments(kept for kept in found if sequence_of(kept) > after)
        return News(in_order(fragments), max(after, to_micros(plain_time(at))))

    async def _fragments(self, documents: Iterable[Document]) -> list[Fragment]:
        """Those that have not expired. One that is written anew while it is read is told by the feed."""
        found = [await read_fragment(self._cloud, kept) for kept in documents if not self._is_expired(kept)]
        return [fragment for fragment in found if fragment is not None]

    async def put_latest(self, fragments: Sequence[Fragment]) -> int:
        newest_last = sorted(fragments, key=lambda fragment: fragment.block.number)
        left = _by_path(map(self._draft, newest_last))
        written = 0
        for _ in range(ROUNDS):
            asked = [draft.document for draft in left.values()]
            kept = {before.reference.path: before async for before in self._cloud.get_all(asked, _MARKS)}
            written += sum(bool(left[path].writing == before.get("writing")) for path, before in kept.items())
            due = [
                replace(draft, before=kept.get(path))
                for path, draft in left.items()
                if self._is_due(draft, kept.get(path))
            ]
            refused = await self._commit(due)
            written += len(due) - len(refused)
            if not refused:
                return written
            left = _by_path(refused)
        raise StoreUnavailable("the same balances are being written by too many others")

    async def _commit(self, drafts: Sequence[Draft]) -> list[Draft]:
        """Those that were refused, or that were to be written together with such a one."""
        refused: list[Draft] = []
        for load in loads(drafts):
            try:
                await commit_load(self._cloud, load)
            except Refused:
                refused += load
        return refused

    def _draft(self, fragment: Fragment) -> Draft:
        fields = {
            "wallet": fragment.wallet,
            "chain": fragment.chain,
            "protocol": fragment.protocol,
            "block_number": fragment.block.number,
            "block_time": fragment.block.time,
        }
        document = _document(self._cloud, fragment.key)
        return Draft(document, fields, pack_balances(fragment), self._clock() + KEEP_LATEST)

    def _is_due(self, draft: Draft, kept: Document | None) -> bool:
        """Whether it is not older than what is kept, and is not that itself."""
        if kept is None or self._is_expired(kept):
            return True
        is_older = draft.fields["block_number"] < kept.get("block_number")
        return not is_older and bool(draft.writing != kept.get("writing"))

    def _is_expired(self, kept: Document) -> bool:
        """Firestore removes what has expired some time later."""
        return plain_time(kept.get("expire_at")) <= self._clock()


def _document(cloud: Cloud, key: FragmentKey) -> AsyncDocumentReference:
    names = (key.wallet, key.chain) if key.protocol == "wallet" else key
    return cloud.collection("balances").document(document_id(*names))


def _queries(cloud: Cloud, wallets: Sequence[Address]) -> list[AsyncQuery]:
    """Those that find all documents of the wallets together."""
    distinct = list(dict.fromkeys(wallets))
    starts = range(0, len(distinct), _WALLETS_A_QUERY)
    some = (distinct[start : start + _WALLETS_A_QUERY] for start in starts)
    balances = cloud.collection("balances")
    return [balances.where(filter=FieldFilter("wallet", "in", each)) for each in some]


async def _select(cloud: Cloud, queries: Sequence[AsyncQuery], at: datetime | None = None) -> list[Document]:
    """What all of the queries find, asked at once."""
    found = await asyncio.gather(*(cloud.select(query, at) for query in queries))
    return [kept for some in found for kept in some]


def _by_path(drafts: Iterable[Draft]) -> dict[str, Draft]:
    return {draft.path: draft for draft in drafts}


def sequence_of(kept: Document) -> int:
    """The place of its last writing in the order of all writings."""
    return to_micros(plain_time(kept.update_time))


def in_order(fragments: Iterable[Fragment]) -> tuple[Fragment, ...]:
    """In order of writing; those that were written together by key."""
    return tuple(sorted(fragments, key=lambda fragment: (fragment.sequence, fragment.key)))


async def read_fragment(cloud: Cloud, kept: Document) -> Fragment | None:
    """The fragment that a document holds; None if it was written anew meanwhile."""
    packed = await read_parts(cloud, kept)
    if packed is None:
        return None
    return Fragment(
        kept.get("wallet"),
        kept.get("chain"),
        kept.get("protocol"),
        Block(kept.get("block_number"), plain_time(kept.get("block_time"))),
        unpack_balances(packed),
        sequence_of(kept),
    )
