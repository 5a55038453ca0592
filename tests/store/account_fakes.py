"""The ports that hand over and erase a user's account over plain dictionaries."""

from __future__ import annotations

from collections import Counter
from collections.abc import AsyncIterator, Callable, Mapping, MutableMapping
from datetime import datetime
from typing import Any, Protocol

from shared.core.ids import Address
from shared.core.runs import Run
from shared.store.account_ports import Change, Era, Erased, KeptAnswer, KeptCheckpoint, Kind, mark_of
from shared.store.claims import KeptClaim
from shared.store.ports import SavedCheckpoint, SavedWallet, StoredTrade
from tests.store.run_fakes import RunShelf, SnapshotShelf


class AccountShelf(Protocol):
    """What a fake store keeps of users."""

    @property
    def clock(self) -> Callable[[], datetime]: ...

    trades: dict[str, StoredTrade]
    changes: list[tuple[str, datetime]]
    claims: dict[tuple[str, str], KeptClaim]
    checkpoints: dict[tuple[str, str], tuple[datetime, SavedCheckpoint]]
    wallets: dict[tuple[str, Address], SavedWallet]
    snapshots: SnapshotShelf
    runs: RunShelf
    erasures: dict[str, datetime]
    eras: Counter[str]


class FakeAccounts:
    def __init__(self, shelf: AccountShelf) -> None:
        self._shelf = shelf

    async def read_answers(self, user: str) -> AsyncIterator[tuple[KeptAnswer, ...]]:
        for (owner, key), claim in list(self._shelf.claims.items()):
            if owner == user:
                status, body = (None, b"") if claim.answer is None else claim.answer
                yield (KeptAnswer(key, claim.expires_at, status, body),)

    async def read_checkpoints(self, user: str) -> AsyncIterator[tuple[KeptCheckpoint, ...]]:
        for (owner, name), (_, kept) in list(self._shelf.checkpoints.items()):
            if owner == user:
                yield (KeptCheckpoint(name, kept.boundary, kept.state),)

    async def read_changes(self, user: str) -> AsyncIterator[tuple[Change, ...]]:
        now = self._shelf.clock()
        yield tuple(Change(first, now) for owner, first in self._shelf.changes if owner == user)

    async def read_runs(self, user: str) -> AsyncIterator[tuple[Run, ...]]:
        yield tuple(run for run in self._shelf.runs.runs.values() if run.user_id == user)


class FakeErasures:
    def __init__(self, shelf: AccountShelf) -> None:
        self._shelf = shelf

    async def mark_erased(self, user: str, at: datetime) -> None:
        marks = self._shelf.erasures
        marks[mark_of(user)] = max(at, marks.get(mark_of(user), at))
        self._shelf.eras[user] += 1

    async def read_era(self, user: str) -> Era:
        return Era(self._shelf.eras[user])

    async def list_marks(self, since: datetime) -> Mapping[str, datetime]:
        return {mark: at for mark, at in self._shelf.erasures.items() if at >= since}

    async def erase_some(self, user: str) -> Erased:
        shelf = self._shelf
        runs = {run.id for run in shelf.runs.runs.values() if run.user_id == user}
        for kept in (shelf.runs.pages, shelf.runs.prices, shelf.runs.parts):
            _remove(kept, [key for key in kept if key[0] in runs])
        gone: dict[Kind, int] = {
            "wallets": _remove(shelf.wallets, [key for key in shelf.wallets if key[0] == user]),
            "runs": _remove(shelf.runs.runs, list(runs)),
            "trades": _remove(
                shelf.trades, [key for key, kept in shelf.trades.items() if kept.trade.user_id == user]
            ),
            "snapshots": _remove(shelf.snapshots, [key for key in shelf.snapshots if key[0] == user]),
            "answers": _remove(shelf.claims, [key for key in shelf.claims if key[0] == user]),
            "checkpoints": _remove(shelf.checkpoints, [key for key in shelf.checkpoints if key[0] == user]),
            "changes": sum(owner == user for owner, _ in shelf.changes),
        }
        # Revisions are places in this list: nobody is left in the erased ones.
        shelf.changes[:] = [("" if owner == user else owner, first) for owner, first in shelf.changes]
        return Erased(gone, any(gone.values()))


class FakeNonces:
    def __init__(self) -> None:
        self._used: set[str] = set()

    async def use_nonce(self, nonce: str, until: datetime) -> bool:
        is_first = nonce not in self._used
        self._used.add(nonce)
        return is_first


def _remove(kept: MutableMapping[Any, Any], keys: list[Any]) -> int:
    for key in keys:
        del kept[key]
    return len(keys)
