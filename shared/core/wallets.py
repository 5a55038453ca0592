"""One wallet's view of a ledger that keeps a pool for each wallet."""

from __future__ import annotations

from .disposals import Acquisition, Disposal, Move
from .events import Pair, Plan
from .ids import Address
from .ledger import Ledger


def ledger_of_wallet(ledger: Ledger, plan: Plan, wallet: Address) -> Ledger:
    """What happened in one wallet, and what it holds; `plan` is what the ledger was kept by.

    Coins that came from another wallet of the user's are a deposit at the cost they had, and what went to one
    is a withdrawal. Raises ValueError when the wallets share their pools.
    """
    if ledger.accounting.scope != "wallet":
        raise ValueError("wallets that share one pool have no gains of their own")
    pairs = (plan.moves[match.out_id] for match in ledger.matches)
    touched = (pair.match for pair in pairs if wallet in (pair.out.wallet, pair.arrived.wallet))
    own = Ledger(ledger.accounting, tuple(touched))
    own.pools = {place: pool for place, pool in ledger.pools.items() if place[1] == wallet}
    for at, trade in enumerate(ledger.acquisitions.trades):
        if trade.wallet == wallet:
            own.acquisitions.add(ledger.acquisitions[at])
    for at, trade in enumerate(ledger.disposals.trades):
        if trade.wallet == wallet:
            own.disposals.add(ledger.disposals[at])
    own.withdrawals = [each for each in ledger.withdrawals if each.trade.wallet == wallet]
    own.charges = [each for each in ledger.charges if each.trade.wallet == wallet]
    for move in ledger.moves:
        if move.parts:
            _see(
                own,
                move,
                plan.moves[move.match.out_id],
                wallet,
                arrived=move.match.in_id not in ledger.transit,
            )
    return own


def _see(own: Ledger, move: Move, pair: Pair, wallet: Address, *, arrived: bool) -> None:
    leaves, comes = pair.out.wallet == wallet, pair.arrived.wallet == wallet
    if leaves and comes:
        own.moves.append(move)
    elif leaves:
        sent = move.match.asset_sent
        own.withdrawals.append(Disposal("withdrawal", pair.out, sent, move.drawn, None, move.parts))
    elif comes and arrived:
        for part in move.parts:
            lot = Acquisition("deposit", pair.arrived, move.match.asset_received, None, part)
            own.acquisitions.add(lot)
