"""The demo's local chains: started and filled at the same time, each with the contracts that it shows."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from decimal import Decimal

from shared.core.amounts import to_raw
from shared.core.ids import ChainId

from .anvil import Anvil, run_anvil
from .demo_wallet import (
    ARBITRUM,
    BASE,
    CHAIN_IDS,
    ETHEREUM,
    HOSTILE,
    LENDING_POOL,
    LENT,
    NATIVE_COINS,
    POLYGON,
    SPAM,
    SPAM_NAME,
    SPAM_RAW,
    SPAM_SYMBOL,
    WALLET,
    XSTOCK,
    XSTOCK_MULTIPLIER,
    XSTOCK_NAME,
    XSTOCK_SHARES,
    XSTOCK_SYMBOL,
    address_of,
    placed_on,
)
from .lending import lend
from .tokens import Erc20, mint, place, place_multicall3, place_tokens

# Arbitrum's precompile for its own block number, https://docs.arbitrum.io/build-decentralized-apps/precompiles
_ARB_SYS, _ARB_BLOCK = "0x0000000000000000000000000000000000000064", 400_000_000


@contextmanager
def run_chains(watch: Callable[[int], None]) -> Iterator[Mapping[ChainId, Anvil]]:
    """The filled chains by id; `watch` hears the id of each process as soon as it runs.

    Raises NodePackagesMissing and AnvilError.
    """
    with ExitStack() as running:

        def start(chain_id: ChainId) -> Anvil:
            anvil = running.enter_context(run_anvil(chain_id))
            watch(anvil.process.pid)
            _fill(anvil, chain_id)
            return anvil

        with ThreadPoolExecutor(len(CHAIN_IDS)) as threads:
            anvils = list(threads.map(start, CHAIN_IDS))
        yield dict(zip(CHAIN_IDS, anvils, strict=True))


def _fill(anvil: Anvil, chain_id: ChainId) -> None:
    place_multicall3(anvil)
    anvil.set_balance(WALLET, to_raw(Decimal(NATIVE_COINS[chain_id]), 18))
    placed = list(placed_on(chain_id))
    tokens = [(p, p.token) for p in placed]
    place_tokens(
        anvil,
        *(Erc20(address_of(t), t.symbol, t.name, t.decimals, kind=p.kind) for p, t in tokens),
    )
    mint(anvil, {(address_of(p.token), WALLET): p.raw for p in placed})
    if chain_id == ETHEREUM:
        stock = Erc20(XSTOCK, XSTOCK_SYMBOL, XSTOCK_NAME, 18, "RebasingToken", XSTOCK_MULTIPLIER)
        place_tokens(anvil, stock)
        mint(anvil, {(XSTOCK, WALLET): XSTOCK_SHARES})
    if chain_id == BASE:
        place_tokens(anvil, Erc20(SPAM, SPAM_SYMBOL, SPAM_NAME))
        mint(anvil, {(SPAM, WALLET): SPAM_RAW})
        lend(anvil, LENDING_POOL, WALLET, *LENT)
    if chain_id == ARBITRUM:
        place(anvil, "ArbSys", _ARB_SYS)
        anvil.set_storage(_ARB_SYS, 0, _ARB_BLOCK)
    if chain_id == POLYGON:
        place(anvil, "GasBurningToken", HOSTILE)
    anvil.mine()
