"""Whether a token that nobody vouches for looks like spam, and why."""

from __future__ import annotations

import re

from .quotes import Price
from .tokens import Token

# Airdropped lures carry their link in the name: "$ 5000 at usd-claim.xyz".
_LINK = re.compile(
    r"https?:|www\.|\bt\.me\b|\b[a-z0-9-]{2,}\.(?:com|net|org|io|xyz|app|fi|cc|site|top|vip)\b"
)
_LURE = re.compile(r"\b(?:claim|airdrop|reward|voucher|visit|bonus)\b")


def spam_reasons(token: Token, price: Price | None) -> tuple[str, ...]:
    """Why the token counts as spam; empty when it does not.

    A listed token never does. An unlisted one does unless a source prices it with confidence: anybody can
    deploy a token and send it to anybody.
    """
    if token.listed or (price is not None and price.price_usd is not None):
        return ()
    reasons = ["not on a token list", (price and price.reason_text) or "no source prices it"]
    text = f"{token.symbol} {token.name}".lower()
    if _LINK.search(text):
        reasons.append("its name contains a link")
    if _LURE.search(text):
        reasons.append("its name is a lure")
    return tuple(reasons)
