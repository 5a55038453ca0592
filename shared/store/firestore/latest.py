"""The Latest port on Firestore."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from google.cloud.firestore import AsyncDocumentReference

from ...core.balances import Block
from ...core.fragments import Fragment, FragmentKey
from ...errors import StoreUnavailable
from ..keeping import KEEP_LATEST
from ..run_codecs import pack_balances, unpack_balances
from .cloud import Cloud, Document, Refused, document_id
from .documents import plain_time
from .drafts import ROUNDS, Draft, commit_load, loads
from .parts import read_parts

_MARKS = ("block_number", "writing", "expire_at")


class FirestoreLatest:
    """One document for each wallet and chain, replaced on the condition that it is as it was read."""

    def __init__(self, cloud: Cloud, clock: Callable[[], datetime]) -> None:
        self._cloud = cloud
        self._clock = clock

    async def read_latest(self, keys: Sequence[FragmentKey]) -> Mapping[FragmentKey, Fragment]:
        found: dict[FragmentKey, Fragment] = {}
        async for kept in self._cloud.get_all([self._document(key) for key in keys]):
            packed = None if self._is_expired(kept) else await read_parts(self._cloud, kept)
            if packed is not None:
                fragment = _fragment(kept, packed)
                found[fragment.key] = fragment
        return found

    async def put_latest(self, fragments: Sequence[Fragment]) -> int:
        newest_last = sorted(fragments, key=lambda fragment: fragment.block.number)
        left = _by_path(map(self._draft, newest_last))
        written = 0
        for _ in range(ROUNDS):
            asked = [draft.document for draft in left.values()]
            kept = {before.reference.path: before async for before in self._cloud.get_all(asked, _MARKS)}
            written += sum(bool(left[path].writing == before.get("writing")) for path, before in kept.items())
            newer = [
                replace(draft, before=kept.get(path))
                for path, draft in left.items()
                if self._is_newer(draft, kept.get(path))
            ]
            refused = await self._commit(newer)
            written += len(newer) - len(refused)
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
        document = self._document(fragment.key)
        return Draft(document, fields, pack_balances(fragment), self._clock() + KEEP_LATEST)

    def _is_newer(self, draft: Draft, kept: Document | None) -> bool:
        if kept is None or self._is_expired(kept):
            return True
        return bool(draft.fields["block_number"] > kept.get("block_number"))

    def _is_expired(self, kept: Document) -> bool:
        """Firestore removes what has expired some time later."""
        return plain_time(kept.get("expire_at")) <= self._clock()

    def _document(self, key: FragmentKey) -> AsyncDocumentReference:
        names = (key.wallet, key.chain) if key.protocol == "wallet" else key
        return self._cloud.collection("balances").document(document_id(*names))


def _by_path(drafts: Iterable[Draft]) -> dict[str, Draft]:
    return {draft.path: draft for draft in drafts}


def _fragment(kept: Document, packed: bytes) -> Fragment:
    return Fragment(
        kept.get("wallet"),
        kept.get("chain"),
        kept.get("protocol"),
        Block(kept.get("block_number"), plain_time(kept.get("block_time"))),
        unpack_balances(packed),
    )
