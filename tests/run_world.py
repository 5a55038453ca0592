"""The world of snapshot runs, held in memory: what is kept, what is under way, what chains and sources say.

The store is the fake that passes the stores' own tests; chains, prices and the bus are dictionaries and
lists.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from decimal import Decimal
from typing import Literal

from shared.bus.ports import Topic
from shared.core.balances import TokenFault
from shared.core.chains import Chain, Chains
from shared.core.deployments import Deployment
from shared.core.ids import Address, AssetId, ChainId
from shared.core.run_messages import SweepRuns, encode
from shared.core.runs import Run
from shared.core.tokens import Token, erc20, native_token
from shared.counts import Counts
from shared.errors import BusUnavailable, StoreUnavailable, Unavailable
from shared.store.ports import SavedWallet
from tests.core.chain_samples import make_chain
from tests.fakes import NOON, FakeClock
from tests.run_lending import COIN, Held, lending_on, positions_of
from tests.store.fakes import Shelf
from tests.store.run_fakes import RunShelf

Fault = Literal["before", "after", "between"]
"""When a call fails: before its effect, after it, or with half of its messages sent."""

CHAINS = Chains(
    make_chain(chain_id=ChainId(number), slug=slug, name=slug, native_mirrors=(COIN,))
    for number, slug in ((1, "ethereum"), (2, "base"))
)
SLUGS = tuple(chain.slug for chain in CHAINS)
TOKENS = {
    chain.chain_id: erc20(chain.chain_id, Address(f"0x{0xC0:040x}"), "USDC", "USD Coin", 6, listed=True)
    for chain in CHAINS
}
PRICES = {
    token.asset_id: Decimal(dollars)
    for chain, prices in zip(CHAINS, (("3000.25", "0.999"), ("2999.75", "1.001")), strict=True)
    for token, dollars in zip((native_token(chain), TOKENS[chain.chain_id]), prices, strict=True)
}
RUN = Run(
    id="20261121T120000Z",
    user_id=None,
    scheduled_at=NOON,
    started_at=NOON,
    give_up_at=NOON + timedelta(minutes=5),
    overdue_at=NOON + timedelta(minutes=15),
    chains=SLUGS,
)
"""What the scheduler's call at noon begins."""


@dataclass(eq=False)
class Letter:
    """A message under way, or the call of a scheduler or a user; it comes again until it is acknowledged."""

    topic: Topic | Literal["scheduler", "user"]
    data: bytes = b""
    at: datetime = NOON
    user: str | None = None
    refused: int = 0


@dataclass
class Trouble:
    """What one of the next calls of a kind fails with, once, and when."""

    error: type[Unavailable]
    when: Fault | None = None

    def take(self, when: Fault) -> None:
        """Raises the error if it is to happen now."""
        if self.when == when:
            self.when = None
            raise self.error(f"failed {when} it was done")


