"""`make archive` and `make restore FROM=…`: archives of what users keep, written and read back by hand."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections.abc import Awaitable, Callable, Collection, Sequence
from pathlib import Path

from functions.store_check import check_store
from shared.archive.ports import Objects
from shared.config import Settings
from shared.core.archive_location import Location, parse_location
from shared.core.archive_manifest import Manifest
from shared.core.archive_names import moment_id, parse_archive_id
from shared.core.archive_tables import TABLE_NAMES
from shared.errors import ArchiveBroken, CallerError, ConfigError, NotFound, Unavailable
from shared.services.archive_export import write_archive
from shared.services.archive_restore import (
    find_archive,
    find_named,
    is_empty,
    restore_archive,
    verify_archive,
)
from shared.wiring import Context, open_archives, open_context

_USAGE = """make archive [TO=file:PATH] | make restore FROM=file:PATH
       .venv/bin/python -m functions.archives COMMAND …"""
_EXIT_CODES = """exit code: 0 when it is done, 1 when it cannot be (an archive that is broken, a store that is
not empty, a service that does not answer), 2 for a question or a setting that is wrong"""

_NAMES_SHOWN = 20


class NotDone(Exception):
    """What was asked for is refused; the message says why."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Does what the arguments say; the exit code."""
    options = _parser().parse_args(arguments)
    try:
        asyncio.run(_run(options))
    except ConfigError as error:
        return _complain(error.line(), 2)
    except CallerError as error:
        return _complain(str(error), 2)
    except (NotDone, ArchiveBroken, Unavailable) as error:
        return _complain(str(error), 1)
    except KeyboardInterrupt:
        return 130
    return 0


async def _run(options: argparse.Namespace) -> None:
    settings = Settings.from_env()
    location = _location(options, settings)
    if options.archive is not None:
        parse_archive_id(options.archive)
    if options.act is not _verify:
        await check_store(settings)
    context = open_context(settings)
    objects = open_archives(location, settings.archive)
    act: Callable[[argparse.Namespace, Objects, Context], Awaitable[None]] = options.act
    try:
        await act(options, objects, context)
    except NotFound as error:
        raise NotFound(f"{error}, at {_place(location)}") from error
    finally:
        await objects.close()
        await context.close()


def _location(options: argparse.Namespace, settings: Settings) -> Location:
    """Where the archives are. Raises ConfigError."""
    if options.place is not None:
        try:
            return parse_location(options.place)
        except ValueError as error:
            raise ConfigError(f"{options.place[:100]!r} {error}") from None
    if options.act is _restore:
        raise ConfigError("FROM: is not set; say where the archives are: make restore FROM=file:PATH")
    if settings.archive.location is None:
        raise ConfigError("ARCHIVE: is not set; set ARCHIVE, or make archive TO=file:PATH")
    return settings.archive.location


def _place(location: Location) -> str:
    """As it is written on a command line."""
    if location.scheme == "file":
        return f"file:{location.place}"
    return f"{location.scheme}://{location.place}/{location.prefix}".rstrip("/")


def _store(settings: Settings) -> str:
    """The store that is read or written, so that nobody takes it for another."""
    return f"{settings.store} of {settings.project}" if settings.store == "firestore" else settings.store


async def _export(options: argparse.Namespace, objects: Objects, context: Context) -> None:
    """Beside the archive of the day, unless one is named."""
    settings = context.settings
    _say(f"from {_store(settings)} to {_place(_location(options, settings))}")
    archive_id = options.archive or moment_id(context.clock())
    manifest = await write_archive(archive_id, settings.archive.methods, objects, context)
    _say(f"archive {manifest.id} is whole: {_summary(manifest)}")
    if not manifest.users:
        _say(f"it is empty: nobody keeps anything in {_store(settings)}; STORE names another store")


async def _verify(options: argparse.Namespace, objects: Objects, _context: Context) -> None:
    manifest = await find_archive(options.archive, objects)
    await verify_archive(manifest, objects)
    _say(f"archive {manifest.id} is as it was written: {_summary(manifest)}")


