"""What is watched: merged like everywhere, with a line and a mark for what changed."""

from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st

from shared.core.fragments import Fragment, merge
from shared.terminal.watch_changes import Line
from shared.terminal.watch_state import Link, Moved, Watched
from shared.terminal.watch_told import BrokenTold, EndTold, ErrorsTold, PricesTold, Tick
from tests.terminal.watch_samples import (
    ETH,
    NOON,
    OTHER,
    USDC,
    WALLET,
    balance,
    error,
    fragment,
    later,
    snapshot,
    tick,
)


def watched(*fragments: Fragment, ticks: tuple[Tick, ...] = (tick("2000"),)) -> Watched:
    """After a snapshot of these."""
    new = Watched()
    new.hear(snapshot(*fragments, ticks=ticks), NOON)
    return new


def said(state: Watched) -> list[str]:
    return [f"{line.mark} {line.words}" for _, line in state.journal.lines]


def marks(state: Watched) -> dict[tuple[str, str], bool]:
    return {(key.asset_id, key.kind): moved.is_up for key, moved in state.changed.items()}


def test_a_snapshot_says_what_is_held_and_marks_nothing() -> None:
    state = watched(fragment(balance(150)), fragment(balance(1), balance(2), protocol="aave-v3"))

    assert said(state) == ["✓ connected", "· 1 position in aave-v3 on ethereum", "· 1 asset on ethereum"]
    assert (state.is_whole, state.changed, state.moved) == (True, {}, {})
    assert state.link == Link("live")


def test_what_changes_has_a_line_and_a_mark() -> None:
    state = watched(fragment(balance(150), balance(500, "USDC", USDC)))
    state.hear(fragment(balance(250), block=8), later(1))

    assert said(state)[-2:] == ["▲ ETH on ethereum: +1, now 2.5", "▼ USDC on ethereum: -5, now 0"]
    assert marks(state) == {(ETH, "wallet"): True, (USDC, "wallet"): False}


def test_more_of_a_debt_is_less() -> None:
    state = watched(fragment(balance(100, kind="debt"), protocol="aave-v3"))
    state.hear(fragment(balance(150, kind="debt"), protocol="aave-v3", block=8), later(1))

    assert said(state)[-1] == "▼ ETH debt in aave-v3 on ethereum: +0.5, now 1.5"
    assert marks(state) == {(ETH, "debt"): False}


def test_where_there_are_several_wallets_it_says_whose_it_is() -> None:
    state = Watched()
    state.hear(
        snapshot(fragment(balance(1)), fragment(balance(1), wallet=OTHER), addresses=(WALLET, OTHER)), NOON
    )
    state.hear(fragment(balance(2), wallet=OTHER, block=8), later(1))

    assert said(state)[-1] == "▲ ETH on ethereum of 0x5290…9EE7: +0.01, now 0.02"


def test_an_older_or_repeated_fragment_changes_nothing() -> None:
    state = watched(fragment(balance(150), block=9))
    before = said(state)
    state.hear(fragment(balance(150), block=9), later(1))
    state.hear(fragment(balance(999), block=8), later(2))

    assert said(state) == before
    assert [each.balances[0].raw for each in state.known.values()] == [150]


def test_prices_move_up_and_down_and_the_first_is_no_move() -> None:
    state = watched(fragment(balance(1)), ticks=(tick("2000"), tick(None, "USDC", USDC)))
    state.hear(PricesTold((tick("2100.5"), tick("1", "USDC", USDC))), later(1))

    assert said(state)[-1] == "· price: ETH 2,000.00 → 2,100.50"
    assert state.moved == {ETH: Moved(True, later(1))}

    state.hear(PricesTold((tick("2000"), tick(None, "USDC", USDC))), later(2))

    assert said(state)[-1] == "· prices: ETH 2,100.50 → 2,000.00, USDC 1.00 → –"
    assert state.prices[ETH].price_usd == Decimal(2000)


def test_many_prices_are_one_line() -> None:
    assets = [f"eip155:1/slip44:{number}" for number in range(5)]
    state = watched(ticks=tuple(tick("1", "A", asset) for asset in assets))  # type: ignore[arg-type]
    state.hear(PricesTold(tuple(tick("2", "A", asset) for asset in assets)), later(1))  # type: ignore[arg-type]

    assert said(state)[-1] == "· prices: A 1.00 → 2.00, A 1.00 → 2.00, A 1.00 → 2.00, 2 more"


