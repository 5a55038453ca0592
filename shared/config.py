"""Settings: the only reader of the environment."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal, cast

from .core.archive_location import Location, parse_location
from .errors import ConfigError
from .variables import Variables

AuthMode = Literal["local", "oidc"]
BusName = Literal["local", "pubsub"]
TraceTo = Literal["off", "console", "otlp", "cloud"]

_RPC_BY_NAME = {"ETH_RPC_URL": 1, "SEPOLIA_RPC_URL": 11155111}
_RPC_BY_ID = re.compile(r"RPC_URL_([1-9][0-9]{0,19})")
_SQLITE = re.compile(r"sqlite:.+")
_HOST = re.compile(r"[a-zA-Z0-9.-]+:[0-9]{1,5}")
_ORIGIN = re.compile(r"https?://[a-zA-Z0-9.-]+(?::[0-9]{1,5})?")
_DOMAIN = re.compile(r"[a-z0-9.-]+(?::[0-9]{1,5})?")
_LEAST_KEY = 32
_LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR")


@dataclass(frozen=True, slots=True)
class Oidc:
    """How ID tokens are verified; `audience` is None when neither it nor a project is set."""

    issuer: str | None = None
    audience: str | None = None
    jwks_url: str = (
        "https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com"
    )


@dataclass(frozen=True, slots=True)
class TriggerSettings:
    """Whose ID tokens triggers want where nobody before the function asks for them; by default no one's."""

    audience: str | None = None
    emails: tuple[str, ...] = ()
    jwks_url: str = "https://www.googleapis.com/oauth2/v3/certs"


@dataclass(frozen=True, slots=True)
class PriceApis:
    """Where the price sources are, and the keys they take."""

    coinmarketcap_url: str = "https://pro-api.coinmarketcap.com"
    coinmarketcap_key: str | None = field(default=None, repr=False)
    backed_url: str = "https://api.backed.fi/api/v2/public"
    llama_url: str = "https://coins.llama.fi"
    coingecko_url: str = "https://api.coingecko.com/api/v3"
    coingecko_key: str | None = field(default=None, repr=False)


@dataclass(frozen=True, slots=True)
class StreamSettings:
    """How many event streams there may be at once, and how they live; `per_caller` None: no limit."""

    per_caller: int | None = None
    per_instance: int = 1000
    refresh_seconds: float = 60
    """How long until the wallets of open streams are read again."""
    heartbeat_seconds: float = 15
    longest_seconds: float = 3300
    """A stream ends itself then, and its client comes back: the platform would cut it off at an hour."""


@dataclass(frozen=True, slots=True)
class ArchiveSettings:
    """Where archives are kept (None: nowhere), and by which accounting methods their reports are."""

    location: Location | None = None
    methods: tuple[str, ...] = ("fifo",)
    s3_endpoint_url: str | None = None
    """A store that speaks the protocol of S3, in place of Amazon's."""
    s3_region: str | None = None
    gcs_emulator_url: str | None = None


@dataclass(frozen=True, slots=True)
class SiweSettings:
    """Signing in with Ethereum: for pages of which domains (none: nobody can), and the sessions it begins."""

    domains: tuple[str, ...] = ()
    session_key: str | None = field(default=None, repr=False)
    """What sessions and nonces are signed with; there is one where there are domains."""
    session_minutes: int = 15


