"""Settings come from the environment, and what is wrong is named without being shown."""

from pathlib import Path

import pytest

from shared.config import Settings
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
        ("BUS", "kafka"),
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
