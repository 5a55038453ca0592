"""Connections of the local server, before which no front end stands: a slow or long head ends them."""

from __future__ import annotations

from asyncio import BaseTransport, TimerHandle
from collections.abc import Mapping
from http import HTTPStatus
from types import MappingProxyType
from typing import Any, cast

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from shared.web.app import App
from shared.web.messages import Request
from shared.web.problems import problem
from shared.web.sending import headers_of

# Of a request that could not be read, in answers and log lines.
_UNREAD: Mapping[str, Any] = MappingProxyType(
    {"method": "-", "path": "-", "query_string": b"", "headers": ()}
)
_HEAD_SECONDS = 10.0
# More than an app takes, so that it is the app that says so where it can.
_MOST_HEAD = 256 * 1024


class Connection(HttpToolsProtocol):
    """An HTTP connection on which a whole head has to come within ten seconds, and be of a bounded size.

    What is refused here never becomes a request; it is counted and logged with the app's all the same.
    """

    _head_timer: TimerHandle | None = None
    _head_bytes = 0

    def connection_made(self, transport: BaseTransport) -> None:
        """The time for the first head begins."""
        super().connection_made(transport)  # type: ignore[arg-type]  # as the loop calls it
        self._await_head()

    def data_received(self, data: bytes) -> None:
        """Bytes of a head, of a body, or of both."""
        if getattr(self.cycle, "response_complete", True):  # there is no cycle before the first head
            self._await_head()
        super().data_received(data)
        if self._head_timer is not None and not self.transport.is_closing():
            self._head_bytes += len(data)
            if self._head_bytes > _MOST_HEAD:
                self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, "the head is too long")

    def on_headers_complete(self) -> None:
        """The head is there."""
        self._stop_waiting()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more is waited for."""
        self._stop_waiting()
        super().connection_lost(exc)

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002  it says no more than the problem
        """Answer what is no HTTP, or means two things at once."""
        self._refuse(HTTPStatus.BAD_REQUEST, "this is not a request that HTTP knows")

    def _await_head(self) -> None:
        if self._head_timer is None:
            self._head_timer = self.loop.call_later(_HEAD_SECONDS, self._on_overdue)

    def _stop_waiting(self) -> None:
        if self._head_timer is not None:
            self._head_timer.cancel()
        self._head_timer, self._head_bytes = None, 0

    def _on_overdue(self) -> None:
        if not self._head_bytes:  # a browser's connection in reserve
            self.transport.close()
        elif not self.transport.is_closing():
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, f"no request came within {_HEAD_SECONDS:g} s")

    def _refuse(self, status: HTTPStatus, detail: str) -> None:
        """Say so where that can only be taken for the answer to what is refused, and close the connection."""
        self._stop_waiting()
        app = cast("App[object]", self.config.app)
        conduct = app.conduct
        request = Request({**_UNREAD, "client": self.client})
        answer = problem(request, status, status.phrase, detail)
        if not self._is_another_answer_due():
            headers = headers_of(request, answer, conduct.cors, conduct.clock, deployed=conduct.deployed)
            lines = [b"HTTP/1.1 %d %s" % (status, status.phrase.encode()), *(b": ".join(h) for h in headers)]
            self.transport.write(b"\r\n".join([*lines, b"connection: close", b"", answer.body]))
        self.transport.close()
        conduct.metrics.count(app.name, "other", status, 0)
        conduct.log.write(request, answer, app.name, 0)

    def _is_another_answer_due(self) -> bool:
        """Whether an answer is being sent, or is still to come, to a request that was read to its end."""
        if getattr(self.cycle, "response_complete", True):
            return False
        return bool(self.cycle.response_started or not self.cycle.more_body or self.pipeline)
