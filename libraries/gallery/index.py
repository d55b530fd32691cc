"""The index: one row per drawing and build. A new build is filled while the current one stays in use."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

from libraries.gallery.databases import Database, SqliteDatabase, Transaction
from libraries.gallery.drawings import Drawing
from libraries.gallery.search import (
    GalleryQuery,
    Page,
    conditions,
    read_cursor,
    search_terms,
    write_cursor,
)
from libraries.json_types import JsonObject
from libraries.settings import BrokerSettings, GallerySettings

FILE_NAME = "gallery.sqlite3"
IN_FORCE, FILLING = "in_force", "filling"
COLUMNS = (
    "build",
    "id",
    "owner",
    "made_at",
    "width",
    "height",
    "seed",
    "pinned",
    "search_words",
    "record",
)


class Gallery:
    """The index of all owners' drawings. Safe for use in any process and thread."""

    MAX_DELETED_ROWS = 500

    CHECKED, COMPLETE, CLAIMED = "checked", "complete", "rebuild_claimed"
    # A rebuild that was claimed earlier was lost, unless it is running: the later one supersedes it.
    CLAIM_S = 600

    def __init__(self, database: Database) -> None:
        self._database = database

    def search(
        self, owner: str, wanted: GalleryQuery, *, limit: int = 30, cursor: str | None = None
    ) -> Page:
        """Return up to `limit` drawings of an owner, newest first; raise InvalidInput for an invalid cursor."""
        after = read_cursor(cursor) if cursor is not None else None
        with self._database.read() as transaction:
            clauses, values = conditions(transaction, wanted)
            if after is not None:
                clauses.append("(made_at < ? OR (made_at = ? AND id < ?))")
                values += [after[0], after[0], after[1]]
            where = " AND ".join(["build = ?", "owner = ?", *clauses])
            rows = transaction.run(
                f"SELECT record FROM drawing WHERE {where} ORDER BY made_at DESC, id DESC LIMIT ?",  # noqa: S608 - no value in it
                _state(transaction, IN_FORCE), owner, *values, limit + 1,
            )  # fmt: skip
        items = [_drawing(row[0]) for row in rows]
        more = len(items) > limit
        return Page(items[:limit], write_cursor(items[limit - 1]) if more else None)

    def count(self, owner: str, wanted: GalleryQuery) -> int:
        with self._database.read() as transaction:
            clauses, values = conditions(transaction, wanted)
            where = " AND ".join(["build = ?", "owner = ?", *clauses])
            sql = f"SELECT count(*) FROM drawing WHERE {where}"  # noqa: S608 - no value in it
            return int(transaction.run(sql, _state(transaction, IN_FORCE), owner, *values)[0][0])

    def find(self, owner: str, drawing: str) -> Drawing | None:
        with self._database.read() as transaction:
            return _found(transaction, _state(transaction, IN_FORCE), drawing, owner)

    def counts(self, owner: str, kind: str, *, most: int = 100) -> list[tuple[str, int]]:
        """Return the values of a kind (`pattern`, `tag` or `color`) with their counts, most frequent first."""
        with self._database.read() as transaction:
            rows = transaction.run(
                "SELECT value, count(*) FROM drawing_tag AS tag JOIN drawing ON drawing.build = tag.build AND drawing.id = tag.id "
                "WHERE tag.build = ? AND owner = ? AND kind = ? GROUP BY value ORDER BY count(*) DESC, value LIMIT ?",
                _state(transaction, IN_FORCE), owner, kind, most,
            )  # fmt: skip
        return [(value, count) for value, count in rows]

    def owners(self) -> list[str]:
        with self._database.read() as transaction:
            rows = transaction.run(
                "SELECT DISTINCT owner FROM drawing WHERE build = ?", _state(transaction, IN_FORCE)
            )
        return sorted(row[0] for row in rows)

    @contextmanager
    def changing(self) -> Iterator[IndexWriter]:
        """Open an exclusive write transaction."""
        with self._database.write() as transaction:
            yield IndexWriter(transaction)

    def check_writable(self) -> None:
        """Write to the index; raise Unavailable with the reason as its cause."""
        with self._database.write() as transaction:
            _set_state(transaction, self.CHECKED, int(time.time()))

    def claim_rebuild(self) -> bool:
        """Return True if the index is new and the caller has to rebuild it; it may replace another index.

        The claim ends after ten minutes, in which other callers get False.
        """
        with self._database.read() as transaction:
            if _state(transaction, self.COMPLETE):
                return False
        with self._database.write() as transaction:
            now = int(time.time())
            waits = 0 <= now - _state(transaction, self.CLAIMED) < self.CLAIM_S
            if waits or _state(transaction, self.COMPLETE):
                return False
            _set_state(transaction, self.CLAIMED, now)
            return True

    def end_claim(self, *, complete: bool) -> None:
        """End the claim of a rebuild: the index is `complete`, or another caller has to rebuild it."""
        with self._database.write() as transaction:
            _set_state(transaction, self.COMPLETE if complete else self.CLAIMED, int(complete))

    def begin(self) -> int:
        """Start a new build and return its number; a build in progress is superseded."""
        with self._database.write() as transaction:
            build = max(_state(transaction, IN_FORCE), _state(transaction, FILLING)) + 1
            _set_state(transaction, FILLING, build)
            transaction.run("DELETE FROM removed_drawing")
        self._clear()
        return build

    def fill(self, build: int, drawings: Iterable[Drawing]) -> bool:
        """Add drawings to a build unless they are in it; return False if the build was superseded."""
        with self._database.write() as transaction:
            if _state(transaction, FILLING) != build:
                return False
            for drawing in drawings:
                left = transaction.run("SELECT 1 FROM removed_drawing WHERE id = ?", drawing.id)
                if not left and _found(transaction, build, drawing.id) is None:
                    _insert(transaction, build, drawing)
            return True

    def finish(self, build: int) -> bool:
        """Put a build into use and delete the previous one; return False if the build was superseded."""
        with self._database.write() as transaction:
            if _state(transaction, FILLING) != build:
                return False
            _set_state(transaction, IN_FORCE, build)
            _set_state(transaction, FILLING, 0)
            _set_state(transaction, self.COMPLETE, 1)
            transaction.run("DELETE FROM removed_drawing")
        self._clear()
        return True

    def vacuum(self) -> None:
        """Reclaim space; expensive."""
        self._clear()
        self._database.vacuum()

    def _clear(self) -> None:
        """Delete rows of obsolete builds, in short transactions."""
        more = True
        while more:
            with self._database.write() as transaction:
                builds = (_state(transaction, IN_FORCE), _state(transaction, FILLING))
                rows = transaction.run(
                    "SELECT build, id FROM drawing WHERE build NOT IN (?, ?) LIMIT ?",
                    *builds,
                    self.MAX_DELETED_ROWS,
                )
                for build, drawing in rows:
                    _delete(transaction, build, drawing)
            more = len(rows) == self.MAX_DELETED_ROWS


