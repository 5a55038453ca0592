"""Verification and discovery as bodies."""

from __future__ import annotations

from collections.abc import Iterable

from ..core.amounts import format_decimal, from_raw
from ..core.chains import Chain
from ..core.discovery import Proposal, ProposedTrade
from ..core.times import format_time
from ..core.trades import OnChain, Trade
from ..core.transactions import State, TransactionRead
from ..core.verification import AmountCheck, TimeCheck
from ..services.discovered import Kept
from ..services.verification import Verification
from .values_present import decimal_text, error_body, time_text
from .verification_schemas import (
    AmountBody,
    DiscoveredBody,
    OnChainBody,
    ProposedTradeBody,
    TimeCheckBody,
    TransactionBody,
    VerificationBody,
)

_PRICE_REASON = "discovery does not look up the price of that time"


def verification_body(verification: Verification) -> VerificationBody:
    """The answer to a verification; also what `verify=true` says of each trade."""
    trade, read = verification.trade, verification.read
    found = read or TransactionRead(trade.tx_hash or "")
    amount, time = verification.amount, verification.time
    known = None if time is None else trade.on_chain
    return VerificationBody(
        trade_id=trade.id,
        status=trade.status,
        changed=verification.changed,
        version=verification.version,
        transaction=_transaction(verification.chain, found, verification.state),
        matches=None if known is None else known.matches,
        amount=None if amount is None else _amount(trade, amount),
        time=None if time is None else _time(time),
        complete=verification.complete,
        errors=[error_body(failure) for failure in verification.failures],
    )


def on_chain_body(seen: OnChain | None) -> OnChainBody | None:
    """What a trade keeps of its verification."""
    if seen is None:
        return None
    return OnChainBody(
        matches=seen.matches,
        block_number=seen.block_number,
        block_time=format_time(seen.block_time),
        reason=seen.reason,
    )


def discovered_body(chain: Chain, proposal: Proposal, kept: tuple[Kept, ...]) -> DiscoveredBody:
    """One transaction's proposal; `kept` is empty when nothing was asked to be stored."""
    fates: Iterable[Kept | None] = kept or (None,) * len(proposal.trades)
    return DiscoveredBody(
        wallet=proposal.wallet,
        transaction=_transaction(chain, proposal.read, proposal.read.state),
        kind=proposal.kind,
        certain=proposal.certain,
        notes=list(proposal.notes),
        trades=[_proposed(*pair) for pair in zip(proposal.trades, fates, strict=True)],
    )


def _transaction(chain: Chain, read: TransactionRead, state: State | None) -> TransactionBody:
    receipt = read.receipt
    fee = receipt.fee if receipt is not None else None
    return TransactionBody(
        tx_hash=read.tx_hash,
        chain=chain.slug,
        chain_id=chain.chain_id,
        state=state,
        block_number=None if receipt is None else receipt.block.number,
        block_time=time_text(receipt.block.time if receipt else None),
        fee=None if fee is None else format_decimal(from_raw(fee, chain.native.decimals)),
        fee_raw=None if fee is None else str(fee),
    )


def _amount(trade: Trade, check: AmountCheck) -> AmountBody:
    known = check.found_raw is not None and check.decimals is not None
    found = from_raw(check.found_raw or 0, check.decimals or 0) if known else None
    return AmountBody(
        asset_id=trade.asset,
        matches=check.matches,
        expected=format_decimal(check.expected),
        expected_raw=None if check.expected_raw is None else str(check.expected_raw),
        found=decimal_text(found),
        found_raw=None if check.found_raw is None else str(check.found_raw),
        reason=check.reason,
    )


def _time(check: TimeCheck) -> TimeCheckBody:
    return TimeCheckBody(
        matches=check.matches,
        expected=format_time(check.expected),
        found=format_time(check.found),
        reason=check.reason,
    )


def _proposed(proposed: ProposedTrade, kept: Kept | None) -> ProposedTradeBody:
    trade = proposed.trade
    assert trade.tx_hash is not None  # a proposal is of a transaction, a chain and a wallet
    assert trade.chain is not None
    assert trade.wallet is not None
    return ProposedTradeBody(
        side=trade.side,
        asset=trade.asset,
        symbol=trade.symbol,
        amount=format_decimal(trade.amount),
        amount_raw=str(proposed.raw),
        amount_type=trade.amount_type,
        price_usd=None,
        price_reason=_PRICE_REASON,
        total_usd=None,
        fee_usd=None,
        tx_hash=trade.tx_hash,
        chain=trade.chain,
        wallet=trade.wallet,
        status=trade.status,
        executed_at=format_time(trade.executed_at),
        source=trade.source,
        link=trade.link,
        listed=proposed.token.listed,
        spam=bool(proposed.spam_reasons),
        spam_reasons=list(proposed.spam_reasons),
        kept=None if kept is None else kept.keeping,
        trade_id=None if kept is None else kept.trade_id,
    )
