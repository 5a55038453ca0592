"""Every exception this project raises on purpose, sorted by whose fault it is.

    ChainfolioError
    ├── ConfigError                  the operator's: a setting is missing or wrong
    │   └── FactsError               a file of shipped facts is wrong
    ├── CallerError                  the caller's: becomes a 4xx problem
    │   ├── InvalidInput             400, names the field
    │   ├── InvalidRequest           400, names every field that is wrong
    │   ├── Unauthenticated          401
    │   ├── NotFound                 404
    │   ├── MethodNotAllowed         405, says which methods there are
    │   ├── RequestTimeout           408: the body did not arrive in time
    │   ├── Conflict                 409: what is kept already stands against it
    │   │   └── DuplicateTrade       names the trade that exists
    │   ├── PreconditionFailed       412: it was changed in between
    │   ├── PayloadTooLarge          413
    │   ├── UnsupportedMediaType     415: a body of a kind that is not read here
    │   ├── MisdirectedRequest       421: the server is not called by this name
    │   ├── RateLimited              429, says when to come back
    │   └── HeadersTooLarge          431
    ├── Unavailable                  503: an answer is impossible without an upstream that is down
    │   ├── StoreUnavailable         what users keep cannot be read or written now
    │   ├── BusUnavailable           messages cannot be sent now
    │   ├── ArchiveUnavailable       archives cannot be read or written now
    │   ├── Overdue                  504: it took longer than is allowed, and was given up
    │   └── NotYet                   what a message waits for is not there yet: deliver it again
    ├── UnknownMessage               a message that nobody can act on: to the dead letters
    ├── ArchiveBroken                an archive is not what its manifest says
    └── UpstreamError                theirs: becomes a Failure in an otherwise good answer
        ├── RpcError
        │   ├── RpcUnavailable       no connection, 5xx, endpoint resting
        │   │   └── RpcRefused       not for us: a key, a plan or an origin is wanted
        │   ├── RpcRateLimited       429 in any of its disguises
        │   ├── RpcTimeout           no answer within the time allowed
        │   └── RpcBadResponse       an answer that is not what was asked for
        │       ├── GatewayRefused   a gateway off the chain answered with an HTTP 4xx
        │       ├── RpcWrongChain        the endpoint is of another chain
    │       ├── RpcReverted      the call itself failed in the EVM
        │       ├── RpcTooLarge      gas, bytes or items past the endpoint's limit: ask for less
        │       └── RpcUnsupported   the endpoint does not know this method or form of call
        └── PriceUnavailable         a price source failed

Messages reach callers, so they never contain a URL's path, query or credentials.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar


class ChainfolioError(Exception):
    """The root: catching it catches nothing that is a bug."""


class ConfigError(ChainfolioError):
    """A setting is missing or wrong; the message names the variable, `page` says where to read on."""

    page: ClassVar[str] = "README.md, Settings"

    def line(self) -> str:
        """What the operator is shown."""
        return f"{self} (see {self.page})"


class FactsError(ConfigError):
    """A file of facts is wrong; the message names it."""

    page = "shared/data/README.md"


class CallerError(ChainfolioError):
    """The request cannot be answered as it was made."""

    status: ClassVar[int] = 400
    title: ClassVar[str] = "Bad Request"


class InvalidInput(CallerError):
    """A field or parameter has a value that is not accepted."""

    def __init__(self, field: str, message: str) -> None:
        super().__init__(f"{field}: {message}")
        self.field = field
        self.message = message


class InvalidRequest(CallerError):
    """Several fields or parameters are wrong at once."""

    def __init__(self, faults: Sequence[InvalidInput]) -> None:
        super().__init__("; ".join(str(fault) for fault in faults))
        self.faults = tuple(faults)


class Unauthenticated(CallerError):
    """No token, or one that does not verify."""

    status = 401
    title = "Unauthorized"


class NotFound(CallerError):
    """There is nothing at this path."""

    status = 404
    title = "Not Found"


class MethodNotAllowed(CallerError):
    """The path exists, but not for this method; `allow` are the ones it has."""

    status = 405
    title = "Method Not Allowed"

    def __init__(self, message: str, allow: Sequence[str]) -> None:
        super().__init__(message)
        self.allow = tuple(allow)


class RequestTimeout(CallerError):
    """The body did not arrive within the time allowed."""

    status = 408
    title = "Request Timeout"


class Conflict(CallerError):
    """What is kept already stands against the request."""

    status = 409
    title = "Conflict"


class DuplicateTrade(Conflict):
    """The user has a trade of this transaction, chain, asset and side; `trade_id` is the one that exists."""

    def __init__(self, trade_id: str) -> None:
        super().__init__(f"trade {trade_id} already records this transaction, chain, asset and side")
        self.trade_id = trade_id


class PreconditionFailed(CallerError):
    """It is not as the caller last saw it: somebody changed it in between."""

    status = 412
    title = "Precondition Failed"


class PayloadTooLarge(CallerError):
    """The body is longer than is accepted here."""

    status = 413
    title = "Content Too Large"


class UnsupportedMediaType(CallerError):
    """The body is of a kind that is not read here."""

    status = 415
    title = "Unsupported Media Type"


class MisdirectedRequest(CallerError):
    """The host that was called is not one that this server goes by."""

    status = 421
    title = "Misdirected Request"


class RateLimited(CallerError):
    """The caller has used up its allowance; `retry_after` is in seconds."""

    status = 429
    title = "Too Many Requests"

    def __init__(self, message: str, retry_after: float) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class HeadersTooLarge(CallerError):
    """The headers are longer, all together, than is accepted."""

    status = 431
    title = "Request Header Fields Too Large"


class Unavailable(ChainfolioError):
    """Nothing useful can be said until an upstream is back; `remedy` is what the operator can do about it."""

    status: ClassVar[int] = 503
    title: ClassVar[str] = "Service Unavailable"

    def __init__(self, message: str = "", remedy: str | None = None) -> None:
        super().__init__(message)
        self.remedy = remedy


class StoreUnavailable(Unavailable):
    """What users keep cannot be read or written now."""


class BusUnavailable(Unavailable):
    """Messages cannot be sent now."""


class ArchiveUnavailable(Unavailable):
    """Archives cannot be read or written now."""


class Overdue(Unavailable):
    """The answer took longer than is allowed, and was given up."""

    status = 504
    title = "Gateway Timeout"


class NotYet(Unavailable):
    """What a message is about is not there yet: deliver it again later."""


class UnknownMessage(ChainfolioError):
    """A message that nobody can act on, however often it comes; `message_id` is its own where it has one."""

    def __init__(self, message: str, message_id: str | None = None) -> None:
        super().__init__(message)
        self.message_id = message_id


class ArchiveBroken(ChainfolioError):
    """An archive is not what its manifest says, or is none: nothing of it can be trusted."""


class UpstreamError(ChainfolioError):
    """An outside service failed; `code` is the one the HTTP contract uses."""

    code: ClassVar[str]


class RpcError(UpstreamError):
    """A JSON-RPC endpoint failed; `retry_after` is in seconds where it said when to come back."""

    code = "rpc_unavailable"

    def __init__(self, message: str, retry_after: float | None = None) -> None:
        super().__init__(message)
        self.retry_after = retry_after


class RpcUnavailable(RpcError):
    """No connection, a server error, or every endpoint of the chain is resting."""


class RpcRefused(RpcUnavailable):
    """The endpoint does not serve us: it wants a key, a plan or an origin that we do not have."""


class RpcRateLimited(RpcError):
    """The endpoint asks for patience."""

    code = "rpc_rate_limited"


class RpcTimeout(RpcError):
    """No answer within the time allowed."""

    code = "rpc_timeout"


class RpcBadResponse(RpcError):
    """An answer that is malformed, or is not an answer to what was asked."""

    code = "rpc_bad_response"


class RpcWrongChain(RpcBadResponse):
    """The endpoint answers for another chain than the one that it was given for."""


class GatewayRefused(RpcBadResponse):
    """A gateway off the chain has no answer; `status` is the HTTP 4xx it said so with."""

    def __init__(self, message: str, status: int) -> None:
        super().__init__(message)
        self.status = status


class RpcReverted(RpcBadResponse):
    """The EVM call failed; `data` is what it reverted with."""

    def __init__(self, message: str, data: bytes = b"") -> None:
        super().__init__(message)
        self.data = data


class RpcTooLarge(RpcBadResponse):
    """Past a limit of the endpoint (gas, bytes, items): the same question in smaller pieces may pass.

    `suggested` is the range of blocks that the endpoint offered to answer for, if it named one.
    """

    def __init__(
        self, message: str, retry_after: float | None = None, suggested: tuple[int, int] | None = None
    ) -> None:
        super().__init__(message, retry_after)
        self.suggested = suggested


class RpcUnsupported(RpcBadResponse):
    """The endpoint does not know this method, or not in this form."""


class PriceUnavailable(UpstreamError):
    """A price source failed."""

    code = "price_unavailable"
