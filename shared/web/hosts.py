"""Which names a server may be called by."""

from __future__ import annotations

import re

from ..errors import MisdirectedRequest
from .messages import Request

_LOOPBACK = re.compile(
    rb"(?:localhost|(?:[a-z0-9-]+\.)+localhost|127\.0\.0\.1|\[::1\])(?::[0-9]{1,5})?", re.IGNORECASE
)
_SHOWN = 60
_THIS_MACHINE = ("127.0.0.1", "::1", "::ffff:127.0.0.1")


def require_loopback(request: Request) -> None:
    """Raises MisdirectedRequest for a host that is not this machine.

    A page of another site can have its own name point here, and its browser then takes the answers for that
    site's. The Host header still tells the name. Who sends none is no browser.
    """
    host = request.header(b"host")
    if host is not None and not _LOOPBACK.fullmatch(host):
        shown = host[:_SHOWN].decode("latin-1")
        raise MisdirectedRequest(f"{shown!r} is not this machine: call it localhost or 127.0.0.1")


def comes_from_here(request: Request) -> bool:
    """Whether the connection is from this machine."""
    return request.client in _THIS_MACHINE
