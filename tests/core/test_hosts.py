"""Hosts of the open internet are told from those of a private network by their names alone."""

import pytest

from shared.core.hosts import is_public_host


@pytest.mark.parametrize(
    "host", ["rpc.example", "eth-mainnet.g.alchemy.com", "8.8.8.8", "2606:4700:4700::1111", "RPC.Example."]
)
def test_what_the_internet_has_is_public(host: str) -> None:
    assert is_public_host(host)


@pytest.mark.parametrize(
    "host",
    [
        "",
        "localhost",
        "node",
        "api.localhost",
        "metadata.google.internal",
        "METADATA.GOOGLE.INTERNAL.",
        "printer.local",
        "127.0.0.1",
        "127.1",
        "0x7f.1",
        "2130706433",
        "0x7f000001",
        "017700000001",
        "10.1.2.3",
        "169.254.169.254",
        "100.64.0.1",
        "::1",
        "fd00::1",
        "fe80::1",
        "::ffff:127.0.0.1",
        "64:ff9b::a9fe:a9fe",
    ],
)
def test_what_is_of_a_machine_or_its_network_is_not(host: str) -> None:
    assert not is_public_host(host)
