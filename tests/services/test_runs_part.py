"""One part: read once, kept once, told to the streams where something changed, logged without wallets."""

from __future__ import annotations

import logging
from dataclasses import replace

import pytest

from shared.core.balances import TokenFault
from shared.core.deployments import Deployment, Receipt
from shared.core.fragments import FragmentBalance, FragmentKey
from shared.core.ids import Address, ChainId, erc20_asset_id
from shared.core.positions import Position
from shared.core.run_messages import FinishGroup, ReadPart, decode
from shared.core.runs import Group, Part, PartKey, PlanPage, PlanTotals
from shared.core.tokens import erc20, native_token
from shared.errors import NotYet, UnknownMessage
from shared.services.runs_part import read_part
from tests.run_lending import OWED, SUPPLIED, VAULT
from tests.run_process import Process
from tests.run_steps import step_through
from tests.run_world import CHAINS, RUN, TOKENS, World, wallet

ETH, USDC = native_token(CHAINS[ChainId(1)]), TOKENS[ChainId(1)]
DAI_ADDRESS = Address(f"0x{0xDA1:040x}")
DAI = erc20(ChainId(1), DAI_ADDRESS, "DAI", "Dai", 18, listed=True)
# The first holds the coin, the second a token too, the third nothing.
HOLDS_COIN, HOLDS_TOKEN, HOLDS_NOTHING = (wallet(number) for number in (1, 3, 7))
MESSAGE = ReadPart(RUN.id, 0, "ethereum", (HOLDS_COIN, HOLDS_TOKEN, HOLDS_NOTHING), 2)


@pytest.fixture
def world() -> World:
    world = World()
    world.listed.append(DAI)
    world.runs.runs[RUN.id] = RUN
    plan(world, MESSAGE)
    return world


def plan(world: World, *messages: ReadPart) -> None:
    """Plan groups, in which the messages' chain is the first."""
    for message in messages:
        elsewhere = tuple((f"chain-{number}", message.wallets) for number in range(1, message.parts))
        group = Group(message.group, ((message.chain, message.wallets), *elsewhere), ())
        key = RUN.id, message.group // 100
        before = world.runs.pages.get(key, PlanPage(key[1], (), "zoe", last=True))
        kept = [each for each in before.groups if each.number != message.group]
        world.runs.pages[key] = before._replace(groups=(*kept, group))


def read(world: World, message: ReadPart = MESSAGE, attempt: int | None = 1) -> None:
    step_through(read_part(message, attempt, Process(world)))


def kept(world: World, group: int = 0) -> Part:
    return world.runs.parts[RUN.id, PartKey(group, "ethereum")]


def test_a_part_has_what_the_chain_has_and_describes_what_is_held(world: World) -> None:
    read(world)

    part = kept(world)
    assert part.state == "read"
    assert part.balances == {
        (HOLDS_COIN, None): 2,
        (HOLDS_TOKEN, None): 8,
        (HOLDS_TOKEN, USDC.address): 3 * 10**6,
    }
    assert part.tokens == {USDC.address: USDC}
    assert (part.tokens_scanned, part.failures) == (2, ())


def test_a_token_that_misbehaves_is_named_in_the_part(world: World) -> None:
    world.faults = (TokenFault(Address(f"0x{0xDA1:040x}"), "it answers nonsense"),)
    read(world)

    (failure,) = kept(world).failures
    assert (failure.scope, failure.asset_id, failure.code) == ("token", DAI.asset_id, "rpc_bad_response")


def test_a_part_that_is_there_is_not_read_again(world: World) -> None:
    read(world)
    read(world, attempt=2)
    read(world, attempt=None)

    assert world.chain_reads.total() == 1
    assert world.counts.total("parts_total") == 1
    assert world.counts.total("parts_redelivered_total") == 1


def test_only_the_last_part_of_a_group_has_it_finished(world: World) -> None:
    read(world)
    assert world.letters == []

    plan(world, MESSAGE._replace(parts=1))
    read(world, MESSAGE._replace(parts=1), attempt=2)
    (letter,) = world.letters
    assert letter.topic == "fetch-balances"
    assert decode(letter.data) == FinishGroup(RUN.id, 0, 0)


def test_a_group_is_on_the_page_of_its_number(world: World) -> None:
    alone = MESSAGE._replace(group=250, parts=1)
    plan(world, alone)
    read(world, alone)

    assert decode(world.letters[0].data) == FinishGroup(RUN.id, 250, 2)


