"""The TLS context that all connections share, read from the certificates in a thread."""

from __future__ import annotations

import ssl
from concurrent.futures import Future, ThreadPoolExecutor


class Tls:
    """Reading a hundred certificates takes as long as importing httpx, and can go on beside that.

    `file` and `folder` name certificates to trust in place of Mozilla's.
    """

    def __init__(self, file: str | None = None, folder: str | None = None) -> None:
        self._file = file
        self._folder = folder
        self._reading: Future[ssl.SSLContext] | None = None

    def begin(self) -> None:
        """Read the certificates, unless that was begun before: the context will be needed soon."""
        if self._reading is None:
            with_one = ThreadPoolExecutor(1, "certificates")
            self._reading = with_one.submit(self._read)
            with_one.shutdown(wait=False)

    def context(self) -> ssl.SSLContext:
        """The context, the same every time. Raises OSError where the certificates cannot be read."""
        self.begin()
        assert self._reading is not None
        return self._reading.result()

    def _read(self) -> ssl.SSLContext:
        if self._file or self._folder:
            return ssl.create_default_context(cafile=self._file, capath=self._folder)
        import certifi

        return ssl.create_default_context(cafile=certifi.where())
