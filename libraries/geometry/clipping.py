"""Clipping: strokes cut at the edges of a rectangle or of polygons.

Nothing outside stays, and nothing inside is lost.

Every segment is cut into the parts that lie inside, each given by where it begins and ends along
the segment (0 to 1), and the parts that follow on each other are joined to strokes again. Vertices
inside keep their exact places.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

from libraries.errors import InvalidInput
from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.segments import cross, pairs_with_touching_boxes
from libraries.geometry.strokes import MAX_COORDINATE_MM

Ring = ArrayLike

MAX_CORNERS = 20_000
# Edges that cross each other can do so in a number of places that grows with its square.
MAX_CROSSINGS = 20_000
# Pairs of edges of polygons that are near to each other.
MAX_EDGE_PAIRS = 4_000_000
# Pairs of a segment and an edge.
MAX_PAIRS = 50_000_000
MIN_CORNERS = 3


class TooManyCrossings(InvalidInput):
    """Raised when a drawing and a polygon meet in too many places."""

    code = "too-many-crossings"


class Clipped(NamedTuple):
    """Cut strokes: coordinates and offsets as in `Strokes`, and the index of each one's source."""

    coordinates: Floats
    offsets: Integers
    sources: Integers


class _Parts(NamedTuple):
    """Parts of segments in drawing order, each from `begin` to `end`, from 0 to 1.

    A segment has the number of its first vertex.
    """

    segment: Integers
    begin: Floats
    end: Floats


def clip_to_rectangle(coordinates: Floats, offsets: Integers, box: Rectangle) -> Clipped:
    """Return what lies inside `box`, its edges included.

    The part of a segment inside is found by clipping it to one axis after the other (Liang and
    Barsky, 1984).

    Args:
        coordinates: array of shape (n, 2) in mm.
        offsets: array of shape (k + 1,), as in `Strokes`; every stroke has a vertex.
        box: what to clip to.
    """
    low, high = np.array([box.left, box.top]), np.array([box.right, box.bottom])
    inside: NDArray[np.bool_] = np.all((coordinates >= low) & (coordinates <= high), axis=1)
    if inside.all():
        return Clipped(coordinates, offsets, np.arange(len(offsets) - 1))
    parts = _parts_in_rectangle(coordinates, _segments(offsets), inside, low, high)
    cut = _joined(coordinates, offsets, parts, inside)
    # Rounding may lead a hair's breadth past the edge.
    return cut._replace(coordinates=np.clip(cut.coordinates, low, high))


def clip_to_polygons(coordinates: Floats, offsets: Integers, rings: Sequence[Ring]) -> Clipped:
    """Return what lies inside the polygons, their edges included.

    Args:
        coordinates: array of shape (n, 2) in mm.
        offsets: array of shape (k + 1,), as in `Strokes`; every stroke has a vertex.
        rings: the corners of each polygon, of shape (m, 2) with m of at least 3. A place inside of
            two is outside again, so that a ring inside of another is a hole (SVG's rule `evenodd`).

    Raises:
        InvalidInput: see `region_of`.
        TooManyCrossings: the drawing and the polygons meet in too many places.
    """
    return clip_to_region(coordinates, offsets, region_of(rings))


def clip_to_region(coordinates: Floats, offsets: Integers, region: BaseGeometry) -> Clipped:
    """Return what is inside `region`, a valid area of shapely, or on its edges.

    Raises:
        TooManyCrossings: the drawing and the region meet in too many places.
    """
    shapely.prepare(region)
    if region.is_empty:
        return Clipped(np.zeros((0, 2)), np.zeros(1, dtype=np.int64), np.zeros(0, dtype=np.int64))
    left, top, right, bottom = region.bounds
    roughly = clip_to_rectangle(coordinates, offsets, Rectangle(left, top, right, bottom))
    coordinates, offsets = roughly.coordinates, roughly.offsets
    inside = shapely.intersects_xy(region, coordinates)
    parts = _parts_in_region(coordinates, _segments(offsets), region)
    cut = _joined(coordinates, offsets, parts, inside)
    return cut._replace(sources=roughly.sources[cut.sources])


