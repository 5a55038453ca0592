"""What the bench of snapshot runs works with: eight local chains, the Firestore emulator and a local bus."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from decimal import Decimal
from functools import cache

from shared.bus.local import LocalBus
from shared.bus.ports import Message
from shared.chain.client import ChainClient
from shared.chain.clients import ChainClients
from shared.core.chains import Chain, Chains
from shared.core.deployments import Deployment
from shared.core.ids import Address, ChainId, address_bytes
from shared.core.quotes import Price
from shared.core.run_messages import FinishGroup, ReadPart, decode
from shared.core.tokens import Token
from shared.counts import Counts
from shared.facts import load_chains, load_deployments, load_tokens
from shared.prices.book import PriceAnswer
from shared.services.runs_finish import finish_group
from shared.services.runs_part import read_part
from shared.store.firestore.opening import open_firestore
from shared.store.ports import SavedWallet, Store
from shared.store.run_memory import RunMemory
from tests.devnet.anvil import Anvil, run_anvil
from tests.devnet.tokens import Erc20, mapping_slot, place_tokens
from tests.fakes import FakeCatalogue

CHAINS = 8
MOST_TOKENS = 149
"""So long a list is read in one request for fifty wallets by any node; one that allows a call more gas than
the usual 50 million is soon asked for more (see `chain.ways`)."""
_SAVED_AT_ONCE = 50
_PRICE = Decimal("1.25")


def now() -> datetime:
    return datetime.now(UTC)


def chosen_chains() -> Chains:
    """Those with the longest lists that are still read in one request."""
    fitting = [
        chain
        for chain in load_chains().enabled()
        if chain.runs_init_code and len(load_tokens(chain.chain_id)) <= MOST_TOKENS
    ]
    return Chains(sorted(fitting, key=lambda chain: -len(load_tokens(chain.chain_id)))[:CHAINS])


def wallet(number: int) -> Address:
    return Address(f"0x{0xBE0000 + number:040x}")


@contextmanager
def nodes(chains: Chains, wallets: int, *options: str) -> Iterator[dict[ChainId, Anvil]]:
    """A node for each chain with its token list; every wallet holds the coin and one of the tokens."""
    with ExitStack() as stack:
        running = {
            chain.chain_id: stack.enter_context(run_anvil(chain.chain_id, *options)) for chain in chains
        }
        with ThreadPoolExecutor() as pool:
            list(pool.map(lambda node: _fill(node, wallets), running.values()))
        yield running


def _fill(node: Anvil, wallets: int) -> None:
    tokens = [token.address for token in load_tokens(ChainId(node.chain_id)) if token.address is not None]
    place_tokens(node, *(Erc20(address, "T", "Token") for address in tokens))
    node.batch([("anvil_setBalance", [wallet(number), hex(10**18)]) for number in range(wallets)])
    held = f"0x{10**9:064x}"
    node.batch(
        [
            ("anvil_setStorageAt", [tokens[number % len(tokens)], _balance_slot(wallet(number)), held])
            for number in range(wallets)
        ]
    )
    node.mine()


@cache
def _balance_slot(holder: Address) -> str:
    """Where every one of the tokens keeps a holder's balance: hashing takes longer than all else."""
    return f"0x{mapping_slot(address_bytes(holder), 0):064x}"


class Pricer:
    """Knows a price of everything."""

    async def prices(self, tokens: Sequence[Token], *, within: float, fresh: bool = False) -> PriceAnswer:
        return PriceAnswer({token.asset_id: _priced(token) for token in tokens}, ())


def _priced(token: Token) -> Price:
    return Price(token.asset_id, _PRICE, "llama", now(), Decimal("0.99"), False, "open", ())


@dataclass(frozen=True)
class Sources:
    """What the services work with in one worker process."""

    store: Store
    bus: LocalBus
    chains: Chains
    clients: ChainClients
    counts: Counts
    prices: Pricer = field(default_factory=Pricer)
    catalogue: FakeCatalogue = field(default_factory=FakeCatalogue)
    run_memory: RunMemory = field(default_factory=RunMemory)
    token_lists: Callable[[ChainId], tuple[Token, ...]] = load_tokens
    deployments: Callable[[ChainId], tuple[Deployment, ...]] = load_deployments
    clock: Callable[[], datetime] = now

    def client(self, chain: Chain) -> ChainClient:
        return self.clients.client(chain)

    async def act(self, message: Message) -> None:
        """What the function does with a message."""
        told = decode(message.data)
        if isinstance(told, ReadPart):
            await read_part(told, message.attempt, self)
        elif isinstance(told, FinishGroup):
            await finish_group(told, message.attempt, self)
        else:
            raise TypeError(f"a {type(told).__name__} does not come here")

    async def save_users(self, users: int, each: int) -> None:
        """So many users, each with wallets of their own."""
        for start in range(0, users, _SAVED_AT_ONCE):
            some = range(start, min(start + _SAVED_AT_ONCE, users))
            await asyncio.gather(
                *(
                    self.store.wallets.add_wallet(
                        f"user-{user:05d}", SavedWallet(wallet(user * each + i), "", (), now())
                    )
                    for user in some
                    for i in range(each)
                )
            )


@asynccontextmanager
async def sources(project: str, chains: Chains, ports: Mapping[ChainId, int]) -> AsyncIterator[Sources]:
    """A worker process; its chains have been read once, which is when a client gets to know its node."""
    counts = Counts()
    clients = ChainClients(
        {chain_id: (f"http://127.0.0.1:{port}",) for chain_id, port in ports.items()}, counts=counts
    )
    bus = LocalBus(counts, now)
    store = open_firestore(project, now, counts)
    made = Sources(store, bus, chains, clients, counts)
    bus.subscribe("fetch-balances", made.act)
    try:
        for chain in chains:
            await made.client(chain).read_balances([wallet(0)], (), within=30)
        yield made
    finally:
        await bus.close()
        await clients.close()
        await store.close()
