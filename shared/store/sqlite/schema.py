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

_RUNS = """
CREATE TABLE runs (
    id TEXT PRIMARY KEY, user_id TEXT, scheduled_at INTEGER NOT NULL, started_at INTEGER NOT NULL,
    give_up_at INTEGER NOT NULL, overdue_at INTEGER NOT NULL, chains TEXT NOT NULL, totals TEXT,
    finished_at INTEGER, expires_at INTEGER NOT NULL
) STRICT;
CREATE INDEX runs_at_work ON runs (overdue_at, id) WHERE finished_at IS NULL;
CREATE INDEX runs_finished ON runs (scheduled_at) WHERE finished_at IS NOT NULL AND user_id IS NULL;
CREATE INDEX runs_by_expiry ON runs (expires_at);

CREATE TABLE run_pages (
    run_id TEXT NOT NULL, kind TEXT NOT NULL, number INTEGER NOT NULL, content BLOB NOT NULL,
    expires_at INTEGER NOT NULL, PRIMARY KEY (run_id, kind, number)
) STRICT;
CREATE INDEX run_pages_by_expiry ON run_pages (expires_at);

CREATE TABLE parts (
    run_id TEXT NOT NULL, group_number INTEGER NOT NULL, chain TEXT NOT NULL, state TEXT NOT NULL,
    content BLOB NOT NULL, expires_at INTEGER NOT NULL, PRIMARY KEY (run_id, group_number, chain)
) STRICT;
CREATE INDEX parts_by_state ON parts (run_id, state);
CREATE INDEX parts_by_expiry ON parts (expires_at);

CREATE TABLE latest (
    wallet TEXT NOT NULL, chain TEXT NOT NULL, protocol TEXT NOT NULL, block_number INTEGER NOT NULL,
    block_time INTEGER NOT NULL, content BLOB NOT NULL, expires_at INTEGER NOT NULL,
    PRIMARY KEY (wallet, chain, protocol)
) STRICT;
CREATE INDEX latest_by_expiry ON latest (expires_at);

CREATE INDEX snapshots_by_run ON snapshots (run_id) WHERE run_id IS NOT NULL;
"""

_IMPORTS = """
ALTER TABLE changes ADD COLUMN imported INTEGER NOT NULL DEFAULT 0;
"""

_ON_CHAIN = """
ALTER TABLE trades ADD COLUMN on_chain TEXT;
CREATE INDEX trades_mismatched ON trades (user_id, executed_at, id)
    WHERE json_extract(on_chain, '$.matches') = 0;
"""

_OUTCOMES = """
ALTER TABLE runs ADD COLUMN outcome TEXT;
CREATE INDEX snapshots_incomplete ON snapshots (run_id) WHERE run_id IS NOT NULL AND complete = 0;
"""

# What is kept already was written 30 days (2592000000000 µs) before it expires.
_SEQUENCES = """
ALTER TABLE latest ADD COLUMN sequence INTEGER NOT NULL DEFAULT 1;
UPDATE latest SET sequence = expires_at - 2592000000000;
CREATE INDEX latest_by_sequence ON latest (sequence);
CREATE INDEX latest_of_wallet ON latest (wallet, sequence);
"""

_ACCOUNTS = """
ALTER TABLE wallets ADD COLUMN verified_at INTEGER;
CREATE INDEX runs_of_user ON runs (user_id) WHERE user_id IS NOT NULL;
CREATE TABLE erasures (
    mark TEXT PRIMARY KEY, erased_at INTEGER NOT NULL, expires_at INTEGER NOT NULL
) STRICT, WITHOUT ROWID;
CREATE TABLE nonces (nonce TEXT PRIMARY KEY, expires_at INTEGER NOT NULL) STRICT, WITHOUT ROWID;
CREATE INDEX nonces_by_expiry ON nonces (expires_at);
"""

_ERAS = """
ALTER TABLE erasures ADD COLUMN era INTEGER NOT NULL DEFAULT 1;
-- Has a row when all that was ever deleted from the file is overwritten.
CREATE TABLE scrubbed (yes INTEGER PRIMARY KEY) STRICT;
"""

_SCRUBBED = "INSERT OR IGNORE INTO scrubbed VALUES (1)"
MIGRATIONS: tuple[str, ...] = (
    *(_FIRST, _RUNS, _IMPORTS, _ON_CHAIN, _OUTCOMES, _SEQUENCES, _ACCOUNTS, _ERAS),
)


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
        if not version:
            connection.execute(_SCRUBBED)
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS)}")


def scrub(connection: Connection) -> None:
    """Write a file of an earlier version anew, once: what that one deleted may lie about in it.

    It takes some seconds for each GB and as much room again. Nobody else can write meanwhile, so it is done
    when the file is opened, and not while somebody waits for an erasure.
    """
    if connection.execute("SELECT 1 FROM scrubbed").fetchone() is None:
        connection.execute("VACUUM")
        # The file itself stays as it was until the log is written into it.
        connection.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchall()
        connection.execute(_SCRUBBED)


def _version(connection: Connection) -> int:
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def _statements(script: str) -> list[str]:
    """One by one, because executescript would end the transaction."""
    lines = [line for line in script.splitlines() if not line.startswith("--")]
    return [statement for statement in "\n".join(lines).split(";") if statement.strip()]