@dataclass(frozen=True, slots=True)
class Settings:
    """What the operator chose. `from_env` documents the variables; the README has their table."""

    rpc_urls: Mapping[int, tuple[str, ...]] = field(default_factory=lambda: MappingProxyType({}), repr=False)
    """Chain id → endpoints that replace the built-in ones, in order of preference."""
    price_apis: PriceApis = PriceApis()
    store: str = "sqlite:.data/chainfolio.db"
    """`sqlite:PATH`, `sqlite::memory:` or `firestore`."""
    bus: BusName = "local"
    pubsub_emulator_host: str | None = None
    """`host:port` that takes the place of Pub/Sub."""
    project: str | None = None
    """The Google Cloud project; None for the surroundings' own."""
    chains: tuple[str, ...] = ()
    """Names of the chains to enable; empty for the built-in choice."""
    auth_mode: AuthMode = "local"
    oidc: Oidc = Oidc()
    siwe: SiweSettings = SiweSettings()
    triggers: TriggerSettings = TriggerSettings()
    cors_origins: tuple[str, ...] = ()
    price_ttl_seconds: float = 60
    balance_ttl_seconds: float = 10
    rate_limit_per_minute: int = 600
    trusted_hops: int = 1
    """How many elements front ends append to X-Forwarded-For: 1, or 2 with a load balancer."""
    streams: StreamSettings = StreamSettings()
    archive: ArchiveSettings = ArchiveSettings()
    traces: TraceTo = "off"
    trace_sample: float = 1
    """Of the requests whose callers do not say that they are not traced, the share that is."""
    ssl_cert_file: str | None = None
    """Certificates to trust in place of Mozilla's: a file or a folder, as OpenSSL wants them."""
    ssl_cert_dir: str | None = None
    port: int = 8080
    log_level: str = "INFO"
    deployed: bool = False
    public_only: bool = False
    """Whether nothing of a private network may be asked: when deployed, unless ALLOW_PRIVATE_URLS."""

    @classmethod
    def from_env(cls, environ: Mapping[str, str] | None = None) -> Settings:
        """Settings of these variables (default: the process's, and `.env` when not deployed).

        Raises ConfigError naming the variable.
        """
        env = Variables(_process_environ() if environ is None else environ)
        deployed = env.deployed
        mode = cast(AuthMode, env.choice("AUTH_MODE", "local", ("local", "oidc")))
        if deployed and mode == "local":
            raise ConfigError("AUTH_MODE: must be set to oidc when deployed (K_SERVICE is set)")
        return cls(
            rpc_urls=_rpc_urls(env),
            price_apis=_price_apis(env),
            store=_store(env, "firestore" if deployed else "sqlite:.data/chainfolio.db"),
            bus=_bus(env, "pubsub" if deployed else "local"),
            pubsub_emulator_host=_emulator(env, "PUBSUB_EMULATOR_HOST"),
            project=env.text("GOOGLE_CLOUD_PROJECT", "") or None,
            chains=env.words("CHAINS"),
            auth_mode=mode,
            oidc=_oidc(env, required=mode == "oidc"),
            siwe=_siwe(env, mode),
            triggers=_triggers(env),
            cors_origins=_origins(env, "CORS_ORIGINS"),
            price_ttl_seconds=env.number("PRICE_TTL_SECONDS", 60, 0, 86_400),
            balance_ttl_seconds=env.number("BALANCE_TTL_SECONDS", 10, 0, 86_400),
            rate_limit_per_minute=env.whole("RATE_LIMIT_PER_MINUTE", 600, 1, 1_000_000),
            trusted_hops=env.whole("TRUSTED_HOPS", 1, 1, 5),
            streams=_streams(env, mode),
            archive=_archive(env, deployed=deployed),
            traces=_traces(env, "cloud" if deployed else "off"),
            trace_sample=env.number("TRACE_SAMPLE", 0.05 if deployed else 1, 0, 1),
            ssl_cert_file=env.text("SSL_CERT_FILE", "") or None,
            ssl_cert_dir=env.text("SSL_CERT_DIR", "") or None,
            port=env.whole("PORT", 8080, 1, 65_535),
            log_level=env.choice("LOG_LEVEL", "INFO", _LOG_LEVELS, fold=str.upper),
            deployed=deployed,
            public_only=env.public_only,
        )


def client_token(environ: Mapping[str, str] | None = None) -> str | None:
    """CHAINFOLIO_TOKEN: what a client shows to a server. It is no setting of the server's own."""
    reader = Variables(_process_environ() if environ is None else environ)
    return reader.text("CHAINFOLIO_TOKEN", "") or None


