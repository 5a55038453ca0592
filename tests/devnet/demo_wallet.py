"""What the demo's wallet holds and on which chains; the amounts and the prices are invented."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache

from shared.core.amounts import to_raw
from shared.core.ids import Address, ChainId, parse_address
from shared.core.tokens import Token
from shared.facts import load_tokens

from .lending import Lent

# The first account of the mnemonic "test test test … junk", which anvil and every tutorial uses.
WALLET = parse_address("0xf39Fd6e51aad88F6F4ce6aB8827279cffFb92266")

ETHEREUM, BASE, ARBITRUM, POLYGON = (ChainId(number) for number in (1, 8453, 42161, 137))
CHAIN_IDS = (ETHEREUM, BASE, ARBITRUM, POLYGON)

NATIVE_COINS = {
    ETHEREUM: "3.141592653589793238",
    BASE: "0.750000000000000001",
    ARBITRUM: "1.618033988749894848",
    POLYGON: "2718.281828459045235360",
}


@dataclass(frozen=True, slots=True)
class Placed:
    """A listed token, which goes to its real address; `kind` is a contract of `contracts/`."""

    chain_id: ChainId
    symbol: str
    amount: str
    kind: str = "Erc20"

    @property
    def token(self) -> Token:
        return listed_token(self.chain_id, self.symbol)

    @property
    def raw(self) -> int:
        return to_raw(Decimal(self.amount), self.token.decimals)


LISTED = (
    Placed(ETHEREUM, "USDC", "12500.250001"),
    Placed(ETHEREUM, "WBTC", "0.51234567"),
    Placed(ETHEREUM, "DAI", "2500.000000000000000001"),
    Placed(ETHEREUM, "GUSD", "1999.99"),
    Placed(ETHEREUM, "MKR", "1.25", kind="Bytes32Token"),
    Placed(ETHEREUM, "LINK", "321.5"),
    Placed(BASE, "USDC", "4200.999999"),
    Placed(BASE, "cbBTC", "0.00000001"),
    Placed(BASE, "WETH", "2.5"),
    Placed(ARBITRUM, "USDC", "815.75"),
    Placed(ARBITRUM, "ARB", "1234.567890123456789012"),
    Placed(ARBITRUM, "GMX", "12.000000000000000003"),
    Placed(POLYGON, "USDC", "99.5"),
    Placed(POLYGON, "AAVE", "7.25"),
    Placed(POLYGON, "QI", "15000"),
)

# An xStock's balance is its shares × multiplier, rounded down; the issuer's catalogue says where it is.
# The address is Tesla xStock's on Ethereum: https://github.com/backed-fi/cowswap-xstocks-tokenlist
XSTOCK_SYMBOL, XSTOCK_NAME = "TSLAx", "Tesla xStock"
XSTOCK = parse_address("0x8ad3c73f833d3f9a523ab01476625f269aeb7cf0")
XSTOCK_SHARES, XSTOCK_MULTIPLIER = 25 * 10**18 + 7, 1_005_700_000_000_000_001
XSTOCK_RAW = XSTOCK_SHARES * XSTOCK_MULTIPLIER // 10**18

# Burns all the gas that it is given. The demo's catalogue announces it, so that every scan asks it.
HOSTILE_SYMBOL, HOSTILE_NAME = "TRAPx", "A token that burns all gas"
HOSTILE = parse_address("0x00000000000000000000000000000000bad0bad0")

# An airdrop that nobody asked for: no list has it, so it is only scanned when asked for by `tokens`.
SPAM_SYMBOL, SPAM_NAME = "$ 5000 USDC", "Claim your reward at usdc-claim.xyz"
SPAM = parse_address("0x00000000000000000000000000000000005ca400")
SPAM_RAW = 5000 * 10**18

# In Aave's market on Base the wallet has supplied dollars and borrowed ether against them. Both have grown.
# The addresses are those of the market: @aave-dao/aave-address-book@4.68.1 (MIT), AaveV3Base.
LENDING_POOL = parse_address("0xA238Dd80C259a72e81d7e4664a9801593F98d1c5")
LENT = (
    Lent(
        "AToken",
        token=parse_address("0x4e65fE4DbA92790696d040ac24Aa414708F5c0AB"),
        underlying=parse_address("0x833589fCD6eDb6E08f4c7C32D4f71b54bdA02913"),
        decimals=6,
        scaled=6_000_000_000,
        index=1_083_333_333_333_333_333_333_333_333,
    ),
    Lent(
        "DebtToken",
        token=parse_address("0x24e6e0795b3c7c71D965fCc4f371803d1c1DcA1E"),
        underlying=parse_address("0x4200000000000000000000000000000000000006"),
        decimals=18,
        scaled=750_000_000_000_000_000,
        index=1_041_666_666_666_666_666_666_666_667,
    ),
)

# Dollars for one. Nobody prices QI here, and nobody names Base's WETH: that one follows ETH.
PRICES = {
    "ETH": "3120.55",
    "POL": "0.4521",
    "USDC": "0.9998",
    "WBTC": "96500.25",
    "cbBTC": "96480.5",
    "DAI": "1.0001",
    "GUSD": "0.9987",
    "MKR": "1480.5",
    "LINK": "17.42",
    "ARB": "0.8125",
    "GMX": "24.1",
    "AAVE": "182.35",
    XSTOCK_SYMBOL: "342.17",
}
UNKNOWN_TO_CMC = ("MKR", "GUSD", "GMX")


@cache
def listed_token(chain_id: ChainId, symbol: str) -> Token:
    """The one token of that symbol on the chain's list."""
    (token,) = (token for token in load_tokens(chain_id) if token.symbol == symbol)
    return token


def placed_on(chain_id: ChainId) -> Iterable[Placed]:
    return (placed for placed in LISTED if placed.chain_id == chain_id)


def address_of(token: Token) -> Address:
    """The contract's address: everything but a native coin has one."""
    assert token.address is not None
    return token.address
