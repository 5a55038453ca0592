"""Every place for archives keeps the same promises."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

import pytest

from shared.archive.gcs import GcsObjects
from shared.archive.opening import open_objects
from shared.archive.ports import Objects
from shared.core.archive_location import Location, parse_location
from shared.errors import ArchiveUnavailable
from tests.archive.gcs_server import GcsServer

NAME = "2026-11-21/trades/000000-000.0123456789abcdef.csv"


async def test_an_object_comes_back_as_it_was_written(objects: Objects) -> None:
    content = bytes(range(256)) * 1000

    assert await objects.read_object(NAME) is None
    assert await objects.add_object(NAME, content)
    assert await objects.read_object(NAME) == content


async def test_an_object_is_never_written_over(objects: Objects) -> None:
    assert await objects.add_object(NAME, b"first")
    assert not await objects.add_object(NAME, b"second")
    assert await objects.read_object(NAME) == b"first"


async def test_of_many_who_write_one_object_one_does(objects: Objects) -> None:
    written = await asyncio.gather(*(objects.add_object(NAME, b"%d" % number) for number in range(8)))

    assert sum(written) == 1
    assert await objects.read_object(NAME) == b"%d" % written.index(True)


async def test_an_object_may_be_empty(objects: Objects) -> None:
    await objects.add_object(NAME, b"")

    assert await objects.read_object(NAME) == b""


async def test_folders_are_listed_once_and_in_order(objects: Objects) -> None:
    assert await objects.list_folders() == ()

    days = [f"2026-11-{day:02d}" for day in (23, 21, 25, 22, 24)]
    for day in days:
        for name in ("manifest.json", "pages/000000.json"):
            await objects.add_object(f"{day}/{name}", b"x")

    assert await objects.list_folders() == tuple(sorted(days))


async def test_a_file_is_for_its_owner_only(tmp_path: Path) -> None:
    opened = open_objects(parse_location(f"file:{tmp_path / 'archive'}"))
    await opened.add_object(NAME, b"x")

    modes = [stat.S_IMODE(each.stat().st_mode) for each in (tmp_path / "archive").rglob("*")]
    assert set(modes) == {0o700, 0o600}
    assert len(modes) == 3


@pytest.mark.parametrize("name", ["../x", "a/../../x", "/etc/x", "a//b", ".a", "a/.b", "", "a\0"])
async def test_no_name_leads_out_of_the_folder(name: str, tmp_path: Path) -> None:
    opened = open_objects(parse_location(f"file:{tmp_path}"))

    with pytest.raises(ValueError, match="is not an object's name"):
        await opened.add_object(name, b"x")


async def test_a_folder_that_cannot_be_used_is_unavailable(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    opened = open_objects(parse_location(f"file:{tmp_path / 'taken'}"))

    with pytest.raises(ArchiveUnavailable, match="the archive's folder cannot be used"):
        await opened.add_object(NAME, b"x")


async def test_a_bucket_that_is_not_there_is_unavailable(aws: str, gcs: GcsServer) -> None:
    place = Location("s3", "no-such-bucket")
    nowhere = open_objects(place, s3_endpoint_url=aws, s3_region="us-east-1")
    with pytest.raises(ArchiveUnavailable, match="no-such-bucket cannot be used"):
        await nowhere.add_object(NAME, b"x")
    with pytest.raises(ArchiveUnavailable, match="no-such-bucket cannot be used"):
        await nowhere.list_folders()
    await nowhere.close()

    nowhere = open_objects(Location("gs", "no-such-bucket"), gcs_emulator_url=gcs.url)
    with pytest.raises(ArchiveUnavailable, match="no-such-bucket cannot be used"):
        await nowhere.add_object(NAME, b"x")
    await nowhere.close()


async def test_without_credentials_s3_is_unavailable(s3_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    monkeypatch.setenv("AWS_SHARED_CREDENTIALS_FILE", os.devnull)
    monkeypatch.setenv("AWS_CONFIG_FILE", os.devnull)
    opened = open_objects(Location("s3", "bucket"), s3_endpoint_url=s3_url, s3_region="us-east-1")

    with pytest.raises(ArchiveUnavailable, match="NoCredentialsError"):
        await opened.add_object(NAME, b"x")
    await opened.close()


async def test_without_credentials_google_is_unavailable(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GOOGLE_APPLICATION_CREDENTIALS", str(tmp_path / "none.json"))
    opened = open_objects(Location("gs", "bucket"))

    with pytest.raises(ArchiveUnavailable, match="no credentials for Google Cloud Storage"):
        await opened.read_object(NAME)
    await opened.close()


async def test_what_passes_is_tried_again_and_what_does_not_is_not(gcs: GcsServer) -> None:
    waits: list[float] = []

    async def sleep(seconds: float) -> None:
        waits.append(seconds)

    opened = GcsObjects(Location("gs", gcs.make_bucket()), gcs.url, sleep=sleep)
    gcs.failures = [503, 429]
    assert await opened.add_object(NAME, b"x")
    assert len(waits) == 2

    gcs.failures = [403]
    with pytest.raises(ArchiveUnavailable, match="HTTP 403"):
        await opened.read_object(NAME)
    assert len(waits) == 2

    gcs.failures = [500] * 4
    with pytest.raises(ArchiveUnavailable, match="HTTP 500"):
        await opened.read_object(NAME)
    assert not gcs.failures
    await opened.close()


async def test_who_may_not_delete_is_told_that_an_object_is_there(
    gcs: GcsServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gcs, "refuses_overwriting", True)
    opened = GcsObjects(Location("gs", gcs.make_bucket()), gcs.url)

    assert await opened.add_object(NAME, b"first")
    assert not await opened.add_object(NAME, b"second")
    assert await opened.read_object(NAME) == b"first"
    gcs.failures = [403]
    with pytest.raises(ArchiveUnavailable, match="HTTP 403"):
        await opened.add_object("2026-11-21/other", b"x")
    await opened.close()


async def test_a_server_that_is_not_there_is_unavailable() -> None:
    async def sleep(seconds: float) -> None:
        """Nobody waits."""

    opened = GcsObjects(Location("gs", "bucket"), "http://127.0.0.1:9", sleep=sleep)

    with pytest.raises(ArchiveUnavailable, match="ConnectError"):
        await opened.read_object(NAME)
    await opened.close()
