"""What a request asks of profit and loss."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from decimal import Decimal

from ..core.amounts import parse_decimal
from ..core.fees import FEE_RULES, FeeRuleName
from ..core.ledger import Accounting, MissingBasis, PoolScope
from ..core.methods import METHODS, Method
from ..core.transfers import Matching
from ..services.pnl import PARTS, Part, PnlQuery
from ..web.params import Params, parse_flag
from .reading import choice, parse_asset_word, parse_wallet, read_period

PARAMETERS = (
    *("method", "scope", "fees", "missing_basis", "asset", "from", "to", "wallet", "include", "compare"),
    *("reconcile", "time_zone", "match_tolerance", "match_window_hours"),
)
SCOPES: tuple[PoolScope, ...] = ("universal", "wallet")
POLICIES: tuple[MissingBasis, ...] = ("zero", "market", "reject")
FEE_NAMES: tuple[FeeRuleName, ...] = tuple(FEE_RULES)
MOST_TOLERANCE = Decimal("0.1")
MOST_WINDOW_HOURS = 168
_FIRST = datetime.min.replace(tzinfo=UTC) + timedelta.resolution


@dataclass(frozen=True, slots=True)
class PnlQuestion:
    """The query of a request, checked; its wallet is an address or a name, and its rules have names."""

    query: PnlQuery
    wallet: str | None
    named: dict[str, str]
    between: tuple[datetime | None, datetime | None]


def read_question(query: bytes) -> PnlQuestion:
    """What is asked for; raises InvalidRequest naming every parameter that is wrong."""
    params = Params(query, PARAMETERS)
    wallet = params.maybe("wallet", parse_wallet)
    method: Method = params.one("method", choice(METHODS), "fifo")
    fees: FeeRuleName = params.one("fees", choice(FEE_NAMES), "standard")
    policy: MissingBasis = params.one("missing_basis", choice(POLICIES), "zero")
    zone = params.one("time_zone", _parse_zone, UTC)
    rules = Accounting(method, _read_scope(params, wallet), FEE_RULES[fees], policy, zone, _matching(params))
    start, end = read_period(params)
    asked = PnlQuery(
        rules=rules,
        start=start,
        until=None if end is None else _before(end),
        asset=params.maybe("asset", parse_asset_word),
        include=_read_parts(params),
        compare=params.one("compare", parse_flag, False),
        reconcile=params.one("reconcile", parse_flag, True),
    )
    params.check()
    named = {
        "method": method,
        "scope": rules.scope,
        "fees": fees,
        "missing_basis": policy,
        "time_zone": str(zone),
    }
    return PnlQuestion(asked, wallet, named, (start, end))


def _before(end: datetime) -> datetime:
    """The last moment before it; nothing is as early as the first one there is."""
    return max(end, _FIRST) - timedelta.resolution


def _read_scope(params: Params, wallet: str | None) -> PoolScope:
    """Wallets that share one pool have no gains of their own."""
    asked: PoolScope | None = params.maybe("scope", choice(SCOPES))
    if wallet is not None and asked == "universal":
        params.refuse(
            "scope", "must be wallet where a wallet is named: in one pool for all it has no own gains"
        )
    return asked or ("universal" if wallet is None else "wallet")


def _read_parts(params: Params) -> frozenset[Part]:
    words = params.words("include", len(PARTS)) if "include" in params else ()
    return frozenset(params.each("include", words, choice(PARTS)))


def _matching(params: Params) -> Matching:
    usual = Matching()
    return Matching(
        tolerance=params.one("match_tolerance", _parse_tolerance, usual.tolerance),
        window=params.one("match_window_hours", _parse_hours, usual.window),
    )


def _parse_tolerance(text: str) -> Decimal:
    value = parse_decimal(text)
    if value.is_signed() or value > MOST_TOLERANCE:
        raise ValueError(f"must be a fraction from 0 to {MOST_TOLERANCE}")
    return value.normalize()


def _parse_hours(text: str) -> timedelta:
    if not (text.isascii() and text.isdigit() and len(text) <= 3 and int(text) <= MOST_WINDOW_HOURS):
        raise ValueError(f"must be a whole number from 0 to {MOST_WINDOW_HOURS}")
    return timedelta(hours=int(text))


def _parse_zone(text: str) -> tzinfo:
    from zoneinfo import ZoneInfo

    try:
        return UTC if text == "UTC" else ZoneInfo(text)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(f"{text[:60]!r} is not a time zone such as Europe/Berlin") from error
