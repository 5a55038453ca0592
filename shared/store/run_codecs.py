"""The packed forms of what snapshot runs keep: JSON, with money and raw balances as text, compressed."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from ..core.balances import Block
from ..core.fragments import Fragment, FragmentBalance
from ..core.ids import Address, AssetId, ChainId
from ..core.positions import Position
from ..core.runs import Group, Part, PartKey, PartState, PlanPage, PricePage, RunPrice, UserPlan, UserWallet
from ..core.tokens import Token, erc20
from .codecs import (
    failure_rows,
    from_micros,
    money_text,
    pack,
    parse_failure_rows,
    to_micros,
    unpack,
)

_NO_PLACE = ["wallet", None, None]
"""Kind, contract and market of what an address itself holds."""


def pack_plan(page: PlanPage) -> bytes:
    """A page of a plan."""
    return _pack(page)


def unpack_plan(packed: bytes) -> PlanPage:
    """The page that `pack_plan` wrote."""
    number, groups, last_user, last = _unpack(packed)
    return PlanPage(number, tuple(map(_group, groups)), last_user, last)


def _group(row: list[Any]) -> Group:
    number, reads, users = row
    return Group(
        number,
        tuple((chain, tuple(map(Address, wallets))) for chain, wallets in reads),
        tuple(UserPlan(user, tuple(map(_user_wallet, wallets))) for user, wallets in users),
    )


def _user_wallet(row: list[Any]) -> UserWallet:
    address, group, chains = row
    return UserWallet(Address(address), group, tuple(chains))


def pack_prices(page: PricePage) -> bytes:
    """A page of a run's price set."""
    rows = {
        asset: [
            None if price.price_usd is None else money_text(price.price_usd),
            price.source,
            None if price.as_of is None else to_micros(price.as_of),
            price.reason,
        ]
        for asset, price in page.prices.items()
    }
    return _pack([page.number, rows, failure_rows(page.failures)])


def unpack_prices(packed: bytes) -> PricePage:
    """The page that `pack_prices` wrote."""
    number, rows, failures = _unpack(packed)
    prices = {
        AssetId(asset): RunPrice(
            None if price is None else Decimal(price),
            source,
            None if as_of is None else from_micros(as_of),
            reason,
        )
        for asset, (price, source, as_of, reason) in rows.items()
    }
    return PricePage(number, prices, parse_failure_rows(failures))


def pack_part(part: Part) -> bytes:
    """All of a part but its run, key and state: each wallet, contract and asset is named once."""
    wallets = sorted({wallet for wallet, _ in part.balances} | {each.wallet for each in part.positions})
    contracts = sorted({token for _, token in part.balances if token is not None} | part.tokens.keys())
    wallet_places = {wallet: place for place, wallet in enumerate(wallets)}
    contract_places: dict[Address | None, int | None] = {None: None}
    contract_places |= {contract: place for place, contract in enumerate(contracts)}
    assets = {token: place for place, token in enumerate(dict.fromkeys(p.token for p in part.positions))}
    return _pack(
        {
            "block": None if part.block is None else [part.block.number, to_micros(part.block.time)],
            "wallets": wallets,
            "contracts": contracts,
            "tokens": [_token_row(part.tokens.get(contract)) for contract in contracts],
            "balances": [
                [wallet_places[wallet], contract_places[token], str(raw)]
                for (wallet, token), raw in part.balances.items()
            ],
            "failures": failure_rows(part.failures),
            "tokens_scanned": part.tokens_scanned,
            "latency_ms": part.latency_ms,
            "assets": [_asset_row(token) for token in assets],
            "positions": [
                [
                    wallet_places[p.wallet],
                    assets[p.token],
                    p.protocol,
                    p.kind,
                    str(p.raw),
                    p.contract,
                    p.market,
                ]
                for p in part.positions
            ],
        }
    )


def unpack_part(run_id: str, key: PartKey, state: PartState, packed: bytes) -> Part:
    """The part that `pack_part` wrote, also before it knew of positions."""
    kept = _unpack(packed)
    wallets = [Address(wallet) for wallet in kept["wallets"]]
    contracts = [Address(contract) for contract in kept["contracts"]]
    described = zip(contracts, kept["tokens"], strict=True)
    assets = [_asset(row) for row in kept.get("assets", ())]
    return Part(
        run_id=run_id,
        key=key,
        state=state,
        block=None if kept["block"] is None else Block(kept["block"][0], from_micros(kept["block"][1])),
        balances={
            (wallets[wallet], None if contract is None else contracts[contract]): int(raw)
            for wallet, contract, raw in kept["balances"]
        },
        tokens={contract: _token(contract, row) for contract, row in described if row is not None},
        failures=parse_failure_rows(kept["failures"]),
        tokens_scanned=kept["tokens_scanned"],
        latency_ms=kept["latency_ms"],
        positions=tuple(
            Position(wallets[wallet], protocol, kind, assets[asset], int(raw), Address(contract), market)
            for wallet, asset, protocol, kind, raw, contract, market in kept.get("positions", ())
        ),
    )


def _token_row(token: Token | None) -> list[Any] | None:
    if token is None:
        return None
    return [token.chain_id, token.symbol, token.name, token.decimals, token.listed]


def _token(contract: Address, row: list[Any]) -> Token:
    chain_id, symbol, name, decimals, listed = row
    return erc20(ChainId(chain_id), contract, symbol, name, decimals, listed=listed)


def _asset_row(token: Token) -> list[Any]:
    """What a position is in: a token of a contract or the chain's own coin."""
    return [
        token.chain_id,
        token.asset_id,
        token.address,
        token.symbol,
        token.name,
        token.decimals,
        token.listed,
    ]


def _asset(row: list[Any]) -> Token:
    chain_id, asset_id, address, *rest = row
    return Token(ChainId(chain_id), AssetId(asset_id), None if address is None else Address(address), *rest)


def pack_balances(fragment: Fragment) -> bytes:
    """A fragment's balances: five thousand of them are some 250 KB."""
    return _pack([_balance_row(balance) for balance in fragment.balances])


def unpack_balances(packed: bytes) -> tuple[FragmentBalance, ...]:
    """The balances that `pack_balances` wrote."""
    return tuple(
        FragmentBalance(AssetId(asset), symbol, decimals, int(raw), *place)
        for asset, symbol, decimals, raw, *place in _unpack(packed)
    )


def _balance_row(balance: FragmentBalance) -> list[Any]:
    """Of what an address itself holds the first four fields say everything."""
    asset, symbol, decimals, raw, *place = balance
    row = [asset, symbol, decimals, str(raw)]
    return row if place == _NO_PLACE else row + place


def _pack(value: object) -> bytes:
    # Most of it are digits without a pattern, which more effort makes hardly shorter.
    return pack(json.dumps(value, separators=(",", ":")).encode(), level=1)


def _unpack(packed: bytes) -> Any:
    return json.loads(unpack(packed))
