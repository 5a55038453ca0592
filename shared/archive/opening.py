"""Opens the place for archives that the settings name."""

from __future__ import annotations

from collections.abc import Callable

from ..core.archive_location import Location
from .ports import Objects


def open_objects(
    location: Location,
    *,
    s3_endpoint_url: str | None = None,
    s3_region: str | None = None,
    gcs_emulator_url: str | None = None,
) -> Objects:
    """The objects there; nothing connects before they are used."""
    if location.scheme == "s3":
        from .s3 import S3Objects

        return S3Objects(location, s3_endpoint_url, s3_region)
    if location.scheme == "gs":
        from .gcs import GcsObjects

        return GcsObjects(location, gcs_emulator_url)
    from .folder import FolderObjects

    return FolderObjects(location.place)


class ObjectsOnDemand:
    """A place for archives that is opened when it is first needed; None where there is none."""

    def __init__(self, open_it: Callable[[], Objects | None] = lambda: None) -> None:
        self._open = open_it
        self._objects: Objects | None = None

    def get(self) -> Objects | None:
        """The objects, opened by now."""
        if self._objects is None:
            self._objects = self._open()
        return self._objects

    async def close(self) -> None:
        """Close them if they were opened."""
        objects, self._objects = self._objects, None
        if objects is not None:
            await objects.close()
