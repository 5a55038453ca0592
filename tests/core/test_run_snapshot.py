"""A run's snapshot says what the portfolio says, and what is missing from it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from shared.core.balances import Block
from shared.core.chains import Chains
from shared.core.failures import Failure
from shared.core.ids import Address, ChainId
from shared.core.positions import Position
from shared.core.run_snapshot import PartsRead, PriceSet, no_price, part_keys, snapshot_of
from shared.core.runs import Part, PartKey, PricePage, Run, RunPrice, UserPlan, UserWallet
from shared.core.snapshots import Snapshot, SnapshotAsset
from shared.core.tokens import Token, erc20, native_token

from .chain_samples import ETHEREUM, make_chain

NOW = datetime(2026, 11, 21, 8, 0, 3, tzinfo=UTC)
BASE = make_chain(chain_id=ChainId(8453), slug="base", name="Base")
CHAINS = Chains([ETHEREUM, BASE])
RUN = Run(
    id="20261121T080000Z",
    user_id=None,
    scheduled_at=datetime(2026, 11, 21, 8, tzinfo=UTC),
    started_at=NOW,
    give_up_at=NOW + timedelta(minutes=5),
    overdue_at=NOW + timedelta(minutes=15),
    chains=("ethereum", "base"),
)
A, B, C = (Address(f"0x{n:040x}") for n in (0xA, 0xB, 0xC))
ETH, BASE_ETH = native_token(ETHEREUM), native_token(BASE)
USDC = erc20(ETHEREUM.chain_id, Address(f"0x{0x6:040x}"), "USDC", "USD Coin", 6, listed=True)
SPAM = erc20(ETHEREUM.chain_id, Address(f"0x{0x7:040x}"), "FREE", "free.xyz", 0, listed=False)
EVERY = ("ethereum", "base")
DOWN = Failure("chain", "base", "rpc_timeout", "base: no answer")
LATE = Failure("price", None, "price_unavailable", "llama: no answer")

Balances = Mapping[tuple[Address, Address | None], int]


def part(
    group: int, chain: str, balances: Balances, *tokens: Token, failures: Sequence[Failure] = ()
) -> Part:
    known = {token.address: token for token in tokens if token.address is not None}
    key = PartKey(group, chain)
    return Part(RUN.id, key, "read", Block(7 + group, NOW), balances, known, tuple(failures), 1, 12)


def failed(group: int, chain: str, failure: Failure) -> Part:
    return Part(RUN.id, PartKey(group, chain), "failed", None, {}, {}, (failure,), 0, 12)


def priced(dollars: str | None, reason: str | None = None) -> RunPrice:
    return RunPrice(None if dollars is None else Decimal(dollars), "llama", NOW, reason)


def page(number: int, *failures: Failure, **prices: RunPrice) -> PricePage:
    """Prices by symbol."""
    ids = {"eth": ETH.asset_id, "base_eth": BASE_ETH.asset_id, "usdc": USDC.asset_id, "spam": SPAM.asset_id}
    return PricePage(number, {ids[name]: price for name, price in prices.items()}, failures)


def snapshot(plan: UserPlan, parts: Sequence[Part], *pages: PricePage) -> Snapshot:
    return snapshot_of(RUN, plan, PartsRead(parts, CHAINS), PriceSet(pages))


PLAN = UserPlan("alice", (UserWallet(A, 0, EVERY), UserWallet(B, 1, EVERY)))
PARTS = [
    part(0, "ethereum", {(A, None): 2 * 10**18, (A, USDC.address): 5_000_000, (C, None): 10**20}, USDC),
    part(0, "base", {(A, None): 10**18}),
    part(1, "ethereum", {(B, None): 10**18, (A, None): 99 * 10**18}),
    part(1, "base", {}),
]
PRICES = page(0, eth=priced("2000.5"), base_eth=priced("2000"), usdc=priced("0.999"))


def test_a_snapshot_in_full() -> None:
    assert snapshot(PLAN, PARTS, PRICES) == Snapshot(
        id="20261121T080000Z",
        user_id="alice",
        timestamp=NOW,
        total_usd=Decimal("8006.495"),
        complete=True,
        assets=(
            SnapshotAsset(ETH.asset_id, "ETH", Decimal(3), Decimal("2000.5"), Decimal("6001.5")),
            SnapshotAsset(BASE_ETH.asset_id, "ETH", Decimal(1), Decimal(2000), Decimal(2000)),
            SnapshotAsset(USDC.asset_id, "USDC", Decimal(5), Decimal("0.999"), Decimal("4.995")),
        ),
        errors=(),
        run_id="20261121T080000Z",
    )


def test_a_wallet_counts_only_where_its_user_wants_it_read() -> None:
    plan = UserPlan("alice", (UserWallet(A, 0, ("base",)),))
    assert snapshot(plan, PARTS, PRICES).total_usd == Decimal(2000)


def test_a_wallet_that_is_read_in_two_groups_counts_once_on_each_chain() -> None:
    plan = UserPlan("alice", (UserWallet(A, 0, ("base",)), UserWallet(A, 1, ("ethereum",))))
    assert snapshot(plan, PARTS, PRICES).total_usd == Decimal("200049.5")


def test_a_failed_part_makes_the_snapshot_incomplete_and_is_named_once() -> None:
    parts = [PARTS[0], failed(0, "base", DOWN), PARTS[2], failed(1, "base", DOWN)]
    made = snapshot(PLAN, parts, PRICES)
    assert (made.total_usd, made.complete, made.errors) == (Decimal("6006.495"), False, (DOWN,))


def test_a_failure_of_a_part_that_the_user_does_not_need_is_not_the_users() -> None:
    plan = UserPlan("alice", (UserWallet(A, 0, ("ethereum",)),))
    assert snapshot(plan, [PARTS[0], failed(0, "base", DOWN)], PRICES).complete


def test_a_token_that_could_not_be_read_makes_the_snapshot_incomplete() -> None:
    fault = Failure("token", "ethereum", "rpc_bad_response", "answers nonsense", USDC.asset_id)
    parts = [replace(PARTS[0], failures=(fault,)), *PARTS[1:]]
    assert snapshot(PLAN, parts, PRICES).errors == (fault,)


def test_an_asset_that_no_source_knows_has_no_value_and_leaves_the_snapshot_complete() -> None:
    prices = page(0, eth=priced("1"), base_eth=priced("1"), usdc=priced(None, "unknown: nobody knows it"))
    made = snapshot(PLAN, PARTS, prices)
    assert (made.total_usd, made.complete) == (Decimal(4), True)
    assert made.assets[-1] == SnapshotAsset(USDC.asset_id, "USDC", Decimal(5), None, None)


def test_a_source_that_failed_makes_incomplete_what_holds_an_asset_it_was_asked_for() -> None:
    seeded = page(0, eth=priced("1"), base_eth=priced("1"))
    asked = page(1, LATE, usdc=priced(None, "price_unavailable: llama did not answer"))
    assert snapshot(PLAN, PARTS, seeded, asked).errors == (LATE,)
    without_usdc = UserPlan("bob", (UserWallet(B, 1, EVERY),))
    assert snapshot(without_usdc, PARTS, seeded, asked).errors == ()


def test_a_source_that_failed_is_not_named_where_all_assets_have_prices() -> None:
    asked = page(
        0, LATE, eth=priced("1"), base_eth=priced("1"), usdc=priced(None, "unknown: nobody knows it")
    )
    without_usdc = UserPlan("bob", (UserWallet(B, 1, EVERY),))
    made = snapshot(without_usdc, PARTS, asked)
    assert (made.complete, made.errors) == (True, ())
    assert snapshot(PLAN, PARTS, asked).errors == (LATE,)


def test_a_failure_that_names_an_asset_is_of_no_other() -> None:
    named = [no_price(token.asset_id) for token in (USDC, ETH)]
    late = page(0, *named, eth=priced(None), base_eth=priced("1"), usdc=priced(None))
    without_usdc = UserPlan("bob", (UserWallet(B, 1, EVERY),))
    assert snapshot(without_usdc, PARTS, late).errors == (named[1],)


def test_the_first_price_that_was_kept_counts() -> None:
    later = page(1, LATE, eth=priced("9"), base_eth=priced("9"), usdc=priced("9"))
    assert snapshot(PLAN, PARTS, PRICES, later) == snapshot(PLAN, PARTS, PRICES)


def test_an_asset_that_the_run_has_no_price_of_is_a_failure_of_the_snapshot() -> None:
    made = snapshot(PLAN, PARTS, page(0, eth=priced("1"), base_eth=priced("1")))
    assert [(each.code, each.asset_id) for each in made.errors] == [("price_unavailable", USDC.asset_id)]


def test_spam_is_left_out_as_it_is_in_the_portfolio() -> None:
    plan = UserPlan("alice", (UserWallet(A, 0, ("ethereum",)),))
    parts = [part(0, "ethereum", {(A, None): 10**18, (A, SPAM.address): 10**30}, SPAM)]
    made = snapshot(plan, parts, page(0, eth=priced("1"), spam=priced(None, "unknown: nobody knows it")))
    assert [asset.symbol for asset in made.assets] == ["ETH"]
    assert made.complete


def test_a_wallet_with_nothing_is_a_complete_snapshot_of_zero() -> None:
    made = snapshot(UserPlan("alice", (UserWallet(C, 1, EVERY),)), PARTS)
    assert (made.total_usd, made.complete, made.assets) == (Decimal(0), True, ())


def test_a_chain_that_is_no_longer_known_is_named_as_missing() -> None:
    parts = PartsRead(PARTS, Chains([ETHEREUM]))
    made = snapshot_of(RUN, PLAN, parts, PriceSet([PRICES]))
    assert (made.total_usd, [each.chain for each in made.errors]) == (Decimal("6006.495"), ["base"])


def test_the_parts_of_a_user_are_those_of_each_group_and_chain() -> None:
    plan = UserPlan("alice", (UserWallet(A, 0, ("base",)), UserWallet(B, 1, EVERY), UserWallet(C, 1, EVERY)))
    assert part_keys(plan) == {PartKey(0, "base"), PartKey(1, "base"), PartKey(1, "ethereum")}


@pytest.mark.parametrize(("there", "holds"), [(4, True), (3, False), (0, False)])
def test_whether_a_users_parts_are_all_there(there: int, holds: bool) -> None:
    assert PartsRead(PARTS[:there], CHAINS).holds(PLAN) is holds


def test_what_needs_a_price_are_the_users_own_assets() -> None:
    parts = PartsRead(PARTS, CHAINS)
    assert {token.asset_id for token in parts.tokens_of(PLAN)} == {
        ETH.asset_id,
        BASE_ETH.asset_id,
        USDC.asset_id,
    }
    assert [token.asset_id for token in parts.tokens_of(UserPlan("bob", (UserWallet(B, 1, EVERY),)))] == [
        ETH.asset_id
    ]


def test_a_price_set_knows_what_is_in_it_and_how_many_pages_it_has() -> None:
    prices = PriceSet([PRICES])
    assert USDC.asset_id in prices
    assert SPAM.asset_id not in prices
    assert prices.pages == 1


POOL, OTHER_POOL = Address(f"0x{0x8:040x}"), Address(f"0x{0x9:040x}")
SUPPLIED = Position(A, "aave-v3", "deposit", USDC, 5_000_000, POOL, "Main")
OWED = Position(B, "aave-v3", "debt", ETH, 3 * 10**18, POOL, "Main")


def with_positions(*positions: Position) -> list[Part]:
    """The parts, with positions on Ethereum in both groups."""
    of_group = {0: [p for p in positions if p.wallet == A], 1: [p for p in positions if p.wallet != A]}
    return [
        replace(each, positions=tuple(of_group[each.key.group])) if each.key.chain == "ethereum" else each
        for each in PARTS
    ]


def test_deposits_count_and_debts_are_taken_off() -> None:
    made = snapshot(PLAN, with_positions(SUPPLIED, OWED), PRICES)

    assert made.total_usd == Decimal("8006.495") + Decimal("4.995") - Decimal("6001.5")
    assert [(a.symbol, a.protocol, a.kind, a.balance, a.value_usd) for a in made.assets] == [
        ("ETH", "wallet", "wallet", Decimal(3), Decimal("6001.5")),
        ("ETH", "wallet", "wallet", Decimal(1), Decimal(2000)),
        ("USDC", "aave-v3", "deposit", Decimal(5), Decimal("4.995")),
        ("USDC", "wallet", "wallet", Decimal(5), Decimal("4.995")),
        ("ETH", "aave-v3", "debt", Decimal(3), Decimal("-6001.5")),
    ]


def test_one_asset_in_one_protocol_is_one_row_whichever_wallets_and_markets_it_is_in() -> None:
    elsewhere = SUPPLIED._replace(market="Prime", contract=OTHER_POOL, raw=1_000_000)
    others = SUPPLIED._replace(wallet=B, raw=2_000_000)
    made = snapshot(PLAN, with_positions(SUPPLIED, elsewhere, others), PRICES)

    (row,) = (asset for asset in made.assets if asset.protocol == "aave-v3")
    assert (row.balance, row.price_usd, row.value_usd) == (Decimal(8), Decimal("0.999"), Decimal("7.992"))


def test_a_users_positions_are_those_of_the_own_wallets_on_the_chains_that_count() -> None:
    parts = PartsRead(with_positions(SUPPLIED, OWED, OWED._replace(wallet=C)), CHAINS)
    bob = UserPlan("bob", (UserWallet(A, 0, ("base",)), UserWallet(B, 1, ("ethereum",))))

    assert [each.positions for each in parts.positions_of(bob)] == [(OWED,)]


def test_what_only_a_protocol_holds_needs_a_price_too() -> None:
    plan = UserPlan("bob", (UserWallet(C, 1, ("ethereum",)),))
    parts = with_positions(OWED._replace(wallet=C, token=USDC))

    assert PartsRead(parts, CHAINS).tokens_of(plan) == (USDC,)
    made = snapshot(plan, parts, page(0, eth=priced("1")))
    assert [(each.code, each.asset_id) for each in made.errors] == [("price_unavailable", USDC.asset_id)]
    assert [(asset.price_usd, asset.value_usd) for asset in made.assets] == [(None, None)]


def test_a_chain_of_which_only_positions_are_known_is_missed_as_well() -> None:
    plan = UserPlan("carol", (UserWallet(A, 1, ("base",)),))
    parts = PartsRead([*PARTS[:3], replace(PARTS[3], positions=(SUPPLIED,))], Chains([ETHEREUM]))
    made = snapshot_of(RUN, plan, parts, PriceSet([PRICES]))
    assert (made.assets, [each.chain for each in made.errors]) == ((), ["base"])
