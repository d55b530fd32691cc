"""Where the index lies: by default a file of SQLite, beside the broker's.

All that differs between kinds of database is here; the index itself speaks plain SQL.
"""

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

# Raised when the tables change: an index of another version is thrown away and rebuilt.
VERSION = 1
BUSY_SECONDS = 5.0
TABLES = """
CREATE TABLE IF NOT EXISTS state (name TEXT PRIMARY KEY, value INTEGER NOT NULL);
CREATE TABLE IF NOT EXISTS drawing (
  place INTEGER PRIMARY KEY, build INTEGER NOT NULL, id TEXT NOT NULL, owner TEXT NOT NULL, made_at REAL NOT NULL,
  width REAL NOT NULL, height REAL NOT NULL, seed INTEGER, kept INTEGER NOT NULL, words TEXT NOT NULL, record TEXT NOT NULL,
  UNIQUE (build, id)
);
CREATE INDEX IF NOT EXISTS newest ON drawing (build, owner, made_at DESC, id DESC);
CREATE TABLE IF NOT EXISTS mark (build INTEGER NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (build, id, kind, value));
CREATE INDEX IF NOT EXISTS marked ON mark (build, kind, value, id);
CREATE TABLE IF NOT EXISTS gone (id TEXT PRIMARY KEY);
CREATE VIRTUAL TABLE IF NOT EXISTS spoken USING fts5 (
  words, content='drawing', content_rowid='place', tokenize='unicode61 remove_diacritics 2', prefix='2 3'
);
CREATE TRIGGER IF NOT EXISTS entered AFTER INSERT ON drawing BEGIN
  INSERT INTO spoken (rowid, words) VALUES (new.place, new.words);
END;
CREATE TRIGGER IF NOT EXISTS left_out AFTER DELETE ON drawing BEGIN
  INSERT INTO spoken (spoken, rowid, words) VALUES ('delete', old.place, old.words);
END;
"""


Row = Sequence[Any]


class Database(ABC):
    """A database that holds the index."""

    @abstractmethod
    def write(self) -> contextlib.AbstractContextManager[Transaction]:
        """Open a transaction that no other one writes beside, whole or not at all; it sees what all before it did."""

    @abstractmethod
    def read(self) -> contextlib.AbstractContextManager[Transaction]:
        """Open a transaction that sees one state of the index, whatever others write meanwhile."""

    @abstractmethod
    def close(self) -> None:
        """Close the connections that this thread, or nobody, uses; they are opened again when they are needed."""

    @abstractmethod
    def tidy(self) -> None:
        """Give back room and order the words anew; for quiet hours."""


class Transaction:
    """What can be asked of a database while a transaction is open."""

    def __init__(self, connection: sqlite3.Connection) -> None:
        self._connection = connection

    def run(self, sql: str, *values: Any) -> list[Row]:
        """Run a statement with `?` for each of `values`, and return its rows."""
        return self._connection.execute(sql, [writable(value) for value in values]).fetchall()

    def spoken(self, words: Sequence[str]) -> tuple[str, str]:
        """Return the condition that a drawing's words contain all these, the last as a beginning, and its one value.

        Each word goes between quotes: whatever it holds is searched for, none of it is an operator
        of the query.
        """
        quoted = ['"' + word.replace('"', '""') + '"' for word in words]
        return "place IN (SELECT rowid FROM spoken WHERE spoken MATCH ?)", f"{' '.join(quoted)}*"


class SqliteDatabase(Database):
    """An index in one file, in write-ahead mode: any number read while one writes, in any number of processes."""

    def __init__(self, path: Path) -> None:
        """Use the file `path`; it is made when it is needed."""
        self._path = path
        self._own = threading.local()

    @contextlib.contextmanager
    def write(self) -> Iterator[Transaction]:
        """Open a transaction for writing; see `Database.write`."""
        with self._transaction("BEGIN IMMEDIATE") as transaction:
            yield transaction

    @contextlib.contextmanager
    def read(self) -> Iterator[Transaction]:
        """Open a transaction for reading; see `Database.read`."""
        with self._transaction("BEGIN") as transaction:
            yield transaction

    def tidy(self) -> None:
        """Merge the index of words and cut the log; see `Database.tidy`."""
        with self.write() as transaction:
            transaction.run("INSERT INTO spoken (spoken) VALUES ('optimize')")
        with _translated():
            self._connection().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def close(self) -> None:
        """Close the connection of this thread, if it has one."""
        connection = getattr(self._own, "connection", None)
        self._own.connection = None
        if connection is not None:
            connection.close()

    @contextlib.contextmanager
    def _transaction(self, begin: str) -> Iterator[Transaction]:
        with _translated():
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
        """Return the connection of this thread; one that a parent process opened is left alone."""
        own = self._own
        if getattr(own, "pid", None) != os.getpid():
            # To close it here would be to meddle with the parent's: it is held, and never touched
            # again.
            own.inherited = getattr(own, "connection", None)
            own.pid, own.connection = os.getpid(), None
        if own.connection is not None and own.file != _identity(self._path):
            self.close()
        if own.connection is None:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            own.connection = _opened(self._path)
            own.file = _identity(self._path)
        return own.connection  # type: ignore[no-any-return]

    def _set_aside(self) -> None:
        """Put a file away that is damaged: the index is derived, and an empty one can be filled again."""
        self.close()
        for ending in ("-wal", "-shm", ""):
            with contextlib.suppress(OSError):
                path = self._path.with_name(f"{self._path.name}{ending}")
                path.replace(path.with_name(f"{path.name}.damaged"))


def writable(value: Any) -> Any:
    """Return a value as it can be stored: half a surrogate pair is no text, though JSON can carry it, nor is a NUL."""
    return (
        value.encode(errors="replace").decode().replace("\0", "\ufffd")
        if isinstance(value, str)
        else value
    )


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
        # A power cut may take the last entries along; the next rebuild finds them.
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
        for name in ("spoken", "drawing", "mark", "state", "gone"):
            connection.execute(f"DROP TABLE IF EXISTS {name}")
        statement = ""
        for line in TABLES.splitlines(keepends=True):
            statement += line
            if sqlite3.complete_statement(statement):
                connection.execute(statement)
                statement = ""
        connection.execute(f"PRAGMA user_version = {VERSION}")
    connection.execute("COMMIT")


@contextlib.contextmanager
def _translated() -> Iterator[None]:
    try:
        yield
    except (sqlite3.Error, OSError) as error:
        raise Unavailable(
            "the index of the gallery cannot be used right now; try again in a moment",
            code="gallery-away",
        ) from error
