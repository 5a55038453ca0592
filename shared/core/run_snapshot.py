"""From a run's parts and prices to its users' snapshots; the totals are what the portfolio says."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import Decimal

from .amounts import add
from .balances import BalanceRead, Block
from .chains import Chain, Chains
from .failures import Failure
from .ids import Address, AssetId
from .portfolio import ChainRead, Holding, Portfolio, assemble, held_tokens, visible
from .positions import Position, PositionKind, PositionsRead
from .quotes import Price
from .run_ids import snapshot_id
from .runs import Part, PartKey, PricePage, Run, RunPrice, UserPlan
from .snapshots import Snapshot, SnapshotAsset
from .tokens import Token
from .valued_positions import ValuedPosition, highest_first


def part_keys(plan: UserPlan) -> frozenset[PartKey]:
    """The parts that a user's snapshot is made of."""
    return frozenset(PartKey(wallet.group, chain) for wallet in plan.wallets for chain in wallet.chains)


class PartsRead:
    """Parts of one run, by wallet: a part holds those of fifty, and every user is asked for apart."""

    def __init__(self, parts: Iterable[Part], chains: Chains) -> None:
        self._parts: dict[PartKey, Part] = {}
        self._chains = chains
        self._balances: dict[tuple[PartKey, Address], dict[Address | None, int]] = defaultdict(dict)
        self._positions: dict[tuple[PartKey, Address], list[Position]] = defaultdict(list)
        for part in parts:
            self._parts[part.key] = part
            for (wallet, token), raw in part.balances.items():
                self._balances[part.key, wallet][token] = raw
            for position in part.positions:
                self._positions[part.key, position.wallet].append(position)

    def holds(self, plan: UserPlan) -> bool:
        """Whether all parts that the user needs are there, read or failed."""
        return part_keys(plan) <= self._parts.keys()

    def tokens_of(self, plan: UserPlan) -> tuple[Token, ...]:
        """The assets that the user holds, or that protocols hold for the user: what needs a price."""
        return _tokens(self.reads_of(plan), self.positions_of(plan))

    def reads_of(self, plan: UserPlan) -> tuple[ChainRead, ...]:
        """Each chain with something of the user's, put together from all groups that read it."""
        held: dict[str, dict[tuple[Address, Address | None], int]] = defaultdict(dict)
        keys: dict[str, dict[PartKey, None]] = defaultdict(dict)
        for key, wallet in _places(plan):
            for token, raw in self._balances.get((key, wallet), {}).items():
                held[key.chain][wallet, token] = raw
                keys[key.chain][key] = None
        return tuple(
            _chain_read(chain, balances, [self._parts[key] for key in keys[slug]])
            for slug, balances in held.items()
            if (chain := self._chains.find(slug)) is not None
        )

    def positions_of(self, plan: UserPlan) -> tuple[PositionsRead, ...]:
        """What protocols hold for the user, as each part found it; what is missing is among the failures."""
        found: dict[PartKey, list[Position]] = defaultdict(list)
        for key, wallet in _places(plan):
            found[key] += self._positions.get((key, wallet), ())
        return tuple(
            PositionsRead(chain, self._parts[key].block, tuple(positions))
            for key, positions in found.items()
            if positions and (chain := self._chains.find(key.chain)) is not None
        )

    def failures_of(self, plan: UserPlan) -> tuple[Failure, ...]:
        """What is missing in those parts, each once."""
        found: dict[Failure, None] = {}
        for key in sorted(part_keys(plan)):
            part = self._parts[key]
            found.update(dict.fromkeys(part.failures))
            if (part.balances or part.positions) and self._chains.find(key.chain) is None:
                found[_chain_is_gone(key.chain)] = None
        return tuple(found)


class PriceSet:
    """A run's prices; an asset's is that of the lowest page that has it."""

    def __init__(self, pages: Sequence[PricePage]) -> None:
        """`pages` are all that are kept, in order."""
        self.pages = len(pages)
        """The number that the next page would get."""
        self._prices: dict[AssetId, Price] = {}
        self._failures: dict[AssetId, tuple[Failure, ...]] = {}
        for page in pages:
            failures = _PageFailures(page)
            for asset_id, price in page.prices.items():
                if asset_id not in self._prices:
                    self._prices[asset_id] = _price(asset_id, price)
                    self._failures[asset_id] = () if price.price_usd is not None else failures.of(asset_id)

    def __contains__(self, asset_id: object) -> bool:
        return asset_id in self._prices

    @property
    def prices(self) -> Mapping[AssetId, Price]:
        return self._prices

    def failures_for(self, assets: Iterable[AssetId]) -> tuple[Failure, ...]:
        """Why assets have no price that might have one, each once.

        Whose assets all have prices is not concerned by a source that failed. The portfolio names it all the
        same: it can be asked again. A snapshot stays as it is, and says what it lacks.
        """
        failures = (self._failures.get(asset_id, (no_price(asset_id),)) for asset_id in assets)
        return tuple(dict.fromkeys(failure for each in failures for failure in each))


@dataclass(frozen=True, slots=True)
class PricesKnown:
    """The first pages of a run's prices, and the set that they make."""

    pages: tuple[PricePage, ...] = ()
    prices: PriceSet = field(default_factory=lambda: PriceSet(()))

    def with_pages(self, pages: Iterable[PricePage]) -> PricesKnown:
        """With those that follow."""
        together = (*self.pages, *pages)
        return PricesKnown(together, PriceSet(together))


