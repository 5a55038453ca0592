"""JSON bodies: read exactly, checked against a type, with everything that is wrong told at once."""

from __future__ import annotations

import json
import re
from collections.abc import Collection, Hashable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal, InvalidOperation
from functools import cache
from typing import Any, TypeVar, cast

from ..core.nesting import check_nesting
from ..errors import CallerError, InvalidInput, InvalidRequest, UnsupportedMediaType
from .messages import Request

T = TypeVar("T")

_MOST_FAULTS = 100
_SHOWN = 60
# Python reads no longer one, and takes time that grows with the square of it.
_MOST_DIGITS = 4300
_SURROGATE = re.compile(rb"\\u[dD][89a-fA-F]")
_REASONS = {
    "missing": "is needed",
    "extra_forbidden": "is not a field of this body",
}


@dataclass(frozen=True, slots=True)
class NoNumber:
    """What stands in a body where a number was meant and cannot be read: no field accepts it."""

    reason: str


def parse_body(request: Request, model: type[T]) -> T:
    """The JSON body as the model has it: a pydantic model, or a TypedDict whose config forbids extra fields.

    Types are not bent: "1" is no number and 1 no string. Numbers with a fraction or an exponent arrive as
    Decimal, as they were written. Raises InvalidRequest naming every field that is wrong, CallerError for
    what is no JSON, UnsupportedMediaType for another kind of body.
    """
    return check_content(read_json(request), model)


def read_json(request: Request) -> Any:
    """What the body says, whatever it is, with a NoNumber for each number that cannot be read.

    Raises CallerError and UnsupportedMediaType.
    """
    require_type(request, ("application/json",))
    try:
        check_nesting(request.body)
        content = json.loads(
            request.body.decode(),
            parse_float=_decimal,
            parse_int=_integer,
            parse_constant=_no_number,
            object_pairs_hook=_distinct,
        )
        if _SURROGATE.search(request.body):
            _refuse_half_pairs(content)
    except UnicodeDecodeError as error:
        raise CallerError("the body is not UTF-8") from error
    except UnicodeEncodeError as error:
        raise CallerError("the body has half a surrogate pair, which is no text") from error
    except ValueError as error:
        raise CallerError(f"the body is not JSON: {error}") from error
    return content


def check_content(content: Any, model: type[T], *, within: str = "") -> T:
    """The content as the model has it; `within` is the name of the field that it was in.

    Raises InvalidRequest.
    """
    from pydantic import ValidationError

    try:
        checked: T = _adapter(cast("Hashable", model)).validate_python(content, strict=True)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False)
        raise InvalidRequest([_fault(fault, within) for fault in faults[:_MOST_FAULTS]]) from error
    return checked


def require_type(request: Request, accepted: Collection[str]) -> None:
    """Raises UnsupportedMediaType unless the body says that it is of an accepted type.

    A page of another site may send plain text, forms and bodies without a type without asking first, and
    AUTH_MODE=local knows no tokens; so none of these is read when a browser sends it.
    """
    given = (request.header(b"content-type") or b"").decode("latin-1").partition(";")[0].strip().lower()
    if given in accepted or (not given and request.header(b"origin") is None):
        return
    shown = repr(given[:_SHOWN]) if given else "not named"
    raise UnsupportedMediaType(f"Content-Type is {shown}; this takes {' or '.join(accepted)}")


def _decimal(text: str) -> Decimal | NoNumber:
    try:
        return Decimal(text)
    except InvalidOperation:  # its exponent is beyond any number's
        return _no_number(text)


def _integer(text: str) -> int | NoNumber:
    return int(text) if len(text) <= _MOST_DIGITS else NoNumber(f"has {len(text)} digits")


def _no_number(text: str) -> NoNumber:
    return NoNumber(f"{text[:_SHOWN]} is not a number that is accepted")


def _refuse_half_pairs(content: Any) -> None:
    """Raises UnicodeEncodeError: what cannot be written as UTF-8 could neither be kept nor answered."""
    json.dumps(content, ensure_ascii=False, default=str).encode()


def _distinct(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    fields: dict[str, Any] = {}
    for name, value in pairs:
        if name in fields:
            raise ValueError(f"{name[:_SHOWN]!r} is given twice")
        fields[name] = value
    return fields


@cache
def _adapter(model: Any) -> Any:
    from pydantic import TypeAdapter

    return TypeAdapter(model)


def _fault(fault: Mapping[str, Any], within: str) -> InvalidInput:
    field = within
    for part in fault["loc"]:
        field += (
            f"[{part}]"
            if isinstance(part, int)
            else f".{str(part)[:_SHOWN]}"
            if field
            else str(part)[:_SHOWN]
        )
    return InvalidInput(field or "body", _reason(fault))


def _reason(fault: Mapping[str, Any]) -> str:
    known = _REASONS.get(fault["type"])
    if known is None and isinstance(fault["input"], NoNumber):
        return fault["input"].reason
    message: str = known or fault["msg"].removeprefix("Value error, ")
    return message[:1].lower() + message[1:]
