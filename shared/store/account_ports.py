"""What handing over and erasing all that is kept of one user asks of a store.

Every method may raise StoreUnavailable.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Mapping
from datetime import datetime
from hashlib import sha256
from typing import Literal, NamedTuple, NewType, Protocol

from ..core.runs import Run

Kind = Literal["wallets", "runs", "trades", "snapshots", "answers", "checkpoints", "changes"]
KINDS: tuple[Kind, ...] = ("wallets", "runs", "trades", "snapshots", "answers", "checkpoints", "changes")
"""In the order of erasing: first what would bring more about."""
Era = NewType("Era", int)
"""The time between two erasures of a user: each of them begins another one."""


class KeptAnswer(NamedTuple):
    """What a request with an idempotency key was answered; without a status it is still at work."""

    key: str
    expires_at: datetime
    status: int | None
    body: bytes


class KeptCheckpoint(NamedTuple):
    """A computation over the user's trades to go on from, up to and including a time."""

    name: str
    boundary: datetime
    state: bytes


class Change(NamedTuple):
    """A commit that changed the trades from a time on."""

    first: datetime
    made_at: datetime


class Accounts(Protocol):
    """What is kept of a user beside trades, wallets and snapshots, expired or not."""

    def read_answers(self, user: str) -> AsyncIterator[tuple[KeptAnswer, ...]]:
        """Every answer, in chunks of bounded size."""
        ...

    def read_checkpoints(self, user: str) -> AsyncIterator[tuple[KeptCheckpoint, ...]]:
        """Every checkpoint, in chunks of bounded size."""
        ...

    def read_changes(self, user: str) -> AsyncIterator[tuple[Change, ...]]:
        """Every change of the trades, in chunks of bounded size."""
        ...

    def read_runs(self, user: str) -> AsyncIterator[tuple[Run, ...]]:
        """Every run that the user started, in chunks of bounded size."""
        ...


class Erased(NamedTuple):
    """What one step of an erasure removed; not `found`: it looked everywhere, and there was nothing."""

    gone: Mapping[Kind, int]
    found: bool


class Erasures(Protocol):
    """Removing all that is kept of a user, and the marks that tell who is at work for one that it is gone."""

    async def mark_erased(self, user: str, at: datetime) -> None:
        """Say that what was begun for the user up to this time is not to be kept any more.

        The mark is `mark_of` the user, and expires when nothing of that time is under way or archived.
        """
        ...

    async def read_era(self, user: str) -> Era:
        """The user's era now. Who writes for the user asks at the beginning, and gives it with the write.

        What began in an era is refused in any later one, in the step that would keep it.
        """
        ...

    async def list_marks(self, since: datetime) -> Mapping[str, datetime]:
        """The marks of this time and later, and when each was set for the last time."""
        ...

    async def erase_some(self, user: str) -> Erased:
        """Remove a bounded number of whatever is kept of the user, of other users nothing."""
        ...


def mark_of(user: str) -> str:
    """What an erased user is marked by: whoever has the id recognises it, nobody gets the id from it."""
    return sha256(f"erased {user}".encode()).hexdigest()


class Nonces(Protocol):
    """Nonces of sign-ins that were used."""

    async def use_nonce(self, nonce: str, until: datetime) -> bool:
        """Whether this is its first use; it is remembered until then."""
        ...
