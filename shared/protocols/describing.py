"""From amounts of a deployment's underlying assets to positions in tokens that are known or asked for."""

from __future__ import annotations

from collections.abc import Iterable, Mapping

from ..chain.plans import Plan
from ..chain.tokens import metadata_calls, parse_tokens
from ..core.balances import TokenFault
from ..core.deployments import Deployment
from ..core.ids import Address, ChainId
from ..core.positions import Found, Position
from ..core.tokens import Token

Tokens = Mapping[Address, Token]


def found_of(
    deployment: Deployment, amounts: Mapping[tuple[Address, Address], int], known: Tokens
) -> Plan[Found]:
    """A position for each (wallet, receipt token) and its amount of the underlying.

    Only an underlying that is not known costs a round.
    """
    receipts = {receipt.token: receipt for receipt in deployment.receipts}
    underlying = {token: receipts[token].underlying for _, token in amounts}
    assets = yield from _described(deployment.chain_id, underlying.values(), known)
    positions: list[Position] = []
    faults: dict[Address, TokenFault] = {}
    for (wallet, token), raw in amounts.items():
        asset, kind = assets[underlying[token]], receipts[token].kind
        if isinstance(asset, TokenFault):
            faults[token] = TokenFault(token, f"its underlying {asset.token}: {asset.reason}")
        else:
            positions.append(
                Position(wallet, deployment.protocol, kind, asset, raw, token, deployment.market)
            )
    return Found(tuple(positions), tuple(faults.values()))


def _described(
    chain_id: ChainId, assets: Iterable[Address], known: Tokens
) -> Plan[dict[Address, Token | TokenFault]]:
    """Each asset as a token, or why it is none."""
    wanted = dict.fromkeys(assets)
    unknown = [asset for asset in wanted if asset not in known]
    found: dict[Address, Token | TokenFault] = {asset: known[asset] for asset in wanted if asset in known}
    if unknown:
        replies = yield metadata_calls(unknown)
        found.update(zip(unknown, parse_tokens(chain_id, unknown, replies), strict=True))
    return found
