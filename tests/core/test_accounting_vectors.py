"""The published vectors hold, to the last digit."""

import json
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from shared.core.amounts import format_decimal
from shared.core.fees import FEE_RULES
from shared.core.ids import AssetId
from shared.core.ledger import Accounting, Ledger
from shared.core.pnl import profit_and_loss
from shared.core.settlement import settle
from shared.core.trades import LotPick, Trade
from shared.core.transfers import Families

from .histories import trade

FOLDER = Path(__file__).parents[1] / "vectors" / "accounting"
VECTORS = sorted(FOLDER.glob("*.json"))


def rules_of(vector: dict[str, Any]) -> Accounting:
    rules = dict(vector["rules"])
    if "fees" in rules:
        rules["fees"] = FEE_RULES[rules["fees"]]
    if "zone" in rules:
        rules["zone"] = ZoneInfo(rules["zone"])
    if "families" in rules:
        rules["families"] = Families(tuple(frozenset(group) for group in rules["families"]))
    return Accounting(**rules)


def trade_of(row: dict[str, Any]) -> Trade:
    fields = dict(row)
    fields["executed_at"] = datetime.fromisoformat(row["executed_at"])
    if "acquired_at" in row:
        fields["acquired_at"] = datetime.fromisoformat(row["acquired_at"])
    fields["lots"] = tuple(
        LotPick(pick["trade_id"], Decimal(pick["quantity"])) for pick in row.get("lots", ())
    )
    return trade(fields.pop("id"), fields.pop("side"), fields.pop("amount"), fields.pop("asset"), **fields)


def text(value: Decimal | None) -> str | None:
    return None if value is None else format_decimal(value)


def disposals_of(ledger: Ledger) -> list[dict[str, Any]]:
    return [
        {
            "trade_id": disposal.trade.id,
            "quantity": text(disposal.quantity),
            "proceeds_usd": text(disposal.proceeds),
            "cost_basis_usd": text(disposal.cost_basis),
            "gain_usd": text(disposal.gain),
            "gain_low_usd": text(disposal.gain_low),
            "gain_high_usd": text(disposal.gain_high),
            "missing_quantity": text(disposal.missing_quantity),
            "term": disposal.term(ledger.accounting.zone),
            "reason": disposal.reason,
            "matched": [
                {
                    "lot_trade_id": part.trade_id,
                    "quantity": text(part.quantity),
                    "cost_basis_usd": text(part.cost),
                }
                for part in disposal.parts
            ],
        }
        for disposal in ledger.disposals
    ]


def lots_of(ledger: Ledger) -> list[dict[str, Any]]:
    return [
        {
            "asset": asset,
            "wallet": wallet,
            "trade_id": lot.trade_id,
            "remaining": text(lot.quantity),
            "cost_usd": text(lot.cost),
            "acquired_at": lot.acquired_at.astimezone(UTC).isoformat().replace("+00:00", "Z"),
        }
        for asset, wallet, lot in ledger.open_lots()
    ]


def mentioned(found: list[dict[str, Any]], expected: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The found rows, reduced to the keys that the expectation mentions."""
    assert len(found) == len(expected)
    return [{key: own[key] for key in wanted} for own, wanted in zip(found, expected, strict=True)]


@pytest.mark.parametrize("path", VECTORS, ids=lambda path: path.stem)
def test_a_vector_holds(path: Path) -> None:
    vector = json.loads(path.read_text())
    expect = vector["expect"]
    ledger = settle([trade_of(row) for row in vector["trades"]], rules_of(vector))

    for key, rows in (("disposals", disposals_of(ledger)), ("lots", lots_of(ledger))):
        assert mentioned(rows, expect.get(key, rows)) == expect.get(key, rows)
    if "matches" in expect:
        found = [{**match._asdict(), "fee": text(match.fee)} for match in ledger.matches]
        assert mentioned(found, expect["matches"]) == expect["matches"]
    prices = {AssetId(asset): Decimal(price) for asset, price in vector.get("prices", {}).items()}
    totals = profit_and_loss(ledger, prices).totals
    assert {key: text(getattr(totals, key)) for key in expect.get("totals", {})} == expect.get("totals", {})


def test_there_are_vectors_and_each_tells_its_arithmetic() -> None:
    assert len(VECTORS) >= 15
    for path in VECTORS:
        vector = json.loads(path.read_text())
        assert vector["name"] == path.stem.replace("_", " ")
        assert vector["story"]
