"""The many ways in which an endpoint says no, in one table.

The same number means different things at different providers, so a row may look at the HTTP status, the
JSON-RPC code and the text. What an endpoint wrote never gets into our messages: it may quote a key, and it
may say anything. Rows follow EIP-1474, and what providers document or have been seen to send.
"""

from __future__ import annotations

import re
from collections.abc import Collection
from typing import NamedTuple

from ..errors import (
    RpcBadResponse,
    RpcError,
    RpcRateLimited,
    RpcRefused,
    RpcReverted,
    RpcTimeout,
    RpcTooLarge,
    RpcUnavailable,
    RpcUnsupported,
)
from .jsonrpc import Json

_TEXT_LOOKED_AT = 1000
_SUGGESTED = re.compile(r"\[(0x[0-9a-fA-F]{1,16}), ?(0x[0-9a-fA-F]{1,16})\]")


class Refusal(NamedTuple):
    """What an endpoint answered instead of a result; `code` is None where it sent no JSON-RPC error."""

    status: int = 200
    code: int | None = None
    text: str = ""
    revert: bytes = b""


class Row(NamedTuple):
    """Matches when every condition that it states holds."""

    kind: type[RpcError]
    says: str
    status: Collection[int] = ()
    code: Collection[int] = ()
    text: str = ""
    reverted: bool = False

    def matches(self, refusal: Refusal) -> bool:
        return (
            (not self.status or refusal.status in self.status)
            and (not self.code or refusal.code in self.code)
            and (not self.reverted or refusal.revert != b"")
            and (not self.text or re.search(self.text, refusal.text, re.IGNORECASE) is not None)
        )


# First match wins. A contract chooses the text of its own revert, so reverts are told apart before any other
# text is believed; only what the HTTP status alone decides comes earlier.
TABLE = (
    Row(RpcRefused, "wants a key or a plan", status=(401, 402, 403)),
    Row(RpcRateLimited, "asks for patience", status=(429,)),
    Row(RpcTooLarge, "takes no body of this size", status=(413,)),
    Row(RpcReverted, "the call reverted with data", reverted=True),
    Row(
        RpcReverted,
        "the call reverted",
        text=r"execution reverted|VM Exception.{0,60}revert|^revert(ed)?\b|\bReverted 0x",
    ),
    # Alchemy answers 200 with the code 429 to a part of a batch; Infura has 402 in both places.
    Row(RpcRateLimited, "asks for patience in the body", code=(429,)),
    Row(RpcRefused, "wants a key or a plan, it says in the body", code=(401, 402, 403)),
    # OpenEthereum and Nethermind have it in `data` under -32015, anvil under -32003, geth under -32000.
    Row(
        RpcTooLarge,
        "the call ran out of gas",
        text=r"out of gas|OutOfGas|gas required exceeds|intrinsic gas too|gas uint64 overflow"
        r"|insufficient gas|gas limit.{0,20}(exceed|too (low|high))|exceeds.{0,20}gas limit",
    ),
    # EIP-3860 for what is sent, EIP-170 for what is returned as code.
    Row(
        RpcTooLarge,
        "code past the limit of its size",
        text=r"init ?code (of )?size|InitCodeSizeLimit|max code size|ContractSizeLimit"
        r"|code size (limit|exceed)",
    ),
    Row(RpcTooLarge, "the call reads too much storage", text=r"storage invocations limit"),
    Row(RpcReverted, "the call reverted, by its code", code=(3,)),
    Row(
        RpcReverted,
        "the call failed in the EVM",
        text=r"invalid opcode|InvalidFEOpcode|OpcodeNotFound|NotActivated|bad (instruction|jump)|invalid jump"
        r"|stack (under|over)flow|write protection|must not begin with 0xef|StartingWithEF"
        r"|\bEVM error|VM execution error|VM Exception",
    ),
    Row(
        RpcRateLimited,
        "asks for patience in words",
        text=r"rate.?limit|too many requests(?! in)|requests? (per|/) ?(second|minute)|/sec(ond)?\b"
        r"|compute units|throughput|throttl|slow down|request (count|rate|limit).{0,20}(exceed|reached)"
        r"|(quota|capacity|credits?)\b.{0,30}(exceed|reached|exhaust)|exceed.{0,30}(quota|capacity|credits)",
    ),
    Row(
        RpcTooLarge,
        "the batch has too many calls",
        text=r"batch.{0,60}(too (large|many|big)|exceed|limit|more than|max)|too many .{0,20}in .{0,6}batch",
    ),
    Row(RpcUnsupported, "takes no batches", text=r"batch.{0,60}(not (supported|allowed|enabled)|disabled)"),
    Row(
        RpcTooLarge,
        "the answer would be too large",
        text=r"response size|exceeds? max(imum)? (results|response)|query returned more than"
        r"|(request|payload|content|body|entity|message|result|response) (is )?too (large|big)"
        r"|more than \d+ results|logs matched by query exceeds",
    ),
    Row(
        RpcTooLarge,
        "the range has too many blocks",
        text=r"block range|limited to (a|\d)|max range|too many blocks|limit the query"
        r"|number of requested blocks|ranges over",
    ),
    Row(
        RpcTooLarge,
        "the question takes too long",
        text=r"(query|execution) timeout exceeded|execution aborted \(timeout",
    ),
    Row(
        RpcUnavailable,
        "does not have this block",
        text=r"header (for hash )?not found|unknown block|block (\S{1,80} )?(not found|is not available)"
        r"|missing trie node|state .{0,80}not available|\bpruned\b|after last accepted block|BlockOutOfRange"
        r"|beyond (the )?(head|current)|block (number|height) (is )?out of range",
    ),
    Row(
        RpcUnsupported,
        "does not know this method",
        text=r"method .{0,80}(not (found|supported|available|allowed|whitelisted|enabled)|not exist|disabled)"
        r"|unsupported method|not implemented",
    ),
    Row(RpcUnsupported, "does not know this method, by its code", code=(-32601, -32004, -32006)),
    Row(
        RpcRefused,
        "wants a key, it says in words",
        text=r"unauthori[sz]ed|authenticat|api.?key|project id|access (denied|token)|forbidden"
        r"|app is inactive|origin not|payment required|invalid (token|key)",
    ),
    Row(RpcRefused, "does not fulfil requests", code=(-32046,)),  # Cloudflare's retired gateway
    Row(RpcTimeout, "its gateway timed out", status=(408, 504, 522, 524)),
    Row(RpcTimeout, "timed out itself", text=r"timed? ?out|deadline exceeded"),
    Row(
        RpcUnavailable,
        "is down behind its gateway",
        text=r"no (backend|healthy)|unhealthy|overloaded|temporarily|try again|\bbusy\b|unavailable",
    ),
    Row(RpcRateLimited, "a limit is exceeded", code=(-32005,)),
    Row(RpcUnavailable, "failed inside", code=(-32001, -32002, -32603)),
    Row(RpcUnsupported, "does not take this form of call", code=(-32600, -32602, -32700)),
    Row(RpcUnavailable, "has no JSON-RPC at this URL", status=(301, 302, 303, 307, 308, 404, 405, 410, 501)),
    Row(RpcUnavailable, "failed with a server error", status=range(500, 600)),
    Row(RpcBadResponse, "failed in a way that is not known"),
)


