"""Our gains against rp2's, over thousands of random histories."""

import json
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from decimal import ROUND_HALF_EVEN, Decimal
from pathlib import Path
from random import Random
from typing import Any

from shared.core.ledger import Accounting
from shared.core.methods import Method
from shared.core.settlement import settle
from shared.core.trades import Trade

from .histories import trade

HISTORIES = 1000
METHODS: tuple[Method, ...] = ("fifo", "lifo", "hifo", "lofo")
CENT = Decimal("0.01")
Answers = list[dict[str, dict[str, list[Any]]]]


def history(random: Random) -> list[dict[str, str]]:
    """Buys and sales, never of more than is held; every buy's fee is 1 %, so that rp2, which ranks by price
    without the fee, ranks as we do."""
    at, held, rows = datetime(2020, 1, 1, tzinfo=UTC), 0, []
    for _ in range(random.randint(2, 25)):
        at += timedelta(seconds=random.randint(1, 60 * 60 * 24 * 90))
        sells = held and random.random() < 0.5
        quantity = random.randint(1, held) if sells else random.randint(1, 10**9)
        held += -quantity if sells else quantity
        total = Decimal(random.randint(100, 10**8)).scaleb(-2)
        fee = Decimal(random.randint(0, 50)).scaleb(-2) if sells else total / 100
        rows.append(
            {
                "side": "sell" if sells else "buy",
                "amount": str(Decimal(quantity).scaleb(-6)),
                "total_usd": str(total),
                "fee_usd": str(fee),
                "executed_at": at.isoformat(),
            }
        )
    return rows


def ask_rp2(histories: list[list[dict[str, str]]], folder: Path) -> Answers:
    """What rp2 says, in a process of its own."""
    question = json.dumps({"histories": histories, "methods": METHODS, "gains": True, "collector": True})
    program = [sys.executable, str(Path(__file__).with_name("rp2_oracle.py"))]
    run = subprocess.run(program, input=question, cwd=folder, capture_output=True, text=True, check=True)
    answers: Answers = json.loads(run.stdout)["answers"]
    return answers


def as_trades(rows: list[dict[str, str]]) -> list[Trade]:
    """The same rows as trades; ids in the rows' order."""
    return [
        trade(
            f"{number:04}",
            row["side"],
            row["amount"],
            total_usd=row["total_usd"],
            fee_usd=row["fee_usd"],
            executed_at=datetime.fromisoformat(row["executed_at"]),
        )
        for number, row in enumerate(rows, start=1)
    ]


def test_every_gain_agrees_with_rp2_to_the_cent(tmp_path: Path) -> None:
    random = Random(20240229)
    histories = [history(random) for _ in range(HISTORIES)]
    compared = 0
    for rows, answer in zip(histories, ask_rp2(histories, tmp_path), strict=True):
        trades = as_trades(rows)
        for method in METHODS:
            ours = settle(trades, Accounting(method=method)).disposals
            theirs = answer[method]
            assert [int(disposal.trade.id) for disposal in ours] == sorted(map(int, theirs))
            for disposal in ours:
                gain = Decimal(theirs[str(int(disposal.trade.id))][0])
                assert disposal.gain is not None
                assert abs(disposal.gain - gain) < CENT / 1000, (method, rows)
                assert cents(disposal.gain) == cents(gain) or near_half_a_cent(gain)
                compared += 1
    assert compared > 4 * HISTORIES


def cents(gain: Decimal) -> Decimal:
    return gain.quantize(CENT, rounding=ROUND_HALF_EVEN)


def near_half_a_cent(gain: Decimal) -> bool:
    """Where rp2's 31 digits may round to the other side."""
    return abs(abs(gain) % CENT - CENT / 2) < Decimal("1E-12")


# Bought, sold, whether rp2 says that it is long-term, and what we say.
ANNIVERSARIES = [
    ("2023-03-01T00:00:00+00:00", "2024-02-28T00:00:00+00:00", False, "short"),
    # The first anniversary of a year with a leap day is its 366th day, and the day before is its 365th.
    ("2023-03-01T00:00:00+00:00", "2024-02-29T00:00:00+00:00", True, "short"),
    ("2023-03-01T00:00:00+00:00", "2024-03-01T00:00:00+00:00", True, "short"),
    ("2023-03-01T00:00:00+00:00", "2024-03-02T00:00:00+00:00", True, "long"),
    # In any other year the anniversary itself: one year is not more than one year.
    ("2021-05-05T00:00:00+00:00", "2022-05-05T00:00:00+00:00", True, "short"),
    ("2021-05-05T00:00:00+00:00", "2022-05-06T00:00:00+00:00", True, "long"),
    # rp2 counts hours: a purchase in the evening is a day younger on its anniversary's morning.
    ("2021-05-05T23:00:00+00:00", "2022-05-06T01:00:00+00:00", True, "long"),
]


def test_rp2_calls_the_anniversary_long_and_we_do_not(tmp_path: Path) -> None:
    histories = [
        [
            {"side": "buy", "amount": "1", "total_usd": "100", "fee_usd": "0", "executed_at": bought},
            {"side": "sell", "amount": "1", "total_usd": "150", "fee_usd": "0", "executed_at": sold},
        ]
        for bought, sold, _, _ in ANNIVERSARIES
    ]
    theirs = [answer["fifo"]["2"][1] for answer in ask_rp2(histories, tmp_path)]
    ours = [settle(as_trades(rows)).disposals[0].term() for rows in histories]

    assert theirs == [[long] for _, _, long, _ in ANNIVERSARIES]
    assert ours == [term for _, _, _, term in ANNIVERSARIES]
