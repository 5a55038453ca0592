"""Discovery: which trades of a wallet a transaction amounts to."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Literal

from ..errors import CallerError
from .amounts import from_raw
from .chains import Chain
from .ids import ZERO_ADDRESS, Address, AssetId
from .spam import spam_reasons
from .tokens import Token, native_token
from .trades import OnChain, Side, Trade, checked
from .transactions import (
    NativeChange,
    Receipt,
    Transaction,
    TransactionRead,
    flows_of,
    hidden_native,
    unwrapped_for_others,
)

Kind = Literal["swap", "wrap", "transfer", "income", "gas", "nothing"]

SOURCE = "discover"
_NO_SYMBOL = re.compile(r"[\s\x00-\x1f\x7f,;\"]+")
_INCOME = "you called a contract that made these coins for you, and gave nothing: taken for income"
_HIDDEN = "the native coins that a contract paid were taken from the wallet's balance around the block"
_DOUBTFUL = "nothing but the wallet's balance around the block shows the native coins that came"


@dataclass(frozen=True, slots=True)
class Sighting:
    """A transaction in a block, seen from one wallet. `tokens` describes the contracts in it, if known."""

    chain: Chain
    wallet: Address
    read: TransactionRead
    tokens: Mapping[Address, Token]
    native_change: NativeChange | None = None


@dataclass(frozen=True, slots=True)
class ProposedTrade:
    """A trade without an id or a user yet; `spam_reasons` says why it had better not be kept."""

    trade: Trade
    token: Token
    raw: int
    spam_reasons: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Proposal:
    """What a transaction amounts to for a wallet.

    `certain` is false where native coins may have moved that could not be seen: then a swap may look like a
    transfer; and where nothing but the wallet's balance shows that some came: others may have paid them.
    `undescribed` are tokens that moved and are not proposed, because their decimals are not known.
    `wallet` is None where no wallet was named and the chain knows nothing of the transaction.
    """

    wallet: Address | None
    read: TransactionRead
    kind: Kind = "nothing"
    trades: tuple[ProposedTrade, ...] = ()
    notes: tuple[str, ...] = ()
    certain: bool = True
    undescribed: tuple[Address, ...] = ()


@dataclass(slots=True)
class _Draft:
    """A proposal in the making."""

    sighting: Sighting
    transaction: Transaction
    receipt: Receipt
    created_at: datetime
    kind: Kind = "nothing"
    trades: list[ProposedTrade] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)
    undescribed: list[Address] = field(default_factory=list)
    certain: bool = True

    @property
    def is_sender(self) -> bool:
        return self.transaction.sender == self.sighting.wallet


def propose(sighting: Sighting, created_at: datetime) -> Proposal:
    """The trades of a sighting: a swap's legs share a link, and what it cost is a fee in the native coin.

    A failed transaction has cost gas and nothing else; one that is in no block proposes nothing.
    """
    read = sighting.read
    if read.transaction is None or read.receipt is None:
        return Proposal(sighting.wallet, read)
    draft = _Draft(sighting, read.transaction, read.receipt, created_at)
    if read.receipt.succeeded:
        _add_movements(draft)
    _add_gas(draft)
    return Proposal(
        sighting.wallet,
        read,
        draft.kind,
        tuple(draft.trades),
        tuple(draft.notes),
        draft.certain,
        tuple(draft.undescribed),
    )


def link_of(chain: Chain, tx_hash: str) -> str:
    """The link that the legs of a swap share."""
    return f"{chain.chain_id}:{tx_hash}"


def _add_movements(draft: _Draft) -> None:
    changes = _changes(draft)
    trusted = {token: raw for token, raw in changes.items() if _is_trusted(draft, token)}
    draft.kind = _kind(draft, trusted)
    for token, raw in trusted.items():
        _add_leg(draft, token, abs(raw), _side(draft.kind, raw))
    for token, raw in changes.items():
        if token not in trusted:
            _add_leg(draft, token, abs(raw), _side("transfer", raw), spam=True)
    if draft.kind == "income":
        draft.notes.append(_INCOME)


def _changes(draft: _Draft) -> dict[Address | None, int]:
    """What the wallet has more or less of each asset afterwards, its fee aside."""
    wallet, receipt = draft.sighting.wallet, draft.receipt
    changes = {token: flow.net for token, flow in flows_of(receipt.movements, wallet).items()}
    hidden = hidden_native(draft.sighting.read, wallet, draft.sighting.native_change)
    if hidden.raw is None:
        draft.certain = not _may_be_paid(draft, changes)
        if not draft.certain:
            draft.notes.append(f"native coins paid by contracts are not known: {hidden.reason}")
    elif hidden.raw:
        changes[None] = changes.get(None, 0) + hidden.raw
        draft.certain = not hidden.reason
        draft.notes.append(f"{_DOUBTFUL}: {hidden.reason}" if hidden.reason else _HIDDEN)
    return {token: raw for token, raw in changes.items() if raw}


def _may_be_paid(draft: _Draft, changes: Mapping[Address | None, int]) -> bool:
    """Whether native coins may have come: some were unwrapped, or nothing else came for what was given."""
    unwrapped = unwrapped_for_others(draft.sighting.read, draft.sighting.wallet) > 0
    gave = any(raw < 0 for raw in changes.values())
    got = any(raw > 0 for raw in changes.values())
    return unwrapped or (gave and (not got or changes.get(None, 0) < 0))


def _is_trusted(draft: _Draft, token: Address | None) -> bool:
    """Anybody can make a token whose log says that the wallet moved it; what the wallet did itself counts."""
    known = draft.sighting.tokens.get(token) if token is not None else None
    return token is None or draft.is_sender or (known is not None and known.listed)


def _kind(draft: _Draft, changes: Mapping[Address | None, int]) -> Kind:
    given = {token: -raw for token, raw in changes.items() if raw < 0}
    received = {token: raw for token, raw in changes.items() if raw > 0}
    if given and received:
        wraps = set(changes) == {None, draft.sighting.chain.wrapped_native}
        return "wrap" if wraps and [*given.values()] == [*received.values()] else "swap"
    if received and draft.is_sender and all(_was_made(draft, token) for token in received):
        return "income"
    return "transfer" if changes else "nothing"


def _was_made(draft: _Draft, token: Address | None) -> bool:
    """Whether all that the wallet got of the token came out of nothing (was minted)."""
    if token is None:
        return False
    came = [
        m.sender for m in draft.receipt.movements if m.token == token and m.receiver == draft.sighting.wallet
    ]
    return bool(came) and all(sender == ZERO_ADDRESS for sender in came)


def _side(kind: Kind, raw: int) -> Side:
    if kind in ("swap", "wrap"):
        return "buy" if raw > 0 else "sell"
    if kind == "income":
        return "income"
    return "transfer_in" if raw > 0 else "transfer_out"


def _add_gas(draft: _Draft) -> None:
    if not draft.is_sender:
        return
    if draft.receipt.fee is None:
        draft.notes.append("the fee was not paid in the native coin, so it is not proposed")
    elif draft.receipt.fee:
        draft.kind = "gas" if draft.kind == "nothing" else draft.kind
        _add_leg(draft, None, draft.receipt.fee, "fee")


def _add_leg(draft: _Draft, address: Address | None, raw: int, side: Side, *, spam: bool = False) -> None:
    token = native_token(draft.sighting.chain) if address is None else draft.sighting.tokens.get(address)
    if token is None:
        draft.undescribed.extend(_some(address))
        return
    try:
        trade = checked(_trade(draft, token, raw, side))
    except CallerError as error:
        draft.notes.append(f"{token.asset_id} cannot be kept as a trade: {error}")
        return
    draft.trades.append(ProposedTrade(trade, token, raw, spam_reasons(token, None) if spam else ()))


def _some(address: Address | None) -> Iterator[Address]:
    if address is not None:
        yield address


def _trade(draft: _Draft, token: Token, raw: int, side: Side) -> Trade:
    chain, block = draft.sighting.chain, draft.receipt.block
    tx_hash = draft.transaction.tx_hash
    return Trade(
        id="",
        user_id="",
        side=side,
        asset=AssetId(token.asset_id),
        symbol=_NO_SYMBOL.sub("", token.symbol)[:32] or "UNNAMED",
        amount=from_raw(raw, token.decimals),
        amount_type="token",
        price_usd=None,
        total_usd=None,
        fee_usd=None,
        tx_hash=tx_hash,
        chain=chain.slug,
        wallet=draft.sighting.wallet,
        status="confirmed",
        executed_at=block.time,
        created_at=draft.created_at,
        source=SOURCE,
        link=link_of(chain, tx_hash) if draft.kind in ("swap", "wrap") else None,
        on_chain=OnChain(True, block.number, block.time),
    )
