"""Settings come from the environment, and what is wrong is named without being shown."""

from pathlib import Path

import pytest

from shared.config import Settings
from shared.core.archive_location import Location
from shared.errors import ConfigError


def test_nothing_needs_to_be_set_on_a_laptop() -> None:
    assert Settings.from_env({}) == Settings()


def test_endpoints_are_named_by_chain_and_by_id() -> None:
    settings = Settings.from_env(
        {
            "ETH_RPC_URL": "https://a.example/key",
            "SEPOLIA_RPC_URL": "https://s.example",
            "RPC_URL_8453": "https://b.example, https://c.example",
        }
    )

    assert settings.rpc_urls == {
        1: ("https://a.example/key",),
        8453: ("https://b.example", "https://c.example"),
        11155111: ("https://s.example",),
    }


def test_an_endpoint_named_by_id_wins() -> None:
    settings = Settings.from_env({"ETH_RPC_URL": "https://a.example", "RPC_URL_1": "https://b.example"})

    assert settings.rpc_urls[1] == ("https://b.example",)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("ETH_RPC_URL", "ftp://secret.example/key"),
        ("RPC_URL_1", "https://"),
        ("CMC_BASE_URL", "secret"),
        ("PRICE_TTL_SECONDS", "-1"),
        ("BALANCE_TTL_SECONDS", "soon"),
        ("PORT", "70000"),
        ("PORT", "NaN"),
        ("PORT", "80.5"),
        ("CORS_ORIGINS", "*"),
        ("CORS_ORIGINS", "https://app.example,banana"),
        ("RPC_URL_base", "https://secret.example"),
        ("AUTH_MODE", "none"),
        ("LOG_LEVEL", "LOUD"),
        ("RATE_LIMIT_PER_MINUTE", "0"),
        ("STREAMS_PER_CALLER", "0"),
        ("STREAMS_PER_INSTANCE", "many"),
        ("STREAM_REFRESH_SECONDS", "0"),
        ("STREAM_HEARTBEAT_SECONDS", "301"),
        ("STREAM_SECONDS", "0"),
        ("BUS", "kafka"),
        ("ARCHIVE", "https://secret.example/bucket"),
        ("ARCHIVE", "gs://secret bucket"),
        ("ARCHIVE_METHODS", "fifo,secret"),
        ("ARCHIVE_ENDPOINT_URL", "secret"),
        ("STORAGE_EMULATOR_HOST", "secret:80"),
        ("PUBSUB_EMULATOR_HOST", "secret"),
        ("PUBSUB_EMULATOR_HOST", "http://secret.example:8085"),
    ],
)
def test_a_wrong_value_is_named_but_not_shown(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"^{name}: must ") as caught:
        Settings.from_env({name: value})

    assert "secret" not in str(caught.value)


def test_a_deployed_function_refuses_to_trust_everybody() -> None:
    with pytest.raises(ConfigError, match="AUTH_MODE: must be set to oidc when deployed"):
        Settings.from_env({"K_SERVICE": "portfolio"})


def test_messages_stay_in_the_process_on_a_laptop_and_take_pubsub_when_deployed() -> None:
    deployed = {"K_SERVICE": "snapshot", "AUTH_MODE": "oidc", "GOOGLE_CLOUD_PROJECT": "demo"}

    assert Settings.from_env({}).bus == "local"
    assert Settings.from_env(deployed).bus == "pubsub"
    assert Settings.from_env({**deployed, "BUS": "local"}).bus == "local"


def test_an_emulator_of_pubsub_needs_a_project() -> None:
    emulator = {"PUBSUB_EMULATOR_HOST": "127.0.0.1:8085"}

    with pytest.raises(ConfigError, match=r"^GOOGLE_CLOUD_PROJECT: must be set"):
        Settings.from_env(emulator)
    settings = Settings.from_env({**emulator, "GOOGLE_CLOUD_PROJECT": "demo"})
    assert settings.pubsub_emulator_host == "127.0.0.1:8085"


@pytest.mark.parametrize("given", [{}, {"OIDC_ISSUER": "https://issuer.example"}])
def test_verifying_tokens_needs_an_issuer_and_an_audience(given: dict[str, str]) -> None:
    with pytest.raises(ConfigError, match=r"^OIDC_(ISSUER|AUDIENCE): must be set"):
        Settings.from_env({"AUTH_MODE": "oidc", **given})


