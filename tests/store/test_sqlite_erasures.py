"""What is SQLite's own in an erasure: the bytes in the file."""

from __future__ import annotations

from pathlib import Path

from shared.store.opening import open_store
from tests.store.account_samples import erase, fill
from tests.store.samples import ALICE, BOB, Clock, trade

SECRET = "sold the house to pay for it"


def bytes_of(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in folder.iterdir())


async def test_what_is_erased_is_nowhere_in_the_files(tmp_path: Path) -> None:
    store = open_store(f"sqlite:{tmp_path / 'store.db'}", None, Clock())
    await fill(store, BOB)
    await fill(store, ALICE)
    await store.trades.add_trades(ALICE, [trade(number, notes=SECRET) for number in range(100, 400)])
    assert SECRET.encode() in bytes_of(tmp_path)

    await erase(store, ALICE)

    left = bytes_of(tmp_path)
    assert (SECRET.encode() in left, ALICE.encode() in left, BOB.encode() in left) == (False, False, True)
    await store.close()
