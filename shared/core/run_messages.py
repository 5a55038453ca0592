"""The messages by which a run goes on: JSON of a stated version."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping
from typing import NamedTuple

from ..errors import InvalidInput, UnknownMessage
from .ids import Address
from .nesting import check_nesting
from .run_ids import parse_run_id
from .runs import MAX_GROUP_WALLETS

VERSION = 1
MAX_BYTES = 10_000
"""The longest, a part of 50 wallets, has about 2,400."""

_ADDRESS = re.compile(r"0x[0-9a-fA-F]{40}")
_SLUG = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
# Beyond any run: 10⁹ groups are 5 × 10¹⁰ wallets.
_MOST = 10**9


class StartRun(NamedTuple):
    """Go on planning a run."""

    run_id: str


class SweepRuns(NamedTuple):
    """Close the runs that are overdue."""


class SweepRun(NamedTuple):
    """Give up what is not there of one page of an overdue run, and have its groups finished."""

    run_id: str
    page: int


class ReadPart(NamedTuple):
    """Read these wallets on one chain; `parts` is how many parts their group has."""

    run_id: str
    group: int
    chain: str
    wallets: tuple[Address, ...]
    parts: int


class FinishGroup(NamedTuple):
    """Make the snapshots of a group's users; `page` is the page of the plan that has the group."""

    run_id: str
    group: int
    page: int


RunMessage = StartRun | SweepRuns | SweepRun | ReadPart | FinishGroup

_KINDS: dict[type[RunMessage], str] = {
    StartRun: "start-run",
    SweepRuns: "sweep-runs",
    SweepRun: "sweep-run",
    ReadPart: "read-part",
    FinishGroup: "finish-group",
}
_BY_KIND: dict[str, type[RunMessage]] = {kind: made for made, kind in _KINDS.items()}


def encode(message: RunMessage) -> bytes:
    """The message as it is published."""
    fields = {"v": VERSION, "kind": _KINDS[type(message)], **message._asdict()}
    return json.dumps(fields, separators=(",", ":")).encode()


def decode(encoded: bytes) -> RunMessage:
    """The message that was published. Raises UnknownMessage for anything else.

    The spelling of addresses is checked, not their checksum: that takes longer than reading the balances,
    and who may publish could as well ask for other wallets.
    """
    if len(encoded) > MAX_BYTES:
        raise UnknownMessage(f"it has {len(encoded)} bytes, more than {MAX_BYTES}")
    try:
        check_nesting(encoded)
        fields = json.loads(encoded.decode())
    except ValueError as error:
        raise UnknownMessage("it is not JSON") from error
    if not isinstance(fields, dict):
        raise UnknownMessage("it is not a JSON object")
    _check_version(fields)
    kind = fields.get("kind")
    made = _BY_KIND.get(kind) if isinstance(kind, str) else None
    if made is None:
        raise UnknownMessage("it is of no known kind")
    return made._make(_checked(made, fields))


def _check_version(fields: Mapping[str, object]) -> None:
    version = fields.get("v")
    if type(version) is not int:
        raise UnknownMessage("it is no message of this project")
    if version != VERSION:
        raise UnknownMessage("it is of an unknown version")


def _checked(made: type[RunMessage], fields: Mapping[str, object]) -> list[object]:
    """The values of the message's own fields, in order; it may have no others."""
    if set(fields) != {"v", "kind", *made._fields}:
        raise UnknownMessage("it has other fields than its kind has")
    return [_CHECKS[name](name, fields[name]) for name in made._fields]


def _run(name: str, value: object) -> str:
    text = _text(name, value)
    try:
        parse_run_id(text)
    except InvalidInput as error:
        raise _wrong(name) from error
    return text


def _slug(name: str, value: object) -> str:
    text = _text(name, value)
    if not _SLUG.fullmatch(text):
        raise _wrong(name)
    return text


def _wallets(name: str, value: object) -> tuple[Address, ...]:
    if not isinstance(value, list) or not 1 <= len(value) <= MAX_GROUP_WALLETS:
        raise _wrong(name)
    wallets = tuple(Address(_text(name, wallet)) for wallet in value)
    if len(set(wallets)) != len(wallets) or not all(_ADDRESS.fullmatch(wallet) for wallet in wallets):
        raise _wrong(name)
    return wallets


def _text(name: str, value: object) -> str:
    if not isinstance(value, str):
        raise _wrong(name)
    return value


def _number(name: str, value: object) -> int:
    if type(value) is not int or not 0 <= value <= _MOST:  # not isinstance: `true` is no number
        raise _wrong(name)
    return value


def _count(name: str, value: object) -> int:
    number = _number(name, value)
    if number == 0:
        raise _wrong(name)
    return number


def _wrong(name: str) -> UnknownMessage:
    return UnknownMessage(f"its {name} is not what it should be")


_CHECKS: dict[str, Callable[[str, object], object]] = {
    "run_id": _run,
    "group": _number,
    "chain": _slug,
    "wallets": _wallets,
    "parts": _count,
    "page": _number,
}
