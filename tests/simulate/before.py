"""What the run before left behind: its price set, and the latest balances of all wallets."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta

from shared.core.balances import Block
from shared.core.chains import Chain
from shared.core.fragments import WALLET, Fragment, FragmentBalance, FragmentKey
from shared.core.run_ids import run_id
from shared.core.runs import PlanTotals, PricePage, Run, RunPrice
from tests.simulate.market import PRICE, Market

_A_DAY = timedelta(days=1)


class Before:
    """The run of the day before `start`, which read the same wallets."""

    def __init__(self, market: Market, start: datetime) -> None:
        at = start - _A_DAY
        self._market = market
        self._block = Block(1, at)
        self.run = Run(
            id=run_id(at),
            user_id=None,
            scheduled_at=at,
            started_at=at,
            give_up_at=at,
            overdue_at=at,
            chains=tuple(chain.slug for chain in market.chains),
            totals=PlanTotals(0, 0, 0, 0, 0),
            finished_at=at,
        )
        price = RunPrice(PRICE, "llama", at, None)
        self.prices = PricePage(0, {token.asset_id: price for token in market.priced()}, ())

    def fragment(self, chain: Chain, key: FragmentKey) -> Fragment | None:
        """What was known of a wallet on a chain: None where nothing was, as in every protocol."""
        if key.protocol != WALLET:
            return None
        held = [
            FragmentBalance(token.asset_id, token.symbol, token.decimals, raw)
            for token, raw in self._market.holds(chain, key.wallet, before=True)
        ]
        return Fragment(*key, self._block, tuple(sorted(held))) if held else None

    def fragments(self, keys: Sequence[FragmentKey]) -> dict[FragmentKey, Fragment]:
        """Those that were known."""
        chains = {chain.slug: chain for chain in self._market.chains}
        found = ((key, self.fragment(chains[key.chain], key)) for key in keys)
        return {key: fragment for key, fragment in found if fragment is not None}