class World:
    """Everything outside the services: what is kept, what is under way, what the chains and sources say."""

    def __init__(self) -> None:
        self.clock = FakeClock()
        self.shelf = Shelf(self.clock)
        self.letters: list[Letter] = []
        self.acknowledged: list[Letter] = []
        self.dead: list[bytes] = []
        self.sweeps = 0
        self.counts = Counts()
        self.listed = [*TOKENS.values()]
        self.deployed: tuple[Deployment, ...] = ()
        self.changed: dict[tuple[str, Address], dict[Token, int]] = {}
        self.faults: tuple[TokenFault, ...] = ()
        self.lends = False
        self.withdrawn: set[tuple[str, Address]] = set()
        self.down: set[str] = set()
        self.vaults_down: set[str] = set()
        self.has_failed: set[str] = set()
        self.prices_down = False
        self.dollars = dict(PRICES)
        self.price_factor = Decimal(1)
        self.said: set[tuple[AssetId, Decimal]] = set()
        self.store_trouble = Trouble(StoreUnavailable)
        self.bus_trouble = Trouble(BusUnavailable)
        self.reads: Counter[str] = Counter()
        self.writes: Counter[str] = Counter()
        self.chain_reads: Counter[tuple[str, tuple[Address, ...]]] = Counter()
        self.conversions: Counter[str] = Counter()
        self.published = 0
        self.versions: list[dict[str, dict[Address, tuple[str, ...]]]] = []

    @property
    def runs(self) -> RunShelf:
        """What is kept of runs."""
        return self.shelf.runs

    # Users

    def save(self, user: str, address: Address, *chains: str) -> None:
        """The user wants this wallet read, on these chains or on all."""
        self.shelf.wallets[user, address] = SavedWallet(address, "", chains, NOON)

    def forget(self, user: str) -> None:
        """The user has no wallets any more."""
        for key in [key for key in self.shelf.wallets if key[0] == user]:
            del self.shelf.wallets[key]

    def remember_wishes(self) -> None:
        """Whatever users want now is one of the things that a run may find."""
        now: dict[str, dict[Address, tuple[str, ...]]] = {}
        for (user, address), wallet in self.shelf.wallets.items():
            now.setdefault(user, {})[address] = wallet.chains
        self.versions.append(now)

    # Letters

    def call(self, at: datetime = NOON, user: str | None = None) -> Letter:
        """The scheduler calls for the run of a time, or a user for one of the own wallets."""
        return self._post(Letter("user" if user else "scheduler", at=at, user=user))

    def sweep(self) -> Letter:
        """The scheduler has overdue runs closed."""
        self.sweeps += 1
        return self._post(Letter("snapshot", encode(SweepRuns())))

    def _post(self, letter: Letter) -> Letter:
        self.letters.append(letter)
        return letter

    # What the chains and the sources say

    def holds(self, slug: str, address: Address) -> dict[Token, int]:
        """What the chain's state is: of every wallet another power of two, of every seventh nothing.

        Unless it has `changed` to something else.
        """
        if (slug, address) in self.changed:
            return self.changed[slug, address]
        chain, number = _chain(slug), int(address, 16)
        native = 0 if number % 7 == 0 else 1 << (number % 128)
        token = 10**6 * number if number % 3 == 0 else 0
        return {t: raw for t, raw in ((native_token(chain), native), (TOKENS[chain.chain_id], token)) if raw}

    def lend(self) -> None:
        """From now on there are protocols, and wallets have something in them."""
        self.lends = True
        self.deployed = tuple(each for chain in CHAINS for each in lending_on(chain, TOKENS[chain.chain_id]))

    def positions(self, slug: str, address: Address) -> dict[Held, int]:
        """What protocols hold for a wallet, unless it has `withdrawn` everything."""
        if not self.lends or (slug, address) in self.withdrawn:
            return {}
        chain = _chain(slug)
        return positions_of(chain, TOKENS[chain.chain_id], int(address, 16))

    def price(self, asset_id: AssetId) -> Decimal | None:
        """What a source that is up says now; it is remembered that it was said."""
        if asset_id not in self.dollars:
            return None
        dollars = self.dollars[asset_id] * self.price_factor
        self.said.add((asset_id, dollars))
        return dollars


def _chain(slug: str) -> Chain:
    chain = CHAINS.find(slug)
    assert chain is not None
    return chain


def wallet(number: int) -> Address:
    """The wallet of a number; what it holds follows from the number."""
    return Address(f"0x{number:040x}")


def save(world: World, user: str, numbers: Sequence[int], *chains: str) -> None:
    """The user wants the wallets of these numbers read, on these chains or on all."""
    for number in numbers:
        world.save(user, wallet(number), *chains)


def three_users() -> World:
    """Three users whose wallets are read in three groups: one is split, one has a share in another's.

    They have positions and debts.
    """
    world = World()
    world.lend()
    save(world, "alice", range(1, 31))
    save(world, "bob", range(31, 91))
    save(world, "carol", range(20, 40), "base")
    save(world, "carol", range(91, 106), "ethereum")
    world.remember_wishes()
    return world
