"""Structured logs: one JSON object a line, in the fields that Cloud Logging understands."""

from __future__ import annotations

import hmac
import json
import logging
import sys
from collections.abc import Callable, Mapping
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import lru_cache, partial
from json.encoder import encode_basestring_ascii as quoted

from .messages import Request, Response

request_id_var: ContextVar[str | None] = ContextVar("request_id", default=None)
# What else every line within a request says of it: its trace, the function, a hash of the user.
about_var: ContextVar[Mapping[str, object] | None] = ContextVar("about", default=None)

# These write whole URLs, and a URL may hold a key.
_TALKATIVE = ("httpx", "httpcore")
# Errors wake people; a batch of traces that cannot be sent is one to it, and we warn of that ourselves.
_ALARMING = "opentelemetry"
# Callers come again, and a hash takes as long as a good part of a line.
_USERS_KNOWN = 1024


def configure_logging(level: str) -> None:
    """Send every log record to stderr as JSON, from `level` on."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines())
    logging.basicConfig(handlers=[handler], level=level, force=True)
    for name in _TALKATIVE:
        logging.getLogger(name).setLevel(logging.WARNING)
    logging.getLogger(_ALARMING).setLevel(logging.CRITICAL)


class JsonLines(logging.Formatter):
    """A log record as a line of JSON, with the request that it belongs to.

    What was logged with `extra={"fields": {...}}` has these fields, too.
    """

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, object] = {
            "severity": record.levelname,
            "time": _timestamp(datetime.fromtimestamp(record.created, UTC)),
            "message": record.getMessage(),
            "logger": record.name,
        }
        if request_id := request_id_var.get():
            line["request_id"] = request_id
        line.update(about_var.get() or {})
        line.update(getattr(record, "fields", {}))
        if record.exc_info:
            line["stack_trace"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


class RequestLog:
    """One line for each request. Written by hand: it is on the way of every answer.

    It has the path but not the query, which names wallets. Users are told apart by a hash with `user_key`,
    without which trying names finds nobody.
    """

    def __init__(
        self, level: str, write: Callable[[str], object] | None = None, *, user_key: bytes = b""
    ) -> None:
        self._least = logging.getLevelNamesMapping()[level]
        self._write = write
        self._hash_of = lru_cache(_USERS_KNOWN)(partial(user_hash, key=user_key))

    def write(self, request: Request, response: Response, function: str, seconds: float) -> None:
        """Log an answered request."""
        status = response.status
        level, severity = _severity(status)
        if level < self._least:
            return
        path = quoted(request.path[:500])
        about = "".join(
            f",{quoted(name)}:{quoted(value) if isinstance(value, str) else json.dumps(value)}"
            for name, value in self._about(request).items()
        )
        line = (
            f'{{"severity":"{severity}","time":"{_timestamp(datetime.now(UTC))}",'
            f'"message":{quoted(f"{request.method} {request.path[:500]} {status}")},'
            f'"httpRequest":{{"requestMethod":{quoted(request.method)},"requestUrl":{path},'
            f'"status":{status},"responseSize":"{response.size}","latency":"{seconds:.6f}s"}},'
            f'"request_id":"{request.request_id}","function":"{function}"{about}}}\n'
        )
        (self._write or sys.stderr.write)(line)

    def describe(self, request: Request, function: str) -> Mapping[str, object]:
        """What lines logged on behalf of a request say besides its id."""
        return {"function": function, **self._about(request)}

    def _about(self, request: Request) -> Mapping[str, object]:
        """The caller's user is told apart, not named."""
        if request.user is None:
            return request.trace
        return {"user": self._hash_of(request.user), **request.trace}


def user_hash(user: str, key: bytes) -> str:
    """The same 16 hexadecimal digits for the same user, on every line of every instance that has the key."""
    return hmac.digest(key, user.encode(), "sha256").hex()[:16]


def _severity(status: int) -> tuple[int, str]:
    if status < 400:
        return logging.INFO, "INFO"
    # 503 says "again later" and is meant to: to a message whose time has not come, for one.
    return (logging.WARNING, "WARNING") if status < 500 or status == 503 else (logging.ERROR, "ERROR")


def _timestamp(moment: datetime) -> str:
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")