class IndexWriter:
    """A write transaction on the current build and on a build in progress."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._builds = [_state(transaction, IN_FORCE)]
        self._filling = _state(transaction, FILLING)
        self._builds += [self._filling] if self._filling else []

    def find(self, owner: str, drawing: str) -> Drawing | None:
        return _found(self._transaction, self._builds[0], drawing, owner)

    def put(self, drawing: Drawing) -> None:
        self._transaction.run("DELETE FROM removed_drawing WHERE id = ?", drawing.id)
        for build in self._builds:
            _delete(self._transaction, build, drawing.id)
            _insert(self._transaction, build, drawing)

    def remove(
        self, drawing: str, *, unless: Callable[[Drawing], bool] = lambda _: False
    ) -> Drawing | None:
        """Remove a drawing and return it; None if it was not found or `unless` returned True."""
        found = _found(self._transaction, self._builds[0], drawing)
        if found is not None and unless(found):
            return None
        for build in self._builds:
            _delete(self._transaction, build, drawing)
        if self._filling:
            self._transaction.run(
                "INSERT INTO removed_drawing (id) VALUES (?) ON CONFLICT DO NOTHING", drawing
            )
        return found


def gallery() -> Gallery:
    """Return the index of this installation: in the database GALLERY_URL, or in a file in DATA_DIR."""
    return _gallery(GallerySettings.current().gallery_url, BrokerSettings.current().data_dir)


@lru_cache(maxsize=8)
def _gallery(url: str, folder: Path) -> Gallery:
    if not url:
        return Gallery(SqliteDatabase(folder / FILE_NAME))
    # pg8000 is only needed with such a database.
    from libraries.gallery.postgres import PostgresDatabase  # noqa: PLC0415

    return Gallery(PostgresDatabase(url))


def _state(transaction: Transaction, name: str) -> int:
    rows = transaction.run("SELECT value FROM index_state WHERE name = ?", name)
    return int(rows[0][0]) if rows else 0


def _set_state(transaction: Transaction, name: str, value: int) -> None:
    sql = "INSERT INTO index_state (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = ?"
    transaction.run(sql, name, value, value)


def _found(
    transaction: Transaction, build: int, drawing: str, owner: str | None = None
) -> Drawing | None:
    rows = transaction.run(
        "SELECT record, owner FROM drawing WHERE build = ? AND id = ?", build, drawing
    )
    return _drawing(rows[0][0]) if rows and owner in (None, rows[0][1]) else None


def _insert(transaction: Transaction, build: int, drawing: Drawing) -> None:
    words = " ".join(
        search_terms(" ".join([drawing.title, drawing.words, *drawing.patterns, *drawing.tags]))
    )
    row: JsonObject = {
        **{name: getattr(drawing, name) for name in ("id", "owner", "made_at", "width", "height", "seed")},
        "build": build, "pinned": int(drawing.kept), "search_words": words, "record": json.dumps(asdict(drawing)),
    }  # fmt: skip
    marks = ", ".join("?" for _ in COLUMNS)
    transaction.run(
        f"INSERT INTO drawing ({', '.join(COLUMNS)}) VALUES ({marks})",  # noqa: S608
        *(row[name] for name in COLUMNS),
    )
    tags = {"pattern": drawing.patterns, "color": drawing.colors, "tag": drawing.tags}
    sql = "INSERT INTO drawing_tag (build, id, kind, value) VALUES (?, ?, ?, ?)"
    for kind, values in tags.items():
        for value in dict.fromkeys(values):
            transaction.run(sql, build, drawing.id, kind, value)


def _delete(transaction: Transaction, build: int, drawing: str) -> None:
    transaction.run("DELETE FROM drawing WHERE build = ? AND id = ?", build, drawing)
    transaction.run("DELETE FROM drawing_tag WHERE build = ? AND id = ?", build, drawing)


def _drawing(record: str) -> Drawing:
    return Drawing(**json.loads(record))