def _price_apis(env: Variables) -> PriceApis:
    default = PriceApis()
    return PriceApis(
        coinmarketcap_url=env.asked_url("CMC_BASE_URL", default.coinmarketcap_url),
        coinmarketcap_key=env.text("COINMARKETCAP_API_KEY", "") or None,
        backed_url=env.asked_url("BACKED_BASE_URL", default.backed_url),
        llama_url=env.asked_url("LLAMA_BASE_URL", default.llama_url),
        coingecko_url=env.asked_url("COINGECKO_BASE_URL", default.coingecko_url),
        coingecko_key=env.text("COINGECKO_API_KEY", "") or None,
    )


def _siwe(env: Variables, mode: AuthMode) -> SiweSettings:
    domains = env.words("SIWE_DOMAINS")
    if not all(_DOMAIN.fullmatch(domain) for domain in domains):
        raise ConfigError("SIWE_DOMAINS: must be domains such as app.example, separated by commas")
    if domains and mode == "local":
        raise ConfigError("SIWE_DOMAINS: needs AUTH_MODE=oidc; else everybody is the one local user")
    key = env.text("SESSION_KEY", "")
    if domains and len(key) < _LEAST_KEY:
        raise ConfigError(f"SESSION_KEY: must be {_LEAST_KEY} or more random characters with SIWE_DOMAINS")
    return SiweSettings(domains, key or None, env.whole("SESSION_MINUTES", 15, 1, 60))


def _triggers(env: Variables) -> TriggerSettings:
    audience, emails = env.text("TRIGGER_AUDIENCE", ""), env.words("TRIGGER_EMAIL")
    if emails and not audience:
        raise ConfigError("TRIGGER_AUDIENCE: must be set with TRIGGER_EMAIL")
    if audience and not emails:
        raise ConfigError("TRIGGER_EMAIL: must be set with TRIGGER_AUDIENCE")
    return TriggerSettings(
        audience or None, emails, env.asked_url("TRIGGER_JWKS_URL", TriggerSettings().jwks_url)
    )


def _streams(env: Variables, mode: AuthMode) -> StreamSettings:
    """The one local user has as many streams as the process bears, unless told otherwise."""
    name = "STREAMS_PER_CALLER"
    limited = mode != "local" or env.text(name, "") != ""
    return StreamSettings(
        per_caller=env.whole(name, 20, 1, 100_000) if limited else None,
        per_instance=env.whole("STREAMS_PER_INSTANCE", 1000, 1, 100_000),
        refresh_seconds=env.number("STREAM_REFRESH_SECONDS", 60, 1, 86_400),
        heartbeat_seconds=env.number("STREAM_HEARTBEAT_SECONDS", 15, 1, 300),
        longest_seconds=env.number("STREAM_SECONDS", 3300, 1, 86_400),
    )


def _archive(env: Variables, *, deployed: bool) -> ArchiveSettings:
    """A folder is none where this is deployed: it would be gone with the process."""
    location = _location(env, "ARCHIVE")
    if deployed and location is not None and location.scheme == "file":
        raise ConfigError("ARCHIVE: must be gs://bucket/prefix or s3://bucket/prefix when deployed")
    return ArchiveSettings(
        location=location,
        methods=_methods(env, "ARCHIVE_METHODS"),
        s3_endpoint_url=env.asked_url("ARCHIVE_ENDPOINT_URL", "") or None,
        s3_region=env.text("ARCHIVE_REGION", "") or None,
        gcs_emulator_url=env.url("STORAGE_EMULATOR_HOST", "") or None,
    )


