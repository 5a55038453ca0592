from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from shared.core.ids import Address
from shared.core.run_plan import MAX_GROUP_ROWS, Planner
from shared.core.runs import (
    GROUPS_PER_PAGE,
    MAX_GROUP_USERS,
    MAX_GROUP_WALLETS,
    Group,
    Owner,
    PlanPage,
    PlanTotals,
    UserPlan,
    UserWallet,
)

CHAINS = ("base", "ethereum", "polygon")
A, B, C, D = (Address(f"0x{n:040x}") for n in (0xA, 0xB, 0xC, 0xD))
Slugs = tuple[str, ...]


def wallet(number: int) -> Address:
    return Address(f"0x{number:040x}")


def user(number: int) -> str:
    return f"user-{number:08d}"


def owner(name: str, *wallets: Address, on: Slugs = ()) -> Owner:
    return Owner(name, tuple((each, on) for each in wallets))


def singles(count: int, first: int = 0) -> list[Owner]:
    """Users of one wallet each, nobody's twice."""
    return [owner(user(n), wallet(n + 1)) for n in range(first, first + count)]


def plan(
    owners: Iterable[Owner], chains: Sequence[str] = CHAINS, kept: Sequence[PlanPage] = ()
) -> tuple[list[PlanPage], PlanTotals]:
    """All pages, also those kept already, and their totals."""
    planner = Planner(chains)
    planner.resume(kept)
    pages = list(kept)
    for each in owners:
        if planner.last_user is None or each.user_id > planner.last_user:
            pages += planner.add(each)
    return [*pages, planner.finish()], planner.totals


def groups_of(pages: Iterable[PlanPage]) -> list[Group]:
    return [group for page in pages for group in page.groups]


def groups(*owners: Owner, chains: Sequence[str] = CHAINS) -> list[Group]:
    return groups_of(plan(owners, chains)[0])


@st.composite
def populations(draw: st.DrawFn, most: int = 400) -> list[Owner]:
    """Users with few or many wallets, own ones and shared ones, on all chains or on some."""
    random = Random(draw(st.integers(0, 2**32)))
    count = draw(st.integers(0, most))
    most_wallets = draw(st.sampled_from([1, 2, 3, 10, 60, 120]))
    shared = draw(st.sampled_from([0, 1, 5, 80]))
    sharing = draw(st.sampled_from([0.0, 0.3, 0.9, 1.0]))
    choices: list[Slugs] = [(), ("base",), ("ethereum", "polygon"), ("solana",), ("polygon", "solana")]
    on = draw(st.lists(st.sampled_from(choices), min_size=1, max_size=5))
    fresh = iter(range(1000, 10**9))
    owners = []
    for number in range(count):
        chosen = {}
        for _ in range(random.randint(0, most_wallets)):
            of_all = shared and random.random() < sharing
            chosen[wallet(random.randrange(shared) if of_all else next(fresh))] = random.choice(on)
        owners.append(Owner(user(number), tuple(sorted(chosen.items()))))
    return owners


def wanted_by(each: Owner, chains: Sequence[str] = CHAINS) -> set[tuple[Address, str]]:
    return {(w, chain) for w, slugs in each.wallets for chain in chains if not slugs or chain in slugs}


def reads_of(group: Group) -> list[tuple[Address, str]]:
    return [(each, chain) for chain, wallets in group.reads for each in wallets]


def is_full(group: Group) -> bool:
    distinct = {each for each, _ in reads_of(group)}
    rows = sum(len(each.wallets) for each in group.users)
    no_room_for_users = len(group.users) == MAX_GROUP_USERS or rows >= MAX_GROUP_ROWS
    return no_room_for_users or len(distinct) > MAX_GROUP_WALLETS * 0.9


@settings(max_examples=40, deadline=None)
@given(populations())
def test_every_wallet_of_every_user_is_read_exactly_once_on_every_chain_that_is_wanted(
    owners: list[Owner],
) -> None:
    pages, _ = plan(owners)
    found = Counter(read for group in groups_of(pages) for read in reads_of(group))
    assert set(found) == {read for each in owners for read in wanted_by(each)}
    assert set(found.values()) <= {1}


