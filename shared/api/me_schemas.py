"""The bodies of a user's account, as the HTTP contract has them."""

from __future__ import annotations

from typing import Annotated

from typing_extensions import TypedDict  # pydantic cannot read the standard library's before Python 3.12

from .history_schemas import SnapshotAssetBody
from .portfolio_schemas import ErrorBody
from .schemas import DecimalText, Says, TimeText
from .trades_schemas import TradeBody
from .wallets_schemas import WalletBody


class CountsBody(TypedDict):
    """How many of each kind."""

    wallets: int
    runs: Annotated[int, Says("Snapshots that you asked for, with what was read for them.")]
    trades: int
    snapshots: int
    answers: Annotated[int, Says("Answers that are kept under idempotency keys.")]
    checkpoints: Annotated[int, Says("States of the accounting, which spare computing it anew.")]
    changes: Annotated[int, Says("Notes of when trades were written, for the checkpoints.")]


class ErasureBody(TypedDict):
    """What was erased."""

    complete: Annotated[bool, Says("True when nothing was found any more; else send the request again.")]
    at: TimeText
    erased: Annotated[CountsBody, Says("By this request.")]


class KeptTradeBody(TradeBody):
    """A trade and how often it was written."""

    version: int


class KeptSnapshotBody(TypedDict):
    """A snapshot as it is kept."""

    id: str
    timestamp: TimeText
    total_usd: DecimalText
    complete: bool
    run_id: str | None
    assets: list[SnapshotAssetBody]
    errors: list[ErrorBody]


class KeptRunBody(TypedDict):
    """A snapshot that you asked for."""

    id: str
    scheduled_at: TimeText
    started_at: TimeText
    finished_at: TimeText | None
    chains: list[str]


class KeptAnswerBody(TypedDict):
    """What a request with an idempotency key was answered."""

    key: str
    expires_at: TimeText
    status: Annotated[int | None, Says("Null while the request is at work.")]
    body: str


class KeptCheckpointBody(TypedDict):
    """A state of the accounting."""

    name: str
    boundary: Annotated[TimeText, Says("The trades up to this time are in it.")]
    state: str


class ChangeBody(TypedDict):
    """A note that trades were written."""

    first: Annotated[TimeText, Says("The trades are others from this time on.")]
    made_at: TimeText


class ExportBody(TypedDict):
    """Everything that is kept of you."""

    user_id: str
    exported_at: TimeText
    wallets: list[WalletBody]
    runs: list[KeptRunBody]
    trades: Annotated[list[KeptTradeBody], Says("The earliest first.")]
    snapshots: Annotated[list[KeptSnapshotBody], Says("The earliest first.")]
    answers: list[KeptAnswerBody]
    checkpoints: list[KeptCheckpointBody]
    changes: list[ChangeBody]
    counts: Annotated[CountsBody, Says("At the end: a document without them broke off.")]