def _oidc(env: Variables, *, required: bool) -> Oidc:
    """Firebase Authentication of the project, unless the variables say otherwise."""
    project = env.text("GOOGLE_CLOUD_PROJECT", "")
    issuer = env.url("OIDC_ISSUER", f"https://securetoken.google.com/{project}" if project else "")
    audience = env.text("OIDC_AUDIENCE", project)
    if required and not issuer:
        raise ConfigError("OIDC_ISSUER: must be set (or GOOGLE_CLOUD_PROJECT) when AUTH_MODE=oidc")
    if required and not audience:
        raise ConfigError("OIDC_AUDIENCE: must be set (or GOOGLE_CLOUD_PROJECT) when AUTH_MODE=oidc")
    return Oidc(issuer or None, audience or None, env.asked_url("OIDC_JWKS_URL", Oidc().jwks_url))


def _rpc_urls(env: Variables) -> Mapping[int, tuple[str, ...]]:
    urls: dict[int, tuple[str, ...]] = {}
    for name in env.names():
        by_id = _RPC_BY_ID.fullmatch(name)
        if not by_id and name.startswith("RPC_URL_"):
            raise ConfigError(f"{name}: must end in a chain id, such as RPC_URL_8453")
        chain_id = int(by_id[1]) if by_id else _RPC_BY_NAME.get(name)
        if chain_id is not None and env.words(name):
            found = env.asked_urls(name)
            urls[chain_id] = found if by_id else urls.get(chain_id, found)
    return MappingProxyType(urls)


def _store(env: Variables, default: str) -> str:
    name = env.text("STORE", default)
    if name != "firestore" and not _SQLITE.fullmatch(name):
        raise ConfigError("STORE: must be sqlite:PATH, sqlite::memory: or firestore")
    emulated, project = env.text("FIRESTORE_EMULATOR_HOST", ""), env.text("GOOGLE_CLOUD_PROJECT", "")
    if name == "firestore" and not emulated and not project:
        raise ConfigError("GOOGLE_CLOUD_PROJECT: must be set when STORE is firestore")
    return name


def _bus(env: Variables, default: str) -> BusName:
    name = env.choice("BUS", default, ("local", "pubsub"))
    if name == "pubsub" and not env.text("GOOGLE_CLOUD_PROJECT", ""):
        raise ConfigError("GOOGLE_CLOUD_PROJECT: must be set when BUS is pubsub")
    return cast(BusName, name)


def _emulator(env: Variables, name: str) -> str | None:
    host = env.text(name, "") or None
    if host and not _HOST.fullmatch(host):
        raise ConfigError(f"{name}: must be host:port")
    if host and not env.text("GOOGLE_CLOUD_PROJECT", ""):
        raise ConfigError(f"GOOGLE_CLOUD_PROJECT: must be set, to any name, when {name} is")
    return host


def _traces(env: Variables, default: str) -> TraceTo:
    return cast(TraceTo, env.choice("TRACES", default, ("off", "console", "otlp", "cloud")))


def _origins(env: Variables, name: str) -> tuple[str, ...]:
    origins = env.words(name)
    if not all(_ORIGIN.fullmatch(origin) for origin in origins):
        raise ConfigError(f"{name}: must be origins such as https://app.example, separated by commas")
    return origins


def _location(env: Variables, name: str) -> Location | None:
    text = env.text(name, "")
    try:
        return parse_location(text) if text else None
    except ValueError as error:
        raise ConfigError(f"{name}: {error}") from None


def _methods(env: Variables, name: str) -> tuple[str, ...]:
    words = tuple(dict.fromkeys(env.words(name)))
    if not words:
        return ("fifo",)
    from .core.methods import METHODS

    if not set(words) <= set(METHODS):
        raise ConfigError(f"{name}: must be some of {', '.join(METHODS)}, separated by commas")
    return words


def _process_environ() -> Mapping[str, str]:
    if "K_SERVICE" in os.environ or not os.path.exists(".env"):
        return os.environ
    from dotenv import dotenv_values

    from_file = {name: value for name, value in dotenv_values(".env").items() if value is not None}
    return {**from_file, **os.environ}