def region_of(rings: Sequence[Ring]) -> BaseGeometry:
    """Return the area inside of an odd number of `rings`, prepared for questions.

    Raises:
        InvalidInput: a ring has fewer than three corners or a corner that is not finite or beyond a
            kilometre; or there are more than 20,000 corners.
        TooManyCrossings: the edges cross each other more than 20,000 times.
    """
    corners = [checked_ring(ring) for ring in rings]
    if sum(map(len, corners)) > MAX_CORNERS:
        raise InvalidInput(
            f"polygons may have {MAX_CORNERS:,} corners in all",
            code="bad-polygon",
            field="polygon",
        )
    if len(corners) > 1 or not all(shapely.Polygon(ring).is_valid for ring in corners):
        count_crossings(corners, MAX_CROSSINGS)
    areas = [_areas(_area_of(ring)) for ring in corners]
    # Two by two, and these again: one after the other, each would be compared with all before it.
    while len(areas) > 1:
        pairs = np.array(
            [*areas, *[shapely.Polygon()] * (len(areas) % 2)], dtype=np.object_
        ).reshape(-1, 2)
        areas = [_areas(area) for area in shapely.symmetric_difference(pairs[:, 0], pairs[:, 1])]
    region: BaseGeometry = areas[0] if areas else shapely.Polygon()
    shapely.prepare(region)
    return region


def count_crossings(rings: Sequence[Floats], most: int) -> int:
    """Return the number of crossings of the edges of polygons; shared corners do not count.

    Args:
        rings: the corners of each polygon, of shape (m, 2) in mm.
        most: how often they may.

    Raises:
        TooManyCrossings: they meet more often, or are so near to each other so often that counting
            would take long.
    """
    starts = np.concatenate([np.zeros((0, 2)), *rings])
    ends = np.concatenate([np.zeros((0, 2)), *(np.roll(ring, -1, axis=0) for ring in rings)])
    edges = np.stack([starts, ends], axis=1)
    found, looked_at = 0, 0
    block = max(1, 250_000 // max(1, len(edges)))
    for one, other in pairs_with_touching_boxes(edges, block=block):
        looked_at += len(one)
        later = one < other
        found += _meeting(edges[one[later]], edges[other[later]])
        if found > most or looked_at > MAX_EDGE_PAIRS:
            raise TooManyCrossings(
                f"the edges of a polygon may cross {most:,} times, and not be too dense",
                field="polygon",
                hint="make it simpler",
            )
    return found


def _meeting(edges: Floats, others: Floats) -> int:
    """Return how many of `edges` cross, end within, or run along the same row of `others`."""
    parted = _sides(edges, others)
    near = np.flatnonzero(parted[0] * parted[1] <= 0)
    edges, others, parted = edges[near], others[near], parted[:, near]
    apart = _sides(others, edges)
    level = (parted == 0).all(axis=0) & (apart == 0).all(axis=0)
    # Of edges on one line it is known that their boxes touch: do they do so in more than a place?
    shared = np.minimum(edges.max(axis=1), others.max(axis=1)) - np.maximum(
        edges.min(axis=1), others.min(axis=1)
    )
    along = level & (shared > 0).any(axis=1)
    across = (apart[0] * apart[1] <= 0) & (parted[0] * parted[1] + apart[0] * apart[1] < 0)
    return int((along | across).sum())


def _sides(edges: Floats, others: Floats) -> Floats:
    """Return on which side of an edge both ends of the other edge lie, -1, 0 or 1: shape (2, n)."""
    ways = edges[:, 1] - edges[:, 0]
    return np.sign([cross(ways, others[:, end] - edges[:, 0]) for end in (0, 1)])


def _area_of(ring: Floats) -> BaseGeometry:
    """Return the area inside of a ring by the rule `evenodd`.

    The edges of one that crosses itself are cut where they meet. Of the faces between them those
    are taken that have a place inside: a ray from it crosses the ring an odd number of times. Faces
    with an edge in common become one.
    """
    area: BaseGeometry = shapely.Polygon(ring)
    if area.is_valid:
        return area
    edges = shapely.union_all(_lines(np.stack([ring, np.roll(ring, -1, axis=0)], axis=1)))
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(edges)))
    shapely.prepare(area)
    return _one(faces[shapely.intersects(area, shapely.point_on_surface(faces))])


def _one(faces: NDArray[np.object_]) -> BaseGeometry:
    """Return the area of faces that have edges in common and nothing else."""
    try:
        joined: BaseGeometry = shapely.coverage_union_all(faces)
    except shapely.errors.GEOSException:
        joined = shapely.Polygon()
    # Where rounding made neighbours overlap by a hair, it takes the slow way.
    return joined if joined.is_valid and not joined.is_empty else shapely.union_all(faces)


def edges_of(region: BaseGeometry) -> Floats:
    """Return the edges of `region`: shape (e, 2, 2)."""
    rings = shapely.get_parts(shapely.boundary(region))
    places, ring = shapely.get_coordinates(rings, return_index=True)
    pairs: Floats = np.stack([places[:-1], places[1:]], axis=1)[ring[1:] == ring[:-1]]
    return pairs


