"""Fragment: what one wallet holds on one chain, as of a block; the newest one counts."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Literal, NamedTuple

from .balances import BalanceRead, Block
from .chains import Chain
from .ids import Address, AssetId
from .positions import PositionKind, PositionsRead
from .tokens import Token, native_token

WALLET = "wallet"
"""The protocol of what an address itself holds."""
HeldAs = Literal["wallet"] | PositionKind


class FragmentBalance(NamedTuple):
    """One asset's raw balance, and what is needed to show it.

    `raw` is above zero, also for a debt. `contract` keeps it, where that is not the asset itself.
    """

    asset_id: AssetId
    symbol: str
    decimals: int
    raw: int
    kind: HeldAs = "wallet"
    contract: Address | None = None
    market: str | None = None


class FragmentKey(NamedTuple):
    """Of all fragments with the same key the newest counts."""

    wallet: Address
    chain: str
    protocol: str


class Fragment(NamedTuple):
    """A wallet's balances on a chain (its slug) at a block, in one order; none when it is empty there.

    `protocol` is WALLET for what the address itself holds, else the protocol's id. `sequence` is the place
    in the order of all writings of its store, in microseconds since the epoch; 0 before it is written.
    """

    wallet: Address
    chain: str
    protocol: str
    block: Block
    balances: tuple[FragmentBalance, ...]
    sequence: int = 0

    @property
    def key(self) -> FragmentKey:
        return FragmentKey(self.wallet, self.chain, self.protocol)


class Unread(NamedTuple):
    """The assets of which a read says nothing, though wallets may hold them.

    `faulty` are those that could not be read; `asked` are all that the read was about, None for every one.
    """

    faulty: frozenset[AssetId] = frozenset()
    asked: frozenset[AssetId] | None = None

    def covers(self, asset_id: AssetId) -> bool:
        """Whether nothing is said of this asset."""
        return asset_id in self.faulty or (self.asked is not None and asset_id not in self.asked)


Fragments = Mapping[FragmentKey, Fragment]
"""What is known: the newest fragment of each key, empty ones too, so that no older one comes back."""


def newer(one: Fragment, other: Fragment) -> Fragment:
    """Of two fragments with the same key the one that counts: of the higher block, else written later."""
    first, second = _age(one), _age(other)
    if first == second:
        # The content decides between what cannot be told apart otherwise, so that the order cannot.
        first, second = _content(one), _content(other)
    return one if first >= second else other


def merge(known: Fragments, fragments: Iterable[Fragment]) -> dict[FragmentKey, Fragment]:
    """What is known once the fragments are: any order and any repetition of them give the same."""
    merged = dict(known)
    for fragment in fragments:
        key = fragment.key
        before = merged.get(key)
        merged[key] = fragment if before is None else newer(before, fragment)
    return merged


def held(known: Fragments) -> tuple[Fragment, ...]:
    """Of what is known the fragments that hold something, ordered by key."""
    return tuple(known[key] for key in sorted(known) if known[key].balances)


def changed(known: Fragment | None, found: Fragment) -> bool:
    """Whether a newly read fragment says something else than the known one, and is not older.

    An empty one after none says nothing new.
    """
    if known is None:
        return bool(found.balances)
    return found.block.number >= known.block.number and _amounts(found) != _amounts(known)


def confirmed(known: Fragment | None, found: Fragment) -> bool:
    """Whether a newly read fragment says something of what is known or held, and is not older."""
    if known is None:
        return bool(found.balances)
    return found.block.number >= known.block.number


def carried(known: Fragment | None, found: Fragment, unread: Unread) -> Fragment:
    """The found fragment, and in it what is known of assets that were not read: they are not gone."""
    if known is None:
        return found
    told = {balance.asset_id for balance in found.balances}
    kept = [b for b in known.balances if b.asset_id not in told and unread.covers(b.asset_id)]
    if not kept:
        return found
    return found._replace(balances=tuple(sorted((*found.balances, *kept), key=_balance_order)))


def wallet_fragments(
    wallets: Sequence[Address], chain: Chain, read: BalanceRead, tokens: Mapping[Address, Token]
) -> tuple[Fragment, ...]:
    """What each of the wallets that were read holds itself; `tokens` describes every contract of the read."""
    coin = native_token(chain)
    balances: dict[FragmentKey, list[FragmentBalance]] = {
        FragmentKey(wallet, chain.slug, WALLET): [] for wallet in wallets
    }
    for (wallet, contract), raw in read.balances.items():
        token = coin if contract is None else tokens[contract]
        balance = FragmentBalance(token.asset_id, token.symbol, token.decimals, raw)
        balances[FragmentKey(wallet, chain.slug, WALLET)].append(balance)
    return _fragments(balances, read.block)


def position_fragments(wallets: Sequence[Address], read: PositionsRead) -> tuple[Fragment, ...]:
    """What each of the wallets that were read has in each protocol that answered in full.

    Of the others nothing is said, though something may be known: a part would look like the whole.
    """
    if read.block is None:
        return ()
    balances: dict[FragmentKey, list[FragmentBalance]] = {
        FragmentKey(wallet, read.chain.slug, protocol): []
        for wallet in wallets
        for protocol in read.protocols
    }
    for each in read.positions:
        token = each.token
        balance = FragmentBalance(
            token.asset_id, token.symbol, token.decimals, each.raw, each.kind, each.contract, each.market
        )
        if each.protocol in read.protocols:
            balances[FragmentKey(each.wallet, read.chain.slug, each.protocol)].append(balance)
    return _fragments(balances, read.block)


def _fragments(
    balances: Mapping[FragmentKey, Iterable[FragmentBalance]], block: Block
) -> tuple[Fragment, ...]:
    return tuple(
        Fragment(*key, block, tuple(sorted(each, key=_balance_order))) for key, each in balances.items()
    )


def _age(fragment: Fragment) -> tuple[object, ...]:
    return (fragment.block.number, fragment.sequence)


def _content(fragment: Fragment) -> tuple[object, ...]:
    return (fragment.block.time, [(*_balance_order(b), b.symbol, b.decimals) for b in fragment.balances])


def _amounts(fragment: Fragment) -> list[tuple[str, str, str, str, int]]:
    """What is held, whatever it is called and in whatever order."""
    return sorted(map(_balance_order, fragment.balances))


def _balance_order(balance: FragmentBalance) -> tuple[str, str, str, str, int]:
    return (balance.asset_id, balance.kind, balance.contract or "", balance.market or "", balance.raw)