def test_a_project_means_its_firebase_authentication() -> None:
    oidc = Settings.from_env({"AUTH_MODE": "oidc", "GOOGLE_CLOUD_PROJECT": "demo"}).oidc

    assert (oidc.issuer, oidc.audience) == ("https://securetoken.google.com/demo", "demo")


def test_keys_and_endpoints_are_not_in_the_representation() -> None:
    settings = Settings.from_env(
        {
            "COINMARKETCAP_API_KEY": "secret",
            "COINGECKO_API_KEY": "secret",
            "ETH_RPC_URL": "https://a.example/secret",
        }
    )

    assert "secret" not in repr(settings)


def test_a_file_beside_the_program_is_read_and_the_environment_wins(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / ".env").write_text("CHAINS=base,polygon\nPORT=9000\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("CHAINS", raising=False)
    monkeypatch.setenv("PORT", "9001")
    settings = Settings.from_env()

    assert (settings.chains, settings.port) == (("base", "polygon"), 9001)


def test_streams_are_limited_by_caller_where_callers_differ_or_when_told_to() -> None:
    deployed = {"AUTH_MODE": "oidc", "GOOGLE_CLOUD_PROJECT": "p"}

    assert Settings.from_env({}).streams.per_caller is None
    assert Settings.from_env({"STREAMS_PER_CALLER": "2"}).streams.per_caller == 2
    assert Settings.from_env(deployed).streams.per_caller == 20


DEPLOYED = {"K_SERVICE": "portfolio", "AUTH_MODE": "oidc", "GOOGLE_CLOUD_PROJECT": "p"}


@pytest.mark.parametrize("host", ["169.254.169.254", "metadata.google.internal", "localhost", "10.0.0.7"])
def test_a_deployed_function_asks_no_private_network_unless_it_is_said_to(host: str) -> None:
    variables = {**DEPLOYED, "RPC_URL_1": f"https://ok.example/k, http://{host}/secret"}

    with pytest.raises(ConfigError, match=r"^RPC_URL_1: must not be of a private network") as caught:
        Settings.from_env(variables)
    assert "secret" not in str(caught.value)
    assert Settings.from_env({**variables, "ALLOW_PRIVATE_URLS": "true"}).rpc_urls
    assert Settings.from_env({"RPC_URL_1": f"http://{host}/"}).rpc_urls


@pytest.mark.parametrize(
    "name",
    [
        *("CMC_BASE_URL", "BACKED_BASE_URL", "LLAMA_BASE_URL", "COINGECKO_BASE_URL"),
        *("ETH_RPC_URL", "OIDC_JWKS_URL", "TRIGGER_JWKS_URL", "ARCHIVE_ENDPOINT_URL"),
    ],
)
def test_no_url_that_a_deployed_function_asks_is_of_a_private_network(name: str) -> None:
    variables = {**DEPLOYED, name: "http://169.254.169.254/secret"}

    with pytest.raises(ConfigError, match=f"^{name}: must not be of a private network") as caught:
        Settings.from_env(variables)
    assert "secret" not in str(caught.value)
    Settings.from_env({**variables, "ALLOW_PRIVATE_URLS": "true"})
    Settings.from_env({name: "http://127.0.0.1:1/"})


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("FIRESTORE_EMULATOR_HOST", "10.0.0.1:80"),
        ("PUBSUB_EMULATOR_HOST", "emulator.example:80"),
        ("STORAGE_EMULATOR_HOST", "http://169.254.169.254"),
    ],
)
def test_a_deployed_function_hands_nothing_to_an_emulator_unless_it_is_said_to(name: str, value: str) -> None:
    with pytest.raises(ConfigError, match=f"^{name}: must not be set when deployed"):
        Settings.from_env({**DEPLOYED, name: value})
    Settings.from_env({**DEPLOYED, name: value, "ALLOW_PRIVATE_URLS": "true"})
    Settings.from_env({name: value, "GOOGLE_CLOUD_PROJECT": "p"})


def test_only_public_hosts_are_asked_when_deployed_unless_it_is_said_otherwise() -> None:
    assert Settings.from_env(DEPLOYED).public_only
    assert not Settings.from_env({**DEPLOYED, "ALLOW_PRIVATE_URLS": "true"}).public_only
    assert not Settings.from_env({}).public_only