def row_for(refusal: Refusal) -> Row:
    """The first row of the table that matches; the last one always does."""
    return next(row for row in TABLE if row.matches(refusal))


def error_for(label: str, refusal: Refusal, retry_after: float | None = None) -> RpcError:
    """The exception to raise for it, naming the endpoint by its label and nothing that it wrote."""
    row = row_for(refusal)
    numbers = [f"HTTP {refusal.status}"] if refusal.status != 200 else []
    numbers += [f"code {refusal.code}"] if refusal.code is not None else []
    message = f"{label}: {row.says}" + (f" ({', '.join(numbers)})" if numbers else "")
    if row.kind is RpcReverted:
        return RpcReverted(message, refusal.revert)
    if row.kind is RpcTooLarge:
        return RpcTooLarge(message, retry_after, suggested_range(refusal.text))
    return row.kind(message, retry_after)


def suggested_range(text: str) -> tuple[int, int] | None:
    """The range of blocks that Alchemy and Infura offer instead: `… should work: [0x1, 0x2]`."""
    match = _SUGGESTED.search(text)
    return (int(match[1], 16), int(match[2], 16)) if match else None


def parse_refusal(status: int, body: Json) -> Refusal | None:
    """What a decoded body says of a failure, None where it holds no error.

    Gateways in front of nodes write `{"error": "…"}` or `{"message": "…"}` instead.
    """
    if not isinstance(body, dict):
        return None
    error = body.get("error")
    if isinstance(error, dict):
        text = f"{_text(error.get('message'))} {_text(error.get('data'))}"
        return Refusal(status, _code(error.get("code")), text.strip(), revert_data(error.get("data")))
    text = _text(error) or _text(body.get("message"))
    return Refusal(status, None, text) if text else None


def revert_data(data: Json) -> bytes:
    """The bytes that a call reverted with, from the `data` of an error; empty where there are none.

    Nodes send them as hexadecimal, behind the word "Reverted", or in an object's own `data`.
    """
    for _ in range(3):
        if not isinstance(data, dict):
            break
        data = data.get("data")
    if not isinstance(data, str):
        return b""
    try:
        return bytes.fromhex(data.removeprefix("Reverted ").removeprefix("0x")) if "0x" in data[:11] else b""
    except ValueError:
        return b""


def _text(value: Json) -> str:
    return value[:_TEXT_LOOKED_AT] if isinstance(value, str) else ""


def _code(value: Json) -> int | None:
    """EIP-1474 has codes of at most five digits; a longer number is nobody's code."""
    return value if type(value) is int and abs(value) < 100_000 else None
