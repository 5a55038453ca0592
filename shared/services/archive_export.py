"""Writing an archive: users in pages, each page written once, and the manifest at the end.

Whoever comes later, or comes again, goes on behind the last page that is there. A page is what counts of its
users: the files of an attempt that never got so far are named by no page, and by no manifest.
"""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import islice
from typing import Protocol, cast

from ..archive.ports import Objects
from ..core.archive_manifest import (
    ArchivePage,
    Manifest,
    decode_manifest,
    decode_page,
    encode_manifest,
    encode_page,
    manifest_of,
)
from ..core.archive_names import day_id, manifest_name, page_name, parse_archive_id
from ..core.archive_tables import Row, TableName
from ..core.chains import Chains
from ..core.ledger import Accounting
from ..core.methods import Method
from ..core.trades import Trade
from ..errors import ArchiveBroken, InvalidInput, NotYet
from ..store.ports import SnapshotFilter, Store
from .accounting import families_of
from .archive_erasures import keep_erasures
from .archive_files import PageFiles
from .archive_reports import report_rows
from .archive_rows import snapshot_row, trade_row, wallet_row

logger = logging.getLogger(__name__)

# A page takes seconds: that is what is done again after a crash.
_USERS = 200
_ROWS = 100_000
_SNAPSHOTS_AT_ONCE = 50
_REPORT_ROWS_AT_ONCE = 2000
_CLOCK_SKEW = timedelta(minutes=5)


class ArchiveSources(Protocol):
    """What archives are made of, but for where they are kept; the Context is one."""

    @property
    def store(self) -> Store: ...
    @property
    def known_chains(self) -> Chains: ...
    @property
    def clock(self) -> Callable[[], datetime]: ...


@dataclass(frozen=True, slots=True)
class PageLimits:
    """A page ends with the user who reaches one of these."""

    users: int = _USERS
    rows: int = _ROWS


async def write_archive(
    archive_id: str,
    methods: Sequence[str],
    objects: Objects,
    sources: ArchiveSources,
    *,
    within: timedelta | None = None,
    limits: PageLimits = PageLimits(),
) -> Manifest:
    """The archive of this id: written, gone on with, or as it was written before.

    Whoever was erased by now is told beside it each time. Raises NotYet when it takes longer than `within`:
    whoever asks again goes on with it. Raises InvalidInput for an id of another day that was never begun,
    ArchiveBroken, and Unavailable.
    """
    whole = await find_manifest(archive_id, objects)
    pages = [] if whole else await _write_pages(archive_id, methods, objects, sources, within, limits)
    # Before the manifest: no archive is whole that has no list.
    await keep_erasures(archive_id, objects, sources.store, sources.clock())
    return whole or await _keep_manifest(manifest_of(archive_id, pages, sources.clock()), objects)


async def _write_pages(
    archive_id: str,
    methods: Sequence[str],
    objects: Objects,
    sources: ArchiveSources,
    within: timedelta | None,
    limits: PageLimits,
) -> list[ArchivePage]:
    """All pages, those that were there and those that were not."""
    started_at = sources.clock()
    pages = await _kept_pages(archive_id, objects)
    if not pages:
        _check_day(archive_id, started_at)
    found_here = len(pages)
    while not pages or not pages[-1].is_last:
        if within is not None and len(pages) > found_here and sources.clock() - started_at >= within:
            raise NotYet(
                f"archive {archive_id} has {sum(page.users for page in pages)} users so far: ask again"
            )
        pages.append(await _write_page(archive_id, pages, methods, objects, sources, limits))
    return pages


async def find_manifest(archive_id: str, objects: Objects) -> Manifest | None:
    """The manifest of an archive that is whole; None if there is none. Raises ArchiveBroken."""
    content = await objects.read_object(manifest_name(archive_id))
    if content is None:
        return None
    try:
        manifest = decode_manifest(content)
    except ValueError as error:
        raise ArchiveBroken(f"{manifest_name(archive_id)}: {error}") from error
    if manifest.id != archive_id:
        raise ArchiveBroken(f"{manifest_name(archive_id)} is of another archive, {manifest.id}")
    return manifest


