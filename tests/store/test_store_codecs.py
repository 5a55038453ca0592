"""What is written is read again as it was."""

from __future__ import annotations

import json
from datetime import datetime
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.core.failures import Failure
from shared.core.ids import AssetId
from shared.core.snapshots import Snapshot, SnapshotAsset
from shared.core.trades import LotPick, OnChain
from shared.errors import InvalidInput
from shared.store.codecs import (
    errors_text,
    format_position,
    from_micros,
    money_text,
    pack,
    pack_assets,
    parse_errors,
    parse_position,
    row_trade,
    to_micros,
    trade_row,
    unpack,
    unpack_assets,
)
from shared.store.ports import Position
from shared.store.trade_ids import TradeIds
from tests.store.samples import START, Clock, trade

moments = st.integers(0, 253_000_000_000_000_000).map(from_micros)
money = st.decimals(0, Decimal(10) ** 30, allow_nan=False, allow_infinity=False)
ids = st.text(st.characters(min_codepoint=33, max_codepoint=126), min_size=1, max_size=20)


seen = st.builds(OnChain, st.none() | st.booleans(), st.integers(0, 2**63), moments, st.none() | st.text())


@given(money, moments, st.lists(st.tuples(ids, money), max_size=3), st.none() | money, st.none() | seen)
def test_a_row_is_the_trade(
    amount: Decimal,
    at: datetime,
    lots: list[tuple[str, Decimal]],
    fee: Decimal | None,
    on_chain: OnChain | None,
) -> None:
    picks = tuple(LotPick(*pick) for pick in lots)
    kept = trade(1)._replace(amount=amount, executed_at=at, lots=picks, fee_usd=fee, on_chain=on_chain)

    row = trade_row(kept)

    assert row_trade(row) == kept
    assert {type(value) for value in row} <= {str, int, type(None)}


@given(moments)
def test_microseconds_are_the_moment(at: datetime) -> None:
    assert from_micros(to_micros(at)) == at


@given(st.lists(st.builds(Position, moments, ids), min_size=2, max_size=8))
def test_the_text_of_positions_sorts_as_they_do(positions: list[Position]) -> None:
    assert [parse_position(format_position(p)) for p in positions] == positions
    assert sorted(positions) == [parse_position(text) for text in sorted(map(format_position, positions))]


@given(st.text(max_size=30) | st.from_regex(r"[0-9]{18}\..*", fullmatch=True))
def test_any_other_text_is_no_position(text: str) -> None:
    try:
        position = parse_position(text)
    except InvalidInput:
        return
    assert format_position(position) == text


def test_a_cursor_that_is_none_of_ours_is_named() -> None:
    with pytest.raises(InvalidInput) as raised:
        parse_position("999999999999999999.a")

    assert raised.value.field == "cursor"


@pytest.mark.parametrize(("value", "text"), [("1E+2", "100"), ("1E-7", "0.0000001"), ("1.50", "1.50")])
def test_money_has_all_its_digits_and_no_exponent(value: str, text: str) -> None:
    assert money_text(Decimal(value)) == text


@given(st.binary(max_size=300))
def test_unpacking_undoes_packing(content: bytes) -> None:
    assert unpack(pack(content)) == content


def test_ids_sort_in_the_order_in_which_they_were_made() -> None:
    clock = Clock()
    new_ids = TradeIds(clock)
    made = [new_ids.next_id() for _ in range(50)]
    clock.pass_(seconds=-5)
    made += [new_ids.next_id() for _ in range(50)]
    clock.pass_(seconds=20)
    made.append(new_ids.next_id())

    assert made == sorted(made)
    assert len(set(made)) == 101
    assert {len(each) for each in made} == {30}


assets = st.builds(
    SnapshotAsset,
    ids.map(AssetId),
    ids,
    money,
    st.none() | money,
    st.none() | money.map(Decimal.copy_negate),
    protocol=st.sampled_from(["wallet", "aave-v3"]),
    kind=st.sampled_from(["wallet", "deposit", "debt"]),
)


@given(st.lists(assets, max_size=4).map(tuple))
def test_a_snapshots_assets_are_read_as_they_were_written(kept: tuple[SnapshotAsset, ...]) -> None:
    assert unpack_assets(pack_assets(Snapshot("1", "alice", START, Decimal(0), True, kept))) == kept


def test_an_asset_without_a_place_is_the_wallets_own() -> None:
    rows = [["eip155:1/slip44:60", "ETH", "1.50", "2", "3.00"]]
    (asset,) = unpack_assets(pack(json.dumps(rows).encode()))

    assert (asset.protocol, asset.kind) == ("wallet", "wallet")
    kept = pack_assets(Snapshot("1", "alice", START, Decimal(0), True, (asset,)))
    assert json.loads(unpack(kept)) == rows


def test_a_failure_says_its_protocol_only_where_it_has_one() -> None:
    plain = Failure("chain", "base", "rpc_timeout", "no answer")
    named = Failure("protocol", "base", "protocol_unavailable", "no answer", None, "aave-v3")

    assert parse_errors(errors_text((plain, named))) == (plain, named)
    assert [len(row) for row in json.loads(errors_text((plain, named)))] == [5, 6]
