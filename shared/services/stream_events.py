"""What a stream tells, event by event."""

from __future__ import annotations

from datetime import datetime
from typing import Literal, NamedTuple

from ..core.failures import Failure
from ..core.fragments import Fragment
from ..core.quotes import Price
from ..core.stream_ids import Reason, StreamId


class PriceTold(NamedTuple):
    """An asset's price; `symbol` is what the asset is called."""

    symbol: str
    price: Price


class Snapshot(NamedTuple):
    """A part of the whole state. Chunk 1 begins anew; the last one is the chunk whose number is `chunks`.

    `pending` are the chains (slugs) of which it shows what was known before, because they are being read.
    """

    reason: Reason
    chunk: int
    chunks: int
    as_of: datetime
    fragments: tuple[Fragment, ...]
    prices: tuple[PriceTold, ...]
    failures: tuple[Failure, ...]
    pending: tuple[str, ...]
    id: StreamId


class Found(NamedTuple):
    """A fragment that takes the place of what was known under its key."""

    fragment: Fragment
    id: StreamId


class Prices(NamedTuple):
    """Prices that are other ones than before."""

    prices: tuple[PriceTold, ...]
    id: StreamId


class Status(NamedTuple):
    """What cannot be read from now on, and which chains (slugs) are being read for the first time."""

    failures: tuple[Failure, ...]
    pending: tuple[str, ...]
    id: StreamId


class Heartbeat(NamedTuple):
    """The stream is alive."""

    as_of: datetime
    id: StreamId


class Broken(NamedTuple):
    """The stream cannot go on; an End follows."""

    message: str


class End(NamedTuple):
    """The last event: the client may come back with the last id. `wallets`: other ones are asked for now."""

    reason: Literal["time", "shutdown", "size", "wallets", "error"]


StreamEvent = Snapshot | Found | Prices | Status | Heartbeat | Broken | End
