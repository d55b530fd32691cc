"""Selection of drawings in the index.

A search reads the shortest list of its facets in the order of pages, and checks the other filters for each entry. If
the text or a side matches few drawings, it starts with those instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter

from sqlalchemy import (
    ColumnElement,
    Connection,
    FromClause,
    Select,
    SelectBase,
    and_,
    bindparam,
    func,
    or_,
    select,
    tuple_,
    union_all,
)

from libraries.gallery.databases import Database
from libraries.gallery.search import SAME_SIZE_MM, GalleryQuery, wanted_facets, wanted_words
from libraries.gallery.tables import drawing_facets, drawings, facets

# A search starts with the drawings that match a text or a side if they are no more than this.
MAX_FIRST = 200
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


_facet = select(facets.c.facet_id, facets.c.drawings).where(
    *(facets.c[name] == bindparam(name) for name in ("build", "kind", "owner", "value"))
)


def find_facets(
    connection: Connection, build: int, owner: str, among: Iterable[tuple[str, str]]
) -> list[tuple[int, int]]:
    """Return ids and counts of the facets of these kinds and values, the rarest first."""
    found = []
    # One by one: for several at once, SQLite reads all facets of the owner.
    for kind, value in among:
        which = {"build": build, "kind": kind, "owner": owner, "value": value}
        if (row := connection.execute(_facet, which).first()) is not None:
            found.append((row.facet_id, row.drawings))
    return sorted(found, key=itemgetter(1))


def matches(
    database: Database, connection: Connection, build: int, owner: str, wanted: GalleryQuery
) -> Matches | None:
    """Return the drawings of an owner that match a query; None if there are certainly none."""
    words, required = wanted_words(wanted), wanted_facets(wanted)
    found = find_facets(connection, build, owner, required)
    if len(found) < len(required) or words == []:
        return None
    text = database.match_words(words) if words else None
    (first, count), *others = found
    few = None
    if count > MAX_FIRST:
        starts = _starts(build, owner, wanted) + ([] if text is None else [text])
        few = _first_few(connection, starts)
    source: FromClause = drawings
    conditions: list[Condition] = []
    if few is None:
        source = drawing_facets.alias("listed")
        conditions.append(source.c.facet_id == first)
    else:
        conditions.append(source.c.row_id.in_(few))
        others = found
    conditions += [_has_facet(source, facet_id) for facet_id, _ in others]
    conditions += _filters(source, wanted)
    if text is not None:
        conditions.append(source.c.row_id.in_(text))
    return Matches(source, conditions)


def _starts(build: int, owner: str, wanted: GalleryQuery) -> list[SelectBase]:
    """Return queries of the `row_id` of drawings with the wanted sides, each by an index."""
    own = select(drawings.c.row_id).where(drawings.c.build == build, drawings.c.owner == owner)
    wide, high = _sides(drawings, wanted)
    starts: list[SelectBase] = [own.where(*side) for side in (wide, high) if side]
    if wanted.size is not None:
        turned = {wanted.size, wanted.size[::-1]}
        starts.append(union_all(*(own.where(*_same_size(drawings, *one)) for one in turned)))
    return starts


def _first_few(connection: Connection, starts: Iterable[SelectBase]) -> Sequence[int] | None:
    """Return the result of the first query that finds few rows; None if all find more."""
    for start in starts:
        rows = start.subquery()
        few = connection.execute(select(*rows.c).limit(MAX_FIRST + 1)).scalars().all()
        if len(few) <= MAX_FIRST:
            return few
    return None


def _has_facet(source: FromClause, facet_id: int) -> Condition:
    other, rows = drawing_facets.alias(), source.c
    same = and_(other.c.made_at == rows.made_at, other.c.id == rows.id)
    return select(other.c.row_id).where(other.c.facet_id == facet_id, same).exists()


def _filters(source: FromClause, wanted: GalleryQuery) -> Iterator[Condition]:
    """Yield the conditions for sides and times."""
    for side in _sides(source, wanted):
        yield from side
    if wanted.size is not None:
        turned = (wanted.size, wanted.size[::-1])
        yield or_(*(and_(*_same_size(source, *one)) for one in turned))
    if wanted.since is not None:
        yield source.c.made_at >= wanted.since
    if wanted.until is not None:
        yield source.c.made_at < wanted.until


def _sides(source: FromClause, wanted: GalleryQuery) -> tuple[list[Condition], list[Condition]]:
    """Return the conditions for the width and those for the height."""
    wide = _between(source.c.width, wanted.min_width, wanted.max_width)
    return wide, _between(source.c.height, wanted.min_height, wanted.max_height)


def _between(
    column: ColumnElement[float], low: float | None, high: float | None
) -> list[Condition]:
    found = [] if low is None else [column >= low]
    return found if high is None else [*found, column <= high]


def _same_size(source: FromClause, *sides: float) -> list[Condition]:
    """Return the conditions for a width and a height."""
    return [
        column.between(side - SAME_SIZE_MM, side + SAME_SIZE_MM)
        for column, side in zip((source.c.width, source.c.height), sides, strict=True)
    ]