def snapshot_of(run: Run, plan: UserPlan, parts: PartsRead, prices: PriceSet) -> Snapshot:
    """The user's snapshot; all parts that it needs must be there, read or failed.

    It is complete if all of them were read, and no asset is without a price because a source failed or
    because nobody asked in time.
    """
    addresses = tuple(dict.fromkeys(wallet.address for wallet in plan.wallets))
    reads, claims = parts.reads_of(plan), parts.positions_of(plan)
    assets = [token.asset_id for token in _tokens(reads, claims)]
    failures = (*parts.failures_of(plan), *prices.failures_for(assets))
    portfolio = assemble(addresses, reads, prices.prices, failures, run.started_at, positions=claims)
    return Snapshot(
        id=snapshot_id(run.id),
        user_id=plan.user_id,
        timestamp=run.started_at,
        total_usd=portfolio.total_usd,
        complete=portfolio.complete,
        assets=_assets(portfolio),
        errors=portfolio.failures,
        run_id=run.id,
    )


class _PageFailures:
    """A page's failures: a source's are of all assets of the page, others are of the asset that they name."""

    def __init__(self, page: PricePage) -> None:
        self._by_asset: dict[AssetId | None, tuple[Failure, ...]] = {}
        for failure in page.failures:
            self._by_asset[failure.asset_id] = (*self._by_asset.get(failure.asset_id, ()), failure)

    def of(self, asset_id: AssetId) -> tuple[Failure, ...]:
        return (*self._by_asset.get(None, ()), *self._by_asset.get(asset_id, ()))


def _places(plan: UserPlan) -> Iterator[tuple[PartKey, Address]]:
    """Where each of the user's wallets is read, each once."""
    places = {(PartKey(w.group, slug), w.address): None for w in plan.wallets for slug in w.chains}
    return iter(places)


def _tokens(reads: Iterable[ChainRead], claims: Iterable[PositionsRead]) -> tuple[Token, ...]:
    """What is held, by whomever, each once."""
    own = (token for read in reads for token in held_tokens(read))
    others = (position.token for read in claims for position in read.positions)
    return tuple(dict.fromkeys((*own, *others)))


def _chain_read(
    chain: Chain, balances: Mapping[tuple[Address, Address | None], int], parts: Sequence[Part]
) -> ChainRead:
    """As if one read had found it all; the block is that of the newest part, which no snapshot shows."""
    tokens = {address: token for part in parts for address, token in part.tokens.items()}
    blocks = [part.block for part in parts if part.block is not None]
    block = max(blocks, key=_number)
    read = BalanceRead(chain.chain_id, block, balances, (), frozenset(), 0)
    return ChainRead(chain, "ok", read, tokens, 0)


def _number(block: Block) -> int:
    return block.number


def _price(asset_id: AssetId, price: RunPrice) -> Price:
    return Price(
        asset_id=asset_id,
        price_usd=price.price_usd,
        source=price.source,
        as_of=price.as_of,
        confidence=Decimal(0),  # not kept; what may not be counted has no price
        stale=False,
        market="unknown",
        quotes=(),
        reason=price.reason,
    )


def _assets(portfolio: Portfolio) -> tuple[SnapshotAsset, ...]:
    """One for each asset that the wallets hold themselves, and for each way in which a protocol holds it."""
    together: dict[tuple[Token, str, PositionKind], list[ValuedPosition]] = defaultdict(list)
    for valued in portfolio.positions:
        position = valued.position
        together[position.token, position.protocol, position.kind].append(valued)
    shown = visible(portfolio.holdings, min_value_usd=Decimal(0), include_spam=False)
    return tuple(sorted((*map(_own, shown), *map(_claim, together.values())), key=_order))


def _claim(alike: Sequence[ValuedPosition]) -> SnapshotAsset:
    """Positions of the same asset and kind in one protocol: whichever wallet's, in whichever market."""
    position, price = alike[0].position, alike[0].price
    values = [each.value_usd for each in alike if each.value_usd is not None]
    return SnapshotAsset(
        asset_id=position.token.asset_id,
        symbol=position.token.symbol,
        balance=add([each.balance for each in alike]),
        price_usd=price.price_usd if price else None,
        value_usd=add(values) if values else None,
        protocol=position.protocol,
        kind=position.kind,
    )


def _order(asset: SnapshotAsset) -> tuple[object, ...]:
    """As the portfolio is ordered, and equals always in the same way."""
    return (*highest_first(asset.value_usd), asset.asset_id, asset.protocol, asset.kind)


def _own(holding: Holding) -> SnapshotAsset:
    return SnapshotAsset(
        asset_id=holding.token.asset_id,
        symbol=holding.token.symbol,
        balance=holding.balance,
        price_usd=holding.price.price_usd if holding.price else None,
        value_usd=holding.value_usd,
    )


def no_price(asset_id: AssetId) -> Failure:
    """That nobody asked for the asset's price while the run was under way."""
    return Failure("price", None, "price_unavailable", "the run has no price for it", asset_id)


def _chain_is_gone(slug: str) -> Failure:
    return Failure("chain", slug, "rpc_unavailable", "it was read, but is not among the chains any more")
