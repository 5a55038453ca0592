"""The published vectors hold, in every order that they name."""

from __future__ import annotations

import json
from collections.abc import Sequence
from datetime import datetime
from decimal import Decimal
from functools import reduce
from pathlib import Path
from typing import Any

import pytest

from shared.core.amounts import format_decimal, from_raw
from shared.core.balances import Block
from shared.core.fragments import Fragment, FragmentBalance, Fragments, held, merge

FOLDER = Path(__file__).parents[1] / "vectors" / "fragments"
VECTORS = sorted(FOLDER.glob("*.json"))


@pytest.fixture(params=VECTORS, ids=lambda path: path.stem)
def vector(request: pytest.FixtureRequest) -> dict[str, Any]:
    read: dict[str, Any] = json.loads(request.param.read_text())
    return read


def fragment_of(body: dict[str, Any]) -> Fragment:
    return Fragment(
        body["wallet"],
        body["chain"],
        body["protocol"],
        Block(body["block_number"], datetime.fromisoformat(body["block_time"])),
        tuple(balance_of(row) for row in body["positions"]),
        body["sequence"],
    )


def balance_of(row: dict[str, Any]) -> FragmentBalance:
    raw = int(row["balance_raw"])
    assert format_decimal(from_raw(raw, row["decimals"])) == format_decimal(Decimal(row["balance"]))
    return FragmentBalance(
        row["asset_id"], row["symbol"], row["decimals"], raw, row["kind"], row["contract"], row["market"]
    )


def fragments_of(vector: dict[str, Any]) -> dict[str, Fragment]:
    return {name: fragment_of(body) for name, body in vector["fragments"].items()}


def check(known: Fragments, vector: dict[str, Any]) -> None:
    names = {fragment: name for name, fragment in fragments_of(vector).items()}
    assert [names[known[key]] for key in sorted(known)] == vector["expect"]["known"]
    assert [names[fragment] for fragment in held(known)] == vector["expect"]["held"]


def test_every_order_leads_to_the_same(vector: dict[str, Any]) -> None:
    fragments = fragments_of(vector)

    for order in vector["orders"]:
        assert set(order) == set(fragments)
        check(merge({}, [fragments[name] for name in order]), vector)
        check(one_by_one([fragments[name] for name in order]), vector)


def test_every_grouping_leads_to_the_same(vector: dict[str, Any]) -> None:
    fragments = fragments_of(vector)

    for groups in vector.get("groups", []):
        states = [merge({}, [fragments[name] for name in group]) for group in groups]
        check(reduce(lambda known, other: merge(known, other.values()), states), vector)
        check(reduce(lambda known, other: merge(other, known.values()), states), vector)


def one_by_one(fragments: Sequence[Fragment]) -> Fragments:
    known: Fragments = {}
    for fragment in fragments:
        known = merge(known, [fragment])
    return known


def test_there_are_vectors_and_each_says_its_name() -> None:
    assert len(VECTORS) >= 12
    for path in VECTORS:
        vector = json.loads(path.read_text())
        assert path.stem == vector["name"].replace(",", "").replace(" ", "_")
        assert vector["story"]
