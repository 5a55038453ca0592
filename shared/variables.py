"""Reads settings from variables, whose values are texts of anybody's making."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from urllib.parse import urlsplit

from .core.amounts import parse_decimal
from .errors import ConfigError

_EMULATORS = ("FIRESTORE_EMULATOR_HOST", "PUBSUB_EMULATOR_HOST", "STORAGE_EMULATOR_HOST")


class Variables:
    """Values by name. Raises ConfigError, which names the variable that is wrong."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        self._environ = environ
        self.deployed = self.text("K_SERVICE", "") != ""
        self.public_only = not self.flag("ALLOW_PRIVATE_URLS") and self.deployed
        for name in _EMULATORS if self.public_only else ():
            if self.text(name, ""):
                raise ConfigError(f"{name}: must not be set when deployed, unless ALLOW_PRIVATE_URLS is true")

    def names(self) -> list[str]:
        """All that there are, in order."""
        return sorted(self._environ)

    def text(self, name: str, default: str) -> str:
        return self._environ.get(name, "").strip() or default

    def words(self, name: str) -> tuple[str, ...]:
        return tuple(word.strip() for word in self._environ.get(name, "").split(",") if word.strip())

    def choice(
        self, name: str, default: str, accepted: tuple[str, ...], fold: Callable[[str], str] = str.lower
    ) -> str:
        value = fold(self.text(name, default))
        if value not in accepted:
            raise ConfigError(f"{name}: must be one of {', '.join(accepted)}")
        return value

    def number(self, name: str, default: float, least: float, most: float) -> float:
        text = self.text(name, str(default))
        try:
            value = parse_decimal(text)
        except ValueError:
            raise ConfigError(f"{name}: must be a number") from None
        if not Decimal(str(least)) <= value <= Decimal(str(most)):
            raise ConfigError(f"{name}: must be between {least} and {most}")
        return float(value)

    def whole(self, name: str, default: int, least: int, most: int) -> int:
        value = self.number(name, default, least, most)
        if value != int(value):
            raise ConfigError(f"{name}: must be a whole number")
        return int(value)

    def flag(self, name: str) -> bool:
        return self.choice(name, "false", ("false", "true")) == "true"

    def url(self, name: str, default: str) -> str:
        return _checked_url(name, self.text(name, default)).rstrip("/")

    def asked_url(self, name: str, default: str) -> str:
        """The URL of what is asked here."""
        url = self.url(name, default)
        self._refuse_private(name, (url,))
        return url

    def asked_urls(self, name: str) -> tuple[str, ...]:
        """Several of them."""
        urls = tuple(_checked_url(name, url) for url in self.words(name))
        self._refuse_private(name, urls)
        return urls

    def _refuse_private(self, name: str, urls: tuple[str, ...]) -> None:
        """A deployed function must not be made to ask the platform's metadata server, or its neighbours."""
        from .core.hosts import is_public_host

        if self.public_only and not all(is_public_host(urlsplit(url).hostname or "") for url in urls if url):
            raise ConfigError(f"{name}: must not be of a private network, unless ALLOW_PRIVATE_URLS is true")


def _checked_url(name: str, url: str) -> str:
    """The URL; the message never shows it, because it may hold a key."""
    if not url:
        return url
    try:
        parts = urlsplit(url)
        valid = parts.scheme in ("http", "https") and bool(parts.hostname) and parts.port != 0
    except ValueError:
        valid = False
    if not valid:
        raise ConfigError(f"{name}: must be an http or https URL")
    return url