def test_a_chain_that_fails_is_asked_again_until_the_run_gives_up(world: World) -> None:
    world.down.add("ethereum")
    with pytest.raises(NotYet, match="ethereum"):
        read(world)
    world.clock.advance(300)
    with pytest.raises(NotYet):
        read(world, attempt=2)
    assert world.runs.parts == {}

    read(world, attempt=5)
    part = kept(world)
    assert (part.state, part.block, part.balances) == ("failed", None, {})
    assert [(failure.scope, failure.chain, failure.code) for failure in part.failures] == [
        ("chain", "ethereum", "rpc_unavailable")
    ]


def test_the_streams_hear_only_of_what_changed(world: World) -> None:
    read(world)
    assert world.counts.total("latest_writes_total") == 2  # the third wallet has nothing, and never had

    world.changed["ethereum", HOLDS_COIN] = {ETH: 5}
    world.changed["ethereum", HOLDS_TOKEN] = {ETH: 8}
    for group in (1, 2):
        world.clock.advance(1)
        plan(world, MESSAGE._replace(group=group))
        read(world, MESSAGE._replace(group=group))
        assert world.counts.total("latest_writes_total") == 4

    _, fragment = world.runs.latest[FragmentKey(HOLDS_COIN, "ethereum", "wallet")]
    assert [(balance.symbol, balance.raw) for balance in fragment.balances] == [("ETH", 5)]


def test_the_streams_do_not_hear_of_a_receipt_token_as_a_wallets_own(world: World) -> None:
    assert USDC.address is not None
    receipt = Receipt(USDC.address, "deposit", DAI_ADDRESS)
    world.deployed = (Deployment("aave_v3", "aave-v3", ChainId(1), None, (receipt,)),)
    read(world)

    _, fragment = world.runs.latest[FragmentKey(HOLDS_TOKEN, "ethereum", "wallet")]
    assert [balance.symbol for balance in fragment.balances] == ["ETH"]
    assert (HOLDS_TOKEN, USDC.address) not in kept(world).balances
    assert [(each.wallet, each.token, each.raw) for each in kept(world).positions] == [
        (HOLDS_TOKEN, DAI, 3 * 10**6)
    ]


def lend(world: World) -> ReadPart:
    """A part of wallets with positions: a deposit, a debt, a vault's share, nothing."""
    world.lend()
    message = MESSAGE._replace(wallets=tuple(map(wallet, (4, 13, 5, 14))))
    plan(world, message)
    return message


def told(world: World, number: int, protocol: str) -> tuple[FragmentBalance, ...] | None:
    """What the streams know of a wallet in a protocol."""
    _, fragment = world.runs.latest.get(FragmentKey(wallet(number), "ethereum", protocol), (None, None))
    return None if fragment is None else fragment.balances


def test_a_part_has_what_protocols_hold_and_no_receipt_among_the_balances(world: World) -> None:
    read(world, lend(world))

    part = kept(world)
    assert part.positions == (
        Position(wallet(4), "market", "deposit", USDC, 8 * 10**6, SUPPLIED, "Main"),
        Position(wallet(13), "market", "debt", ETH, 1 << 13, OWED, "Main"),
        Position(wallet(5), "vaults", "deposit", USDC, 15 * 10**6, VAULT, None),
    )
    assert part.balances.keys() == {(wallet(4), None), (wallet(13), None), (wallet(5), None)}
    assert part.tokens_scanned == 2 + 3


def test_only_a_vaults_shares_cost_a_part_another_request(world: World) -> None:
    read(world, lend(world))
    assert (world.chain_reads.total(), world.conversions["ethereum"]) == (1, 1)

    without = MESSAGE._replace(group=1, wallets=tuple(map(wallet, (4, 13, 14))))
    plan(world, without)
    read(world, without)
    assert (world.chain_reads.total(), world.conversions["ethereum"]) == (2, 1)


def test_the_streams_hear_of_positions_and_of_what_was_withdrawn(world: World) -> None:
    message = lend(world)
    read(world, message)
    assert told(world, 13, "market") == (
        FragmentBalance(ETH.asset_id, "ETH", 18, 1 << 13, "debt", OWED, "Main"),
    )
    assert told(world, 14, "market") is None  # who never had anything is nothing new

    world.withdrawn.add(("ethereum", wallet(13)))
    world.clock.advance(1)
    plan(world, message._replace(group=1))
    read(world, message._replace(group=1))
    assert told(world, 13, "market") == ()


def test_a_protocol_that_fails_is_asked_again_until_the_run_gives_up(world: World) -> None:
    message = lend(world)
    world.vaults_down.add("ethereum")
    with pytest.raises(NotYet, match="vaults"):
        read(world, message)
    assert world.runs.parts == {}

    world.clock.advance(300)
    read(world, message, attempt=5)
    part = kept(world)
    assert part.state == "read"
    assert [each.protocol for each in part.positions] == ["market", "market"]
    assert [(f.scope, f.code, f.protocol) for f in part.failures] == [
        ("protocol", "protocol_unavailable", "vaults")
    ]


