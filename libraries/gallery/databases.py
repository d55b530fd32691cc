"""Database of the index: SQLite by default. The differences between databases are confined to this interface."""

from __future__ import annotations

import contextlib
import os
import sqlite3
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from libraries.errors import Unavailable

# Increase it when the tables change: an index of another version is dropped and rebuilt.
VERSION = 2
BUSY_SECONDS = 5.0
TABLES = """
CREATE TABLE IF NOT EXISTS index_state (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS drawing (
  row_id INTEGER PRIMARY KEY, build INTEGER NOT NULL, id TEXT NOT NULL, owner TEXT NOT NULL, made_at REAL NOT NULL,
  width REAL NOT NULL, height REAL NOT NULL, seed INTEGER, pinned INTEGER NOT NULL, search_words TEXT NOT NULL, record TEXT NOT NULL,
  UNIQUE (build, id)
);
CREATE INDEX IF NOT EXISTS drawing_by_date ON drawing (build, owner, made_at DESC, id DESC);
CREATE TABLE IF NOT EXISTS drawing_tag (build INTEGER NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (build, id, kind, value));
CREATE INDEX IF NOT EXISTS drawing_tag_by_value ON drawing_tag (build, kind, value, id);
CREATE TABLE IF NOT EXISTS removed_drawing (id TEXT PRIMARY KEY);
CREATE VIRTUAL TABLE IF NOT EXISTS drawing_fts USING fts5 (
  search_words, content='drawing', content_rowid='row_id', tokenize='unicode61 remove_diacritics 2', prefix='2 3'
);
CREATE TRIGGER IF NOT EXISTS drawing_fts_insert AFTER INSERT ON drawing BEGIN
  INSERT INTO drawing_fts (rowid, search_words) VALUES (new.row_id, new.search_words);
END;
CREATE TRIGGER IF NOT EXISTS drawing_fts_delete AFTER DELETE ON drawing BEGIN
  INSERT INTO drawing_fts (drawing_fts, rowid, search_words) VALUES ('delete', old.row_id, old.search_words);
END;
"""


Row = Sequence[Any]


class Database(ABC):
    """A database that contains the index."""

    @abstractmethod
    def write(self) -> contextlib.AbstractContextManager[Transaction]:
        """Open an exclusive write transaction."""

    @abstractmethod
    def read(self) -> contextlib.AbstractContextManager[Transaction]:
        """Open a read transaction with a consistent snapshot."""

    @abstractmethod
    def close(self) -> None:
        """Close unused connections and that of this thread; they are reopened on demand."""

    @abstractmethod
    def vacuum(self) -> None:
        """Reclaim space and optimize the full-text index; expensive."""


