"""Event ids of streams: what a client has received, so that any process can go on from there."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime, timedelta
from hashlib import blake2b
from typing import Literal, NamedTuple

from .fragments import Fragment
from .ids import Address

Reason = Literal["new", "unknown_id", "too_old", "other_question", "interrupted"]
"""Why a snapshot is sent."""

_CLOCK_SKEW = timedelta(minutes=1)
_ID = re.compile(r"v1((?:\.(?:0|[1-9a-f][0-9a-f]{0,15})){7})", re.ASCII)


class Place(NamedTuple):
    """A place in the store's order of writing: what is written together is told apart by its key."""

    sequence: int
    tie: int


START = Place(0, 0)
"""Before everything that was ever written."""
_LAST_TIE = 2**64 - 1


class StreamId(NamedTuple):
    """What a client has when it has received the event with this id.

    It has every fragment up to `place`, as far as no later one took its place. `issued` is in seconds since
    the epoch. `prices` and `failures` are fingerprints of what it was told of these, `question` one of what
    it asked. `chunk` is the last chunk that it has of a snapshot with more to come; 0 without one.
    """

    place: Place
    issued: int
    prices: int
    failures: int
    question: int
    chunk: int = 0


class Start(NamedTuple):
    """Where a stream begins: with a snapshot, unless `reason` is None; then behind what `known` says."""

    reason: Reason | None
    known: StreamId | None


def place_of(fragment: Fragment) -> Place:
    """Where the fragment was written."""
    return Place(fragment.sequence, fingerprint(*fragment.key))


def through(sequence: int) -> Place:
    """Behind everything that was written with this sequence, and before what follows."""
    return Place(sequence, _LAST_TIE)


def fingerprint(*parts: str) -> int:
    """A number of 64 bits that stands for these texts, the same in all processes."""
    return int.from_bytes(blake2b("\0".join(parts).encode(errors="replace"), digest_size=8).digest())


def question_fingerprint(reads: Iterable[tuple[Address, str]]) -> int:
    """A fingerprint of wallets and the chains (slugs) that each is asked about, in any order."""
    return fingerprint(*(f"{wallet} {chain}" for wallet, chain in sorted(set(reads))))


def format_stream_id(stream_id: StreamId) -> str:
    """The id as an event carries it."""
    place, *others = stream_id
    return "v1." + ".".join(format(number, "x") for number in (*place, *others))


def parse_stream_id(text: str) -> StreamId | None:
    """What `format_stream_id` made; None for any other text."""
    match = _ID.fullmatch(text)
    if match is None:
        return None
    sequence, tie, *others = (int(number, 16) for number in match[1][1:].split("."))
    return StreamId(Place(sequence, tie), *others)


def start_of(last_id: str | None, question: int, now: datetime, keep: timedelta) -> Start:
    """Where a stream begins for a client whose last event had this id; `keep` is how long nothing is lost."""
    if last_id is None:
        return Start("new", None)
    known = parse_stream_id(last_id)
    if known is None or _is_ahead(known, now):
        return Start("unknown_id", None)
    if known.question != question:
        return Start("other_question", None)
    if known.issued < (now - keep).timestamp():
        return Start("too_old", None)
    return Start("interrupted" if known.chunk else None, known)


def _is_ahead(known: StreamId, now: datetime) -> bool:
    """Whether it cannot be of this store, which has written nothing so late."""
    latest = (now + _CLOCK_SKEW).timestamp()
    return known.issued > latest or known.place.sequence > latest * 1_000_000
