"""The index: one row a drawing, in builds.

A new one is filled beside the one in force, then takes its place.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from functools import lru_cache
from pathlib import Path

from libraries.gallery.databases import Database, SqliteDatabase, Transaction
from libraries.gallery.drawings import Drawing
from libraries.gallery.searching import (
    Page,
    Wanted,
    conditions,
    read_cursor,
    words_of,
    write_cursor,
)
from libraries.json_types import JsonObject
from libraries.settings import BrokerSettings, GallerySettings

FILE_NAME = "gallery.sqlite3"
IN_FORCE, FILLING = "in_force", "filling"
COLUMNS = ("build", "id", "owner", "made_at", "width", "height", "seed", "kept", "words", "record")
DELETED_AT_ONCE = 500


class Gallery:
    """The index of all owners' drawings.

    Every method may be called in any process and any thread.
    """

    def __init__(self, database: Database) -> None:
        """Keep the index in `database`."""
        self._database = database

    def search(
        self, owner: str, wanted: Wanted, *, limit: int = 30, cursor: str | None = None
    ) -> Page:
        """Return up to `limit` drawings of an owner, the newest first.

        Raises:
            InvalidInput: no page gave this cursor.
            Unavailable: the index cannot be read.
        """
        behind = read_cursor(cursor) if cursor is not None else None
        with self._database.read() as transaction:
            asked, values = conditions(transaction, wanted)
            if behind is not None:
                asked.append("(made_at < ? OR (made_at = ? AND id < ?))")
                values += [behind[0], behind[0], behind[1]]
            where = " AND ".join(["build = ?", "owner = ?", *asked])
            rows = transaction.run(
                f"SELECT record FROM drawing WHERE {where} ORDER BY made_at DESC, id DESC LIMIT ?",  # noqa: S608 - no value in it
                _state(transaction, IN_FORCE), owner, *values, limit + 1,
            )  # fmt: skip
        items = [_drawing(row[0]) for row in rows]
        more = len(items) > limit
        return Page(items[:limit], write_cursor(items[limit - 1]) if more else None)

    def count(self, owner: str, wanted: Wanted) -> int:
        """Return how many drawings of an owner are wanted."""
        with self._database.read() as transaction:
            asked, values = conditions(transaction, wanted)
            where = " AND ".join(["build = ?", "owner = ?", *asked])
            sql = f"SELECT count(*) FROM drawing WHERE {where}"  # noqa: S608 - no value in it
            return int(transaction.run(sql, _state(transaction, IN_FORCE), owner, *values)[0][0])

    def find(self, owner: str, drawing: str) -> Drawing | None:
        """Return a drawing of an owner by its id, None if there is none."""
        with self._database.read() as transaction:
            return _found(transaction, _state(transaction, IN_FORCE), drawing, owner)

    def counts(self, owner: str, kind: str, *, most: int = 100) -> list[tuple[str, int]]:
        """Return the marks of a kind, `pattern`, `tag` or `color`, on an owner's drawings, the most frequent first."""
        with self._database.read() as transaction:
            rows = transaction.run(
                "SELECT value, count(*) FROM mark JOIN drawing ON drawing.build = mark.build AND drawing.id = mark.id "
                "WHERE mark.build = ? AND owner = ? AND kind = ? GROUP BY value ORDER BY count(*) DESC, value LIMIT ?",
                _state(transaction, IN_FORCE), owner, kind, most,
            )  # fmt: skip
        return [(value, count) for value, count in rows]

    def owners(self) -> list[str]:
        """Return whose drawings there are."""
        with self._database.read() as transaction:
            rows = transaction.run(
                "SELECT DISTINCT owner FROM drawing WHERE build = ?", _state(transaction, IN_FORCE)
            )
        return sorted(row[0] for row in rows)

    @contextmanager
    def changing(self) -> Iterator[Change]:
        """Change the index in one step; whoever else wants to change it waits."""
        with self._database.write() as transaction:
            yield Change(transaction)

    def begin(self) -> int:
        """Begin to fill a new build, and return its number; one that somebody else fills is given up."""
        with self._database.write() as transaction:
            build = max(_state(transaction, IN_FORCE), _state(transaction, FILLING)) + 1
            _set_state(transaction, FILLING, build)
            transaction.run("DELETE FROM gone")
        self._clear()
        return build

    def fill(self, build: int, drawings: Iterable[Drawing]) -> bool:
        """Add drawings to a build that is being filled, unless they are there; False when it was given up meanwhile."""
        with self._database.write() as transaction:
            if _state(transaction, FILLING) != build:
                return False
            for drawing in drawings:
                left = transaction.run("SELECT 1 FROM gone WHERE id = ?", drawing.id)
                if not left and _found(transaction, build, drawing.id) is None:
                    _insert(transaction, build, drawing)
            return True

    def finish(self, build: int) -> bool:
        """Put a build into force, and remove the one before it; False when it was given up meanwhile."""
        with self._database.write() as transaction:
            if _state(transaction, FILLING) != build:
                return False
            _set_state(transaction, IN_FORCE, build)
            _set_state(transaction, FILLING, 0)
            transaction.run("DELETE FROM gone")
        self._clear()
        return True

    def tidy(self) -> None:
        """Give back room; for quiet hours."""
        self._clear()
        self._database.tidy()

    def _clear(self) -> None:
        """Remove what belongs to no build, in steps that keep nobody waiting for long."""
        more = True
        while more:
            with self._database.write() as transaction:
                builds = (_state(transaction, IN_FORCE), _state(transaction, FILLING))
                rows = transaction.run(
                    "SELECT build, id FROM drawing WHERE build NOT IN (?, ?) LIMIT ?",
                    *builds,
                    DELETED_AT_ONCE,
                )
                for build, drawing in rows:
                    _delete(transaction, build, drawing)
            more = len(rows) == DELETED_AT_ONCE


