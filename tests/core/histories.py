"""Trades and random histories for the accounting tests."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal, localcontext
from typing import Any

from hypothesis import strategies as st

from shared.core.amounts import EXACT
from shared.core.ids import Address, AssetId
from shared.core.pnl import Totals
from shared.core.trades import Trade, checked

START = datetime(2023, 1, 1, tzinfo=UTC)
ONE = Address("0x" + "11" * 20)
TWO = Address("0x" + "22" * 20)
THREE = Address("0x" + "33" * 20)
ETH, WETH, USDC = AssetId("ETH"), AssetId("WETH"), AssetId("USDC")


def trade(trade_id: str, side: str, amount: str | Decimal, asset: str = "ETH", **more: Any) -> Trade:
    """A confirmed, checked trade; numbers as text, `day` as days after the start."""
    numbers = ("price_usd", "total_usd", "fee_usd", "fee_amount", "basis_usd")
    for name in numbers:
        if isinstance(more.get(name), str):
            more[name] = Decimal(more[name])
    at = more.pop("executed_at", None) or START + timedelta(days=more.pop("day", 0))
    fields: dict[str, Any] = {
        "id": trade_id,
        "user_id": "user",
        "side": side,
        "asset": AssetId(asset),
        "symbol": asset,
        "amount": Decimal(amount),
        "amount_type": "token",
        "price_usd": None,
        "total_usd": None,
        "fee_usd": None,
        "tx_hash": None,
        "chain": None,
        "wallet": None,
        "status": "confirmed",
        "executed_at": at,
        "created_at": START,
    }
    return checked(Trade(**{**fields, **more}))


def check_identity(totals: Totals) -> None:
    """The law of gains, of totals of which everything is known."""
    names = (
        "proceeds",
        "market_value",
        "withdrawn",
        "opening_cost",
        "invested",
        "income",
        "deposited",
        "carried",
    )
    came = [known(getattr(totals, f"{name}_usd")) for name in names]
    with localcontext(EXACT):
        gained = known(totals.realised_usd) + known(totals.unrealised_usd)
        assert gained == sum(came[:3]) - sum(came[3:])
        short, long = known(totals.realised_short_usd), known(totals.realised_long_usd)
        assert known(totals.realised_usd) == short + long


def known(value: Decimal | None) -> Decimal:
    """The value, which is known."""
    assert value is not None
    return value


quantities = st.decimals(min_value="0.000001", max_value=50, places=6)
dollars = st.decimals(min_value=0, max_value=5000, places=4)
fees = st.one_of(st.none(), st.decimals(min_value=0, max_value=20, places=2))
wallets = st.sampled_from([ONE, TWO])
assets = st.sampled_from([ETH, USDC])


@st.composite
def events(draw: st.DrawFn, known: bool) -> list[dict[str, Any]]:
    """The legs of one event, without ids and times."""
    asset, wallet, quantity = draw(assets), draw(wallets), draw(quantities)
    total = draw(dollars) if known else draw(st.one_of(st.none(), dollars))
    one: dict[str, Any] = {"asset": asset, "wallet": wallet, "amount": quantity, "total_usd": total}
    kind = draw(st.sampled_from(["buy", "buy", "sell", "income", "fee", "in", "out", "move", "wrap", "swap"]))
    match kind:
        case "buy" | "sell":
            leg = {**one, "side": kind, "fee_usd": draw(fees)}
            if draw(st.integers(0, 5)) == 0:
                leg |= {"fee_asset": draw(assets), "fee_amount": draw(quantities), "fee_usd": draw(dollars)}
            return [leg]
        case "income" | "fee":
            return [{**one, "side": kind}]
        case "in":
            basis = draw(st.one_of(st.none(), dollars))
            return [{**one, "side": "transfer_in", "basis_usd": basis, "link": "none"}]
        case "out":
            return [{**one, "side": "transfer_out", "link": "none"}]
        case "move":
            other = TWO if wallet == ONE else ONE
            kept = draw(st.sampled_from(["1", "1", "0.998"]))
            received = max(quantity * Decimal(kept), Decimal("0.000000001"))
            return [
                {**one, "side": "transfer_out"},
                {**one, "side": "transfer_in", "wallet": other, "amount": received, "total_usd": None},
            ]
        case "wrap":
            given, wrapped = draw(st.permutations([ETH, WETH]))
            return [{**one, "side": "sell", "asset": given}, {**one, "side": "buy", "asset": wrapped}]
        case _:
            bought: dict[str, Any] = {"asset": USDC if asset == ETH else ETH, "amount": draw(quantities)}
            return [{**one, "side": "sell", "fee_usd": draw(fees)}, {**one, **bought, "side": "buy"}]


@st.composite
def histories(draw: st.DrawFn, known: bool = True, most: int = 25) -> list[Trade]:
    """Up to `most` events; with `known`, everything has a value and every coin a documented cost."""
    trades: list[Trade] = []
    hour = 0
    for number, legs in enumerate(draw(st.lists(events(known), max_size=most))):
        hour += draw(st.sampled_from([0, 1, 30, 24 * 200]))
        for at, leg in enumerate(legs):
            more: dict[str, Any] = {"executed_at": START + timedelta(hours=hour, minutes=at * 7)}
            by_itself = len(legs) == 1 or (leg["side"] in _MOVED and draw(st.booleans()))
            if not by_itself:
                more["link"] = f"e{number}"
            if known and leg["side"] == "transfer_in" and leg.get("basis_usd") is None:
                more["basis_usd"] = Decimal(1)
            trades.append(trade(f"t{number:03}-{at}", **{**leg, **more}))
    return trades


@st.composite
def crowds(draw: st.DrawFn) -> list[Trade]:
    """Histories of few instants, amounts and prices: much of them is alike, or nearly."""
    return [_alike(each) for each in draw(histories(known=False))]


def _alike(one: Trade) -> Trade:
    """The trade with its numbers rounded to very few."""
    amount = Decimal(1 if one.amount < 25 else 2)
    total = None if one.total_usd is None else amount * (100 if one.total_usd < 2500 else 300)
    at = START + (one.executed_at - START) // _LONG * _LONG
    basis = one.basis_usd and amount * 100
    return checked(
        one._replace(amount=amount, total_usd=total, price_usd=None, basis_usd=basis, executed_at=at)
    )


@st.composite
def loose_transfers(draw: st.DrawFn) -> list[Trade]:
    """Transfers without a link, and trades among them, so close that they may be matched in many ways."""
    trades: list[Trade] = []
    hour = 0.0
    for number in range(draw(st.integers(0, 14))):
        hour += draw(st.sampled_from([0, 0.1, 0.2, 0.25, 0.3, 5, 12, 20]))
        side = draw(st.sampled_from(["buy", "sell", *_MOVED, *_MOVED, *_MOVED]))
        amount = draw(st.sampled_from(["1", "0.999", "0.996"]))
        total = draw(st.sampled_from(["100", "300", None]))
        more: dict[str, Any] = {"wallet": draw(wallets), "total_usd": total, "day": hour / 24}
        trades.append(trade(f"t{number:02}", side, amount, **more))
    return trades


_LONG = timedelta(days=150)
_MOVED = ("transfer_in", "transfer_out")
