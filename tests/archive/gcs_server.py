"""As much of Google Cloud Storage's JSON API as archives use, as its documentation describes it.

Insert with ifGenerationMatch (https://cloud.google.com/storage/docs/json_api/v1/objects/insert), get with
alt=media, list with prefix, delimiter and pages of two.
"""

from __future__ import annotations

import json
import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

_PAGE = 2


class GcsServer:
    """The buckets, what the next requests fail with, and what was asked for."""

    def __init__(self, port: int) -> None:
        self.url = f"http://127.0.0.1:{port}"
        self.buckets: dict[str, dict[str, bytes]] = {}
        self.failures: list[int] = []
        self.refuses_overwriting = False
        """As where the caller may add objects and not delete any."""
        self.requests: list[tuple[str, dict[str, str]]] = []

    def make_bucket(self) -> str:
        """The name of a new one."""
        name = f"bucket-{secrets.token_hex(6)}"
        self.buckets[name] = {}
        return name

    def answer(self, method: str, path: str, query: dict[str, str], body: bytes) -> tuple[int, bytes]:
        """Status and body of an answer."""
        self.requests.append((method, query))
        if self.failures:
            return self.failures.pop(0), b"{}"
        words = path.strip("/").split("/")
        is_upload = words[0] == "upload"
        _, _, _, bucket, _, *rest = words[1:] if is_upload else words
        kept = self.buckets.get(bucket)
        if kept is None:
            return 404, b"{}"
        if method == "POST" and is_upload:
            if self.refuses_overwriting and query["name"] in kept:
                return 403, b"{}"
            return _insert(kept, query, body)
        if rest:
            content = kept.get(unquote(rest[0]))
            return (404, b"No such object") if content is None else (200, content)
        return 200, json.dumps(_list(kept, query)).encode()


def _insert(kept: dict[str, bytes], query: dict[str, str], body: bytes) -> tuple[int, bytes]:
    assert query["uploadType"] == "media"
    if query.get("ifGenerationMatch") == "0" and query["name"] in kept:
        return 412, b"{}"
    kept[query["name"]] = body
    return 200, b"{}"


def _list(kept: dict[str, bytes], query: dict[str, str]) -> dict[str, Any]:
    prefix, delimiter = query["prefix"], query["delimiter"]
    found = sorted(
        {
            prefix + name.removeprefix(prefix).partition(delimiter)[0] + delimiter
            for name in kept
            if name.startswith(prefix) and delimiter in name.removeprefix(prefix)
        }
    )
    start = int(query.get("pageToken", "0"))
    page: dict[str, Any] = {"prefixes": found[start : start + _PAGE]} if found else {}
    return {**page, "nextPageToken": str(start + _PAGE)} if start + _PAGE < len(found) else page


@contextmanager
def serve_gcs() -> Iterator[GcsServer]:
    """A server on a free port of this machine."""

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"

        def do_GET(self) -> None:
            self._answer()

        def do_POST(self) -> None:
            self._answer()

        def log_message(self, *args: object) -> None:
            """Nobody reads it."""

        def _answer(self) -> None:
            url = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(url.query).items()}
            body = self.rfile.read(int(self.headers.get("content-length", 0)))
            status, content = server.answer(self.command, url.path, query, body)
            self.send_response(status)
            self.send_header("content-length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

    httpd = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    httpd.daemon_threads = True
    server = GcsServer(httpd.server_port)
    thread = threading.Thread(target=httpd.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True)
    thread.start()
    try:
        yield server
    finally:
        httpd.shutdown()
        thread.join(timeout=10)
        httpd.server_close()