class Change:
    """What can be changed in one step, in the build in force and in one that is being filled."""

    def __init__(self, transaction: Transaction) -> None:
        self._transaction = transaction
        self._builds = [_state(transaction, IN_FORCE)]
        self._filling = _state(transaction, FILLING)
        self._builds += [self._filling] if self._filling else []

    def find(self, owner: str, drawing: str) -> Drawing | None:
        """Return a drawing of an owner by its id, None if there is none."""
        return _found(self._transaction, self._builds[0], drawing, owner)

    def put(self, drawing: Drawing) -> None:
        """Enter a drawing, in the place of what was known of it."""
        self._transaction.run("DELETE FROM gone WHERE id = ?", drawing.id)
        for build in self._builds:
            _delete(self._transaction, build, drawing.id)
            _insert(self._transaction, build, drawing)

    def remove(
        self, drawing: str, *, unless: Callable[[Drawing], bool] = lambda _: False
    ) -> Drawing | None:
        """Take a drawing out of the index and return what was known of it; None when `unless` says so or it was not there."""
        found = _found(self._transaction, self._builds[0], drawing)
        if found is not None and unless(found):
            return None
        for build in self._builds:
            _delete(self._transaction, build, drawing)
        if self._filling:
            self._transaction.run(
                "INSERT INTO gone (id) VALUES (?) ON CONFLICT DO NOTHING", drawing
            )
        return found


def gallery() -> Gallery:
    """Return the gallery of this installation: in the database at GALLERY_URL, or in a file in DATA_DIR."""
    return _gallery(GallerySettings.current().gallery_url, BrokerSettings.current().data_dir)


@lru_cache(maxsize=8)
def _gallery(url: str, folder: Path) -> Gallery:
    if not url:
        return Gallery(SqliteDatabase(folder / FILE_NAME))
    # Loaded where it is used: without such a database no process needs it.
    from libraries.gallery.postgres import PostgresDatabase  # noqa: PLC0415

    return Gallery(PostgresDatabase(url))


def _state(transaction: Transaction, name: str) -> int:
    rows = transaction.run("SELECT value FROM state WHERE name = ?", name)
    return int(rows[0][0]) if rows else 0


def _set_state(transaction: Transaction, name: str, value: int) -> None:
    transaction.run(
        "INSERT INTO state (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = ?",
        name,
        value,
        value,
    )


def _found(
    transaction: Transaction, build: int, drawing: str, owner: str | None = None
) -> Drawing | None:
    rows = transaction.run(
        "SELECT record, owner FROM drawing WHERE build = ? AND id = ?", build, drawing
    )
    return _drawing(rows[0][0]) if rows and owner in (None, rows[0][1]) else None


def _insert(transaction: Transaction, build: int, drawing: Drawing) -> None:
    words = " ".join(
        words_of(" ".join([drawing.title, drawing.words, *drawing.patterns, *drawing.tags]))
    )
    row: JsonObject = {
        **{name: getattr(drawing, name) for name in ("id", "owner", "made_at", "width", "height", "seed")},
        "build": build, "kept": int(drawing.kept), "words": words, "record": json.dumps(asdict(drawing)),
    }  # fmt: skip
    marks = ", ".join("?" for _ in COLUMNS)
    transaction.run(
        f"INSERT INTO drawing ({', '.join(COLUMNS)}) VALUES ({marks})",  # noqa: S608
        *(row[name] for name in COLUMNS),
    )
    for kind, values in (
        ("pattern", drawing.patterns),
        ("color", drawing.colors),
        ("tag", drawing.tags),
    ):
        for value in dict.fromkeys(values):
            transaction.run(
                "INSERT INTO mark (build, id, kind, value) VALUES (?, ?, ?, ?)",
                build,
                drawing.id,
                kind,
                value,
            )


def _delete(transaction: Transaction, build: int, drawing: str) -> None:
    transaction.run("DELETE FROM drawing WHERE build = ? AND id = ?", build, drawing)
    transaction.run("DELETE FROM mark WHERE build = ? AND id = ?", build, drawing)


def _drawing(record: str) -> Drawing:
    return Drawing(**json.loads(record))
