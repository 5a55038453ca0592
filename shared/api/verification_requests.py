"""What discovery is asked with. Needs pydantic, so it is imported when the first question comes."""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from .schemas import MAX_CHAIN, MAX_WALLET, WALLET_PATTERN

MAX_BLOCK = 2**63 - 1
MAX_TRANSACTIONS = 100
_Block = Annotated[int, Field(ge=0, le=MAX_BLOCK)]


class DiscoverRequest(BaseModel):
    """A transaction, or a wallet's blocks. A caller with a cursor sends the rest of the body again."""

    model_config = ConfigDict(extra="forbid", strict=True)

    chain: Annotated[
        str,
        Field(
            min_length=1, max_length=MAX_CHAIN, description="A slug, an id or a CAIP-2 id.", examples=["base"]
        ),
    ]
    tx_hash: Annotated[
        str | None, Field(pattern=r"^0[xX][0-9a-fA-F]{64}$", description="The transaction to read.")
    ] = None
    wallet: Annotated[
        str | None,
        Field(
            max_length=MAX_WALLET,
            pattern=WALLET_PATTERN,
            description="An address or ENS name. With `tx_hash` it may be left out: then it is those of your "
            "saved wallets that take part, or else the sender.",
        ),
    ] = None
    from_block: Annotated[_Block | None, Field(description="The first block of the range.")] = None
    to_block: Annotated[_Block | None, Field(description="The last block; the latest without it.")] = None
    cursor: Annotated[
        str | None, Field(max_length=1024, description="`next_cursor` of the answer before.")
    ] = None
    limit: Annotated[
        int, Field(ge=1, le=MAX_TRANSACTIONS, description="The most transactions of one answer.")
    ] = 25
    store: Annotated[bool, Field(description="Keep the proposed trades, each once.")] = False
    include_spam: Annotated[bool, Field(description="Keep what is marked as spam too.")] = False


class VerifyRequest(BaseModel):
    """Nothing needs to be said: the trade names its transaction."""

    model_config = ConfigDict(extra="forbid", strict=True)