@settings(max_examples=40, deadline=None)
@given(populations())
def test_a_users_plan_says_where_each_of_the_wallets_is_read(owners: list[Owner]) -> None:
    made = groups_of(plan(owners)[0])
    reads = {group.number: set(reads_of(group)) for group in made}
    plans = {each.user_id: each for group in made for each in group.users}
    for each in owners:
        rows = plans.pop(each.user_id).wallets if wanted_by(each) else ()
        told = [(row.group, row.address, chain) for row in rows for chain in row.chains]
        assert all((address, chain) in reads[group] for group, address, chain in told)
        assert sorted((address, chain) for _, address, chain in told) == sorted(wanted_by(each))
    assert not plans


@settings(max_examples=40, deadline=None)
@given(populations())
def test_users_are_finished_in_order_and_not_before_their_last_wallet_is_placed(
    owners: list[Owner],
) -> None:
    made = groups_of(plan(owners)[0])
    finished = [each.user_id for group in made for each in group.users]
    assert finished == [each.user_id for each in owners if wanted_by(each)]
    assert all(row.group <= group.number for group in made for each in group.users for row in each.wallets)


@settings(max_examples=40, deadline=None)
@given(populations())
def test_groups_are_bounded_and_only_the_last_one_has_room(owners: list[Owner]) -> None:
    made = groups_of(plan(owners)[0])
    assert [group.number for group in made] == list(range(len(made)))
    for group in made:
        assert len({each for each, _ in reads_of(group)}) <= MAX_GROUP_WALLETS
        assert len(group.users) <= MAX_GROUP_USERS
        rows = [len(each.wallets) for each in group.users]
        assert sum(rows[:-1]) < MAX_GROUP_ROWS
        assert [chain for chain, _ in group.reads] == [c for c in CHAINS if c in dict(group.reads)]
        assert all(wallets for _, wallets in group.reads)
    assert all(is_full(group) for group in made[:-1])


@settings(max_examples=40, deadline=None)
@given(populations())
def test_the_totals_are_those_of_the_pages(owners: list[Owner]) -> None:
    pages, totals = plan(owners)
    made = groups_of(pages)
    assert totals == PlanTotals(
        pages=len(pages),
        groups=len(made),
        parts=sum(len(group.reads) for group in made),
        users=sum(len(group.users) for group in made),
        wallets=len({each for group in made for each, _ in reads_of(group)}),
    )


