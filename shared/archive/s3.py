"""Objects in a bucket of S3, or of a store that speaks its protocol.

Imported when a bucket is first opened, because the library takes long to load. Such a store must know
`If-None-Match`: one that does not would let an object be written over.
"""

from __future__ import annotations

import asyncio
from base64 import b64encode
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from hashlib import md5
from typing import Any

from boto3.session import Session  # type: ignore[import-untyped]  # has no types
from botocore.config import Config  # type: ignore[import-untyped]  # has no types
from botocore.exceptions import (  # type: ignore[import-untyped]  # has no types
    BotoCoreError,
    ClientError,
)

from ..core.archive_location import Location
from ..errors import ArchiveUnavailable

_ATTEMPTS = 4
_CONNECT_SECONDS = 5
_READ_SECONDS = 60
_GONE = frozenset(("NoSuchKey", "404"))


class S3Objects:
    """The library blocks, so it is called in threads; credentials are found as it does everywhere."""

    def __init__(self, location: Location, endpoint_url: str | None, region: str | None) -> None:
        self._bucket = location.place
        self._prefix = location.prefix
        self._client: Any = None
        self._open = partial(_open, endpoint_url, region)
        self._opening = asyncio.Lock()

    async def add_object(self, name: str, content: bytes) -> bool:
        # A bucket with object lock takes nothing without a checksum; this one every such store knows.
        checksum = b64encode(md5(content, usedforsecurity=False).digest()).decode()
        told = {"Body": content, "ContentMD5": checksum, "IfNoneMatch": "*"}
        client = await self._ready()
        put = partial(client.put_object, Bucket=self._bucket, Key=self._prefix + name, **told)
        with self._translated():
            try:
                await asyncio.to_thread(put)
            except ClientError as error:
                if _code(error) == "PreconditionFailed":
                    return False
                raise
        return True

    async def read_object(self, name: str) -> bytes | None:
        client = await self._ready()
        with self._translated():
            try:
                return await asyncio.to_thread(_read, client, self._bucket, self._prefix + name)
            except ClientError as error:
                if _code(error) in _GONE:
                    return None
                raise

    async def list_folders(self) -> tuple[str, ...]:
        client = await self._ready()
        with self._translated():
            return await asyncio.to_thread(_list, client, self._bucket, self._prefix)

    async def close(self) -> None:
        """Close the connections."""
        client, self._client = self._client, None
        if client is not None:
            client.close()

    async def _ready(self) -> Any:
        async with self._opening:
            if self._client is None:
                with self._translated():
                    self._client = await asyncio.to_thread(self._open)
        return self._client

    @contextmanager
    def _translated(self) -> Iterator[None]:
        try:
            yield
        except ClientError as error:
            raise ArchiveUnavailable(f"the bucket {self._bucket} cannot be used ({_code(error)})") from error
        except BotoCoreError as error:
            kind = type(error).__name__
            raise ArchiveUnavailable(f"the bucket {self._bucket} cannot be used ({kind})") from error


def _open(endpoint_url: str | None, region: str | None) -> Any:
    config = Config(
        retries={"max_attempts": _ATTEMPTS, "mode": "standard"},
        connect_timeout=_CONNECT_SECONDS,
        read_timeout=_READ_SECONDS,
        # Stores other than Amazon's have no names of their own for buckets, and know no newer checksums.
        s3={"addressing_style": "path" if endpoint_url else "auto"},
        request_checksum_calculation="when_required",
        response_checksum_validation="when_required",
    )
    return Session().client("s3", endpoint_url=endpoint_url, region_name=region, config=config)


def _read(client: Any, bucket: str, key: str) -> bytes:
    with client.get_object(Bucket=bucket, Key=key)["Body"] as body:
        content: bytes = body.read()
    return content


def _list(client: Any, bucket: str, prefix: str) -> tuple[str, ...]:
    pages = client.get_paginator("list_objects_v2").paginate(Bucket=bucket, Prefix=prefix, Delimiter="/")
    found = [each["Prefix"] for page in pages for each in page.get("CommonPrefixes", ())]
    return tuple(sorted(name.removeprefix(prefix).rstrip("/") for name in found))


def _code(error: ClientError) -> str:
    return str(error.response["Error"]["Code"])
