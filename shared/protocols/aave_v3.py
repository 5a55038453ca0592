"""Aave V3: what is supplied and what is borrowed, by the balances of its tokens.

An aToken's balance is what its holder has supplied, with interest, in units of the underlying; a variable
debt token's is what is owed, likewise. https://aave.com/docs/aave-v3/smart-contracts/tokenization
"""

from __future__ import annotations

from collections.abc import Mapping

from ..chain.plans import Plan
from ..core.deployments import Deployment
from ..core.ids import Address
from ..core.positions import Found
from .describing import Tokens, found_of


def positions(
    deployment: Deployment, held: Mapping[tuple[Address, Address], int], known: Tokens
) -> Plan[Found]:
    """One deposit or debt for each receipt token that a wallet holds: they are the underlying, one to one."""
    return (yield from found_of(deployment, held, known))