@settings(max_examples=6, deadline=None)
@given(populations(most=60), st.integers(4_990, 11_000), st.booleans())
@example([], 5_000, False)
@example([], 5_001, False)
@example([owner("user-00000000", *map(wallet, range(10_345)))], 0, True)
def test_a_planner_that_goes_on_behind_any_page_makes_the_same_plan(
    owners: list[Owner], most: int, at_the_end: bool
) -> None:
    many = [
        owner(f"{'v' if at_the_end else 'a'}{n:08d}", wallet(n * 3), wallet(n * 3 + 1))
        for n in range(most // 2)
    ]
    everybody = sorted([*owners, *many])
    pages, totals = plan(everybody)
    for kept in range(len(pages)):
        assert plan(everybody, kept=pages[:kept]) == (pages, totals)


@settings(max_examples=5, deadline=None)
@given(st.integers(0, 11_000))
@example(5_000)
@example(5_001)
@example(10_000)
def test_pages_have_a_hundred_groups_and_only_the_last_has_fewer(count: int) -> None:
    pages, _ = plan(singles(count))
    assert [page.number for page in pages] == list(range(len(pages)))
    assert [page.last for page in pages] == [False] * (len(pages) - 1) + [True]
    assert all(len(page.groups) == GROUPS_PER_PAGE for page in pages[:-1])
    assert len(pages[-1].groups) <= GROUPS_PER_PAGE
    assert len(groups_of(pages)) == -(-count // MAX_GROUP_WALLETS)


def test_a_thousand_users_of_one_wallet_are_exactly_twenty_groups() -> None:
    pages, totals = plan(singles(1_000))
    assert len(pages) == 1
    assert totals == PlanTotals(pages=1, groups=20, parts=60, users=1_000, wallets=1_000)


def test_a_plan_in_full() -> None:
    assert groups(owner("alice", A, B), owner("bob", B, C, on=("base",))) == [
        Group(
            0,
            (("base", (A, B, C)), ("ethereum", (A, B)), ("polygon", (A, B))),
            (
                UserPlan("alice", (UserWallet(A, 0, CHAINS), UserWallet(B, 0, CHAINS))),
                UserPlan("bob", (UserWallet(B, 0, ("base",)), UserWallet(C, 0, ("base",)))),
            ),
        )
    ]


def test_a_wallet_of_a_closed_group_is_read_again_only_on_chains_that_it_was_not_read_on() -> None:
    early = owner("alice", A, on=("base",))
    filling = [owner(f"b{n:03d}", wallet(n)) for n in range(100, 149)]
    late = owner("carol", A, D)
    last = groups(early, *filling, late)[-1]
    assert last.reads == (("base", (D,)), ("ethereum", (A, D)), ("polygon", (A, D)))
    assert last.users[-1].wallets == (
        UserWallet(A, 0, ("base",)),
        UserWallet(A, 1, ("ethereum", "polygon")),
        UserWallet(D, 1, CHAINS),
    )


def test_a_wallet_of_the_group_that_is_being_filled_gets_further_chains_there() -> None:
    group = groups(owner("alice", A, on=("base",)), owner("bob", A, on=("polygon",)))
    assert [each.reads for each in group] == [(("base", (A,)), ("polygon", (A,)))]


def test_a_user_whose_wallets_almost_fit_gets_the_next_group() -> None:
    made = groups(*singles(46), owner("z", *map(wallet, range(900, 905))))
    assert [len(group.users) for group in made] == [46, 1]
    assert {row.group for row in made[1].users[0].wallets} == {1}


def test_a_user_is_split_rather_than_leaving_a_tenth_of_a_group_empty() -> None:
    made = groups(*singles(45), owner("z", *map(wallet, range(900, 906))))
    assert [row.group for row in made[1].users[0].wallets] == [0, 0, 0, 0, 0, 1]


def test_a_user_with_more_wallets_than_a_group_holds_is_split() -> None:
    made = groups(owner("alice", *map(wallet, range(120))))
    assert [len(dict(group.reads)["base"]) for group in made] == [50, 50, 20]
    assert [len(group.users) for group in made] == [0, 0, 1]


def test_users_who_share_all_their_wallets_make_groups_without_reads() -> None:
    made = groups(*(owner(user(n), A) for n in range(450)))
    assert [len(group.users) for group in made] == [200, 200, 50]
    assert [bool(group.reads) for group in made] == [True, False, False]
    assert {row.group for group in made for each in group.users for row in each.wallets} == {0}


def test_users_who_share_very_many_wallets_do_not_make_a_group_large() -> None:
    everyone = [owner(user(n), *map(wallet, range(40))) for n in range(30)]
    assert [sum(len(u.wallets) for u in group.users) for group in groups(*everyone)] == [520, 520, 160]


@pytest.mark.parametrize("wallets", [(), ((A, ("solana",)),)])
def test_a_user_with_nothing_to_read_is_left_out(wallets: tuple[tuple[Address, Slugs], ...]) -> None:
    pages, totals = plan([Owner("alice", wallets)])
    assert pages == [PlanPage(0, (), "alice", last=True)]
    assert totals == PlanTotals(1, 0, 0, 0, 0)


def test_a_chain_that_the_run_does_not_read_is_left_out() -> None:
    assert groups(owner("alice", A, on=("solana", "base")))[0].reads == (("base", (A,)),)


def test_no_users_are_one_page_without_groups() -> None:
    assert plan([])[0] == [PlanPage(0, (), "", last=True)]


def test_a_full_page_names_the_last_user_who_is_planned_up_to_it() -> None:
    planner = Planner(CHAINS)
    made = [page for each in singles(5_001) for page in planner.add(each)]
    assert [page.last_user for page in made] == [user(4_999)]
    assert planner.finish().last_user == user(5_000)


def test_a_user_split_over_two_pages_belongs_to_the_second() -> None:
    split = owner("z", *map(wallet, range(9_000, 9_020)))
    first, second = plan([*singles(4_990), split])[0]
    assert first.last_user == user(4_989)
    assert second.groups[0].users[0].user_id == "z"
    assert {row.group for row in second.groups[0].users[0].wallets} == {99, 100}


def test_what_a_user_removed_between_two_planners_is_read_for_nobody() -> None:
    split = owner("z", *map(wallet, range(9_000, 9_020)))
    first = plan([*singles(4_990), split])[0][0]
    pages, totals = plan(singles(4_990), kept=[first])
    assert pages[1] == PlanPage(1, (), user(4_989), last=True)
    assert totals.users == 4_990


def test_pages_may_be_taken_one_by_one() -> None:
    pages, totals = plan(singles(10_100))
    planner = Planner(CHAINS)
    for page in pages:
        planner.resume([page])
    assert planner.totals == totals
    assert planner.last_user == user(10_099)
