"""Archives go to S3 where that is asked for, by the keys of one function."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from shared.config import Settings
from shared.core.archive_location import Location
from tests.infra.terraform import SMALL, Deployment, Resource, Terraform, ToolMissing

KEYS = {"AWS_ACCESS_KEY_ID": 1, "AWS_SECRET_ACCESS_KEY": 2}
SETTINGS = {"ARCHIVE_REGION": "eu-central-2", "ARCHIVE_ENDPOINT_URL": "https://s3.example.com"}
PLACE = {"archive": "s3://some-bucket/chainfolio", "secrets": KEYS, "settings": SETTINGS}
COMMAND = ("-input=false", "-no-color", "-compact-warnings")


@pytest.fixture(scope="module")
def copy(tmp_path_factory: pytest.TempPathFactory) -> Terraform:
    try:
        terraform = Terraform(tmp_path_factory.mktemp("s3"))
    except ToolMissing as error:
        pytest.fail(str(error), pytrace=False)
    return terraform


@pytest.fixture(scope="module")
def on_s3(copy: Terraform) -> Deployment:
    return copy.apply({**SMALL, **PLACE})


def given(deployment: Deployment, function: str) -> tuple[dict[str, str], set[str]]:
    """The settings of a function, and the names of its secrets."""
    made: Mapping[str, Resource] = deployment.by_function("cloudfunctions2_function")
    (service,) = made[function].values["service_config"]
    return service["environment_variables"], {s["key"] for s in service["secret_environment_variables"]}


def test_the_archive_function_is_told_where_and_given_the_keys(on_s3: Deployment) -> None:
    told, secrets = given(on_s3, "archive")
    settings = Settings.from_env({**told, "K_SERVICE": "archive"}).archive

    assert settings.location == Location("s3", "some-bucket", "chainfolio/")
    assert (settings.s3_region, settings.s3_endpoint_url) == ("eu-central-2", "https://s3.example.com")
    assert secrets == set(KEYS)


def test_no_other_function_has_the_keys(on_s3: Deployment) -> None:
    readers = on_s3.all("secret_manager_secret_iam_member")

    assert {found.function for found in readers if found.key in KEYS} == {"archive"}
    for function in set(on_s3.by_function("cloudfunctions2_function")) - {"archive"}:
        told, secrets = given(on_s3, function)
        assert not secrets & set(KEYS)
        assert "ARCHIVE" not in told


def test_the_own_bucket_stays_and_nobody_writes_to_it(on_s3: Deployment) -> None:
    buckets = {bucket.address for bucket in on_s3.all("storage_bucket")}
    account = "service_account.chainfolio-archive.member"

    assert "google_storage_bucket.archive" in buckets
    assert account not in {m.values["member"] for m in on_s3.all("storage_bucket_iam_member")}


@pytest.mark.parametrize(
    "place",
    [
        "gs://some-bucket/x",
        "s3://",
        "s3://Some-Bucket/x",
        "s3://some-bucket/../x",
        "s3://some-bucket/",
        "some-bucket",
    ],
)
def test_what_is_no_place_on_s3_is_refused(place: str, copy: Terraform) -> None:
    copy.choose({**SMALL, **PLACE, "archive": place})

    said = " ".join(copy.run("plan", *COMMAND, fine=(1,)).replace("│", "").split())
    assert "archive: must be s3://bucket/prefix" in said


@pytest.mark.parametrize("secrets", [{}, {"AWS_ACCESS_KEY_ID": 1}, {**KEYS, "AWS_SECRET_ACCESS_KEY": 0}])
def test_s3_without_keys_is_refused(secrets: dict[str, int], copy: Terraform) -> None:
    copy.choose({**SMALL, **PLACE, "secrets": secrets})

    said = " ".join(copy.run("plan", *COMMAND, fine=(1,)).replace("│", "").split())
    assert "secrets: AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY must have a version" in said