def _areas(region: BaseGeometry) -> BaseGeometry:
    """Return `region` without edges that have no area between them, such as a spike's."""
    parts = shapely.get_parts(region)
    flat = shapely.area(parts) == 0
    return shapely.union_all(parts[~flat]) if flat.any() else region


def checked_ring(ring: Ring) -> Floats:
    """Return the corners of a polygon as an array of shape (m, 2).

    Raises:
        InvalidInput: see `region_of`.
    """
    try:
        given = np.asarray(ring)
    except (TypeError, ValueError):
        raise InvalidInput(
            "the corners of a polygon must be pairs of numbers", code="bad-polygon", field="polygon"
        ) from None
    if given.dtype.kind not in "iuf":
        raise InvalidInput(
            "the corners of a polygon must be pairs of numbers", code="bad-polygon", field="polygon"
        )
    corners = given.astype(np.float64, copy=False)
    if (
        corners.ndim != 2  # noqa: PLR2004
        or corners.shape[1] != 2  # noqa: PLR2004
        or not MIN_CORNERS <= len(corners) <= MAX_CORNERS
    ):
        raise InvalidInput(
            f"a polygon has {MIN_CORNERS} to {MAX_CORNERS:,} corners, each a pair of numbers",
            code="bad-polygon",
            field="polygon",
        )
    if not (np.abs(corners) <= MAX_COORDINATE_MM).all():
        raise InvalidInput(
            f"corners must be finite and within {MAX_COORDINATE_MM:,.0f} mm of the origin",
            code="bad-polygon",
            field="polygon",
        )
    return corners


def _segments(offsets: Integers) -> Integers:
    """Return the first vertex of each segment: all vertices but the last of each stroke."""
    leads = np.ones(offsets[-1], dtype=np.bool_)
    leads[offsets[1:] - 1] = False
    return np.flatnonzero(leads)


def _parts_in_rectangle(
    coordinates: Floats, segments: Integers, inside: NDArray[np.bool_], low: Floats, high: Floats
) -> _Parts:
    begin, end = np.zeros(len(segments)), np.ones(len(segments))
    # A rectangle is convex: only a segment with an end outside has to be looked at.
    doubtful = np.flatnonzero(~(inside[segments] & inside[segments + 1]))
    some = segments[doubtful]
    starts, ends = coordinates[some], coordinates[some + 1]
    level = starts == ends
    divisor = np.where(level, 1.0, ends - starts)
    with np.errstate(
        over="ignore"
    ):  # of a move far below an atom's size; infinite is the right answer
        at_low, at_high = (low - starts) / divisor, (high - starts) / divisor
    within = (starts >= low) & (starts <= high)
    enters = np.where(level, np.where(within, 0.0, 2.0), np.minimum(at_low, at_high)).max(axis=1)
    leaves = np.where(level, 1.0, np.maximum(at_low, at_high)).min(axis=1)
    # What is known to be inside begins and ends exactly there.
    begin[doubtful] = np.where(inside[some], 0.0, np.maximum(enters, 0.0))
    end[doubtful] = np.where(inside[some + 1], 1.0, np.minimum(leaves, 1.0))
    kept = end > begin
    return _Parts(segments[kept], begin[kept], end[kept])


