"""Changes of the index: each adds or removes a drawing with the lists and counts of its facets."""

from __future__ import annotations

import json
from collections.abc import Callable

from sqlalchemy import Column, Connection, Select, bindparam, delete, insert, select, tuple_, update

from libraries.gallery.databases import Database
from libraries.gallery.drawings import Drawing
from libraries.gallery.queries import find_facets
from libraries.gallery.search import facets_of, search_terms
from libraries.gallery.tables import (
    drawing_facets,
    drawings,
    facets,
    index_state,
    removed_drawings,
)

IN_FORCE, FILLING = "in_force", "filling"
# Statements are built once: that takes longer than to execute them.
_state = select(index_state.c.value).where(index_state.c.name == bindparam("name"))
_same_drawing = drawings.c.build == bindparam("build"), drawings.c.id == bindparam("id")
_find = select(drawings.c.owner, drawings.c.record).where(*_same_drawing)
_delete = delete(drawings).where(*_same_drawing)
_insert = insert(drawings)
_list = insert(drawing_facets).from_select(
    ["facet_id", "made_at", "id", "row_id", "width", "height"],
    select(
        facets.c.facet_id,
        *(drawings.c[name] for name in ("made_at", "id", "row_id", "width", "height")),
    )
    .join_from(drawings, facets, facets.c.build == drawings.c.build)
    .where(*_same_drawing, facets.c.facet_id.in_(bindparam("facet_ids", expanding=True))),
)
_same_removed = removed_drawings.c.id == bindparam("id")
_find_removed = select(removed_drawings.c.id).where(_same_removed)
_delete_removed = delete(removed_drawings).where(_same_removed)


class IndexWriter:
    """A write transaction on the current build and on a build in progress."""

    def __init__(self, database: Database, connection: Connection) -> None:
        self._connection = connection
        self._builds = [read_state(connection, IN_FORCE)]
        self._filling = read_state(connection, FILLING)
        self._builds += [self._filling] if self._filling else []
        self._count = (
            database.insert(facets)
            .on_conflict_do_update(
                index_elements=["build", "kind", "owner", "value"],
                set_={"drawings": facets.c.drawings + 1},
            )
            .returning(facets.c.facet_id)
        )

    def find(self, owner: str, drawing: str) -> Drawing | None:
        return find_drawing(self._connection, self._builds[0], drawing, owner)

    def put(self, drawing: Drawing) -> None:
        """Add a drawing, or replace the one with its id."""
        if self._filling:
            self._connection.execute(_delete_removed, {"id": drawing.id})
        for build in self._builds:
            self._remove(build, drawing.id)
            self._insert(build, drawing)

    def fill(self, build: int, drawing: Drawing) -> None:
        """Add a drawing to a build unless it is in it, or was removed since the build began."""
        removed = self._connection.execute(_find_removed, {"id": drawing.id}).first()
        if removed is None and find_drawing(self._connection, build, drawing.id) is None:
            self._insert(build, drawing)

    def remove(
        self, drawing: str, *, unless: Callable[[Drawing], bool] = lambda _: False
    ) -> Drawing | None:
        """Remove a drawing and return it; None if it was not found or `unless` returned True."""
        found = find_drawing(self._connection, self._builds[0], drawing)
        if found is not None and unless(found):
            return None
        for build in self._builds:
            self._remove(build, drawing)
        if self._filling:
            self._connection.execute(_delete_removed, {"id": drawing})
            self._connection.execute(insert(removed_drawings), {"id": drawing})
        return found

    def _insert(self, build: int, drawing: Drawing) -> None:
        words = [drawing.title, drawing.words, *drawing.patterns, *drawing.tags]
        row = {
            **{
                name: getattr(drawing, name)
                for name in ("id", "owner", "made_at", "width", "height")
            },
            "build": build,
            "search_words": " ".join(search_terms(" ".join(words))),
            "record": json.dumps(vars(drawing)),
        }
        self._connection.execute(_insert, row)
        counted = [
            {"build": build, "owner": drawing.owner, "kind": kind, "value": value, "drawings": 1}
            for kind, value in facets_of(drawing)
        ]
        ids = self._connection.execute(self._count, counted).scalars().all()
        which = {"build": build, "id": drawing.id, "facet_ids": ids}
        self._connection.execute(_list, which)

    def _remove(self, build: int, drawing: str) -> None:
        found = find_drawing(self._connection, build, drawing)
        if found is None:
            return
        counted = find_facets(self._connection, build, found.owner, facets_of(found))
        ids = [facet_id for facet_id, _ in counted]
        listed, ours = drawing_facets.c, facets.c.facet_id.in_(ids)
        place = (listed.made_at == found.made_at, listed.id == drawing)
        for statement in (
            delete(drawing_facets).where(listed.facet_id.in_(ids), *place),
            delete(facets).where(ours, facets.c.drawings == 1),
            update(facets).where(ours).values(drawings=facets.c.drawings - 1),
        ):
            self._connection.execute(statement)
        self._connection.execute(_delete, {"build": build, "id": drawing})


def read_state(connection: Connection, name: str) -> int:
    """Return a value of the state of the index, 0 by default."""
    return connection.execute(_state, {"name": name}).scalar() or 0


def set_state(connection: Connection, name: str, value: int) -> None:
    """Store a value of the state of the index."""
    same = index_state.c.name == name
    if not connection.execute(update(index_state).where(same).values(value=value)).rowcount:
        connection.execute(insert(index_state).values(name=name, value=value))


def find_drawing(
    connection: Connection, build: int, drawing: str, owner: str | None = None
) -> Drawing | None:
    """Return a drawing of a build, of any owner by default."""
    row = connection.execute(_find, {"build": build, "id": drawing}).first()
    return read_drawing(row.record) if row is not None and owner in (None, row.owner) else None


def read_drawing(record: str) -> Drawing:
    """Return the drawing of a stored record."""
    return Drawing(**json.loads(record))


def delete_obsolete(connection: Connection, most: int) -> bool:
    """Delete up to `most` rows of each table that belong to obsolete builds; return whether there were any."""
    in_force = read_state(connection, IN_FORCE)
    builds = in_force, read_state(connection, FILLING) or in_force

    def obsolete(column: Column[int]) -> Select[int]:
        return select(column).where(column.table.c.build.not_in(builds)).limit(most)

    rows = delete(drawings).where(drawings.c.row_id.in_(obsolete(drawings.c.row_id)))
    deleted = connection.execute(rows).rowcount
    ids = connection.execute(obsolete(facets.c.facet_id)).scalars().all()
    listed = drawing_facets.c
    key = (listed.facet_id, listed.made_at, listed.id)
    entries = select(*key).where(listed.facet_id.in_(ids)).limit(most)
    emptied = delete(drawing_facets).where(tuple_(*key).in_(entries))
    if connection.execute(emptied).rowcount < most:
        connection.execute(delete(facets).where(facets.c.facet_id.in_(ids)))
    return bool(deleted or ids)