def test_a_protocol_that_failed_is_left_as_the_streams_know_it(world: World) -> None:
    message = lend(world)
    read(world, message)
    before = told(world, 5, "vaults")
    assert before

    world.vaults_down.add("ethereum")
    world.withdrawn.add(("ethereum", wallet(4)))
    world.clock.advance(300)
    plan(world, message._replace(group=1))
    read(world, message._replace(group=1), attempt=None)
    assert told(world, 5, "vaults") == before
    assert told(world, 4, "market") == ()


def test_a_receipt_token_that_misbehaves_is_its_protocols_failure_and_keeps_nobody_waiting(
    world: World,
) -> None:
    message = lend(world)
    world.faults = (TokenFault(SUPPLIED, "it answers nonsense"),)
    read(world, message)

    (failure,) = kept(world).failures
    assert (failure.scope, failure.protocol) == ("protocol", "market")
    assert failure.asset_id == erc20_asset_id(ChainId(1), SUPPLIED)
    assert told(world, 13, "market") is None
    assert told(world, 5, "vaults")


@pytest.mark.parametrize(
    "message",
    [
        MESSAGE._replace(run_id="20261121T110000Z"),
        MESSAGE._replace(chain="atlantis"),
        MESSAGE._replace(chain="1"),
        MESSAGE._replace(chain="base"),
        MESSAGE._replace(group=1),
        MESSAGE._replace(group=100),
        MESSAGE._replace(parts=1),
        MESSAGE._replace(parts=3),
        MESSAGE._replace(wallets=MESSAGE.wallets[:2]),
        MESSAGE._replace(wallets=MESSAGE.wallets[::-1]),
        MESSAGE._replace(wallets=(*MESSAGE.wallets, wallet(9))),
    ],
)
def test_a_message_of_what_no_run_has_planned_is_unknown(world: World, message: ReadPart) -> None:
    with pytest.raises(UnknownMessage):
        read(world, message)
    assert not world.chain_reads
    assert world.runs.parts == {}


def test_a_message_of_a_chain_that_the_run_does_not_read_is_unknown(world: World) -> None:
    world.runs.runs[RUN.id] = replace(RUN, chains=("base",))
    with pytest.raises(UnknownMessage):
        read(world)
    assert not world.chain_reads


def test_each_delivery_is_one_line_that_names_no_wallet(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    plan(world, MESSAGE._replace(group=1))
    read(world)
    read(world, attempt=2)
    world.down.add("ethereum")
    with pytest.raises(NotYet):
        read(world, MESSAGE._replace(group=1), attempt=3)

    lines = [record.__dict__["fields"] for record in caplog.records]
    assert [(line["state"], line["found"], line["attempt"]) for line in lines] == [
        ("read", 3, 1),
        ("kept", 0, 2),
        ("waiting", 0, 3),
    ]
    assert lines[0] == {
        "run": RUN.id,
        "group": 0,
        "chain": "ethereum",
        "wallets": 3,
        "found": 3,
        "state": "read",
        "attempt": 1,
        "latency_ms": 0,
        "rpc_requests": 0,
    }
    assert "0x" not in caplog.text + str(lines)


def test_a_process_reads_a_page_of_the_plan_once(world: World) -> None:
    process = Process(world)
    for attempt in (1, 2, 3):
        step_through(read_part(MESSAGE, attempt, process))

    assert (world.reads["get_run"], world.reads["get_page"]) == (1, 1)


@pytest.mark.parametrize("attempt", [1, 2, None])
def test_what_is_to_be_read_of_a_moment_that_is_past_was_not_read_in_time(
    world: World, attempt: int | None
) -> None:
    world.runs.runs[RUN.id] = replace(RUN, totals=PlanTotals(1, 1, 2, 1, 3))
    world.clock.advance(75 * 60)
    read(world, attempt=attempt)

    assert not world.chain_reads
    assert world.runs.latest == {}
    part = kept(world)
    assert (part.state, part.balances) == ("failed", {})
    assert [failure.message for failure in part.failures] == ["ethereum: was not read in time"]


def test_a_large_run_is_past_later_also_for_who_saw_it_unplanned(world: World) -> None:
    process = Process(world)
    plan(world, MESSAGE._replace(group=1))
    step_through(read_part(MESSAGE._replace(group=1), 1, process))
    world.runs.runs[RUN.id] = replace(RUN, totals=PlanTotals(200, 20_000, 600_000, 9, 10**6))
    world.clock.advance(170 * 60)
    step_through(read_part(MESSAGE, 1, process))

    assert kept(world).state == "read"
