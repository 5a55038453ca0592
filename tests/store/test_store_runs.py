"""The Runs port, on every store."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

from shared.core.ids import AssetId
from shared.core.run_plan import MAX_GROUP_ROWS
from shared.core.runs import (
    GROUPS_PER_PAGE,
    MAX_GROUP_USERS,
    MAX_GROUP_WALLETS,
    Group,
    PlanPage,
    PlanTotals,
    PricePage,
    Progress,
    UserPlan,
    UserWallet,
)
from shared.store.ports import Store
from tests.store.run_samples import OUTCOME, RUN, any_address, plan_page, price_page, run
from tests.store.samples import ALICE, START

TOTALS = PlanTotals(pages=1, groups=2, parts=16, users=50, wallets=99)
LATER = START + timedelta(hours=1)


async def test_a_run_comes_back_as_it_was_given(store: Store) -> None:
    own = run("own", user_id=ALICE, totals=TOTALS, finished_at=LATER, outcome=OUTCOME, chains=())

    for given in (run(), own):
        assert await store.runs.add_run(given) == given
        assert await store.runs.get_run(given.id) == given

    assert await store.runs.get_run("another") is None


async def test_the_first_run_of_an_id_counts(store: Store) -> None:
    await store.runs.add_run(run())
    await store.runs.set_totals(RUN, TOTALS)

    assert await store.runs.add_run(run(hours=1)) == run(totals=TOTALS)
    assert await store.runs.get_run(RUN) == run(totals=TOTALS)


async def test_of_two_runs_added_at_once_both_writers_see_the_same(store: Store) -> None:
    first, second = await asyncio.gather(store.runs.add_run(run()), store.runs.add_run(run(hours=1)))

    assert first == second == await store.runs.get_run(RUN)
    assert first in (run(), run(hours=1))


async def test_a_run_is_planned_and_finished(store: Store) -> None:
    await store.runs.add_run(run())

    await store.runs.set_totals(RUN, TOTALS)
    await store.runs.set_finished(RUN, LATER, OUTCOME)
    await store.runs.set_totals(RUN, TOTALS)

    assert await store.runs.get_run(RUN) == run(totals=TOTALS, finished_at=LATER, outcome=OUTCOME)


async def test_the_first_end_of_a_run_counts(store: Store) -> None:
    await store.runs.add_run(run())

    ends = [LATER + timedelta(seconds=seconds) for seconds in range(2)]
    await asyncio.gather(*(store.runs.set_finished(RUN, end, OUTCOME) for end in ends))
    kept = await store.runs.get_run(RUN)
    await store.runs.set_finished(RUN, LATER + timedelta(hours=1), Progress(6, 0, 2, 0))

    assert kept is not None
    assert kept.finished_at in ends
    assert await store.runs.get_run(RUN) == kept


async def test_a_run_that_is_not_there_is_not_made_by_a_change(store: Store) -> None:
    await store.runs.set_totals(RUN, TOTALS)
    await store.runs.set_finished(RUN, LATER, OUTCOME)

    assert await store.runs.get_run(RUN) is None


async def test_overdue_runs_are_listed_the_longest_overdue_first(store: Store) -> None:
    for hours in (2, 0, 1, 3):
        await store.runs.add_run(run(f"run-{hours}", hours))
    await store.runs.add_run(run("own", 0.5, user_id=ALICE))
    await store.runs.set_finished("run-1", LATER, OUTCOME)

    overdue = await store.runs.list_overdue(run(hours=2).overdue_at, 5)

    assert [each.id for each in overdue] == ["run-0", "own", "run-2"]
    assert await store.runs.list_overdue(run(hours=2).overdue_at, 1) == overdue[:1]
    assert await store.runs.list_overdue(run().overdue_at - timedelta(microseconds=1), 5) == ()


async def test_overdue_runs_are_listed_page_by_page_also_those_of_one_moment(store: Store) -> None:
    for number in (3, 0, 4, 1, 2):
        await store.runs.add_run(run(f"run-{number}"))
    await store.runs.add_run(run("late", 1))
    now = run(hours=1).overdue_at

    first = await store.runs.list_overdue(now, 3)
    await store.runs.set_finished("run-2", LATER, OUTCOME)  # the last of the page is not at work any more
    second = await store.runs.list_overdue(now, 3, first[-1])

    assert [each.id for each in (*first, *second)] == ["run-0", "run-1", "run-2", "run-3", "run-4", "late"]
    assert await store.runs.list_overdue(now, 3, second[-1]) == ()


async def test_finished_runs_for_all_users_are_listed_the_latest_scheduled_first(store: Store) -> None:
    for hours in (2, 0, 1, 3):
        await store.runs.add_run(run(f"run-{hours}", hours))
    await store.runs.add_run(run("own", 5, user_id=ALICE))
    for run_id in ("run-1", "run-2", "run-0", "own"):
        await store.runs.set_finished(run_id, LATER, OUTCOME)

    finished = await store.runs.list_finished(2)

    assert finished == (
        run("run-2", 2, finished_at=LATER, outcome=OUTCOME),
        run("run-1", 1, finished_at=LATER, outcome=OUTCOME),
    )
    assert len(await store.runs.list_finished(9)) == 3


async def test_a_page_of_a_plan_comes_back_as_it_was_given(store: Store) -> None:
    pages = [plan_page(0), PlanPage(1, (), "", True)]

    for page in pages:
        assert await store.runs.add_page(RUN, page) == page

    assert [await store.runs.get_page(RUN, number) for number in range(3)] == [*pages, None]
    assert await store.runs.get_page("another", 0) is None


async def test_the_first_page_of_a_number_counts(store: Store) -> None:
    pages = [plan_page(0, "first"), plan_page(0, "second")]

    kept = await asyncio.gather(*(store.runs.add_page(RUN, page) for page in pages))

    assert kept[0] == kept[1] == await store.runs.get_page(RUN, 0)
    assert kept[0] in pages
    assert await store.runs.add_page(RUN, plan_page(0, "third")) == kept[0]


async def test_a_page_of_full_groups_with_no_room_for_a_further_user_comes_back(store: Store) -> None:
    def user(group: int, wallets: int) -> UserPlan:
        owned = (UserWallet(any_address(), group, ("base",)) for _ in range(wallets))
        return UserPlan(f"user-{any_address()}", tuple(owned))

    def group(number: int) -> Group:
        users = [user(number, wallets) for wallets in (2, 3) * (MAX_GROUP_USERS // 2)]
        assert sum(len(each.wallets) for each in users) == MAX_GROUP_ROWS
        read = tuple(any_address() for _ in range(MAX_GROUP_WALLETS))
        return Group(number, (("base", read), ("ethereum", read)), tuple(users))

    page = PlanPage(0, tuple(map(group, range(GROUPS_PER_PAGE))), "user", False)

    await store.runs.add_page(RUN, page)

    assert await store.runs.get_page(RUN, 0) == page


async def test_prices_come_back_as_they_were_given(store: Store) -> None:
    pages = [price_page(number) for number in range(12)]

    for page in reversed(pages):
        assert await store.runs.add_prices(RUN, page) == page

    assert await store.runs.list_prices(RUN, 0) == tuple(pages)
    assert await store.runs.list_prices(RUN, 9) == tuple(pages[9:])
    assert await store.runs.list_prices(RUN, 12) == ()
    assert await store.runs.list_prices("another", 0) == ()


async def test_prices_behind_a_gap_are_not_listed(store: Store) -> None:
    for number in (1, 2, 4):
        await store.runs.add_prices(RUN, price_page(number))

    assert await store.runs.list_prices(RUN, 0) == ()
    assert await store.runs.list_prices(RUN, 1) == (price_page(1), price_page(2))


async def test_the_first_prices_of_a_number_count(store: Store) -> None:
    pages = [price_page(0, "1.10"), price_page(0, "1.20")]

    kept = await asyncio.gather(*(store.runs.add_prices(RUN, page) for page in pages))

    assert kept[0] == kept[1]
    assert (kept[0],) == await store.runs.list_prices(RUN, 0)
    assert await store.runs.add_prices(RUN, price_page(0)) == kept[0]


async def test_a_page_of_prices_may_be_of_any_size(store: Store) -> None:
    prices = {
        AssetId(f"eip155:1/erc20:{any_address()}"): price
        for price in price_page(0).prices.values()
        for _ in range(30_000)
    }
    page = PricePage(0, prices, ())

    await store.runs.add_prices(RUN, page)

    assert await store.runs.list_prices(RUN, 0) == (page,)


async def test_two_runs_do_not_mix(store: Store) -> None:
    other = replace(run("other"), user_id=ALICE)
    await store.runs.add_run(run())
    await store.runs.add_run(other)
    await store.runs.add_page(RUN, plan_page(0))
    await store.runs.set_finished(RUN, LATER, OUTCOME)

    assert await store.runs.get_run("other") == other
    assert await store.runs.get_page("other", 0) is None
