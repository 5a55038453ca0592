"""However a run's reads are split, its snapshot's total and rows are what the portfolio says."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from decimal import Decimal
from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st

from shared.core.amounts import add
from shared.core.balances import BalanceRead, Block
from shared.core.chains import Chain
from shared.core.fragments import HeldAs
from shared.core.ids import Address, AssetId
from shared.core.portfolio import ChainRead, Portfolio, assemble
from shared.core.positions import Position, PositionKind, PositionsRead
from shared.core.quotes import Price
from shared.core.run_snapshot import PartsRead, PriceSet, snapshot_of
from shared.core.runs import Part, PricePage, RunPrice, UserPlan, UserWallet
from shared.core.snapshots import Snapshot
from shared.core.tokens import Token, erc20, native_token

from .test_run_snapshot import CHAINS, EVERY, NOW, OTHER_POOL, OWED, POOL, RUN, C, part, priced


def _tokens(chain: Chain) -> list[Token]:
    listed = [
        erc20(chain.chain_id, Address(f"0x{n:040x}"), f"T{n}", f"Token {n}", n * 3, listed=n != 4)
        for n in range(1, 5)
    ]
    return [native_token(chain), *listed]


@settings(max_examples=100, deadline=None)
@given(st.integers(0, 2**32))
def test_the_total_is_what_the_portfolio_says_however_the_reads_are_split(seed: int) -> None:
    random = Random(seed)
    wallets = [Address(f"0x{n:040x}") for n in range(100, 100 + random.randint(1, 5))]
    state = {
        (chain.slug, wallet, token): random.randint(1, 10**24)
        for chain in CHAINS
        for wallet in wallets
        for token in _tokens(chain)
        if random.random() < 0.5
    }
    quotes = {
        token.asset_id: priced(f"{random.randint(0, 10**6)}.{random.randint(0, 10**9)}")
        for chain in CHAINS
        for token in _tokens(chain)
        if random.random() < 0.8
    }
    unpriced = priced(None, "unknown: nobody knows it")
    every = {token.asset_id: quotes.get(token.asset_id, unpriced) for c in CHAINS for token in _tokens(c)}
    assets = list(every)
    cut = random.randint(0, len(assets))
    pages = [
        PricePage(0, {a: every[a] for a in assets[:cut]}, ()),
        PricePage(1, {a: every[a] for a in assets[max(0, cut - 2) :]}, ()),
    ]
    placed = {(chain.slug, wallet): random.randint(0, 3) for chain in CHAINS for wallet in wallets}
    claims = {chain.slug: _claims(random, chain, wallets) for chain in CHAINS}
    parts = PartsRead(_parts(placed, state, claims), CHAINS)
    made = snapshot_of(RUN, _plan(placed, wallets), parts, PriceSet(pages))
    reads = [_read(chain, state) for chain in CHAINS]
    live = [PositionsRead(chain, Block(7, NOW), tuple(claims[chain.slug])) for chain in CHAINS]
    portfolio = assemble(wallets, reads, _prices(every), (), NOW, positions=live)
    assert made.total_usd == portfolio.total_usd
    assert made.complete
    assert _rows(made) == _held(portfolio)


Row = tuple[AssetId, str, HeldAs]


def _claims(random: Random, chain: Chain, wallets: Sequence[Address]) -> list[Position]:
    """Deposits and debts, of which some wallets have several in one asset."""
    kinds: list[PositionKind] = ["deposit", "debt"]
    return [
        Position(
            random.choice(wallets),
            random.choice(["aave-v3", "vaults"]),
            random.choice(kinds),
            random.choice(_tokens(chain)),
            random.randint(1, 10**24),
            random.choice([POOL, OTHER_POOL]),
        )
        for _ in range(random.randint(0, 8))
    ]


def _rows(made: Snapshot) -> dict[Row, tuple[Decimal, Decimal | None]]:
    rows = {(a.asset_id, a.protocol, a.kind): (a.balance, a.value_usd) for a in made.assets}
    assert len(rows) == len(made.assets)
    return rows


def _held(portfolio: Portfolio) -> dict[Row, tuple[Decimal, Decimal | None]]:
    """What the portfolio shows, the positions in one asset, protocol and kind added up."""
    held: dict[Row, tuple[Decimal, Decimal | None]] = {
        (h.token.asset_id, "wallet", "wallet"): (h.balance, h.value_usd)
        for h in portfolio.holdings
        if not h.spam_reasons
    }
    for each in portfolio.positions:
        row = (each.position.token.asset_id, each.position.protocol, each.position.kind)
        balance, value = held.get(row, (Decimal(0), each.value_usd and Decimal(0)))
        held[row] = (
            add([balance, each.balance]),
            None if value is None or each.value_usd is None else add([value, each.value_usd]),
        )
    return held


State = Mapping[tuple[str, Address, Token], int]


def _plan(placed: Mapping[tuple[str, Address], int], wallets: Sequence[Address]) -> UserPlan:
    rows = [
        UserWallet(wallet, group, on)
        for wallet in wallets
        for group in range(4)
        if (on := tuple(slug for slug in EVERY if placed[slug, wallet] == group))
    ]
    return UserPlan("alice", tuple(rows))


def _parts(
    placed: Mapping[tuple[str, Address], int], state: State, claims: Mapping[str, Sequence[Position]]
) -> list[Part]:
    """Of every group and chain, with somebody else's wallet in it too."""
    parts = []
    for group in range(4):
        for slug in EVERY:
            found: dict[tuple[Address, Address | None], int] = {(C, None): 10**30}
            tokens = {}
            for (chain, wallet, token), raw in state.items():
                if chain == slug and placed[chain, wallet] == group:
                    found[wallet, token.address] = raw
                    tokens[token.address] = token
            here = [p for p in claims[slug] if placed[slug, p.wallet] == group]
            positions = (*here, OWED._replace(wallet=C, raw=10**30))
            parts.append(replace(part(group, slug, found, *tokens.values()), positions=positions))
    return parts


def _read(chain: Chain, state: State) -> ChainRead:
    own = {(w, token): raw for (slug, w, token), raw in state.items() if slug == chain.slug}
    balances = {(wallet, token.address): raw for (wallet, token), raw in own.items()}
    tokens = {token.address: token for _, token in own if token.address is not None}
    read = BalanceRead(chain.chain_id, Block(7, NOW), balances, (), frozenset(), len(tokens))
    return ChainRead(chain, "ok", read, tokens, 12)


def _prices(prices: Mapping[AssetId, RunPrice]) -> dict[AssetId, Price]:
    return {
        asset_id: Price(asset_id, p.price_usd, p.source, p.as_of, Decimal("0.9"), False, "open", (), p.reason)
        for asset_id, p in prices.items()
    }
