"""One process of the functions in the world of snapshot runs; its ports stop at every call.

Each call stops its worker before and after its effect, so that whoever steps the workers decides who goes on,
who dies there, and which calls fail.
"""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Generator, Sequence
from dataclasses import replace
from datetime import datetime
from decimal import Decimal
from functools import partial
from typing import Any, TypeVar, cast

from shared.bus.ports import Bus, Message, Topic
from shared.chain.calls import Call, Outcome, Replies, Reply
from shared.core.balances import BalanceRead, Block
from shared.core.chains import Chain
from shared.core.deployments import Deployment
from shared.core.failures import Failure
from shared.core.ids import Address, ChainId
from shared.core.quotes import Price, unpriced
from shared.core.tokens import Token
from shared.errors import RpcUnavailable
from shared.prices.book import PriceAnswer
from shared.services.chain_reads import Pricer
from shared.store.ports import Store
from shared.store.run_memory import RunMemory
from tests.fakes import FakeCatalogue
from tests.run_lending import SHARE, VAULT, receipts_of
from tests.run_world import CHAINS, Letter, World
from tests.store.account_fakes import FakeErasures
from tests.store.fakes import FakeSnapshots, FakeWallets, fake_store
from tests.store.run_fakes import FakeFeed, FakeLatest, FakeOwners, FakeParts, FakeRuns, FakeRunSnapshots

T = TypeVar("T")

DOWN = Failure("price", None, "price_unavailable", "llama: no answer")
WRITES_OF_MANY = frozenset(("put_latest", "add_snapshots"))
WRITES = WRITES_OF_MANY | {"add_run", "set_totals", "set_finished", "add_page", "add_prices", "add_part"}


class Pause:
    """Awaited, it hands control back to whoever steps the coroutine."""

    def __init__(self, at: str) -> None:
        self.at = at

    def __await__(self) -> Generator[str, None, None]:
        yield self.at


class Process:
    """What the services see of the world."""

    def __init__(self, world: World, memory: RunMemory | None = None) -> None:
        """`memory` is its own, unless it is another's too."""
        self._world = world
        self.run_memory = memory or RunMemory()
        self.counts = world.counts
        self.chains = CHAINS
        self.catalogue = FakeCatalogue()
        self.clock: Callable[[], datetime] = world.clock
        self.store = _stepped_store(world)
        self.bus: Bus = _Bus(world)
        self.prices: Pricer = _Pricer(world)

    def token_lists(self, chain_id: ChainId) -> tuple[Token, ...]:
        return tuple(token for token in self._world.listed if token.chain_id == chain_id)

    def deployments(self, chain_id: ChainId) -> tuple[Deployment, ...]:
        return tuple(each for each in self._world.deployed if each.chain_id == chain_id)

    def client(self, chain: Chain) -> _Reader:
        return _Reader(self._world, chain)


class _Stepped:
    """A port whose every method stops before and after its effect, fails when told to, and is counted."""

    def __init__(self, world: World, port: object) -> None:
        self._world = world
        self._port = port

    def __getattr__(self, name: str) -> Callable[..., Coroutine[Any, Any, object]]:
        return partial(self._call, name)

    async def _call(self, name: str, *args: Any, **kwargs: Any) -> object:
        await Pause(f"before {name}")
        self._world.store_trouble.take("before")
        answer = await getattr(self._port, name)(*args, **kwargs)
        counter = self._world.writes if name in WRITES else self._world.reads
        counter[name] += len(args[0]) if name in WRITES_OF_MANY else 1
        await Pause(f"after {name}")
        self._world.store_trouble.take("after")
        return answer


def _stepped(world: World, port: T) -> T:
    return cast(T, _Stepped(world, port))


def _stepped_store(world: World) -> Store:
    shelf = world.shelf
    return replace(
        fake_store(world.clock),
        wallets=_stepped(world, FakeWallets(shelf)),
        snapshots=_stepped(world, FakeSnapshots(shelf)),
        owners=_stepped(world, FakeOwners(shelf.wallets)),
        runs=_stepped(world, FakeRuns(shelf.runs, shelf.require_era)),
        parts=_stepped(world, FakeParts(shelf.runs, shelf.snapshots)),
        latest=_stepped(world, FakeLatest(shelf.runs, world.clock)),
        feed=FakeFeed(shelf.runs),
        run_snapshots=_stepped(world, FakeRunSnapshots(shelf.snapshots, shelf.runs)),
        erasures=_stepped(world, FakeErasures(shelf)),
    )


