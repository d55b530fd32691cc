"""Selection of drawings in the index.

A search reads the shortest list of its facets in the order of pages, and checks the other filters for each entry. If
the text or a side matches few drawings, it starts with those instead.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Row,
    Select,
    and_,
    bindparam,
    func,
    or_,
    select,
    tuple_,
)

from libraries.gallery.databases import Database
from libraries.gallery.search import SAME_SIZE_MM, GalleryQuery, wanted_facets, wanted_words
from libraries.gallery.tables import drawing_facets, drawings, facets

# A search starts with the drawings that match a text or a side if they are no more than this.
MAX_FIRST = 500
Condition = ColumnElement[bool]


@dataclass(frozen=True)
class Matches:
    """The drawings that match a query: the rows of `source` that meet all `conditions`."""

    source: FromClause
    conditions: Sequence[Condition]

    def page(self, limit: int, after: tuple[float, str] | None) -> Select[str]:
        """Select up to `limit` records, newest first, after the drawing with this time and id."""
        rows, found = self.source.c, select(drawings.c.record).where(*self.conditions)
        if self.source is not drawings:
            found = found.join_from(self.source, drawings, drawings.c.row_id == rows.row_id)
        if after is not None:
            found = found.where(tuple_(rows.made_at, rows.id) < tuple_(*after))
        return found.order_by(rows.made_at.desc(), rows.id.desc()).limit(limit)

    def number(self) -> Select[int]:
        """Select the number of drawings."""
        return select(func.count()).select_from(self.source).where(*self.conditions)


def matches(
    database: Database, connection: Connection, build: int, owner: str, wanted: GalleryQuery
) -> Matches | None:
    """Return the drawings of an owner that match a query; None if there are certainly none."""
    words = wanted_words(wanted)
    required = list(wanted_facets(wanted))
    which = {"build": build, "owner": owner, "among": required}
    found = connection.execute(facets_among, which).all()
    if len(found) < len(required) or words == []:
        return None
    text = database.match_words(words) if words else None
    source, conditions = _start(connection, (build, owner), wanted, text, found)
    conditions += [condition for side in _sides(source, wanted) for condition in side]
    if wanted.since is not None:
        conditions.append(source.c.made_at >= wanted.since)
    if wanted.until is not None:
        conditions.append(source.c.made_at < wanted.until)
    if text is not None:
        conditions.append(source.c.row_id.in_(text))
    return Matches(source, conditions)


# Ids and counts of the facets of `owner` in `build` whose kinds and values are `among`, the rarest first.
facets_among = (
    select(facets.c.facet_id, facets.c.drawings)
    .where(facets.c.build == bindparam("build"), facets.c.owner == bindparam("owner"))
    .where(tuple_(facets.c.kind, facets.c.value).in_(bindparam("among", expanding=True)))
    .order_by(facets.c.drawings)
)


def _start(
    connection: Connection,
    whose: tuple[int, str],
    wanted: GalleryQuery,
    text: Select[int] | None,
    found: Sequence[Row[int, int]],
) -> tuple[FromClause, list[Condition]]:
    """Return the table with which a search starts, with conditions for text, side and facets."""
    (first, count), *others = found
    if count > MAX_FIRST:
        own = select(drawings.c.row_id).where(
            drawings.c.build == whose[0], drawings.c.owner == whose[1]
        )
        narrow = [own.where(*side) for side in _sides(drawings, wanted) if side]
        for rows in [*narrow, text] if text is not None else narrow:
            few = connection.execute(rows.limit(MAX_FIRST + 1)).scalars().all()
            if len(few) <= MAX_FIRST:
                with_facets = [_has_facet(drawings, one) for one, _ in found]
                return drawings, [drawings.c.row_id.in_(few), *with_facets]
    listed = drawing_facets.alias("listed")
    return listed, [listed.c.facet_id == first, *(_has_facet(listed, one) for one, _ in others)]


def _has_facet(source: FromClause, facet_id: int) -> Condition:
    other, rows = drawing_facets.alias(), source.c
    same = and_(other.c.made_at == rows.made_at, other.c.id == rows.id)
    return select(other.c.row_id).where(other.c.facet_id == facet_id, same).exists()


def _sides(source: FromClause, wanted: GalleryQuery) -> list[list[Condition]]:
    """Return conditions for the width, with those for a size, and for the height."""
    width, height = source.c.width, source.c.height
    wide = _between(width, wanted.min_width, wanted.max_width)
    if wanted.size is not None:
        turned = (wanted.size, wanted.size[::-1])
        wide.append(or_(*(and_(_near(width, one), _near(height, other)) for one, other in turned)))
    return [wide, _between(height, wanted.min_height, wanted.max_height)]


def _between(
    column: ColumnElement[float], low: float | None, high: float | None
) -> list[Condition]:
    found = [] if low is None else [column >= low]
    return found if high is None else [*found, column <= high]


def _near(column: ColumnElement[float], side: float) -> Condition:
    return column.between(side - SAME_SIZE_MM, side + SAME_SIZE_MM)
