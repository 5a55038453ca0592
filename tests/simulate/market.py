"""Made-up users, wallets and balances: all follow from their numbers, so that none needs to be kept."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal

from shared.core.chains import Chain, Chains
from shared.core.deployments import receipt_tokens
from shared.core.ids import Address, ChainId
from shared.core.runs import Owner
from shared.core.tokens import Token, native_token
from shared.facts import load_chains, load_deployments, load_tokens

FOLLOWS_ONE_IN = 50
"""So many users, one follows a wallet of another."""
ACTIVE_ONE_IN = 4
"""Of so many chains, a wallet holds something on one."""
CHANGED_ONE_IN = 10
"""Of so many chains that a wallet is active on, something changed on one since the last run."""
PRICE = Decimal("1.25")
_HELD_TOKENS = 40  # of a chain's list, those that anybody holds
_SPREAD = 2654435761  # Knuth's multiplier: neighbours get far apart


def _scattered(number: int, place: int) -> int:
    return (number * _SPREAD ^ place * 0x9E3779B1) * _SPREAD >> 16 & 0xFFFFFFFF


@dataclass(frozen=True, slots=True)
class Crowd:
    """`users` users with `wallets` wallets each."""

    users: int
    wallets: int

    def owner(self, number: int) -> Owner:
        """The user of a number; user ids sort as their numbers."""
        first = number * self.wallets
        own = [first + i for i in range(self.wallets)]
        if _follows(number):
            followed = number // 2 - _follows(number // 2)  # who has all wallets, and is read already
            own[0] = followed * self.wallets
        return Owner(f"user-{number:09d}", tuple((address_of(wallet), ()) for wallet in sorted(own)))

    def owners_after(self, after: str | None, limit: int) -> tuple[Owner, ...]:
        """The next users in the order of their ids."""
        start = 0 if after is None else int(after.removeprefix("user-")) + 1
        return tuple(self.owner(number) for number in range(start, min(start + limit, self.users)))


def _follows(number: int) -> bool:
    return number % FOLLOWS_ONE_IN == FOLLOWS_ONE_IN - 1


def address_of(wallet: int) -> Address:
    """The address of a wallet's number."""
    return Address(f"0x{wallet + 1:040x}")


class Market:
    """What wallets hold on the first so many of the enabled chains, with their shipped token lists.

    Receipt tokens are on the lists too, but nobody holds one: nobody has anything in a protocol.
    """

    def __init__(self, chains: int) -> None:
        enabled = load_chains().enabled()
        if not 1 <= chains <= len(enabled):
            raise ValueError(f"CHAINS: must be from 1 to {len(enabled)}")
        self.chains = Chains(enabled[:chains])
        self._places = {chain.chain_id: place for place, chain in enumerate(self.chains)}
        self._lists = {chain.chain_id: load_tokens(chain.chain_id) for chain in self.chains}
        self._held = {chain_id: _held_of(chain_id, listed) for chain_id, listed in self._lists.items()}
        self._coins = {chain.chain_id: native_token(chain) for chain in self.chains}

    def tokens(self, chain_id: ChainId) -> tuple[Token, ...]:
        """The chain's list."""
        return self._lists[chain_id]

    def place(self, chain: Chain) -> float:
        """Where a chain stands among the others, from 0 to 1."""
        return self._places[chain.chain_id] / max(1, len(self._places) - 1)

    def holds(self, chain: Chain, address: Address, *, before: bool = False) -> list[tuple[Token, int]]:
        """What a wallet holds now, or held in the run before: nothing, or the coin and up to two tokens."""
        mark = _scattered(int(address, 16), self._places[chain.chain_id])
        if mark % ACTIVE_ONE_IN:
            return []
        was_other = before and (mark >> 4) % CHANGED_ONE_IN == 0
        held = [(self._coins[chain.chain_id], (mark + was_other + 1) << 24)]
        listed = self._held[chain.chain_id]
        most = len(listed)
        tokens = range(min((mark >> 8) % 3, most))
        return held + [(listed[((mark >> 12) + n) % most], (mark + n) << 16 | 1) for n in tokens]

    def priced(self) -> Sequence[Token]:
        """All that anybody holds."""
        return [
            token
            for chain in self.chains
            for token in (self._coins[chain.chain_id], *self._held[chain.chain_id])
        ]


def _held_of(chain_id: ChainId, listed: Sequence[Token]) -> tuple[Token, ...]:
    """The listed tokens that anybody holds."""
    receipts = frozenset(receipt_tokens(load_deployments(chain_id)))
    return tuple(token for token in listed if token.address not in receipts)[:_HELD_TOKENS]