def _check_day(archive_id: str, now: datetime) -> None:
    """An archive holds what is kept now, so it may only be called after now."""
    at = parse_archive_id(archive_id)
    if at > now + _CLOCK_SKEW:
        raise InvalidInput("archive", "its time has not come")
    if day_id(at) != day_id(now):
        raise InvalidInput("archive", "its day is over, and it was not begun then")


async def _keep_manifest(manifest: Manifest, objects: Objects) -> Manifest:
    name = manifest_name(manifest.id)
    if await objects.add_object(name, encode_manifest(manifest)):
        logger.info(
            "archive %s is whole: %s users, %s files", manifest.id, manifest.users, len(manifest.files)
        )
        return manifest
    kept = await find_manifest(manifest.id, objects)
    if kept is None:
        raise ArchiveBroken(f"{name} is there and is not")
    return kept


async def _kept_pages(archive_id: str, objects: Objects) -> list[ArchivePage]:
    pages: list[ArchivePage] = []
    while (page := await _find_page(archive_id, len(pages), objects)) is not None:
        pages.append(page)
    return pages


async def _find_page(archive_id: str, number: int, objects: Objects) -> ArchivePage | None:
    name = page_name(archive_id, number)
    content = await objects.read_object(name)
    if content is None:
        return None
    try:
        page = decode_page(archive_id, content)
    except ValueError as error:
        raise ArchiveBroken(f"{name}: {error}") from error
    if page.number != number:
        raise ArchiveBroken(f"{name} is another page, {page.number}")
    return page


async def _write_page(
    archive_id: str,
    before: Sequence[ArchivePage],
    methods: Sequence[str],
    objects: Objects,
    sources: ArchiveSources,
    limits: PageLimits,
) -> ArchivePage:
    """The page behind those before it: ours, or that of another writer who was faster."""
    started_at = before[0].started_at if before else sources.clock()
    methods = before[0].methods if before else tuple(methods)
    after = before[-1].last_user if before else None
    users = await sources.store.owners.page_users(after, limits.users)
    files = PageFiles(archive_id, len(before), objects)
    rules = _rules(methods, sources.known_chains)
    done = 0
    for user in users:
        await _add_user(user, rules, started_at, files, sources.store)
        done += 1
        if files.count >= limits.rows:
            break
    page = ArchivePage(
        number=len(before),
        started_at=started_at,
        methods=tuple(methods),
        users=done,
        last_user=users[done - 1] if done else after,
        is_last=done == len(users) < limits.users,
        files=await files.finish(),
    )
    if await objects.add_object(page_name(archive_id, page.number), encode_page(page)):
        return page
    kept = await _find_page(archive_id, page.number, objects)
    if kept is None:
        raise ArchiveBroken(f"{page_name(archive_id, page.number)} is there and is not")
    return kept


def _rules(methods: Iterable[str], chains: Chains) -> list[Accounting]:
    """As `pnl` settles by when nothing else is asked for, but for the method."""
    families = families_of(chains)
    return [Accounting(cast(Method, method), families=families) for method in methods]


async def _add_user(
    user: str, rules: Sequence[Accounting], as_of: datetime, files: PageFiles, store: Store
) -> None:
    wallets = await store.wallets.list_wallets(user)
    await files.add("wallets", (wallet_row(user, wallet) for wallet in wallets))
    trades: list[Trade] = []
    async for chunk in store.log.read_trades(user):
        await files.add("trades", map(trade_row, chunk))
        trades += chunk
    await _add_snapshots(user, files, store)
    rows = report_rows(user, trades, rules, as_of)
    while portion := await asyncio.to_thread(_take, rows):
        for table, row in portion:
            await files.add(table, (row,))


def _take(rows: Iterator[tuple[TableName, Row]]) -> list[tuple[TableName, Row]]:
    return list(islice(rows, _REPORT_ROWS_AT_ONCE))


async def _add_snapshots(user: str, files: PageFiles, store: Store) -> None:
    after = None
    while True:
        page = await store.snapshots.page_snapshots(
            user, SnapshotFilter(), order="asc", after=after, limit=_SNAPSHOTS_AT_ONCE, with_assets=True
        )
        await files.add("snapshots", map(snapshot_row, page.rows))
        after = page.next
        if after is None:
            return
