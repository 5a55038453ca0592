"""The request that a message goes back to: one id on every log line, however far a run spreads."""

from __future__ import annotations

from collections.abc import Mapping

from ..bus.ports import Message
from ..web.log import request_id_var
from ..web.messages import request_id_of

_REQUEST = "request_id"


def trace() -> Mapping[str, str]:
    """The attributes of messages that are published on behalf of the present request."""
    request_id = request_id_var.get()
    return {} if request_id is None else {_REQUEST: request_id}


def follow(message: Message) -> None:
    """Log under the request that the message goes back to, if it says which."""
    told = message.attributes.get(_REQUEST)
    if told is not None:
        request_id_var.set(request_id_of(told.encode()))
