"""From the core's Failure to its body, where the whole request is what can be tried again."""

from __future__ import annotations

from ..core.failures import Failure
from .portfolio_schemas import ErrorBody


def error_body(failure: Failure, retry_url: str | None) -> ErrorBody:
    """The body of a failure."""
    return ErrorBody(
        scope=failure.scope,
        chain=failure.chain,
        code=failure.code,
        message=failure.message,
        retry_url=retry_url,
        asset_id=failure.asset_id,
    )
