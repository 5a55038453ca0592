"""Transactions of a chain as accounting sees them: who sent what to whom, and what it cost."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal, NamedTuple

from .balances import Block
from .ids import ZERO_ADDRESS, Address

State = Literal["confirmed", "failed", "pending", "unknown"]


class Movement(NamedTuple):
    """A raw amount that went from one address to another; `token` None is the native coin."""

    token: Address | None
    sender: Address
    receiver: Address
    raw: int


@dataclass(frozen=True, slots=True)
class Transaction:
    """What was signed; `has_input` tells a call from a plain payment."""

    tx_hash: str
    sender: Address
    receiver: Address | None
    has_input: bool


@dataclass(frozen=True, slots=True)
class Receipt:
    """What came of it. `fee` is all that its sender paid for it, None when that was not in the native coin.

    `movements` are those that can be seen: the value of the transaction, the logs of tokens, and what
    wrapping changed. What contracts pay out in the native coin leaves no trace in a receipt. `alone` says
    that nothing else in its block can have paid anybody.
    """

    block: Block
    succeeded: bool
    fee: int | None
    movements: tuple[Movement, ...]
    alone: bool = False


@dataclass(frozen=True, slots=True)
class TransactionRead:
    """What a chain knows of a hash: nothing, a transaction that waits, or one that is in a block."""

    tx_hash: str
    transaction: Transaction | None = None
    receipt: Receipt | None = None

    @property
    def state(self) -> State:
        if self.transaction is None:
            return "unknown"
        if self.receipt is None:
            return "pending"
        return "confirmed" if self.receipt.succeeded else "failed"


@dataclass(frozen=True, slots=True)
class NativeChange:
    """A wallet's native balance on both sides of a block, and how many transactions it sent in it."""

    before: int
    after: int
    sent_transactions: int


@dataclass(slots=True)
class Flow:
    """What a wallet received and sent of one asset within a transaction."""

    received: int = 0
    sent: int = 0

    @property
    def net(self) -> int:
        return self.received - self.sent


def flows_of(movements: Iterable[Movement], wallet: Address) -> dict[Address | None, Flow]:
    """The wallet's flows by token, in order of appearance; what moved nothing is left out."""
    flows: dict[Address | None, Flow] = defaultdict(Flow)
    for movement in movements:
        if not movement.raw or wallet not in (movement.sender, movement.receiver):
            continue
        flow = flows[movement.token]
        flow.received += movement.raw if movement.receiver == wallet else 0
        flow.sent += movement.raw if movement.sender == wallet else 0
    return dict(flows)


def parties(read: TransactionRead) -> set[Address]:
    """Whoever sent the transaction, or sent or received something in it."""
    found = {read.transaction.sender} if read.transaction else set()
    if read.receipt is not None:
        moved = [movement for movement in read.receipt.movements if movement.raw]
        found |= {movement.sender for movement in moved} | {movement.receiver for movement in moved}
    return found


@dataclass(frozen=True, slots=True)
class Hidden:
    """Native coins that a wallet got from contracts; `raw` is zero for none, None when it cannot be told.

    Beside a number the reason is a doubt: another transaction of the block may have paid them, too.
    """

    raw: int | None
    reason: str = ""


def may_hide(read: TransactionRead, wallet: Address) -> bool:
    """Whether contracts may have paid the wallet without a trace: it called one, and the call succeeded."""
    transaction, receipt = read.transaction, read.receipt
    if transaction is None or receipt is None or not receipt.succeeded or transaction.sender != wallet:
        return False
    return transaction.has_input or any(movement.token is not None for movement in receipt.movements)


def unwrapped_for_others(read: TransactionRead, wallet: Address) -> int:
    """The native coins that contracts got by unwrapping, mostly to pay them on to somebody."""
    if read.transaction is None or read.receipt is None:
        return 0
    others = (read.transaction.sender, ZERO_ADDRESS)  # what was sent along, and what a deposit made
    return sum(
        movement.raw
        for movement in read.receipt.movements
        if movement.token is None and movement.sender not in others and movement.receiver != wallet
    )


def hidden_native(read: TransactionRead, wallet: Address, change: NativeChange | None) -> Hidden:
    """What the balance on both sides of the block shows besides the visible movements and the fee.

    Only where the transaction is the wallet's only one in its block; otherwise it could be another's. What
    others sent in the block can be told from it only where there are none, or just so much was unwrapped.
    """
    receipt = read.receipt
    if receipt is None or not may_hide(read, wallet):
        return Hidden(0)
    if change is None:
        return Hidden(None, "the wallet's native balance around this block could not be read")
    if change.sent_transactions != 1:
        return Hidden(None, "the wallet sent several transactions in this block")
    if receipt.fee is None:
        return Hidden(None, "the fee of this transaction was not paid in the native coin")
    return _beyond_what_is_seen(read, receipt, wallet, change.after - change.before + receipt.fee)


def _beyond_what_is_seen(read: TransactionRead, receipt: Receipt, wallet: Address, came: int) -> Hidden:
    """What the wallet has more of than the movements that can be seen explain, its fee aside."""
    raw = came - flows_of(receipt.movements, wallet).get(None, Flow()).net
    if raw < 0:
        return Hidden(None, "more native coins left the wallet in this block than the transaction explains")
    if not raw or receipt.alone or raw == unwrapped_for_others(read, wallet):
        return Hidden(raw)
    return Hidden(raw, "another transaction of the block may have paid them")
