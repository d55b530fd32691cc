"""The index in a PostgreSQL database, shared by several machines."""

from __future__ import annotations

import contextlib
import os
import ssl
from collections.abc import Iterator, Sequence
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from pg8000 import dbapi

from libraries.gallery.databases import (
    BUSY_SECONDS,
    VERSION,
    Database,
    Row,
    Transaction,
    translated_errors,
    writable,
)
from libraries.json_types import JsonObject

# A separate schema, so that the database may contain other tables, and one per version.
SCHEMA = f"vector_gallery_{VERSION}"
WRITER = 0x76656374
# Longer than `statement_timeout`, after which the server itself reports an error.
SILENT_SECONDS, MAX_IDLE = BUSY_SECONDS + 1, 4
TABLES = f"""
CREATE SCHEMA IF NOT EXISTS {SCHEMA};
SET search_path TO {SCHEMA};
CREATE TABLE IF NOT EXISTS index_state (name TEXT PRIMARY KEY, value BIGINT NOT NULL);
CREATE TABLE IF NOT EXISTS drawing (
  row_id BIGSERIAL PRIMARY KEY, build BIGINT NOT NULL, id TEXT NOT NULL, owner TEXT NOT NULL, made_at DOUBLE PRECISION NOT NULL,
  width DOUBLE PRECISION NOT NULL, height DOUBLE PRECISION NOT NULL, seed BIGINT, pinned INTEGER NOT NULL, search_words TEXT NOT NULL,
  record TEXT NOT NULL,
  search_vector tsvector GENERATED ALWAYS AS (array_to_tsvector(string_to_array(search_words, ' '))) STORED,
  UNIQUE (build, id)
);
CREATE INDEX IF NOT EXISTS drawing_by_date ON drawing (build, owner, made_at DESC, id DESC);
CREATE INDEX IF NOT EXISTS drawing_by_words ON drawing USING gin (search_vector);
CREATE TABLE IF NOT EXISTS drawing_tag (build BIGINT NOT NULL, id TEXT NOT NULL, kind TEXT NOT NULL, value TEXT NOT NULL,
  PRIMARY KEY (build, id, kind, value));
CREATE INDEX IF NOT EXISTS drawing_tag_by_value ON drawing_tag (build, kind, value, id);
CREATE TABLE IF NOT EXISTS removed_drawing (id TEXT PRIMARY KEY)
"""


class PostgresTransaction(Transaction):
    """A transaction in PostgreSQL."""

    def __init__(self, connection: dbapi.Connection) -> None:
        self._cursor = connection.cursor()

    def run(self, sql: str, *values: Any) -> list[Row]:
        self._cursor.execute(sql.replace("?", "%s"), tuple(writable(value) for value in values))
        return list(self._cursor.fetchall()) if self._cursor.description else []

    def match_words(self, words: Sequence[str]) -> tuple[str, str]:
        quoted = ["'" + word.replace("\\", "\\\\").replace("'", "''") + "'" for word in words]
        return "search_vector @@ CAST(? AS tsquery)", f"{' & '.join(quoted)}:*"


class PostgresDatabase(Database):
    """An index in a PostgreSQL database."""

    def __init__(self, url: str) -> None:
        """Use the database at `url`; the tables are created on demand."""
        self._target = connection_arguments(url)
        self._pid = 0
        self._idle: list[dbapi.Connection] = []

    @contextlib.contextmanager
    def write(self) -> Iterator[Transaction]:
        with self._transaction("BEGIN") as transaction:
            transaction.run("SELECT pg_advisory_xact_lock(?)", WRITER)
            yield transaction

    @contextlib.contextmanager
    def read(self) -> Iterator[Transaction]:
        with self._transaction("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY") as transaction:
            yield transaction

    def vacuum(self) -> None:
        """Drop the schemas of earlier versions; the server itself runs autovacuum."""
        with self.write() as transaction:
            for version in range(1, VERSION):
                transaction.run(f"DROP SCHEMA IF EXISTS vector_gallery_{version} CASCADE")

    def close(self) -> None:
        while self._idle:
            with contextlib.suppress(dbapi.Error, OSError):
                self._idle.pop().close()

    @contextlib.contextmanager
    def _transaction(self, begin: str) -> Iterator[Transaction]:
        with translated_errors(dbapi.Error):
            connection = self._take()
            try:
                transaction = PostgresTransaction(connection)
                transaction.run(begin)
                yield transaction
                transaction.run("COMMIT")
            except BaseException:
                # The server rolls back the transaction of a closed connection.
                with contextlib.suppress(dbapi.Error, OSError):
                    connection.close()
                raise
            self._give_back(connection)

    def _take(self) -> dbapi.Connection:
        """Return a working connection. Connections that the parent process opened are not used."""
        if self._pid != os.getpid():
            self._pid, self._idle = os.getpid(), []
        while self._idle:
            with contextlib.suppress(IndexError):
                connection = self._idle.pop()
                try:
                    PostgresTransaction(connection).run("SELECT 1")
                except (dbapi.Error, OSError):
                    with contextlib.suppress(dbapi.Error, OSError):
                        connection.close()
                else:
                    return connection
        return self._connected()

    def _give_back(self, connection: dbapi.Connection) -> None:
        if len(self._idle) < MAX_IDLE:
            self._idle.append(connection)
        else:
            connection.close()

    def _connected(self) -> dbapi.Connection:
        connection = dbapi.connect(**self._target, timeout=SILENT_SECONDS)
        try:
            # Transactions are controlled by statements, as in SQLite.
            connection.autocommit = True
            milliseconds = int(BUSY_SECONDS * 1000)
            run = PostgresTransaction(connection).run
            run(f"SET statement_timeout = {milliseconds}")
            run("SET standard_conforming_strings = on")
            if not run(
                "SELECT 1 FROM information_schema.tables WHERE table_schema = ? AND table_name = 'removed_drawing'",
                SCHEMA,
            ):
                _make_tables(run)
            run(f"SET search_path TO {SCHEMA}")
        except BaseException:
            connection.close()
            raise
        return connection


def connection_arguments(url: str) -> JsonObject:
    """Parse `postgresql://user:password@host:port/database`; all parts are optional.

    `?host=/folder` selects a socket in that folder, `?sslmode=require` TLS with a verified certificate.
    """
    parts = urlsplit(url)
    options = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    found: JsonObject = {
        "user": unquote(parts.username or "postgres"),
        "password": unquote(parts.password) if parts.password is not None else None,
        "database": unquote(parts.path.lstrip("/")) or None,
        "application_name": "vector-api",
    }
    port = parts.port or 5432
    if "host" in options:
        return {**found, "unix_sock": f"{options['host']}/.s.PGSQL.{port}"}
    secure = (
        ssl.create_default_context() if options.get("sslmode", "disable") != "disable" else None
    )
    return {**found, "host": parts.hostname or "127.0.0.1", "port": port, "ssl_context": secure}


def _make_tables(run: Any) -> None:
    run("BEGIN")
    run("SELECT pg_advisory_xact_lock(?)", WRITER)
    for statement in TABLES.split(";"):
        run(statement)
    run("COMMIT")
