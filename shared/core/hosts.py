"""Which hosts are of the open internet, and which of a private network."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network

_GLOBAL_UNICAST = ip_network("2000::/3")
_NAT64 = IPv6Network("64:ff9b::/96")  # RFC 6052
_PROTOCOL_ASSIGNMENTS = ip_network("192.0.0.0/24")  # older Pythons know only a part of it
# RFC 6761, RFC 6762, RFC 8375, and what ICANN and the clouds keep for names of one's own.
_PRIVATE_ENDS = (".localhost", ".local", ".internal", ".home.arpa", ".lan", ".corp", ".home", ".intranet")
# A number as the last label is an IPv4 address in one of its many disguises: 2130706433, 0x7f.1, 127.1
_NUMBER = re.compile(r"(.*\.)?(0x[0-9a-f]*|[0-9]+)")


def is_public_host(host: str) -> bool:
    """Whether a host of a URL, by its name or address alone, can be one of the open internet."""
    host = host.lower().rstrip(".")
    if ":" in host or _NUMBER.fullmatch(host):
        return is_public(host)
    return "." in host and not host.endswith(_PRIVATE_ENDS)


def is_public(address: str) -> bool:
    """Whether an IP address is one of the open internet: a host, and not of this machine or its network."""
    try:
        ip = ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, IPv6Address):
        inner = _inner_ipv4(ip)
        if inner is None:
            return ip in _GLOBAL_UNICAST and ip.is_global and not ip.is_multicast
        ip = inner
    return ip.is_global and not ip.is_multicast and ip not in _PROTOCOL_ASSIGNMENTS


def _inner_ipv4(ip: IPv6Address) -> IPv4Address | None:
    """The IPv4 address that packets to this one may end up at: mapped, 6to4, or behind NAT64."""
    if ip in _NAT64:
        return IPv4Address(ip.packed[12:])
    return ip.ipv4_mapped or ip.sixtofour
