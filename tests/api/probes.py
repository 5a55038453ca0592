"""Texts that lie at, within or beyond what parameters and fields may be, and what a schema says of them."""

from __future__ import annotations

import re
from typing import Any

import jsonschema  # type: ignore[import-untyped]  # it has no stubs

from shared.web.messages import Json

WALLET = "0xd8dA6BF26964aF9D7eEd9e03E53415D37aA96045"
USDC = "eip155:1/erc20:0xA0b86991c6218b36c1d19D4a2e9Eb0cE3606eB48"
NUMBERS = (
    *("0", "1", "7", "007", "-1", "-0", "+1", "1e3", "1,5", "NaN", "Infinity", "1.5", ".5", "5."),
    *("168", "169", "500", "501", "0.1", "0.10", "0.11", "0.1001", "00.05"),
    *("9" * 20, "9" * 21, "9" * 36, "9" * 37, "9" * 100, "9" * 101),
    *("0." + "0" * 35 + "1", "0." + "0" * 36 + "1", "0." + "0" * 98, "0." + "0" * 99),
)
LENGTHS = (1, 2, 32, 33, 64, 65, 100, 101, 128, 129, 200, 201, 255, 256, 1024, 1025, 2000, 2001)
WORDS = (
    *("", "x", "é", "a b", "a;b", "a\tb", "$", "*", "true", "TRUE", "yes", "asc", "fifo", "FIFO", "none"),
    *('"1"', 'W/"1"', '"1", "2"', '"', '"1'),
    *("a" * length for length in LENGTHS),
    *("a." + "b" * 253, "a." + "b" * 254, "vitalik.eth", ".eth", "eth."),
    *("ETH", "eth-1", "-eth", "X" * 32, "X" * 33, "ethereum", "1", "eip155:1"),
    *("eip155:1/slip44:60", "eip155:0/slip44:60", "eip155:1/slip44:x", "eip155:1/erc721:" + WALLET),
    *("eip155:1/slip44:" + "1" * 42, "eip155:1/slip44:" + "1" * 43, USDC, USDC[:-1], USDC + "0"),
    *(WALLET, WALLET[:-1], WALLET + "0", WALLET.lower(), "0X" + WALLET[2:].upper()),
    *("0x" + "ab" * 32, "0X" + "AB" * 32, "0x" + "ab" * 31, "0x" + "ag" * 32),
    *("2026-01-01", "2026-13-01", "2026-01-01T00:00:00Z", "2026-01-01T00:00:00+01:00"),
    *("2026-01-01T00:00:00", "yesterday"),
)
# What a schema cannot say: that a name is of something which exists, or fits what else is said.
OF_MEANING = re.compile(
    "not a known chain|not one of the chains|not on a known chain|is not a time zone"
    "|was not made by this list|wrong checksum"
    "|is a native coin|does not resolve to an address|is on no list|must be above zero|is needed"
    "|is not a known app"
    "|come together|takes from no lot|belongs to a transfer_in only|does not go with|add up to|names a lot"
    "|is more than a day ahead|is beyond the latest block"
)


def probes_of(schema: Json) -> list[str]:
    """All texts, and for a list as many of its words as may be, and one more."""
    enum = schema.get("enum") or schema.get("items", {}).get("enum", [])
    words = [*NUMBERS, *WORDS, *enum, *(f"{word}x" for word in enum)]
    if schema.get("type") != "array":
        return words
    good = next(word for word in (*enum, "1", USDC, WALLET) if allows(schema["items"], word))
    lists = [",".join([good] * count) for count in (schema["maxItems"], schema["maxItems"] + 1)]
    return [*words, "a,", *lists]


def values_of(schema: Json) -> list[Any]:
    """Values of every type, for a field of a body."""
    lots = [{"trade_id": f"{number:030x}", "quantity": "0.001"} for number in range(501)]
    enums = [word for each in schema.get("anyOf", [schema]) for word in each.get("enum", ())]
    numbers = [0, 1, -1, 100, 101, 2**63 - 1, 2**63, 10**35, 10**36]
    lists: list[Any] = [[], ["ethereum"], ["ethereum"] * 300, ["ethereum"] * 301, [""], [1], lots[:500], lots]
    odd = [{"trade_id": "x", "quantity": quantity} for quantity in ("1", "x", None)]
    texts = [text for text in (*NUMBERS, *WORDS) if text != "-0"]  # it is zero, however it is written
    return [None, True, False, *numbers, {}, *lists, *([each] for each in odd), *texts, *enums]


def as_typed(text: str, schema: Json) -> Any:
    """A parameter's text as the value that its schema speaks of."""
    kind = schema.get("type")
    if kind == "array":
        return text.split(",")
    if kind == "integer" and re.fullmatch(r"[0-9]+|-[1-9][0-9]*", text, re.ASCII):
        return int(text)
    return {"true": True, "false": False}.get(text, text) if kind == "boolean" else text


def allows(schema: Json, value: Any, components: Json | None = None) -> bool:
    """Whether the value is what the schema says."""
    checker = jsonschema.Draft202012Validator.FORMAT_CHECKER
    whole = {**schema, "components": components or {}}
    found: bool = jsonschema.Draft202012Validator(whole, format_checker=checker).is_valid(value)
    return found
