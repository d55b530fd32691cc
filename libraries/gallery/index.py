"""The index: one row per drawing and build. A new build is filled while the current one stays in use."""

from __future__ import annotations

import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from sqlalchemy import bindparam, delete, select

from libraries.gallery.databases import Database
from libraries.gallery.drawings import Drawing
from libraries.gallery.queries import matches
from libraries.gallery.search import ALL, GalleryQuery, Page, read_cursor, write_cursor
from libraries.gallery.tables import facets, removed_drawings
from libraries.gallery.writer import (
    FILLING,
    IN_FORCE,
    IndexWriter,
    delete_obsolete,
    find_drawing,
    read_drawing,
    read_state,
    set_state,
)

_facets_of_kind = facets.c.build == bindparam("build"), facets.c.kind == bindparam("kind")
_owners = select(facets.c.owner).where(*_facets_of_kind)
_counts = (
    select(facets.c.value, facets.c.drawings)
    .where(*_facets_of_kind, facets.c.owner == bindparam("owner"))
    .order_by(facets.c.drawings.desc(), facets.c.value)
    .limit(bindparam("most"))
)


class Gallery:
    """The index of all owners' drawings. Safe for use in any process and thread."""

    MAX_DELETED_ROWS = 2000

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
        with self._database.read() as connection:
            found = matches(
                self._database, connection, read_state(connection, IN_FORCE), owner, wanted
            )
            page = found.page(limit + 1, after) if found is not None else None
            records = connection.execute(page).scalars().all() if page is not None else []
        items = [read_drawing(record) for record in records]
        more = len(items) > limit
        return Page(items[:limit], write_cursor(items[limit - 1]) if more else None)

    def count(self, owner: str, wanted: GalleryQuery) -> int:
        with self._database.read() as connection:
            found = matches(
                self._database, connection, read_state(connection, IN_FORCE), owner, wanted
            )
            return 0 if found is None else connection.execute(found.number()).scalar_one()

    def find(self, owner: str, drawing: str) -> Drawing | None:
        with self._database.read() as connection:
            return find_drawing(connection, read_state(connection, IN_FORCE), drawing, owner)

    def counts(self, owner: str, kind: str, *, most: int = 100) -> list[tuple[str, int]]:
        """Return the values of a kind (`pattern`, `tag` or `color`) with their counts, most frequent first."""
        with self._database.read() as connection:
            which = {"build": read_state(connection, IN_FORCE), "owner": owner, "kind": kind}
            rows = connection.execute(_counts, {**which, "most": most})
            return [(value, count) for value, count in rows]

    def owners(self) -> list[str]:
        with self._database.read() as connection:
            which = {"build": read_state(connection, IN_FORCE), "kind": ALL[0]}
            return sorted(connection.execute(_owners, which).scalars())

    @contextmanager
    def changing(self) -> Iterator[IndexWriter]:
        """Open an exclusive write transaction."""
        with self._database.write() as connection:
            yield IndexWriter(self._database, connection)

    def check_writable(self) -> None:
        """Write to the index; raise Unavailable with the reason as its cause."""
        with self._database.write() as connection:
            set_state(connection, self.CHECKED, int(time.time()))

    def claim_rebuild(self) -> bool:
        """Return True if the index is new and the caller has to rebuild it; it may replace another index.

        The claim ends after ten minutes, in which other callers get False.
        """
        with self._database.read() as connection:
            if read_state(connection, self.COMPLETE):
                return False
        with self._database.write() as connection:
            now = int(time.time())
            waits = 0 <= now - read_state(connection, self.CLAIMED) < self.CLAIM_S
            if waits or read_state(connection, self.COMPLETE):
                return False
            set_state(connection, self.CLAIMED, now)
            return True

    def end_claim(self, *, complete: bool) -> None:
        """End the claim of a rebuild: the index is `complete`, or another caller has to rebuild it."""
        with self._database.write() as connection:
            set_state(connection, self.COMPLETE if complete else self.CLAIMED, int(complete))

    def begin(self) -> int:
        """Start a new build and return its number; a build in progress is superseded."""
        with self._database.write() as connection:
            build = max(read_state(connection, IN_FORCE), read_state(connection, FILLING)) + 1
            set_state(connection, FILLING, build)
            connection.execute(delete(removed_drawings))
        self._clear()
        return build

    def fill(self, build: int, drawings: Iterable[Drawing]) -> bool:
        """Add drawings to a build unless they are in it; return False if the build was superseded."""
        with self._database.write() as connection:
            if read_state(connection, FILLING) != build:
                return False
            writer = IndexWriter(self._database, connection)
            for drawing in drawings:
                writer.fill(build, drawing)
            return True

    def finish(self, build: int) -> bool:
        """Put a build into use and delete the previous one; return False if the build was superseded."""
        with self._database.write() as connection:
            if read_state(connection, FILLING) != build:
                return False
            set_state(connection, IN_FORCE, build)
            set_state(connection, FILLING, 0)
            set_state(connection, self.COMPLETE, 1)
            connection.execute(delete(removed_drawings))
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
            with self._database.write() as connection:
                more = delete_obsolete(connection, self.MAX_DELETED_ROWS)
