"""Who saved which wallets, what is put on the local chains for them, and what a unit of it costs."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from shared.core.chains import Chain, Chains
from shared.core.ids import Address, ChainId, erc20_asset_id
from shared.facts import load_chains, load_tokens
from tests.devnet.anvil import Anvil
from tests.devnet.price_apis import Coin
from tests.devnet.tokens import Erc20, mint, place_multicall3, place_tokens

Wallets = Mapping[Address, tuple[str, ...]]
"""Wallets of a user, and the chains to read each on (none: all of them)."""

OPTIMISM, GNOSIS, POLYGON = (load_chains()[ChainId(number)] for number in (10, 100, 137))
CHAINS = Chains((OPTIMISM, GNOSIS, POLYGON))
SLUGS = tuple(chain.slug for chain in CHAINS)


@dataclass(frozen=True)
class Asset:
    """What wallets hold on a chain: a listed token or, without an address, the coin; every `each`-th does."""

    chain: Chain
    symbol: str
    decimals: int
    dollars: str
    each: int
    address: Address | None = None

    @property
    def asset_id(self) -> str:
        if self.address is None:
            return self.chain.native_asset_id
        return erc20_asset_id(self.chain.chain_id, self.address)


def _listed(chain: Chain, symbol: str, dollars: str, each: int) -> Asset:
    token = next(token for token in load_tokens(chain.chain_id) if token.symbol == symbol)
    return Asset(chain, symbol, token.decimals, dollars, each, token.address)


ASSETS = (
    Asset(OPTIMISM, "ETH", 18, "3000.25", 1),
    Asset(GNOSIS, "XDAI", 18, "0.9997", 1),
    Asset(POLYGON, "POL", 18, "0.4471", 1),
    _listed(OPTIMISM, "USDC", "1.0003", 2),
    _listed(GNOSIS, "GNO", "131.07", 3),
    _listed(GNOSIS, "USDT", "0.9991", 5),
    _listed(POLYGON, "AAVE", "171.5", 2),
    _listed(POLYGON, "WBTC", "84123.4567", 3),
)


def wallet(number: int) -> Address:
    """A wallet; those whose number 7 divides hold nothing at all."""
    return plain_address(number, "52")


def plain_address(number: int, tail: str) -> Address:
    """An address of digits alone, which have no capitals: checksums of thousands take long."""
    return Address(f"0x{number:08}{tail * 16}")


def _bulk(first: int, last: int) -> Wallets:
    return {wallet(number): ("gnosis",) for number in range(first, last)}


# Two groups: erin has no room left in the first, where one of her wallets is read for others already.
PEOPLE: Mapping[str, Wallets] = {
    "alice": {wallet(1): (), wallet(2): ("gnosis",)},
    "bob": {wallet(1): (), wallet(3): ()},
    "carol": _bulk(100, 140),
    "dave": _bulk(130, 145),
    "erin": {wallet(1): (), **_bulk(200, 220)},
    "frank": {wallet(14): ("polygon",)},
}
# One group: everything that can happen within it.
FEW: Mapping[str, Wallets] = {user: PEOPLE[user] for user in ("alice", "bob", "frank")}


def all_wallets(people: Mapping[str, Wallets]) -> list[Address]:
    """Every wallet that somebody saved, once."""
    return list(dict.fromkeys(address for wallets in people.values() for address in wallets))


def fill(chain: Chain, anvil: Anvil) -> None:
    """Put the assets of the chain there, and what everybody holds of them."""
    assets = [asset for asset in ASSETS if asset.chain is chain]
    place_multicall3(anvil)
    place_tokens(anvil, *(Erc20(a.address, a.symbol, a.symbol, a.decimals) for a in assets if a.address))
    held = {(asset, address): raw for address in all_wallets(PEOPLE) for asset, raw in _held(assets, address)}
    anvil.batch(
        [("anvil_setBalance", [to, hex(raw)]) for (asset, to), raw in held.items() if not asset.address]
    )
    mint(anvil, {(asset.address, to): raw for (asset, to), raw in held.items() if asset.address})
    anvil.mine()


def _held(assets: list[Asset], address: Address) -> Iterator[tuple[Asset, int]]:
    number = int(address[2:10])
    for asset in assets:
        if number % 7 and number % asset.each == 0:
            yield asset, number * 10 ** (asset.decimals - 3) + number


def coins() -> list[Coin]:
    """The table of the price server."""
    return [_coin(asset) for asset in ASSETS]


def _coin(asset: Asset) -> Coin:
    if asset.address is None:
        name = asset.chain.price_names.coingecko_native
        return Coin(asset.symbol, asset.symbol, asset.dollars, coingecko_id=name)
    return Coin(asset.symbol, asset.symbol, asset.dollars, {asset.chain.chain_id: asset.address})
