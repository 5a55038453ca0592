"""`make archive` and `make restore`: what they exit with, and that what is written comes back."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

from functions.archives import main
from shared.core.archive_names import parse_archive_id
from shared.store.account_ports import mark_of
from shared.store.opening import open_store
from shared.store.ports import Store
from tests.archive.samples import contents, fill

WRITTEN = re.compile(
    r"from sqlite:full.db to file:kept\narchive (\S+) is whole: 2 users, 2 wallets, 8 trades, 4 snapshots, "
)


@pytest.fixture(autouse=True)
def _elsewhere(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A folder with a store that has two users, and an archive that is set."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("STORE", "sqlite:full.db")
    monkeypatch.setenv("ARCHIVE", "file:kept")
    asyncio.run(_with("full.db", _fill))


async def _fill(store: Store) -> None:
    for user in ("alice", "bob"):
        await fill(store, user)


async def _with(path: str, act: Callable[[Store], Awaitable[object]]) -> object:
    store = open_store(f"sqlite:{path}", None, lambda: datetime.now(UTC))
    try:
        return await act(store)
    finally:
        await store.close()


def kept_in(path: str) -> object:
    async def look(store: Store) -> object:
        return [await contents(store, user) for user in ("alice", "bob")]

    return asyncio.run(_with(path, look))


def test_what_is_written_comes_back(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    assert main(["export"]) == 0
    written = WRITTEN.match(capsys.readouterr().out)
    assert written
    assert parse_archive_id(written[1]) <= datetime.now(UTC)
    assert main(["verify"]) == 0
    assert capsys.readouterr().out.startswith(f"archive {written[1]} is as it was written: 2 users, ")

    monkeypatch.setenv("STORE", "sqlite:empty.db")
    assert main(["restore", "file:kept"]) == 0
    assert "restored: 2 wallets, 8 trades, 4 snapshots that were not there" in capsys.readouterr().out
    assert kept_in("empty.db") == kept_in("full.db")


def test_a_store_that_is_not_empty_is_left_alone_unless_told(capsys: pytest.CaptureFixture[str]) -> None:
    main(["export", "file:kept", "--archive", datetime.now(UTC).date().isoformat()])
    capsys.readouterr()

    assert main(["restore", "file:kept"]) == 1
    assert capsys.readouterr().err.startswith(
        "the store sqlite:full.db is not empty: OPTIONS=--add-missing adds what"
    )
    assert main(["restore", "file:kept", "--add-missing"]) == 0
    assert "restored: 0 wallets, 0 trades, 0 snapshots" in capsys.readouterr().out


def test_who_was_erased_is_not_brought_back(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    main(["export"])
    (tmp_path / "gone.txt").write_text(f"\n  bob\t\r\n{mark_of('bob')}\n\n")
    monkeypatch.setenv("STORE", "sqlite:empty.db")

    assert main(["restore", "file:kept", "--without", "none.txt"]) == 1
    assert capsys.readouterr().err == "none.txt cannot be read\n"
    assert main(["restore", "file:kept", "--without", "gone.txt"]) == 0
    assert capsys.readouterr().out.endswith(
        "restored: 1 wallet, 4 trades, 2 snapshots that were not there\n"
        "left out: 0 users erased after what is kept of them here, as far as is known\n"
        "left out: 1 user named in gone.txt\n"
    )


def test_a_name_that_nobody_has_stops_a_restore_before_it_begins(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    main(["export"])
    (tmp_path / "gone.txt").write_text("alice\nBob\nb ob\n")
    monkeypatch.setenv("STORE", "sqlite:empty.db")
    empty = kept_in("empty.db")
    capsys.readouterr()

    assert main(["restore", "file:kept", "--without", "gone.txt"]) == 1
    complaint = capsys.readouterr().err
    assert complaint.startswith("gone.txt: nothing in archive 20")
    assert complaint.endswith(
        " is of 2 of its names, so nothing was restored: mend them, or take them out: 'Bob', 'b ob'\n"
    )
    assert kept_in("empty.db") == empty


def test_a_store_that_knows_who_was_erased_says_so_and_keeps_to_it(
    capsys: pytest.CaptureFixture[str], tmp_path: Path
) -> None:
    main(["export"])
    asyncio.run(_with("full.db", _erase_bob))
    capsys.readouterr()

    assert main(["restore", "file:kept", "--add-missing"]) == 0
    assert capsys.readouterr().out.endswith(
        "restored: 0 wallets, 0 trades, 0 snapshots that were not there\n"
        "left out: 1 user erased after what is kept of them here, as far as is known\n"
    )


async def _erase_bob(store: Store) -> None:
    await store.erasures.mark_erased("bob", datetime.now(UTC))
    while (await store.erasures.erase_some("bob")).found:
        pass


def test_a_broken_archive_is_not_restored(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    main(["export"])
    last = max(tmp_path.glob("kept/*/snapshots/*.parquet"))
    last.write_bytes(last.read_bytes()[:-1])
    monkeypatch.setenv("STORE", "sqlite:empty.db")
    capsys.readouterr()

    assert main(["restore", "file:kept"]) == 1
    assert re.fullmatch(
        r"\S+/snapshots/000000-000\.\w+\.parquet is not what was written: .*\n", capsys.readouterr().err
    )
    assert kept_in("empty.db") != kept_in("full.db")


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["restore", "https://bucket.example/x"], "'https://bucket.example/x' must be gs://bucket/prefix"),
        (["restore", "file:nowhere"], "there is no archive that is whole, at file:nowhere\n"),
        (["restore", "file:kept", "--archive", "latest"], "archive: 'latest' is not an archive such as"),
        (["verify", "--archive", "2026-01-01"], "no archive 2026-01-01 that is whole, at file:kept"),
        (["export", "--archive", "2020-01-01"], "archive: its day is over"),
        (["restore"], "say where the archives are: make restore FROM=file:PATH"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_two(
    arguments: list[str], complaint: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(arguments) == 2
    printed = capsys.readouterr()
    assert printed.out in ("", "from sqlite:full.db to file:kept\n")
    assert printed.err.count("\n") == 1
    assert complaint in printed.err


def test_without_a_place_it_says_what_to_set(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("ARCHIVE")

    assert main(["export"]) == 2
    assert capsys.readouterr().err == (
        "ARCHIVE: is not set; set ARCHIVE, or make archive TO=file:PATH (see README.md, Settings)\n"
    )


def test_an_archive_of_nobody_is_said_to_be_empty(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("STORE", "sqlite:empty.db")

    assert main(["export"]) == 0
    printed = capsys.readouterr().out
    assert printed.startswith("from sqlite:empty.db to file:kept\n")
    assert "it is empty: nobody keeps anything in sqlite:empty.db" in printed


@pytest.mark.parametrize("command", [["export"], ["restore", "file:kept"]])
def test_a_store_that_cannot_be_used_is_named(
    command: list[str], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    (tmp_path / "text.db").write_text("this is not a database, whatever its name says")
    monkeypatch.setenv("STORE", "sqlite:text.db")

    assert main(command) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert printed.err.startswith("STORE: sqlite:text.db: the store's file cannot be used")
    assert printed.err.count("\n") == 1
