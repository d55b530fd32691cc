"""Database of the index: SQLite by default. The differences between databases are confined to this interface."""

from __future__ import annotations

import contextlib
import os
import sqlite3
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, ClassVar

from sqlalchemy import (
    URL,
    Connection,
    Integer,
    Select,
    create_engine,
    event,
    literal_column,
    select,
    table,
    text,
)
from sqlalchemy.dialects import sqlite
from sqlalchemy.exc import DBAPIError

from libraries.errors import Unavailable
from libraries.gallery.drawings import VERSION
from libraries.gallery.tables import create_statements

BUSY_SECONDS = 5.0


class Database(ABC):
    """A database that contains the index, for any number of threads. Tables are created on demand."""

    # Statements that begin a transaction with a consistent snapshot, and an exclusive one.
    READ: ClassVar[str]
    WRITE: ClassVar[str]
    MAX_IDLE = 4
    insert: ClassVar[Callable[..., Any]]

    def __init__(self, url: str | URL, **options: Any) -> None:
        self._engine = create_engine(url, pool_size=self.MAX_IDLE, max_overflow=-1, **options)
        self._pid, self._inherited = os.getpid(), self._engine.pool
        event.listen(self._engine, "connect", self._prepare)
        event.listen(self._engine, "begin", self._begin)

    @abstractmethod
    def match_words(self, words: Sequence[str]) -> Select[int]:
        """Return a query of the `row_id` of drawings with all words, the last one a prefix.

        The words consist of letters, digits and `_`; quoted, they cannot be operators of the query language.
        """

    @abstractmethod
    def vacuum(self) -> None:
        """Reclaim space; expensive."""

    @contextlib.contextmanager
    def write(self) -> Iterator[Connection]:
        """Open an exclusive write transaction."""
        with self._transaction(write=True) as connection:
            yield connection

    @contextlib.contextmanager
    def read(self) -> Iterator[Connection]:
        """Open a read transaction with a consistent snapshot."""
        with self._transaction(write=False) as connection:
            yield connection

    def close(self) -> None:
        """Close unused connections; they are reopened on demand."""
        self._engine.dispose()

    @abstractmethod
    def _prepare(self, connection: Any, record: object) -> None:
        """Configure a new connection of the driver, and create the tables if they do not exist."""

    def _begin(self, connection: Connection) -> None:
        is_write = connection.get_execution_options().get("write")
        connection.exec_driver_sql(self.WRITE if is_write else self.READ)

    @contextlib.contextmanager
    def _transaction(self, *, write: bool) -> Iterator[Connection]:
        with self._translated_errors():
            self._check_pool()
            connected = self._engine.connect().execution_options(write=write)
            with connected as connection, connection.begin():
                yield connection

    def _check_pool(self) -> None:
        if self._pid != os.getpid():
            # Closing the connections of the parent process would break them, so a reference is kept.
            self._inherited = self._engine.pool
            self._engine.dispose(close=False)
            self._pid = os.getpid()

    @contextlib.contextmanager
    def _translated_errors(self) -> Iterator[None]:
        """Raise Unavailable for errors of the database, with the error of the driver as the cause."""
        try:
            yield
        except (DBAPIError, self._engine.dialect.loaded_dbapi.Error, OSError) as error:
            cause = error.orig if isinstance(error, DBAPIError) else error
            self._handle_error(cause)
            raise Unavailable(
                "the gallery index is temporarily unavailable; try again in a moment",
                code="gallery-away",
            ) from cause

    @abstractmethod
    def _handle_error(self, error: BaseException | None) -> None:
        """Set aside what the error shows to be damaged."""


class SqliteDatabase(Database):
    """An index in one file in write-ahead mode: concurrent readers and one writer, in any number of processes."""

    READ, WRITE = "BEGIN", "BEGIN IMMEDIATE"
    insert = staticmethod(sqlite.insert)

    def __init__(self, path: Path) -> None:
        """Use the file `path`, which is created on demand."""
        self._path, self._file = path, _identity(path)
        url = URL.create("sqlite", database=str(path))
        super().__init__(url, connect_args={"timeout": BUSY_SECONDS})
        event.listen(self._engine, "do_connect", self._make_private)

    def match_words(self, words: Sequence[str]) -> Select[int]:
        quoted = " ".join(f'"{word}"' for word in words)
        found = select(literal_column("rowid", Integer)).select_from(table("drawing_fts"))
        return found.where(text("drawing_fts MATCH :words").bindparams(words=f"{quoted}*"))

    def vacuum(self) -> None:
        """Optimize the full-text index, and write the log back to the file."""
        with self.write() as connection:
            connection.execute(text("INSERT INTO drawing_fts (drawing_fts) VALUES ('optimize')"))
        with self._translated_errors(), contextlib.closing(self._engine.raw_connection()) as raw:
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")

    def _check_pool(self) -> None:
        super()._check_pool()
        if (found := _identity(self._path)) != self._file:
            self.close()
            self._file = found

    def _make_private(self, *_: object) -> None:
        """Create the file with mode 0600, which SQLite gives its other files as well."""
        self._path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(self._path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600))
        self._file = _identity(self._path)
        for ending in ("", "-wal", "-shm"):
            # Earlier versions created them with the default mode. Another user may own them.
            with contextlib.suppress(OSError):
                self._path.with_name(f"{self._path.name}{ending}").chmod(0o600)

    def _prepare(self, connection: Any, record: object) -> None:
        # Transactions begin and end by statements.
        connection.isolation_level = None
        connection.execute("PRAGMA journal_mode = WAL")
        # A power failure may lose the last transactions; a rebuild restores them.
        connection.execute("PRAGMA synchronous = NORMAL")
        if connection.execute("PRAGMA user_version").fetchone()[0] != VERSION:
            self._make_tables(connection)

    def _make_tables(self, connection: sqlite3.Connection) -> None:
        connection.execute("BEGIN IMMEDIATE")
        if connection.execute("PRAGMA user_version").fetchone()[0] != VERSION:
            names = (
                "SELECT name FROM sqlite_master WHERE type = 'table' AND name NOT LIKE 'sqlite_%'"
            )
            # The tables of a virtual table are dropped with it.
            for (name,) in connection.execute(
                f"{names} ORDER BY sql NOT LIKE 'CREATE VIRTUAL%'"
            ).fetchall():
                connection.execute(f'DROP TABLE IF EXISTS "{name}"')
            for statement in create_statements(self._engine.dialect):
                connection.execute(statement)
            connection.execute(f"PRAGMA user_version = {VERSION}")
        connection.execute("COMMIT")

    def _handle_error(self, error: BaseException | None) -> None:
        """Rename a damaged file; the index can be rebuilt."""
        if type(error) is not sqlite3.DatabaseError:
            return
        self.close()
        for ending in ("-wal", "-shm", ""):
            with contextlib.suppress(OSError):
                path = self._path.with_name(f"{self._path.name}{ending}")
                path.replace(path.with_name(f"{path.name}.damaged"))


def _identity(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_dev, found.st_ino
