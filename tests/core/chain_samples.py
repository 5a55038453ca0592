"""A chain for tests: plain Ethereum, unless they say otherwise."""

from dataclasses import replace
from typing import Any

from shared.core.chains import Chain, NativeCoin, PriceNames
from shared.core.ids import ChainId

ETHEREUM = Chain(
    chain_id=ChainId(1),
    slug="ethereum",
    name="Ethereum",
    aliases=(),
    native=NativeCoin("ETH", "Ether", 18, 60),
    wrapped_native=None,
    multicall=None,
    rpc_urls=(),
    explorers=(),
    block_time_seconds=12,
    price_names=PriceNames(None, None, None, None),
    enabled=True,
    testnet=False,
    runs_init_code=True,
)


def make_chain(**facts: Any) -> Chain:
    """ETHEREUM but for these facts."""
    return replace(ETHEREUM, **facts)
