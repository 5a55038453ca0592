"""History over HTTP: whatever the snapshots and trades, the answer is good and no number is made up."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from decimal import Decimal
from typing import Any

from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.api.history import PATH
from shared.core.amounts import format_decimal
from tests.api.asking import ask
from tests.api.test_api_history import USER, app_of, check_schema, keep
from tests.core.histories import START, trade
from tests.fakes import Fakes


@dataclass(frozen=True)
class Seen:
    """A snapshot, so many hours after the start."""

    hour: int
    usd: Decimal
    complete: bool = True


totals = st.one_of(
    st.sampled_from(["0", "10", "-10", "1E-22", "3E-15", "5E+6", "1E+60", "-1E+60", "1E-60"]).map(Decimal),
    st.builds(lambda digits, places: Decimal(digits).scaleb(-places), st.integers(), st.integers(0, 60)),
)
snapshots = st.builds(Seen, st.integers(0, 24 * 900), totals, st.sampled_from([True, True, True, False]))
payments = st.tuples(
    st.integers(0, 24 * 900), st.sampled_from(["buy", "sell"]), st.sampled_from(["1E-18", "7", None])
)


def days(*pairs: tuple[int, str]) -> list[Seen]:
    return [Seen(24 * day, Decimal(usd)) for day, usd in pairs]


@example(days((0, "0.000000000000003"), (1, "5000000")), [])
@example(days((0, "0.0000000000000000000001"), (1, "5000")), [])
@example(days((0, "10"), (400, "-10")), [])
@example(days((0, "10"), (4, "-10")), [])
@example(days((0, "100"), (4, "0")), [])
@settings(max_examples=40, deadline=None)
@given(st.lists(snapshots, max_size=6, unique_by=lambda one: one.hour), st.lists(payments, max_size=4))
def test_whatever_is_kept_history_answers_and_tells_each_return_or_why_not(
    seen: Sequence[Seen], paid: Sequence[tuple[int, str, str | None]]
) -> None:
    body = asyncio.run(answered(seen, paid))

    check_schema(body)
    for name in ("time_weighted_return", "money_weighted_return", "max_drawdown"):
        told = body["performance"][name]
        assert told["reason"] if told["pct"] is None else makes_sense(name, Decimal(told["pct"]))


def makes_sense(name: str, pct: Decimal) -> bool:
    """Nobody loses more than everything."""
    return 0 <= pct <= 100 if name == "max_drawdown" else pct >= -100


async def answered(seen: Sequence[Seen], paid: Sequence[tuple[int, str, str | None]]) -> Any:
    """The body of the answer about these snapshots and trades, which must be a good one."""
    fakes = Fakes()
    try:
        for one in seen:
            at = START + timedelta(hours=one.hour)
            await keep(fakes, at, format_decimal(one.usd), complete=one.complete)
        trades = [
            trade(f"t{number}", side, "1", total_usd=usd, executed_at=START + timedelta(hours=hour))
            for number, (hour, side, usd) in enumerate(paid)
        ]
        await fakes.stores.get().trades.add_trades(USER, [each._replace(user_id=USER) for each in trades])
        answer = await ask(app_of(fakes), f"{PATH}?order=asc")
        assert answer.status_code == 200, answer.text
        return answer.json()
    finally:
        await fakes.stores.close()
