"""The index in a PostgreSQL database, shared by several machines."""

from __future__ import annotations

import contextlib
import logging
import ssl
from collections.abc import Sequence
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from sqlalchemy import Select, event, select, text
from sqlalchemy.dialects import postgresql
from sqlalchemy.exc import InvalidatePoolError

from libraries.gallery.databases import BUSY_SECONDS, Database
from libraries.gallery.drawings import VERSION
from libraries.gallery.tables import create_statements, drawings
from libraries.json_types import JsonObject

# A separate schema, so that the database may contain other tables, and one per version.
SCHEMA = f"vector_gallery_{VERSION}"
log = logging.getLogger(__name__)


class PostgresDatabase(Database):
    """An index in a PostgreSQL database."""

    READ = "SET TRANSACTION ISOLATION LEVEL REPEATABLE READ READ ONLY"
    # One writer at a time, as in SQLite.
    WRITE = f"SELECT pg_advisory_xact_lock({0x76656374})"
    insert = staticmethod(postgresql.insert)

    def __init__(self, url: str) -> None:
        """Use the database at `url`."""
        # The time-out is longer than `statement_timeout`, after which the server itself reports an error.
        target = {**connection_arguments(url), "timeout": BUSY_SECONDS + 1}
        super().__init__("postgresql+pg8000://", connect_args=target)
        event.listen(self._engine, "checkout", self._check)
        # The pool logs a traceback for each connection that it cannot close.
        logging.getLogger("sqlalchemy.pool.impl.QueuePool").addFilter(_is_not_about_closing)

    def match_words(self, words: Sequence[str]) -> Select[int]:
        quoted = " & ".join(f"'{word}'" for word in words)
        matches = text("search_vector @@ CAST(:words AS tsquery)").bindparams(words=f"{quoted}:*")
        return select(drawings.c.row_id).where(matches)

    def vacuum(self) -> None:
        """Drop the schemas of earlier versions; the server itself runs autovacuum."""
        with self.write() as connection:
            for version in range(1, VERSION):
                connection.execute(text(f"DROP SCHEMA IF EXISTS vector_gallery_{version} CASCADE"))

    def _prepare(self, connection: Any, record: object) -> None:
        with contextlib.closing(connection.cursor()) as cursor:
            cursor.execute(f"SET statement_timeout = {int(BUSY_SECONDS * 1000)}")
            cursor.execute("SET standard_conforming_strings = on")
            cursor.execute(f"SET search_path TO {SCHEMA}")
            connection.commit()
            exists = f"SELECT to_regclass('{SCHEMA}.{drawings.name}')"
            cursor.execute(exists)
            if cursor.fetchone()[0] is None:
                cursor.execute(self.WRITE)
                cursor.execute(exists)
                if cursor.fetchone()[0] is None:
                    cursor.execute(f"CREATE SCHEMA IF NOT EXISTS {SCHEMA}")
                    for statement in create_statements(self._engine.dialect):
                        cursor.execute(statement)
            connection.commit()

    def _check(self, connection: Any, *_: object) -> None:
        """Make the pool replace its connections after a restart of the server.

        SQLAlchemy's own check does not expect the OSError that pg8000 raises.
        """
        try:
            with contextlib.closing(connection.cursor()) as cursor:
                cursor.execute("SELECT 1")
            connection.rollback()
        except (self._engine.dialect.loaded_dbapi.Error, OSError) as error:
            log.warning("PostgreSQL has closed its connections (%s); opening new ones", error)
            raise InvalidatePoolError from error

    def _handle_error(self, error: BaseException | None) -> None:
        """Do nothing: the server looks after its files."""


def _is_not_about_closing(record: logging.LogRecord) -> bool:
    return not str(record.msg).startswith(("Exception terminating", "Exception closing"))


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
