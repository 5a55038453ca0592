"""Answers that are none, and failures with the kind that each is."""

from __future__ import annotations

import gzip
import json
from typing import Any

from shared.errors import (
    RpcError,
    RpcRateLimited,
    RpcRefused,
    RpcReverted,
    RpcTimeout,
    RpcTooLarge,
    RpcUnavailable,
    RpcUnsupported,
)
from tests.chain.rpc_proxy import Mode, cut, cut_midway, raw, rpc_error, status, unannounced, wrong_id

LIMIT = 100_000
"""Bytes that an endpoint of these tests accepts."""


def reply(**members: Any) -> Mode:
    return raw(json.dumps({"jsonrpc": "2.0", "id": 1, **members}).encode())


WHOLE = gzip.compress(b'{"jsonrpc":"2.0","id":1,"result":"0x1"}')

NOT_AN_ANSWER: dict[str, Mode] = {
    "garbage": raw(b"<html>no</html>"),
    "empty body": raw(b""),
    "invalid UTF-8": raw(b'{"jsonrpc":"2.0","id":1,"result":"\xff"}'),
    "surrogates in UTF-8": raw(b'{"jsonrpc":"2.0","id":1,"result":"\xed\xa0\x80"}'),
    "nested too deeply": raw(b"[" * 90_000),
    "a number without end": raw(b'{"jsonrpc":"2.0","id":1,"result":%s}' % (b"9" * 90_000)),
    "no number": raw(b'{"jsonrpc":"2.0","id":1,"result":NaN}'),
    "two values": raw(b'{"jsonrpc":"2.0","id":1,"result":1} 2'),
    "an array": raw(b"[]"),
    "a string": raw(b'"0x1"'),
    "another id": wrong_id,
    "an id that is true": reply(id=True, result="0x1"),
    "an id in quotes": reply(id="1", result="0x1"),
    "an id with a fraction": reply(id=1.0, result="0x1"),
    "no id": raw(b'{"jsonrpc":"2.0","result":"0x1"}'),
    "neither result nor error": reply(),
    "result and error": reply(result="0x1", error={"code": 3, "message": "execution reverted"}),
    "another call's error": reply(id=7, error={"code": 429, "message": "slow down"}),
    "an error that is no object": reply(error=7),
    "an encoding nobody asked for": raw(b"x", headers={"Content-Encoding": "br"}),
    "gzip that is none": raw(b"{}", headers={"Content-Encoding": "gzip"}),
    "gzip cut short": raw(gzip.compress(b"{}" * 99)[:-9], headers={"Content-Encoding": "gzip"}),
    "gzip without its end": raw(WHOLE[:-4], headers={"Content-Encoding": "gzip"}),
    "an unknown error": rpc_error(-32000, "gremlins"),
    "a bad request": status(400),
}

FAILURES: dict[str, tuple[Mode, type[RpcError]]] = {
    "500": (status(500), RpcUnavailable),
    "502 in HTML": (status(502, b"<html>"), RpcUnavailable),
    "an endless error page": (status(503, b"x" * 200_000), RpcUnavailable),
    "a redirect": (status(301, location="http://127.0.0.1:1/"), RpcUnavailable),
    "a redirect to nowhere": (status(302, location="http://["), RpcUnavailable),
    "429": (status(429), RpcRateLimited),
    "429 in 200": (rpc_error(429, "compute units exceeded"), RpcRateLimited),
    "401": (status(401), RpcRefused),
    "413": (status(413), RpcTooLarge),
    "504": (status(504), RpcTimeout),
    "cut": (cut, RpcUnavailable),
    "cut midway": (cut_midway, RpcUnavailable),
    "not HTTP": (raw(b"", headers={"Content-Length": "-1"}), RpcUnavailable),
    "revert": (rpc_error(3, "execution reverted", "0x12"), RpcReverted),
    "revert under HTTP 500": (rpc_error(3, "execution reverted", "0x12", http=500), RpcReverted),
    "an error without an id": (reply(id=None, error={"code": 429, "message": ""}), RpcRateLimited),
    "an error in one word": (reply(id=None, error="Unauthorized"), RpcRefused),
    "unknown method": (rpc_error(-32601, "no"), RpcUnsupported),
    "too many bytes": (raw(b"x" * (LIMIT + 1)), RpcTooLarge),
    "too many bytes, unannounced": (unannounced(b"x" * (LIMIT + 1)), RpcTooLarge),
}
