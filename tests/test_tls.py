"""Certificates are read once, in a thread, and from where the operator says."""

import ssl
import threading
from pathlib import Path

import pytest

from shared.tls import Tls
from tests.chain.tls_server import write_certificate


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


def test_a_file_that_is_not_there_is_named_by_the_system() -> None:
    with pytest.raises(OSError, match="No such file"):
        Tls("/nowhere.pem").context()
