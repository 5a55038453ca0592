"""A market on a local chain with Ethereum's id: tokens, a pool to trade with, and a context to read them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace

from shared.chain.clients import ChainClients
from shared.core.chains import Chain
from shared.core.ids import Address, ChainId, parse_address
from shared.core.tokens import erc20
from shared.wiring import Context
from tests.chain.setting import nth_address
from tests.devnet.anvil import Anvil
from tests.devnet.sending import account, call_data, send
from tests.devnet.tokens import Erc20, mint, place, place_tokens
from tests.fakes import USDC, Fakes

assert USDC.address is not None
USDC_AT = USDC.address
WETH_AT = parse_address("0xC02aaA39b223FE8D0A0e5C4F27eAD9083C756Cc2")
WETH = erc20(ChainId(1), WETH_AT, "WETH", "Wrapped Ether", 18, listed=True)
SPAM_AT, REWARD_AT, POOL_AT, FORGER_AT = (nth_address(0x5A00 + i) for i in range(4))
ETH_ID = "eip155:1/slip44:60"
USDC_ID = USDC.asset_id


@dataclass
class Market:
    """The chain, two of its accounts, and the context of everything on it."""

    anvil: Anvil
    fakes: Fakes
    context: Context
    wallet: Address
    friend: Address

    @property
    def chain(self) -> Chain:
        return self.context.chains[ChainId(1)]

    def send(self, to: Address, data: bytes = b"", value: int = 0) -> str:
        """A transaction of the wallet; its hash."""
        return send(self.anvil, self.wallet, to, data, value)

    def together(self, *calls: tuple[Address, Address, bytes, int]) -> list[str]:
        """Transactions in one block, each a sender, a receiver, data and a value; their hashes."""
        self.anvil.rpc("evm_setAutomine", False)
        try:
            hashes = [send(self.anvil, *call) for call in calls]
            self.anvil.mine()
        finally:
            self.anvil.rpc("evm_setAutomine", True)
        return hashes

    def pay(self, token: Address, to: Address, raw: int) -> str:
        """A transfer of the wallet."""
        return self.send(token, call_data("transfer(address,uint256)", to, raw))

    def receive(self, token: Address, raw: int) -> str:
        """A transfer of the friend to the wallet."""
        data = call_data("transfer(address,uint256)", self.wallet, raw)
        return send(self.anvil, self.friend, token, data)

    def forge(self, topics: list[bytes], data: bytes, at: Address = FORGER_AT) -> str:
        """A log that a contract of the friend's writes."""
        words = [len(topics).to_bytes(32), *(topic.rjust(32, b"\0") for topic in topics)]
        words += [bytes(32)] * (5 - len(words))
        return send(self.anvil, self.friend, at, b"".join(words) + data)


def place_market(anvil: Anvil) -> None:
    """The contracts, everybody rich in everything and the pool approved by the wallet."""
    place_tokens(
        anvil,
        Erc20(USDC_AT, "USDC", "USD Coin", 6),
        Erc20(WETH_AT, "WETH", "Wrapped Ether", kind="WrappedNative"),
        Erc20(SPAM_AT, "FREE", "claim at free-usd.xyz"),
        Erc20(REWARD_AT, "RWD", "Reward", kind="MintableToken"),
    )
    place(anvil, "Pool", POOL_AT)
    place(anvil, "Forger", FORGER_AT)
    wallet, friend = account(anvil), account(anvil, 1)
    rich: dict[tuple[str, str], int] = {
        (token, who): 10**24 for token in (USDC_AT, SPAM_AT) for who in (wallet, friend, POOL_AT)
    }
    mint(anvil, rich)
    anvil.set_balance(POOL_AT, 10**20)
    for token in (USDC_AT, SPAM_AT, WETH_AT):
        send(anvil, wallet, token, call_data("approve(address,uint256)", POOL_AT, 2**255))


@asynccontextmanager
async def market(anvil: Anvil, *urls: str) -> AsyncIterator[Market]:
    """The market, read through these endpoints, or through the chain's own."""
    place_market(anvil)
    fakes = Fakes(tokens=(USDC, WETH))
    clients = ChainClients({1: urls or (anvil.url,)})
    context = replace(fakes.context(), clients=clients)
    try:
        yield Market(anvil, fakes, context, account(anvil), account(anvil, 1))
    finally:
        await clients.close()
        await context.stores.close()
