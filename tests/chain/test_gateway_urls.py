"""Which gateways may be asked, and where."""

from __future__ import annotations

from ipaddress import IPv4Address, IPv6Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from shared.chain.gateway_urls import GatewayUrl, fill_url
from shared.core.hosts import is_public
from shared.core.ids import parse_address
from shared.errors import RpcBadResponse

SENDER = parse_address("0xAABBCCDDEEAABBCCDDEEAABBCCDDEEAABBCCDDEE")


def fill(template: str) -> GatewayUrl:
    return fill_url(template, SENDER, bytes.fromhex("00112233"))


def test_the_template_is_filled_as_in_the_example_of_the_eip() -> None:
    assert fill("https://example.com/gateway/{sender}/{data}.json") == GatewayUrl(
        scheme="https",
        host="example.com",
        port=443,
        target="/gateway/0xaabbccddeeaabbccddeeaabbccddeeaabbccddee/0x00112233.json",
        takes_get=True,
    )


@pytest.mark.parametrize(
    ("template", "target"),
    [
        ("https://example.com", "/"),
        ("https://example.com:443/a/{sender}?b=c", "/a/0xaabbccddeeaabbccddeeaabbccddeeaabbccddee?b=c"),
        ("https://example.com?b", "/?b"),
        ("HTTPS://EXAMPLE.com/a#b", "/a"),
    ],
)
def test_without_a_place_for_the_data_it_is_posted(template: str, target: str) -> None:
    url = fill(template)

    assert (url.host, url.target, url.takes_get) == ("example.com", target, False)


@pytest.mark.parametrize(
    "template",
    [
        "",
        "http://example.com/{data}",
        "http://example.com:443/{data}",
        "ftp://example.com/",
        "x-batch-gateway:true",
        "data:application/json,{}",
        "//example.com/",
        "https:example.com",
        "https:///example.com",
        "https://user@example.com/",
        "https://user:password@example.com/",
        "https://example.com:8443/",
        "https://example.com:0/",
        "https://example.com:/",
        "https://example.com\\@other.example/",
        "https://example.com /",
        "https://example.com/a b",
        "https://example.com/a\r\nHost: other.example",
        "https://example.com/é",
        "https://localhost/",
        "https://example.com./",
        "https://.example.com/",
        "https://example..com/",
        "https://127.0.0.1/",
        "https://127.1/",
        "https://2130706433/",
        "https://0x7f.0.0.0x1/",
        "https://0x7f000001/",
        "https://[::1]/",
        "https://%31%32%37.0.0.1/",
        "https://" + "a" * 64 + ".example/",
        "https://" + "a." * 130 + "example/",
        "https://example.com/" + "a" * 20_000,
    ],
)
def test_any_other_url_is_refused_without_being_shown(template: str) -> None:
    with pytest.raises(RpcBadResponse) as refused:
        fill(template)

    assert "example" not in str(refused.value)


@given(st.text(max_size=60) | st.from_regex(r"https?://[!-~]{0,40}", fullmatch=True))
def test_whatever_passes_is_a_named_host_on_the_usual_port(template: str) -> None:
    try:
        url = fill(template)
    except RpcBadResponse:
        return
    assert (url.scheme, url.port) == ("https", 443)
    assert not set(url.host) - set("abcdefghijklmnopqrstuvwxyz0123456789.-")
    assert url.host.rpartition(".")[2][0].isalpha()
    assert url.target.startswith("/")
    assert url.target.isascii()
    assert url.target.isprintable()
    assert " " not in url.target


@pytest.mark.parametrize("address", ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "64:ff9b::101:101"])
def test_addresses_of_the_open_internet_are_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "0.0.0.0",
        "10.1.2.3",
        "172.16.0.1",
        "192.168.1.1",
        "169.254.169.254",
        "100.100.100.200",
        "192.0.0.192",
        "198.18.0.1",
        "203.0.113.9",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::a9fe:a9fe",
        "64:ff9b:1::a00:1",
        "2002:a00:1::1",
        "2001:0:7f00:1::1",
        "2001:db8::1",
        "fe80::1",
        "fe80::1%eth0",
        "fd20:ce::254",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
        "localhost",
        "",
    ],
)
def test_addresses_of_this_machine_its_network_and_no_host_are_not(address: str) -> None:
    assert not is_public(address)


@given(st.integers(0, 2**32 - 1).map(IPv4Address))
def test_an_address_in_disguise_is_no_more_public_than_bare(ip: IPv4Address) -> None:
    number = int(ip)
    mapped = IPv6Address(0xFFFF << 32 | number)
    nat64 = IPv6Address(0x64FF9B << 96 | number)
    six_to_four = IPv6Address(0x2002 << 112 | number << 80 | 1)

    assert {is_public(str(each)) for each in (mapped, nat64, six_to_four)} == {is_public(str(ip))}
    assert not is_public(str(IPv6Address(number)))
