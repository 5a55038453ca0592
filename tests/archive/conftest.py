"""Places for archives: a folder, S3 as moto serves it, Google Cloud Storage as our small server does."""

from __future__ import annotations

import secrets
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import boto3  # type: ignore[import-untyped]  # has no types
import pytest
import pytest_asyncio
from moto.server import ThreadedMotoServer

from shared.archive.opening import open_objects
from shared.archive.ports import Objects
from shared.core.archive_location import Location, parse_location
from tests.archive.aws_provider import find_mirror
from tests.archive.fakes import FakeObjects
from tests.archive.gcs_server import GcsServer, serve_gcs

# Without the provider there is nothing to apply the module with.
collect_ignore = [] if find_mirror() else ["test_archive_s3_module.py"]


@pytest.fixture(scope="session")
def s3_url() -> Iterator[str]:
    """Where moto's server is."""
    server = ThreadedMotoServer("127.0.0.1", port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    yield f"http://{host}:{port}"
    server.stop()


@pytest.fixture
def aws(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """The same, known with the credentials that the library looks for."""
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "test")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "test")
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    return s3_url


@pytest.fixture(scope="session")
def gcs() -> Iterator[GcsServer]:
    with serve_gcs() as server:
        yield server


@pytest.fixture
def s3_location(aws: str) -> Location:
    """A prefix of a bucket of its own."""
    bucket = f"bucket-{secrets.token_hex(6)}"
    client = boto3.client("s3", endpoint_url=aws, region_name="us-east-1")
    client.create_bucket(Bucket=bucket)
    client.close()
    return parse_location(f"s3://{bucket}/some/prefix")


@pytest_asyncio.fixture(params=["fake", "file", "s3", "gs"])
async def objects(request: pytest.FixtureRequest, tmp_path: Path) -> AsyncIterator[Objects]:
    """Each of them, empty."""
    if request.param == "fake":
        opened: Objects = FakeObjects()
    elif request.param == "file":
        opened = open_objects(parse_location(f"file:{tmp_path / 'archive'}"))
    elif request.param == "s3":
        location = request.getfixturevalue("s3_location")
        url = request.getfixturevalue("aws")
        opened = open_objects(location, s3_endpoint_url=url, s3_region="us-east-1")
    else:
        server: GcsServer = request.getfixturevalue("gcs")
        bucket = server.make_bucket()
        opened = open_objects(parse_location(f"gs://{bucket}/some/prefix"), gcs_emulator_url=server.url)
    yield opened
    await opened.close()
