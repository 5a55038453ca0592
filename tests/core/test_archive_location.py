"""Where archives may be."""

from __future__ import annotations

import pytest

from shared.core.archive_location import Location, parse_location


@pytest.mark.parametrize(
    ("text", "location"),
    [
        ("gs://bucket", Location("gs", "bucket")),
        ("gs://bucket/", Location("gs", "bucket")),
        ("s3://my.bucket-1/chainfolio/prod", Location("s3", "my.bucket-1", "chainfolio/prod/")),
        ("s3://bucket/a/", Location("s3", "bucket", "a/")),
        ("file:archives", Location("file", "archives")),
        ("file:/var/my archives", Location("file", "/var/my archives")),
    ],
)
def test_a_place_is_a_bucket_or_a_folder(text: str, location: Location) -> None:
    assert parse_location(text) == location


@pytest.mark.parametrize(
    "text",
    [
        *("", "bucket", "gs:/bucket", "https://bucket/x", "file:", "gs://", "gs://B", "gs://b", "s3://a b/c"),
        *(
            "s3://bucket/../other",
            "s3://bucket//a",
            "gs://bucket/a?b=c",
            "gs://bucket/a#b",
            "gs://u:p@bucket/a",
        ),
        *("gs://bucket:80/a", "file:a\0b", "gs://bucket/a\n"),
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="must be gs://bucket/prefix, s3://bucket/prefix or file:PATH"):
        parse_location(text)
