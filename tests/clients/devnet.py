"""The real server over two local chains: tokens on both, an Aave deposit and debt on one, prices for all."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass

from shared.core.ids import ChainId, parse_address
from shared.facts import load_chains, load_deployments
from tests.devnet.anvil import Anvil, run_anvil
from tests.devnet.demo_prices import run_price_server
from tests.devnet.local_server import run_server
from tests.devnet.price_apis import Coin
from tests.devnet.tokens import Erc20, mint, place_multicall3, place_tokens
from tests.ports import free_port

WALLET = parse_address("0x52908400098527886E0F7030069857D2E4169EE7")
OTHER = parse_address("0x8617E340B3D01FA5F11F306F4090FD50E238070D")
ETHEREUM, BSC = ChainId(1), ChainId(56)
USDC = "0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
CAKE = "0x0E09FaBB73Bd3Ade0a17ECC321fD13a19e81cE82"


@dataclass(frozen=True, slots=True)
class Served:
    """A running server and the chains that it reads."""

    url: str
    ethereum: Anvil
    bsc: Anvil


def receipts_of(underlying: str) -> dict[str, str]:
    """Aave's receipt tokens of an asset on Ethereum, by kind, of the first market that has it."""
    receipts = (
        receipt
        for each in load_deployments(ETHEREUM)
        if each.protocol == "aave-v3"
        for receipt in each.receipts
        if receipt.underlying == underlying
    )
    found: dict[str, str] = {}
    for receipt in receipts:
        found.setdefault(receipt.kind, receipt.token)
    return found


def fill(ethereum: Anvil, bsc: Anvil) -> None:
    """Put there what the wallets hold."""
    aave = receipts_of(USDC)
    for anvil in (ethereum, bsc):
        place_multicall3(anvil)
        anvil.set_balance(WALLET, 1_234_567_890_123_456_789)
    place_tokens(ethereum, Erc20(USDC, "USDC", "USD Coin", 6))
    place_tokens(ethereum, *(Erc20(token, "r", "receipt", 6) for token in aave.values()))
    place_tokens(bsc, Erc20(CAKE, "Cake", "PancakeSwap", 18))
    mint(
        ethereum,
        {
            (USDC, WALLET): 12_500_001,
            (USDC, OTHER): 7,
            (aave["deposit"], WALLET): 2_000_000_003,
            (aave["debt"], WALLET): 750_000_001,
        },
    )
    mint(bsc, {(CAKE, OTHER): 3_141_592_653_589_793_238})
    for anvil in (ethereum, bsc):
        anvil.mine()


def _coins() -> list[Coin]:
    natives = [load_chains()[number] for number in (ETHEREUM, BSC)]
    prices = zip(natives, ("3012.34567891", "612.0000001"), strict=True)
    return [
        *(
            Coin(c.native.symbol, c.native.name, price, coingecko_id=c.price_names.coingecko_native)
            for c, price in prices
        ),
        Coin("USDC", "USD Coin", "0.99987654", {ETHEREUM: USDC}),
        Coin("Cake", "PancakeSwap", "2.345678901234", {BSC: CAKE}),
    ]


@contextmanager
def run_devnet() -> Iterator[Served]:
    """All of it, until the end of the block."""
    with ExitStack() as stack:
        ethereum, bsc = (stack.enter_context(run_anvil(number)) for number in (ETHEREUM, BSC))
        fill(ethereum, bsc)
        prices = stack.enter_context(run_price_server(_coins()))
        port = free_port()
        variables = {
            "CHAINS": "ethereum,bsc",
            "RPC_URL_1": ethereum.url,
            "RPC_URL_56": bsc.url,
            "STORE": "sqlite::memory:",
            "LOG_LEVEL": "ERROR",
            "BACKED_BASE_URL": f"{prices.url}/backed",
            "LLAMA_BASE_URL": f"{prices.url}/llama",
            "COINGECKO_BASE_URL": f"{prices.url}/coingecko",
        }
        stack.enter_context(run_server(port, variables))
        yield Served(f"http://127.0.0.1:{port}", ethereum, bsc)
