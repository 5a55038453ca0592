"""What comes in and what goes out: Request, Response, Stream, Route."""

from __future__ import annotations

import json
import os
import re
from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Any, Generic, NamedTuple, TypeVar

from .closing import Closing
from .etags import etag_of
from .limits import BODY_SECONDS, Allowance

C = TypeVar("C")
Json = dict[str, Any]
"""A JSON object, as the OpenAPI document is made of."""
Header = tuple[bytes, bytes]

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._~+/=:@-]{1,128}")
MAX_BODY = 1024 * 1024
# Less than the minute that the platform waits, so that the answer is ours.
_ANSWER_SECONDS = 55.0
JSON_TYPE = b"application/json"
NO_STORE = b"no-store"
_POLICY = b"default-src 'none'; frame-ancestors 'none'"
_OF_THE_BODY = (b"content-type", b"content-length")
_SECURITY: tuple[Header, ...] = (
    (b"x-content-type-options", b"nosniff"),
    (b"referrer-policy", b"no-referrer"),
    (b"cross-origin-resource-policy", b"same-origin"),
)


def request_id_of(given: bytes | None) -> str:
    """The caller's X-Request-Id if it is a plain token, else a new one."""
    if given is not None and _REQUEST_ID.fullmatch(given):
        return given.decode()
    return os.urandom(16).hex()


class Request:
    """One HTTP request; `user` and `allowance` are set once it is known who is calling.

    `path_params` are the parts of the path that the route leaves open, by name. `closing` is set when the
    process is to end: a streaming route then ends its answer. `trace` are the fields by which log lines name
    its trace. `unread`: there is a body that nobody has read to its end. `head_size`: bytes of all headers.
    """

    __slots__ = (
        *("_headers", "allowance", "body", "client", "closing", "head_size", "method", "path", "path_params"),
        *("query", "request_id", "trace", "unread", "user"),
    )

    def __init__(self, scope: Mapping[str, Any]) -> None:
        # Of a header sent twice the last line counts: it is the one that the nearest proxy wrote.
        self._headers: dict[bytes, bytes] = dict(scope["headers"])
        self.head_size = sum(len(name) + len(value) for name, value in scope["headers"])
        self.method: str = scope["method"]
        self.path: str = scope["path"]
        self.query: bytes = scope["query_string"]
        self.client: str = (scope.get("client") or ("unknown",))[0]
        self.request_id = request_id_of(self._headers.get(b"x-request-id"))
        self.user: str | None = None
        self.allowance: Allowance | None = None
        self.path_params: Mapping[str, str] = {}
        self.closing = Closing()
        self.trace: Mapping[str, object] = {}
        self.body = b""
        length = self._headers.get(b"content-length", b"0")
        self.unread = length != b"0" or b"transfer-encoding" in self._headers

    @property
    def caller(self) -> str:
        """The user who calls a private route."""
        assert self.user is not None  # the app has seen to it
        return self.user

    @property
    def headers(self) -> dict[str, str]:
        """All headers, by their lower-case names."""
        return {name.decode("latin-1"): value.decode("latin-1") for name, value in self._headers.items()}

    def header(self, name: bytes) -> bytes | None:
        """The value of a header, by its lower-case name."""
        return self._headers.get(name)


class Response:
    """A whole answer. Its own headers are put together once, because it may be sent many times.

    `reusable_until` (seconds since the epoch) lets the same answer serve the same question until then;
    what depends on who asks must not set it. `etag` is for what has a version of its own; else the tag is
    that of the body, where the answer may be kept at all. One that `supersedes` is newer than every answer
    kept for its path.
    """

    __slots__ = ("body", "cache_control", "etag", "headers", "reusable_until", "status", "supersedes")

    def __init__(
        self,
        status: int,
        body: bytes,
        *,
        media_type: bytes = JSON_TYPE,
        headers: tuple[Header, ...] = (),
        cache_control: bytes = NO_STORE,
        reusable_until: float | None = None,
        policy: bytes = _POLICY,
        etag: bytes | None = None,
    ) -> None:
        self.status = status
        self.supersedes = False
        self.body = body
        self.cache_control = cache_control
        self.reusable_until = reusable_until
        if etag is None and status == 200 and cache_control != NO_STORE:
            etag = etag_of(body)
        self.etag = etag
        described = ((b"content-type", media_type), (b"content-length", b"%d" % len(body)))
        tag = ((b"etag", self.etag),) if self.etag else ()
        self.headers = (
            *(described if status != 204 else ()),
            *tag,
            *headers,
            *_SECURITY,
            (b"content-security-policy", policy),
        )

    @property
    def size(self) -> int:
        """Bytes of the body."""
        return len(self.body)

    def not_modified(self) -> Response:
        """The 304 for a caller who has this answer."""
        response = Response(304, b"", cache_control=self.cache_control, reusable_until=self.reusable_until)
        response.headers = tuple(header for header in self.headers if header[0] not in _OF_THE_BODY)
        return response


class Stream(Response):
    """An answer whose body is made while it is sent, a piece at a time: its length is not known before.

    `chunks` is an async generator; it is closed when the caller leaves early.
    """

    __slots__ = ("chunks", "sent")

    def __init__(
        self,
        chunks: AsyncGenerator[bytes, None],
        *,
        media_type: bytes,
        headers: tuple[Header, ...] = (),
        status: int = 200,
    ) -> None:
        super().__init__(status, b"", media_type=media_type, headers=headers)
        self.headers = tuple(header for header in self.headers if header[0] != b"content-length")
        self.chunks = chunks
        self.sent = 0

    @property
    def size(self) -> int:
        return self.sent


def encode_json(content: object) -> bytes:
    """Compact JSON in UTF-8."""
    text = json.dumps(content, ensure_ascii=False, separators=(",", ":"), allow_nan=False)
    return text.encode(errors="replace")


def json_response(status: int, content: object, *, cache_control: bytes = NO_STORE) -> Response:
    """A small JSON answer."""
    return Response(status, encode_json(content), cache_control=cache_control)


class Operation(NamedTuple):
    """What the OpenAPI document says of a route: the operation object, and the schemas that it refers to."""

    description: Json
    schemas: Mapping[str, Json]


@dataclass(frozen=True, slots=True)
class Route(Generic[C]):
    """A method on a path, and who answers it.

    A segment of the path such as `{id}` is open: what stands there is in the request's `path_params`.
    `limited` routes count against the caller's allowance; `private` ones need a user, and do not read the
    body of a caller who is none. Who calls one that is not `identified` is not looked at: the platform has
    done so before the request came here, and the token that it came with is the platform's. A `streaming`
    one holds its connection for long: so many may do so at once, in all and for each caller. A `trigger` is
    for the platform's own services only.

    A body has to arrive within `body_seconds`, and an answer to be made within `seconds` (None: as long as it
    takes): what takes longer is given up. A Stream is made when its first piece can be sent.
    """

    method: str
    path: str
    endpoint: Callable[[C, Request], Awaitable[Response]]
    function: str
    describe: Callable[[], Operation] | None = None
    limited: bool = True
    max_body: int = MAX_BODY
    private: bool = False
    identified: bool = True
    streaming: bool = False
    trigger: bool = False
    seconds: float | None = _ANSWER_SECONDS
    body_seconds: float = BODY_SECONDS
