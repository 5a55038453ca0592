"""The tables, as steps from one version of the file to the next; a step is never changed, only added."""

from __future__ import annotations

from sqlite3 import Connection

from ...errors import StoreUnavailable

_FIRST = """
CREATE TABLE trades (
    id TEXT PRIMARY KEY, user_id TEXT NOT NULL, side TEXT NOT NULL, asset TEXT NOT NULL,
    symbol TEXT NOT NULL, amount TEXT NOT NULL, amount_type TEXT NOT NULL, price_usd TEXT, total_usd TEXT,
    fee_usd TEXT, tx_hash TEXT, chain TEXT, wallet TEXT, status TEXT NOT NULL, executed_at INTEGER NOT NULL,
    created_at INTEGER NOT NULL, source TEXT NOT NULL, notes TEXT NOT NULL, fee_asset TEXT, fee_amount TEXT,
    link TEXT, lots TEXT, basis_usd TEXT, acquired_at INTEGER, version INTEGER NOT NULL
) STRICT;
CREATE UNIQUE INDEX trades_by_transaction ON trades (user_id, tx_hash, chain, asset, side)
    WHERE tx_hash IS NOT NULL;
-- The columns behind the id are there so that a filter on them is decided without reading the row.
CREATE INDEX trades_by_time ON trades (user_id, executed_at, id, side, status, chain);
CREATE INDEX trades_by_asset ON trades (user_id, asset, executed_at, id);
CREATE INDEX trades_by_symbol ON trades (user_id, symbol, executed_at, id);
CREATE INDEX trades_by_link ON trades (user_id, link, executed_at) WHERE link IS NOT NULL;
CREATE INDEX trades_by_wallet ON trades (user_id, wallet, executed_at, id);

CREATE TABLE changes (
    revision INTEGER PRIMARY KEY AUTOINCREMENT, user_id TEXT NOT NULL,
    first INTEGER NOT NULL, made_at INTEGER NOT NULL
) STRICT;
CREATE INDEX changes_by_user ON changes (user_id, revision, first);

CREATE TABLE checkpoints (
    user_id TEXT NOT NULL, name TEXT NOT NULL, revision INTEGER NOT NULL, boundary INTEGER NOT NULL,
    state BLOB NOT NULL, saved_at INTEGER NOT NULL, PRIMARY KEY (user_id, name)
) STRICT;

CREATE TABLE wallets (
    user_id TEXT NOT NULL, address TEXT NOT NULL, label TEXT NOT NULL, chains TEXT NOT NULL,
    created_at INTEGER NOT NULL, PRIMARY KEY (user_id, address)
) STRICT, WITHOUT ROWID;

CREATE TABLE snapshots (
    user_id TEXT NOT NULL, id TEXT NOT NULL, timestamp INTEGER NOT NULL, total_usd TEXT NOT NULL,
    complete INTEGER NOT NULL, errors TEXT NOT NULL, run_id TEXT, PRIMARY KEY (user_id, id)
) STRICT;
CREATE INDEX snapshots_by_time ON snapshots (user_id, timestamp, id);
CREATE TABLE snapshot_assets (
    user_id TEXT NOT NULL, id TEXT NOT NULL, assets BLOB NOT NULL, PRIMARY KEY (user_id, id),
    FOREIGN KEY (user_id, id) REFERENCES snapshots ON DELETE CASCADE
) STRICT;

CREATE TABLE answers (
    user_id TEXT NOT NULL, key TEXT NOT NULL, request_hash TEXT NOT NULL, expires_at INTEGER NOT NULL,
    status INTEGER, body BLOB, PRIMARY KEY (user_id, key)
) STRICT;
CREATE INDEX answers_by_expiry ON answers (expires_at);
"""

MIGRATIONS: tuple[str, ...] = (_FIRST,)


def migrate(connection: Connection) -> None:
    """Bring the file to the newest version; several processes may do so at once.

    Raises StoreUnavailable for a file that a newer program wrote.
    """
    if _version(connection) == len(MIGRATIONS):
        return
    connection.execute("BEGIN IMMEDIATE")
    with connection:
        version = _version(connection)
        if version > len(MIGRATIONS):
            raise StoreUnavailable("the store was written by a newer version of this program")
        for step in MIGRATIONS[version:]:
            for statement in _statements(step):
                connection.execute(statement)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def _version(connection: Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _statements(script: str) -> list[str]:
    """One by one, because executescript would end the transaction."""
    lines = [line for line in script.splitlines() if not line.startswith("--")]
    return [statement for statement in "\n".join(lines).split(";") if statement.strip()]
