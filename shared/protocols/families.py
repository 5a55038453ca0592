"""The protocols that are understood, by family."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from ..chain.plans import Plan
from ..core.deployments import Deployment
from ..core.ids import Address
from ..core.positions import Found
from . import aave_v3, erc4626
from .describing import Tokens

Positions = Callable[[Deployment, Mapping[tuple[Address, Address], int], Tokens], Plan[Found]]
"""The plan of a deployment: from the tokens that are known and what wallets hold of its receipt tokens, as
(wallet, token) → raw integer above zero, to positions. It may ask the chain more, at the same block.
"""

PROTOCOLS: Mapping[str, Positions] = {"aave_v3": aave_v3.positions, "erc4626": erc4626.positions}
