"""What the OpenAPI document says of the portfolio."""

from __future__ import annotations

from ..web.messages import Json, Operation
from .describing import ADDRESS, CHAIN, FLAG, kept_answer, list_parameter, operation, query_parameter
from .examples import USDC, WALLET
from .portfolio import MAX_ADDRESSES, MAX_CHAINS, MAX_TOKENS
from .portfolio_examples import PORTFOLIO
from .portfolio_schemas import PortfolioBody

_DESCRIPTION = """
All balances of a chain are read at one block. Claims and debts in DeFi protocols are `positions`, and the
tokens that stand for them (aTokens, debt tokens, vault shares) are not assets as well, even if `tokens` names
them: nothing is counted twice. What cannot be read does not fail the request: the answer is
200 with `complete` false, and `errors` names what is missing.

Without `address` it shows the caller's saved wallets, each on the chains that it was saved with, and needs
a token.
"""


_MINIMUM: Json = {"type": "string", "format": "decimal", "pattern": r"^[0-9]+(\.[0-9]+)?$", "maxLength": 100}
_TOKEN: Json = {"type": "string", "pattern": "^eip155:[1-9][0-9]{0,19}/erc20:0[xX][0-9a-fA-F]{40}$"}


def portfolio_operation() -> Operation:
    """The operation and its schemas, from the types of the body."""
    about: Json = {
        "operationId": "getPortfolio",
        "summary": "What wallets hold, on every chain, priced.",
        "description": _DESCRIPTION.strip(),
        "tags": ["Portfolio"],
        "security": [{}, {"idToken": []}],
        "parameters": [*_wallets(), *_shown()],
    }
    return operation(about, kept_answer("The portfolio.", "PortfolioBody", PORTFOLIO), PortfolioBody)


def _wallets() -> list[Json]:
    return [
        list_parameter(
            "address",
            f"`0x…` or an ENS name; repeated or separated by commas, at most {MAX_ADDRESSES}.",
            ADDRESS,
            MAX_ADDRESSES,
            [WALLET],
            explode=True,
        ),
        list_parameter(
            "chains",
            "Slugs, ids or CAIP-2 ids, separated by commas; without it all enabled chains are read.",
            CHAIN,
            MAX_CHAINS,
            ["ethereum"],
        ),
    ]


def _shown() -> list[Json]:
    return [
        query_parameter(
            "min_value_usd",
            "Hides priced assets below this value. `total_usd` still counts them.",
            _MINIMUM,
            "0",
        ),
        query_parameter("include_spam", "Shows unlisted tokens that no source prices, with reasons.", FLAG),
        list_parameter(
            "tokens",
            "Unlisted tokens to read as well: CAIP-19 ids, separated by commas.",
            _TOKEN,
            MAX_TOKENS,
            [USDC],
        ),
        query_parameter("refresh", "Reads the chains anew, past the short balance cache.", FLAG),
    ]