def _parts_in_region(coordinates: Floats, segments: Integers, region: BaseGeometry) -> _Parts:
    """Cut the segments at the edges of `region`, and keep the parts whose middle lies inside."""
    edges = edges_of(region)
    tree = shapely.STRtree(_lines(edges))
    kept, looked_at = [], 0
    # About 32 bytes for each pair of a segment and an edge.
    at_once = max(1, 1_000_000 // len(edges))
    for first in range(0, len(segments), at_once):
        some = segments[first : first + at_once]
        lines = np.stack([coordinates[some], coordinates[some + 1]], axis=1)
        pairs = tree.query(_lines(lines))
        looked_at += pairs.shape[1]
        if looked_at > MAX_PAIRS:
            raise TooManyCrossings(
                "the drawing and the polygon meet in too many places", field="polygon"
            )
        kept.append(_parts_inside(some, lines, _cuts(lines, edges, pairs), region))
    empty = np.zeros(0)
    parts = (
        [np.concatenate(columns) for columns in zip(*kept, strict=True)]
        if kept
        else [segments, empty, empty]
    )
    return _Parts(*parts)


def _cuts(lines: Floats, edges: Floats, pairs: Integers) -> tuple[Integers, Floats]:
    """Return where lines meet edges: the index of each line, and how far along it from 0 to 1."""
    line, edge = pairs
    start, along = lines[line, 0], lines[line, 1] - lines[line, 0]
    corner, side = edges[edge, 0], edges[edge, 1] - edges[edge, 0]
    away, turn = corner - start, cross(along, side)
    level = np.abs(turn) <= 1e-12 * np.hypot(*along.T) * np.hypot(*side.T)
    divisor = np.where(level, 1.0, turn)
    at, on_side = cross(away, side) / divisor, cross(away, along) / divisor
    # What passes an edge this part of its length beyond its end is cut there as well: an extra cut does
    # no harm, a missing one does.
    met = ~level & (np.abs(on_side - 0.5) <= 0.5 + 1e-9)
    # A line along an edge may come in or out where the edge has its ends.
    length = np.maximum((along**2).sum(axis=1), 1e-300)
    ends = [((place - start) * along).sum(axis=1) / length for place in (corner, corner + side)]
    where = np.concatenate([line[met], line[level], line[level]])
    at = np.concatenate([at[met], ends[0][level], ends[1][level]])
    between = (at > 0) & (at < 1)
    return where[between], at[between]


def _lines(pairs: Floats) -> NDArray[np.object_]:
    made: NDArray[np.object_] = np.asarray(shapely.linestrings(pairs), dtype=np.object_)
    return made


def _parts_inside(
    segments: Integers, lines: Floats, cuts: tuple[Integers, Floats], region: BaseGeometry
) -> _Parts:
    """Cut the `lines` of `segments` at `cuts`, and return the parts inside."""
    count = len(segments)
    line = np.concatenate([np.arange(count), cuts[0], np.arange(count)])
    at = np.concatenate([np.zeros(count), cuts[1], np.ones(count)])
    order = np.lexsort((at, line))
    line, at = line[order], at[order]
    same = line[1:] == line[:-1]
    line, begin, end = line[:-1][same], at[:-1][same], at[1:][same]
    middle = lines[line, 0] + (lines[line, 1] - lines[line, 0]) * ((begin + end) / 2)[:, None]
    inside = shapely.intersects_xy(region, middle) & (end > begin)
    line, begin, end = line[inside], begin[inside], end[inside]
    # A line that touches a corner or an edge from within goes on: its parts are one.
    fresh = np.ones(len(line), dtype=np.bool_)
    fresh[1:] = (line[1:] != line[:-1]) | (begin[1:] != end[:-1])
    last = np.roll(fresh, -1) if len(fresh) else fresh
    return _Parts(segments[line[fresh]], begin[fresh], end[last])


def _joined(
    coordinates: Floats, offsets: Integers, parts: _Parts, inside: NDArray[np.bool_]
) -> Clipped:
    """Join parts that follow on each other to strokes; dots stay if they are inside."""
    segment, begin, end = parts
    count = len(segment)
    fresh = np.ones(count, dtype=np.bool_)
    fresh[1:] = (segment[1:] != segment[:-1] + 1) | (end[:-1] < 1) | (begin[1:] > 0)
    strokes = np.searchsorted(offsets, segment, side="right") - 1
    # Vertices go on after the last of a stroke, where no segment leads: two strokes never join.
    dots = np.flatnonzero((np.diff(offsets) == 1) & inside[offsets[:-1]])
    starts, ends = (
        _places(coordinates, segment[fresh], begin[fresh]),
        _places(coordinates, segment, end),
    )
    rows = np.arange(count) + np.cumsum(fresh)
    flat = np.empty((count + len(starts), 2))
    flat[rows] = ends
    flat[rows[fresh] - 1] = starts
    bounds = np.append(rows[fresh] - 1, len(flat))
    return _with_dots(Clipped(flat, bounds, strokes[fresh]), coordinates[offsets[dots]], dots)


def _places(coordinates: Floats, segment: Integers, at: Floats) -> Floats:
    starts, ends = coordinates[segment], coordinates[segment + 1]
    part = at[:, None]
    places: Floats = np.where(part == 1, ends, starts + (ends - starts) * part)
    return places


def _with_dots(cut: Clipped, places: Floats, sources: Integers) -> Clipped:
    """Put the dots among the strokes, in the order of the drawing that was cut."""
    if not len(sources):
        return cut
    counts = np.concatenate([np.diff(cut.offsets), np.ones(len(sources), dtype=np.int64)])
    origins = np.concatenate([cut.sources, sources])
    starts = np.concatenate([cut.offsets[:-1], len(cut.coordinates) + np.arange(len(sources))])
    order = np.argsort(origins, kind="stable")
    counts, starts = counts[order], starts[order]
    bounds = np.concatenate([[0], np.cumsum(counts)])
    rows = np.repeat(starts - bounds[:-1], counts) + np.arange(bounds[-1])
    return Clipped(np.concatenate([cut.coordinates, places])[rows], bounds, origins[order])
