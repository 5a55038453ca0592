"""Payloads add up: for any balances, the totals of distinct keys are the portfolio's total."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from shared.api.balances_present import Payloads
from shared.api.balances_read import Question
from shared.api.balances_urls import Urls
from shared.core.app_balances import TOKENS, balances_by_protocol, balances_of_wallets
from shared.core.balances import BalanceRead, Block
from shared.core.chains import Chain
from shared.core.ids import Address, AssetId, ChainId, parse_address
from shared.core.portfolio import ChainRead, assemble
from shared.core.positions import Position, PositionsRead
from shared.core.quotes import Price
from shared.core.tokens import Token, erc20, native_token
from shared.facts import load_chains
from shared.services.app_finds import Found
from tests.api.asking_balances import net_worth
from tests.fakes import NOON, price

CHAINS = [load_chains()[ChainId(number)] for number in (1, 56)]
BLOCK = Block(7, NOON)


def nth(number: int) -> Address:
    return parse_address(f"0x{number:040x}")


# The keys of the first two are the same where nobody looks.
TOKENS_HELD = (nth(0x35F1), nth(0x1A0EF), nth(3))
WALLETS = tuple(nth(number) for number in (101, 102, 103))
RAWS = st.integers(min_value=1, max_value=2**256 - 1)
PRICES = st.none() | st.decimals(min_value=0, max_value=10**9, places=20, allow_nan=False)


def token_of(chain: Chain, address: Address | None) -> Token:
    if address is None:
        return native_token(chain)
    return erc20(chain.chain_id, address, "T", "Token", 18, listed=True)


@dataclass(frozen=True)
class World:
    """What wallets hold, themselves and in protocols, on two chains; and what it is worth."""

    reads: tuple[ChainRead, ...]
    positions: tuple[PositionsRead, ...]
    prices: Mapping[AssetId, Price]

    @property
    def total(self) -> Decimal:
        return assemble(WALLETS, self.reads, self.prices, (), NOON, positions=self.positions).total_usd

    def founds(self) -> Iterable[Found]:
        for read, positions in zip(self.reads, self.positions, strict=True):
            yield Found(read.chain, TOKENS, NOON, balances_of_wallets(read), prices=self.prices)
            for app, held in balances_by_protocol(positions).items():
                yield Found(read.chain, app, NOON, held, prices=self.prices)


@st.composite
def reads(draw: st.DrawFn, chain: Chain) -> ChainRead:
    keys = st.tuples(st.sampled_from(WALLETS), st.sampled_from((None, *TOKENS_HELD)))
    held = draw(st.dictionaries(keys, RAWS))
    tokens = {address: token_of(chain, address) for address in TOKENS_HELD}
    return ChainRead(chain, "ok", BalanceRead(chain.chain_id, BLOCK, held, (), frozenset(), 3), tokens, 1)


@st.composite
def position_reads(draw: st.DrawFn, chain: Chain) -> PositionsRead:
    positions = st.builds(
        Position,
        wallet=st.sampled_from(WALLETS),
        protocol=st.sampled_from(("aave-v3", "erc4626")),
        kind=st.sampled_from(("deposit", "debt", "claimable", "locked", "vesting")),
        token=st.sampled_from([token_of(chain, address) for address in (None, *TOKENS_HELD)]),
        raw=RAWS,
        contract=st.sampled_from((nth(7), *TOKENS_HELD)),
        market=st.sampled_from((None, "Core", "Prime")),
    )
    return PositionsRead(chain, BLOCK, tuple(draw(st.lists(positions, max_size=12))))


@st.composite
def worlds(draw: st.DrawFn) -> World:
    ids = [token_of(chain, address).asset_id for chain in CHAINS for address in (None, *TOKENS_HELD)]
    drawn = {asset_id: draw(PRICES) for asset_id in ids}
    return World(
        tuple(draw(reads(chain)) for chain in CHAINS),
        tuple(draw(position_reads(chain)) for chain in CHAINS),
        {asset_id: price(asset_id, f"{unit:f}") for asset_id, unit in drawn.items() if unit is not None},
    )


def presented(world: World, *, bundled: bool) -> list[Any]:
    question = Question((), tuple(CHAINS), bundled=bundled)
    payloads = Payloads(Urls(question, WALLETS, "/v2/balances"))
    return [payload for found in world.founds() for payload in payloads.present(found)]


@given(worlds(), st.booleans())
def test_the_totals_of_distinct_keys_are_the_portfolios_total(world: World, bundled: bool) -> None:
    assert net_worth(presented(world, bundled=bundled)) == world.total


@given(worlds(), st.booleans())
def test_the_categories_of_an_event_add_up_to_its_totals(world: World, bundled: bool) -> None:
    for payload in presented(world, bundled=bundled):
        shown = [each["balanceUSD"] for held in payload["balance"].values() for each in held.values()]

        assert sorted(shown) == sorted(total["balanceUSD"] for total in payload["totals"])
        assert len({total["key"] for total in payload["totals"]}) == len(payload["totals"])
        assert all(held["key"] == key for c in payload["balance"].values() for key, held in c.items())
        if "app" in payload:
            assert payload["app"]["meta"]["total"] == net_worth([payload])


@given(worlds())
def test_raw_balances_are_the_same_whether_bundled_or_not(world: World) -> None:
    def raws(payloads: list[Any]) -> dict[tuple[str, str, str], int]:
        sums: dict[tuple[str, str, str], int] = {}
        for payload in payloads:
            for category, held in payload["balance"].items():
                for key, each in held.items():
                    token = each["breakdown"][0] if each["breakdown"] else each
                    one = (payload["appId"], category, key)
                    sums[one] = sums.get(one, 0) + int(token["context"]["balanceRaw"])
        return sums

    assert raws(presented(world, bundled=True)) == raws(presented(world, bundled=False))


@given(worlds())
def test_the_same_answer_has_the_same_keys(world: World) -> None:
    assert presented(world, bundled=True) == presented(world, bundled=True)
