"""Sending on a chain that takes its time."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import cast

import pytest

from shared.core.ids import Address

from .anvil import Anvil, Json
from .sending import send

HASH = "0x" + "12" * 32
ONE, TWO = (Address("0x" + digit * 40) for digit in "12")


@dataclass
class SlowChain:
    """A chain whose block is there when it is asked for the third time."""

    mines: bool
    asked: list[str] = field(default_factory=list)

    def batch(self, calls: Sequence[tuple[str, list[Json]]]) -> list[Json]:
        return [self.rpc(method, *params) for method, params in calls]

    def rpc(self, method: str, *params: Json) -> Json:
        self.asked.append(method)
        if method == "eth_getTransactionReceipt":
            return {"status": "0x1"} if self.asked.count(method) == 3 else None
        return self.mines if method == "anvil_getAutomine" else HASH


@pytest.mark.parametrize(("mines", "asked"), [(True, 3), (False, 0)])
def test_what_is_sent_is_in_a_block_where_the_chain_makes_blocks_by_itself(mines: bool, asked: int) -> None:
    chain = SlowChain(mines)

    assert send(cast(Anvil, chain), ONE, TWO) == HASH
    assert chain.asked.count("eth_getTransactionReceipt") == asked
