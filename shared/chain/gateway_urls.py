"""The URLs of gateways, which come from contracts of anybody: which may be asked, and at which addresses."""

from __future__ import annotations

import re
from dataclasses import dataclass

from ..core.ids import Address
from ..errors import RpcBadResponse

# One reading of the URL for the check and the request alike: two parsers could be made to disagree.
_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>[a-z0-9.-]{1,253})(:(?P<port>[0-9]{1,5}))?(?P<target>[/?][!-~]*)?",
    re.IGNORECASE,
)
# A number as the last label would be an IPv4 address in one of its many disguises.
_HOST_NAME = re.compile(r"([a-z0-9-]{1,63}\.)+[a-z]([a-z0-9-]{0,61}[a-z0-9])?")
_LONGEST_URL = 16 * 1024


@dataclass(frozen=True, slots=True)
class GatewayUrl:
    """A URL with its values filled in. Only `host` may be shown."""

    scheme: str
    host: str
    port: int
    target: str
    takes_get: bool


def fill_url(template: str, sender: Address, data: bytes, *, local: bool = False) -> GatewayUrl:
    """The URL to ask: https, a host's name, the usual port, and no credentials.

    `local` lets http, any port and IP addresses pass. Raises RpcBadResponse, which does not show the URL.
    """
    url = template.partition("#")[0]
    url = url.replace("{sender}", sender.lower()).replace("{data}", "0x" + data.hex())
    if len(url) > _LONGEST_URL:
        raise RpcBadResponse(f"a gateway's URL of more than {_LONGEST_URL} characters")
    match = _URL.fullmatch(url)
    if match is None:
        raise RpcBadResponse("a gateway's URL is not a plain https URL")
    scheme, host = match["scheme"].lower(), match["host"].lower()
    port = int(match["port"] or (443 if scheme == "https" else 80))
    if not local and (scheme != "https" or port != 443 or not _HOST_NAME.fullmatch(host)):
        raise RpcBadResponse("a gateway's URL is not https, or not on the usual port of a named host")
    target = match["target"] or "/"
    target = target if target.startswith("/") else "/" + target
    return GatewayUrl(scheme, host, port, target, takes_get="{data}" in template)