class Transaction:
    """An open transaction."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def run(self, sql: str, *values: Any) -> list[Row]:
        """Execute a statement with a `?` for each of `values`, and return its rows."""
        return self._connection.execute(sql, [writable(value) for value in values]).fetchall()

    def match_words(self, words: Sequence[str]) -> tuple[str, str]:
        """Return the SQL condition for drawings that contain all words, the last one as a prefix, and its value.

        Words are quoted, so they cannot be operators of the query language.
        """
        quoted = ['"' + word.replace('"', '""') + '"' for word in words]
        return (
            "row_id IN (SELECT rowid FROM drawing_fts WHERE drawing_fts MATCH ?)",
            f"{' '.join(quoted)}*",
        )


class SqliteDatabase(Database):
    """An index in one file in write-ahead mode: concurrent readers and one writer, in any number of processes."""

    def __init__(self, path: Path) -> None:
        """Use the file `path`, which is created on demand."""
        self._path = path
        self._local = threading.local()

    @contextlib.contextmanager
    def write(self) -> Iterator[Transaction]:
        with self._transaction("BEGIN IMMEDIATE") as transaction:
            yield transaction

    @contextlib.contextmanager
    def read(self) -> Iterator[Transaction]:
        with self._transaction("BEGIN") as transaction:
            yield transaction

    def vacuum(self) -> None:
        with self.write() as transaction:
            transaction.run("INSERT INTO drawing_fts (drawing_fts) VALUES ('optimize')")
        with translated_errors(sqlite3.Error):
            self._connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        connection = getattr(self._local, "connection", None)
        self._local.connection = None
        if connection is not None:
            connection.close()

    @contextlib.contextmanager
    def _transaction(self, begin: str) -> Iterator[Transaction]:
        with translated_errors(sqlite3.Error):
            try:
                connection = self._connection()
                connection.execute(begin)
                try:
                    yield Transaction(connection)
                    connection.execute("COMMIT")
                finally:
                    if connection.in_transaction:
                        connection.execute("ROLLBACK")
            except sqlite3.DatabaseError as error:
                if type(error) is sqlite3.DatabaseError:
                    self._set_aside()
                raise

    def _connection(self) -> sqlite3.Connection:
        """Return the connection of this thread. A connection that the parent process opened is not used."""
        local = self._local
        if getattr(local, "pid", None) != os.getpid():
            # Closing the connection of the parent would break it, so a reference is kept.
            local.inherited = getattr(local, "connection", None)
            local.pid, local.connection = os.getpid(), None
        if local.connection is not None and local.file != _identity(self._path):
            self.close()
        if local.connection is None:
            self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            _make_private(self._path)
            local.connection = _opened(self._path)
            local.file = _identity(self._path)
        return local.connection  # type: ignore[no-any-return]

    def _set_aside(self) -> None:
        """Rename a damaged file; the index can be rebuilt."""
        self.close()
        for ending in ("-wal", "-shm", ""):
            with contextlib.suppress(OSError):
                path = self._path.with_name(f"{self._path.name}{ending}")
                path.replace(path.with_name(f"{path.name}.damaged"))


def writable(value: Any) -> Any:
    """Return a value without lone surrogates and NUL, which databases do not store."""
    return (
        value.encode(errors="replace").decode().replace("\0", "\ufffd")
        if isinstance(value, str)
        else value
    )


def _make_private(path: Path) -> None:
    """Create the file with mode 0600, which SQLite gives its other files as well."""
    os.close(os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
    for ending in ("", "-wal", "-shm"):
        # Earlier versions created them with the default mode. Another user may own them.
        with contextlib.suppress(OSError):
            path.with_name(f"{path.name}{ending}").chmod(0o600)


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino


def _opened(path: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(path, timeout=BUSY_SECONDS, isolation_level=None)
    try:
        connection.execute("PRAGMA journal_mode = WAL")
        # A power failure may lose the last transactions; a rebuild restores them.
        connection.execute("PRAGMA synchronous = NORMAL")
        if connection.execute("PRAGMA user_version").fetchone()[0] != VERSION:
            _make_tables(connection)
    except BaseException:
        connection.close()
        raise
    return connection


def _make_tables(connection: sqlite3.Connection) -> None:
    connection.execute("BEGIN IMMEDIATE")
    if connection.execute("PRAGMA user_version").fetchone()[0] != VERSION:
        names = "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
        # The tables of a virtual table are dropped with it.
        for (name,) in connection.execute(
            f"{names} ORDER BY sql NOT LIKE 'CREATE VIRTUAL%'"
        ).fetchall():
            connection.execute(f'DROP TABLE IF EXISTS "{name}"')
        statement = ""
        for line in TABLES.splitlines(keepends=True):
            statement += line
            if sqlite3.complete_statement(statement):
                connection.execute(statement)
                statement = ""
        connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")


@contextlib.contextmanager
def translated_errors(error: type[Exception]) -> Iterator[None]:
    """Raise Unavailable for errors of the database."""
    try:
        yield
    except (error, OSError) as problem:
        raise Unavailable(
            "the gallery index is temporarily unavailable; try again in a moment",
            code="gallery-away",
        ) from problem
