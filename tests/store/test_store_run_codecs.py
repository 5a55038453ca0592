"""What runs keep is read again as it was written."""

from __future__ import annotations

import json
import string
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from shared.core.balances import Block
from shared.core.failures import Failure
from shared.core.fragments import Fragment, FragmentBalance
from shared.core.ids import Address, AssetId, ChainId
from shared.core.positions import Position
from shared.core.runs import (
    Group,
    Part,
    PartKey,
    PlanPage,
    PricePage,
    RunPrice,
    UserPlan,
    UserWallet,
)
from shared.core.tokens import Token, erc20
from shared.store.codecs import from_micros, money_text, pack, unpack
from shared.store.run_codecs import (
    pack_balances,
    pack_part,
    pack_plan,
    pack_prices,
    unpack_balances,
    unpack_part,
    unpack_plan,
    unpack_prices,
)
from tests.store.run_samples import address, full_part, part

texts = st.text(max_size=20)
slugs = st.text(string.ascii_lowercase, min_size=1, max_size=6)
addresses = st.integers(1, 30).map(address)
moments = st.integers(0, 253_000_000_000_000_000).map(from_micros)
money = st.decimals(0, Decimal(10) ** 30, allow_nan=False, allow_infinity=False)
raws = st.integers(1, 2**256 - 1)
asset_ids = texts.map(AssetId)
failures = st.lists(
    st.builds(
        Failure,
        st.sampled_from(["chain", "price", "protocol"]),
        st.none() | slugs,
        texts,
        texts,
        st.none() | asset_ids,
        st.none() | slugs,
    ),
    max_size=3,
).map(tuple)
chains = st.lists(slugs, max_size=3).map(tuple)


def tuples(of: st.SearchStrategy[object]) -> st.SearchStrategy[tuple[object, ...]]:
    return st.lists(of, max_size=4).map(tuple)


groups = st.builds(
    Group,
    st.integers(0, 10**6),
    tuples(st.tuples(slugs, tuples(addresses))),
    tuples(st.builds(UserPlan, texts, tuples(st.builds(UserWallet, addresses, st.integers(0, 99), chains)))),
)
prices = st.builds(RunPrice, st.none() | money, st.none() | slugs, st.none() | moments, st.none() | texts)


def token(contract: Address, symbol: str, decimals: int, listed: bool) -> Token:
    return erc20(ChainId(1), contract, symbol, symbol * 2, decimals, listed=listed)


def described(own: dict[Address, tuple[str, int, bool]]) -> dict[Address, Token]:
    return {contract: token(contract, *rest) for contract, rest in own.items()}


metadata = st.tuples(texts, st.integers(0, 255), st.booleans())
assets = st.builds(
    Token,
    st.integers(1, 99).map(ChainId),
    asset_ids,
    st.none() | addresses,
    texts,
    texts,
    st.integers(0, 255),
    st.booleans(),
)
positions = st.builds(
    Position,
    addresses,
    slugs,
    st.sampled_from(["deposit", "debt", "claimable", "locked", "vesting"]),
    assets,
    raws,
    addresses,
    st.none() | texts,
)
parts = st.builds(
    Part,
    run_id=texts,
    key=st.builds(PartKey, st.integers(0, 10**6), slugs),
    state=st.sampled_from(["read", "failed"]),
    block=st.none() | st.builds(Block, st.integers(0, 2**63 - 1), moments),
    balances=st.dictionaries(st.tuples(addresses, st.none() | addresses), raws, max_size=6),
    tokens=st.dictionaries(addresses, metadata, max_size=4).map(described),
    failures=failures,
    tokens_scanned=st.integers(0, 10**6),
    latency_ms=st.integers(0, 10**6),
    positions=st.lists(positions, max_size=4).map(tuple),
)


@given(st.builds(PlanPage, st.integers(0, 10**6), tuples(groups), texts, st.booleans()))
def test_a_page_of_a_plan_is_read_as_it_was_written(page: PlanPage) -> None:
    assert unpack_plan(pack_plan(page)) == page


@given(st.builds(PricePage, st.integers(0, 10**6), st.dictionaries(asset_ids, prices, max_size=4), failures))
def test_prices_are_read_as_they_were_written(page: PricePage) -> None:
    found = unpack_prices(pack_prices(page))

    assert found == page
    assert digits(found) == digits(page)


def digits(page: PricePage) -> list[str]:
    """The prices as text, in which 1.50 is not 1.5."""
    known = (price.price_usd for price in page.prices.values())
    return [money_text(price) for price in known if price is not None]


@given(parts)
def test_a_part_is_read_as_it_was_written(given_part: Part) -> None:
    packed = pack_part(given_part)

    assert unpack_part(given_part.run_id, given_part.key, given_part.state, packed) == given_part


def test_a_part_written_before_there_were_positions_has_none() -> None:
    kept = json.loads(unpack(pack_part(part())))
    del kept["positions"], kept["assets"]

    assert unpack_part(part().run_id, part().key, "read", pack(json.dumps(kept).encode())) == part()


plain = st.builds(FragmentBalance, asset_ids, texts, st.integers(0, 255), raws)
placed = st.builds(
    FragmentBalance,
    asset_ids,
    texts,
    st.integers(0, 255),
    raws,
    st.sampled_from(["wallet", "deposit", "debt", "claimable", "locked", "vesting"]),
    st.none() | addresses,
    st.none() | texts,
)


@given(st.lists(plain | placed, max_size=5).map(tuple))
def test_balances_are_read_as_they_were_written(balances: tuple[FragmentBalance, ...]) -> None:
    fragment = Fragment(address(1), "base", "wallet", Block(1, from_micros(0)), balances)

    assert unpack_balances(pack_balances(fragment)) == balances


def test_balances_written_without_a_kind_are_the_wallets_own() -> None:
    rows = [["eip155:1/slip44:60", "ETH", 18, "7"]]
    plain_balance = FragmentBalance(AssetId("eip155:1/slip44:60"), "ETH", 18, 7)
    fragment = Fragment(address(1), "base", "wallet", Block(1, from_micros(0)), (plain_balance,))

    assert unpack_balances(pack(json.dumps(rows).encode())) == (plain_balance,)
    assert json.loads(unpack(pack_balances(fragment))) == rows


def test_a_raw_balance_is_kept_as_text() -> None:
    assert f'"{2**256 - 1}"'.encode() in unpack(pack_part(part()))


def test_an_ordinary_part_is_small() -> None:
    assert len(pack_part(full_part(wallets=50, assets=20))) < 25_000