async def _restore(options: argparse.Namespace, objects: Objects, context: Context) -> None:
    names = _names_in(options.without)
    manifest = await find_archive(options.archive, objects)
    _say(f"from {_place(_location(options, context.settings))} to {_store(context.settings)}")
    if not options.add_missing and not await is_empty(context.store):
        raise NotDone(
            f"the store {_store(context.settings)} is not empty: OPTIONS=--add-missing adds what it does "
            "not have, and leaves all else as it is"
        )
    await verify_archive(manifest, objects)
    _say(f"archive {manifest.id} is as it was written: {_summary(manifest)}")
    named = await find_named(manifest, objects, names) if names else {}
    _check_names(options.without, names - named.keys(), manifest)
    restored = await restore_archive(manifest, objects, context.store, names)
    _say(
        f"restored: {_count(restored.wallets, 'wallets')}, {_count(restored.trades, 'trades')}, "
        f"{_count(restored.snapshots, 'snapshots')} that were not there"
    )
    _say(
        f"left out: {_count(restored.erased, 'users')} erased after what is kept of them here, "
        "as far as is known"
    )
    if options.without is not None:
        _say(f"left out: {_count(len(set(named.values())), 'users')} named in {options.without}")


def _names_in(path: str | None) -> frozenset[str]:
    """The users that a file names, an id or a hash on each line. Raises NotDone."""
    try:
        text = "" if path is None else Path(path).read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        raise NotDone(f"{path} cannot be read") from error
    return frozenset(filter(None, map(str.strip, text.splitlines())))


def _check_names(path: str | None, unknown: Collection[str], manifest: Manifest) -> None:
    """A name that is misspelt would bring back whom it is to keep out. Raises NotDone."""
    if unknown:
        shown = ", ".join(map(repr, sorted(unknown)[:_NAMES_SHOWN]))
        raise NotDone(
            f"{path}: nothing in archive {manifest.id} is of {len(unknown):,} of its names, "
            f"so nothing was restored: mend them, or take them out: {shown}"
        )


def _summary(manifest: Manifest) -> str:
    rows = ", ".join(_count(manifest.rows(table), table) for table in TABLE_NAMES)
    return f"{_count(manifest.users, 'users')}, {rows}"


def _count(number: int, things: str) -> str:
    return f"{number:,} {things.removesuffix('s') if number == 1 else things}"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog=".venv/bin/python -m functions.archives",
        usage=_USAGE,
        description=__doc__,
        epilog=_EXIT_CODES,
        formatter_class=argparse.RawTextHelpFormatter,
    )
    commands = parser.add_subparsers(required=True, metavar="COMMAND")
    export = _command(commands, "export", _export, "write what all users keep, and their reports")
    export.add_argument("place", nargs="?", help="gs://…, s3://… or file:PATH; else ARCHIVE")
    verify = _command(commands, "verify", _verify, "read everything and compare it with the manifest")
    verify.add_argument("place", nargs="?", help="gs://…, s3://… or file:PATH; else ARCHIVE")
    restore = _command(commands, "restore", _restore, "verify, then write it into the store that STORE names")
    restore.add_argument("place", nargs="?", help="gs://…, s3://… or file:PATH")
    restore.add_argument(
        "--add-missing", action="store_true", help="also into a store that is not empty, as after a crash"
    )
    restore.add_argument(
        "--without",
        metavar="FILE",
        help="further users not to be brought back, an id or the hash of an erasure on each line; "
        "each must be of somebody in the archive",
    )
    return parser


def _command(
    commands: argparse._SubParsersAction[argparse.ArgumentParser],
    name: str,
    act: Callable[[argparse.Namespace, Objects, Context], Awaitable[None]],
    about: str,
) -> argparse.ArgumentParser:
    command = commands.add_parser(name, help=about, description=about)
    command.add_argument(
        "--archive", metavar="ID", help="such as 2026-11-21; else the latest, or for export a new one"
    )
    command.set_defaults(act=act)
    return command


def _say(message: str) -> None:
    sys.stdout.write(f"{message}\n")


def _complain(message: str, code: int) -> int:
    sys.stderr.write(f"{message}\n")
    return code


if __name__ == "__main__":
    sys.exit(main())