class _Bus:
    """Letters go to the world's pile."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def publish(self, topic: Topic, messages: Sequence[bytes], *_: object, **__: object) -> None:
        await Pause("before publish")
        self._world.bus_trouble.take("before")
        half = len(messages) // 2
        self._send(topic, messages[:half])
        self._world.bus_trouble.take("between")
        self._send(topic, messages[half:])
        await Pause("after publish")
        self._world.bus_trouble.take("after")

    async def discard(self, message: Message, reason: str) -> None:
        self._world.dead.append(message.data)

    async def ready(self) -> None:
        """It always is."""

    async def close(self) -> None:
        """Nothing is under way."""

    def _send(self, topic: Topic, messages: Sequence[bytes]) -> None:
        self._world.published += len(messages)
        self._world.letters += [Letter(topic, each) for each in messages]


class _Reader:
    """One chain."""

    def __init__(self, world: World, chain: Chain) -> None:
        self._world = world
        self.chain = chain

    async def read_balances(
        self, wallets: Sequence[Address], tokens: Sequence[Address], *, within: float
    ) -> BalanceRead:
        await Pause("before read_balances")
        world, slug = self._world, self.chain.slug
        if slug in world.down:
            world.has_failed.add(slug)
            raise RpcUnavailable(f"{slug}: no endpoint answers")
        world.chain_reads[slug, tuple(wallets)] += 1
        asked = {None, *tokens}
        found = {
            (wallet, contract): raw
            for wallet in wallets
            for contract, raw in self._held(wallet).items()
            if contract in asked
        }
        block = Block(int(world.clock.seconds()), world.clock())
        await Pause("after read_balances")
        return BalanceRead(self.chain.chain_id, block, found, world.faults, frozenset(), len(tokens))

    def _held(self, wallet: Address) -> dict[Address | None, int]:
        """What the wallet itself has, and the receipts of what protocols have for it."""
        own = {token.address: raw for token, raw in self._world.holds(self.chain.slug, wallet).items()}
        return own | receipts_of(self._world.positions(self.chain.slug, wallet))

    async def read_calls(self, calls: Sequence[Call], *, within: float, at: Block | None = None) -> Replies:
        """What shares of the vault are worth; the protocols ask nothing else."""
        await Pause("before read_calls")
        world, slug = self._world, self.chain.slug
        if slug in world.vaults_down:
            world.has_failed.add(f"{slug} vaults")
            raise RpcUnavailable(f"{slug}: no endpoint has the block")
        assert {call.target for call in calls} == {VAULT}
        assert at is not None
        world.conversions[slug] += 1
        worth = [SHARE * int.from_bytes(call.data[4:]) for call in calls]
        await Pause("after read_calls")
        return Replies(at, tuple(Reply(Outcome.ANSWERED, raw.to_bytes(32)) for raw in worth))


class _Pricer:
    """One price source."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def prices(self, tokens: Sequence[Token], *, within: float, fresh: bool = False) -> PriceAnswer:
        await Pause("before prices")
        answer = PriceAnswer({token.asset_id: self._price(token) for token in tokens}, self._failures())
        await Pause("after prices")
        return answer

    def _failures(self) -> tuple[Failure, ...]:
        if not self._world.prices_down:
            return ()
        self._world.has_failed.add("llama")
        return (DOWN,)

    def _price(self, token: Token) -> Price:
        if self._world.prices_down:
            return unpriced(token.asset_id, "price_unavailable: llama did not answer")
        dollars, now = self._world.price(token.asset_id), self._world.clock()
        if dollars is None:
            return unpriced(token.asset_id, "unknown: no price source knows this asset")
        return Price(token.asset_id, dollars, "llama", now, Decimal("0.9"), False, "open", ())