def test_firestore_needs_a_project_or_an_emulator() -> None:
    deployed = {
        **DEPLOYED,
        "GOOGLE_CLOUD_PROJECT": "",
        "OIDC_ISSUER": "https://i.example",
        "OIDC_AUDIENCE": "a",
        "BUS": "local",
    }

    for variables in ({"STORE": "firestore"}, deployed):
        with pytest.raises(ConfigError, match=r"^GOOGLE_CLOUD_PROJECT: must be set when STORE is firestore$"):
            Settings.from_env(variables)
        emulator = {"FIRESTORE_EMULATOR_HOST": "127.0.0.1:8080", "ALLOW_PRIVATE_URLS": "true"}
        emulated = Settings.from_env({**variables, **emulator})
        assert emulated.store == "firestore"
    assert Settings.from_env({"STORE": "firestore", "GOOGLE_CLOUD_PROJECT": "p"}).project == "p"


def test_pubsub_needs_a_project() -> None:
    with pytest.raises(ConfigError, match=r"^GOOGLE_CLOUD_PROJECT: must be set when BUS is pubsub$"):
        Settings.from_env({"BUS": "pubsub"})

    assert Settings.from_env({"BUS": "pubsub", "GOOGLE_CLOUD_PROJECT": "p"}).bus == "pubsub"


def test_archives_may_be_in_a_bucket_or_a_folder() -> None:
    settings = Settings.from_env(
        {
            "ARCHIVE": "s3://bucket/chainfolio",
            "ARCHIVE_METHODS": "fifo, hifo,fifo",
            "ARCHIVE_ENDPOINT_URL": "http://127.0.0.1:9000/",
            "ARCHIVE_REGION": "eu-west-1",
            "STORAGE_EMULATOR_HOST": "http://127.0.0.1:4443",
        }
    ).archive

    assert settings.location == Location("s3", "bucket", "chainfolio/")
    assert settings.methods == ("fifo", "hifo")
    assert (settings.s3_endpoint_url, settings.s3_region) == ("http://127.0.0.1:9000", "eu-west-1")
    assert settings.gcs_emulator_url == "http://127.0.0.1:4443"
    assert Settings.from_env({"ARCHIVE": "file:archives"}).archive.location == Location("file", "archives")


def test_a_folder_is_no_place_for_archives_when_deployed() -> None:
    deployed = {"K_SERVICE": "archive", "AUTH_MODE": "oidc", "GOOGLE_CLOUD_PROJECT": "p"}

    assert Settings.from_env({**deployed, "ARCHIVE": "gs://bucket"}).archive.location is not None
    with pytest.raises(ConfigError, match="ARCHIVE: must be gs://bucket/prefix or s3://bucket/prefix when"):
        Settings.from_env({**deployed, "ARCHIVE": "file:archives"})


OIDC = {"AUTH_MODE": "oidc", "GOOGLE_CLOUD_PROJECT": "p"}
SESSION_KEY = "0123456789abcdef0123456789abcdef"


def test_signing_in_with_ethereum_has_domains_and_a_key() -> None:
    given = {**OIDC, "SIWE_DOMAINS": "app.example, localhost:5173", "SESSION_KEY": SESSION_KEY}
    siwe = Settings.from_env({**given, "SESSION_MINUTES": "5"}).siwe

    assert (siwe.domains, siwe.session_key) == (("app.example", "localhost:5173"), SESSION_KEY)
    assert (siwe.session_minutes, Settings.from_env(given).siwe.session_minutes) == (5, 15)
    assert SESSION_KEY not in repr(siwe)


@pytest.mark.parametrize(
    ("given", "name"),
    [
        ({"SIWE_DOMAINS": "https://app.example"}, "SIWE_DOMAINS"),
        ({"SIWE_DOMAINS": "app.example/login"}, "SIWE_DOMAINS"),
        ({"SIWE_DOMAINS": "APP.example"}, "SIWE_DOMAINS"),
        ({"SIWE_DOMAINS": "app.example", "AUTH_MODE": "local"}, "SIWE_DOMAINS"),
        ({"SIWE_DOMAINS": "app.example", "SESSION_KEY": ""}, "SESSION_KEY"),
        ({"SIWE_DOMAINS": "app.example", "SESSION_KEY": SESSION_KEY[:-1]}, "SESSION_KEY"),
        ({"SESSION_MINUTES": "0"}, "SESSION_MINUTES"),
        ({"SESSION_MINUTES": "61"}, "SESSION_MINUTES"),
    ],
)
def test_what_is_wrong_with_signing_in_is_named_and_not_shown(given: dict[str, str], name: str) -> None:
    with pytest.raises(ConfigError, match=name) as refused:
        Settings.from_env({**OIDC, "SESSION_KEY": SESSION_KEY, **given})

    assert SESSION_KEY[:-1] not in str(refused.value)
