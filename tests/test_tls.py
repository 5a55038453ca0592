"""Certificates are read once, in a thread, and from where the operator says."""

import asyncio
import ssl
import subprocess
import threading
from pathlib import Path

import pytest

from shared.tls import Tls
from tests.chain.tls_server import run_tls_server, write_certificate


def test_everybody_gets_the_same_context_and_it_verifies() -> None:
    tls = Tls()
    context = tls.context()

    assert tls.context() is context
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)
    assert len(context.get_ca_certs()) > 50


def test_reading_is_begun_once_and_leaves_no_thread() -> None:
    tls = Tls()
    tls.begin()
    tls.begin()
    tls.context()

    for thread in threading.enumerate():
        if thread.name.startswith("certificates"):
            thread.join(10)
            assert not thread.is_alive()


def test_only_the_certificates_that_are_named_are_trusted(tmp_path: Path) -> None:
    _, certificate = write_certificate(tmp_path, "node.example")

    assert len(Tls(str(certificate)).context().get_ca_certs()) == 1


async def test_a_folder_of_certificates_is_looked_through_by_their_hashes(tmp_path: Path) -> None:
    folder = tmp_path / "trusted"
    folder.mkdir()
    async with run_tls_server(tmp_path, "localhost", b"hello") as server:
        (folder / f"{hash_of(server.certificate)}.0").write_bytes(server.certificate.read_bytes())
        context = Tls(folder=str(folder)).context()
        _, writer = await asyncio.open_connection(
            "127.0.0.1", server.port, ssl=context, server_hostname="localhost"
        )
        writer.write(b"GET / HTTP/1.1\r\n\r\n")
        writer.close()
        await writer.wait_closed()

        with pytest.raises(ssl.SSLCertVerificationError):
            await asyncio.open_connection(
                "127.0.0.1", server.port, ssl=Tls().context(), server_hostname="localhost"
            )


def hash_of(certificate: Path) -> str:
    """By this name OpenSSL looks for a certificate in a folder."""
    command = ["openssl", "x509", "-hash", "-noout", "-in", str(certificate)]
    return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()


def test_a_file_that_is_not_there_is_named_by_the_system() -> None:
    with pytest.raises(OSError, match="No such file"):
        Tls("/nowhere.pem").context()