def test_a_failure_is_said_once_and_its_end_too() -> None:
    state = watched()
    state.hear(ErrorsTold((error(),)), later(1))
    state.hear(ErrorsTold((error(message="still no answer"), error("polygon"))), later(2))
    state.hear(ErrorsTold((error("polygon"),)), later(3))

    assert said(state)[1:] == [
        "✗ cannot be read: base: no answer (rpc_timeout)",
        "✗ cannot be read: polygon: no answer (rpc_timeout)",
        "✓ can be read again: base",
    ]
    assert state.errors == (error("polygon"),)


def test_chains_that_are_still_read_are_said_once_and_that_all_were_tried() -> None:
    state = Watched()
    state.hear(snapshot(pending=("base", "ethereum")), NOON)
    state.hear(ErrorsTold((error(),), ("ethereum",)), later(1))
    pending = state.pending
    state.hear(ErrorsTold((error(),)), later(2))

    assert said(state)[1:] == [
        "· reading base, ethereum…",
        "✗ cannot be read: base: no answer (rpc_timeout)",
        "✓ every chain was tried",
    ]
    assert (pending, state.pending) == (("ethereum",), ())


def test_a_snapshot_in_parts_takes_its_place_when_it_is_whole() -> None:
    state = watched(fragment(balance(1)), fragment(balance(5), chain="base"))
    state.hear(snapshot(fragment(balance(3), block=8), chunk=1, chunks=2), later(1))

    assert {each.chain for each in state.known.values() if each.balances} == {"ethereum", "base"}

    state.lost("it broke", 2, later(2))
    state.hear(snapshot(fragment(balance(7), protocol="aave-v3"), chunk=2, chunks=2), later(3))

    assert {(key.chain, key.protocol) for key in state.known} == {
        ("ethereum", "wallet"),
        ("ethereum", "aave-v3"),
    }
    assert said(state)[-5:] == [
        "✓ connected again",
        "· all is told anew",
        "· 1 position in aave-v3 on ethereum",
        "▲ ETH on ethereum: +0.02, now 0.03",
        "▼ ETH on base: -0.05, now 0",
    ]


def test_a_fragment_between_two_parts_of_a_snapshot_is_in_it() -> None:
    state = Watched()
    state.hear(snapshot(chunk=1, chunks=2), NOON)
    state.hear(fragment(balance(9), block=9), later(1))
    state.hear(snapshot(fragment(balance(3), block=8), chunk=2, chunks=2), later(2))

    assert [each.balances[0].raw for each in state.known.values()] == [9]


FRAGMENTS = st.builds(
    lambda raw, block, chain: fragment(*([balance(raw)] if raw else []), block=block, chain=chain),
    st.integers(0, 3),
    st.integers(1, 4),
    st.sampled_from(["ethereum", "base"]),
)


@given(st.lists(FRAGMENTS, max_size=8), st.integers(0, 8))
def test_it_knows_what_merging_everything_gives(fragments: list[Fragment], listed: int) -> None:
    state = Watched()
    state.hear(snapshot(*fragments[:listed]), NOON)
    for each in fragments[listed:]:
        state.hear(each, later(1))

    assert state.known == merge({}, fragments)


def test_a_lost_connection_keeps_what_is_known() -> None:
    state = watched(fragment(balance(150)))
    state.hear(BrokenTold("\x1b[2Jthe server could not go on"), later(1))
    state.hear(EndTold("error"), later(1))
    state.lost("the server ended the stream (error)", 1.25, later(1))

    assert said(state)[-2:] == [
        "✗ the server says: [2Jthe server could not go on",
        "✗ the server ended the stream (error); again in 1.2 s",
    ]
    assert state.link.state == "waiting"
    assert len(state.known) == 1


def test_the_journal_forgets_the_oldest_lines() -> None:
    state = watched()
    for number in range(500):
        state.journal.add(NOON, Line("·", str(number)))

    assert (len(state.journal.lines), state.journal.number) == (200, 501)
