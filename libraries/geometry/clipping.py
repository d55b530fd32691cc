"""Clip strokes to rectangles and polygons.

Each segment is cut into the parts inside, given by their begin and end along the segment (0 to 1).
Consecutive parts are joined to strokes. Vertices inside keep their exact coordinates.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

from libraries.errors import InvalidInput
from libraries.geometry.arrays import Floats, Integers, ranges
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.segments import cross, pairs_with_touching_boxes
from libraries.geometry.strokes import MAX_COORDINATE_MM

Ring = ArrayLike

MAX_CORNERS = 20_000
# The number of crossings can grow with the square of the number of edges.
MAX_CROSSINGS = 20_000
# Pairs of polygon edges with overlapping bounding boxes.
MAX_EDGE_PAIRS = 4_000_000
# Pairs of a segment and an edge.
MAX_PAIRS = 50_000_000
MIN_CORNERS = 3


class Clipped(NamedTuple):
    """Clipped strokes, as in `Strokes`; `sources` has the index of each one's original stroke."""

    coordinates: Floats
    offsets: Integers
    sources: Integers


class _Parts(NamedTuple):
    """Parts of segments from `begin` to `end` (0 to 1), with the index of the first vertex."""

    segment: Integers
    begin: Floats
    end: Floats


def clip_to_rectangle(coordinates: Floats, offsets: Integers, box: Rectangle) -> Clipped:
    """Return the parts of strokes inside `box` or on its edges (Liang and Barsky, 1984)."""
    low, high = np.array([box.left, box.top]), np.array([box.right, box.bottom])
    inside: NDArray[np.bool_] = np.all((coordinates >= low) & (coordinates <= high), axis=1)
    if inside.all():
        return Clipped(coordinates, offsets, np.arange(len(offsets) - 1))
    parts = _parts_in_rectangle(coordinates, _segments(offsets), inside, low, high)
    cut = _joined(coordinates, offsets, parts, inside)
    # Rounding may place a vertex slightly outside.
    return cut._replace(coordinates=np.clip(cut.coordinates, low, high))


def clip_to_region(coordinates: Floats, offsets: Integers, region: BaseGeometry) -> Clipped:
    """Return the parts of strokes inside `region` or on its edges."""
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
    """Return the area inside an odd number of `rings`, polygons of shape (m, 2) in mm."""
    corners = [checked_ring(ring) for ring in rings]
    if sum(map(len, corners)) > MAX_CORNERS:
        raise _bad_polygon(f"polygons must have at most {MAX_CORNERS:,} corners in total")
    if len(corners) > 1 or not all(shapely.Polygon(ring).is_valid for ring in corners):
        count_crossings(corners, MAX_CROSSINGS)
    region = _symmetric_difference([_areas(_area_of(ring)) for ring in corners])
    shapely.prepare(region)
    return region


def _symmetric_difference(areas: list[BaseGeometry]) -> BaseGeometry:
    # Combined in pairs; one at a time would compare each area with all before it.
    while len(areas) > 1:
        padded = [*areas, *[shapely.Polygon()] * (len(areas) % 2)]
        pairs = np.array(padded, dtype=np.object_).reshape(-1, 2)
        areas = [_areas(area) for area in shapely.symmetric_difference(pairs[:, 0], pairs[:, 1])]
    return areas[0] if areas else shapely.Polygon()


def count_crossings(rings: Sequence[Floats], most: int) -> int:
    """Return the number of crossings of polygon edges; raise `InvalidInput` above `most`."""
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
            raise InvalidInput(
                f"the edges of a polygon must cross at most {most:,} times and not be too dense",
                field="polygon",
                hint="simplify the polygon",
                code="too-many-crossings",
            )
    return found


def _meeting(edges: Floats, others: Floats) -> int:
    """Return how many of `edges` cross, end within, or overlap the same row of `others`."""
    parted = _sides(edges, others)
    near = np.flatnonzero(parted[0] * parted[1] <= 0)
    edges, others, parted = edges[near], others[near], parted[:, near]
    apart = _sides(others, edges)
    level = (parted == 0).all(axis=0) & (apart == 0).all(axis=0)
    # The boxes of collinear edges touch; the edges overlap if the shared part has a length.
    shared = np.minimum(edges.max(axis=1), others.max(axis=1)) - np.maximum(
        edges.min(axis=1), others.min(axis=1)
    )
    along = level & (shared > 0).any(axis=1)
    across = (apart[0] * apart[1] <= 0) & (parted[0] * parted[1] + apart[0] * apart[1] < 0)
    return int((along | across).sum())


def _sides(edges: Floats, others: Floats) -> Floats:
    """Return the sides of `edges` (-1, 0 or 1) of both ends of `others`: shape (2, n)."""
    ways = edges[:, 1] - edges[:, 0]
    return np.sign([cross(ways, others[:, end] - edges[:, 0]) for end in (0, 1)])


def _area_of(ring: Floats) -> BaseGeometry:
    """Return the area inside a ring by the `evenodd` rule: the union of its odd faces."""
    area: BaseGeometry = shapely.Polygon(ring)
    if area.is_valid:
        return area
    edges = shapely.union_all(_lines(np.stack([ring, np.roll(ring, -1, axis=0)], axis=1)))
    faces = shapely.get_parts(shapely.polygonize(shapely.get_parts(edges)))
    shapely.prepare(area)
    return _one(faces[shapely.intersects(area, shapely.point_on_surface(faces))])


def _one(faces: NDArray[np.object_]) -> BaseGeometry:
    try:
        joined: BaseGeometry = shapely.coverage_union_all(faces)
    except shapely.errors.GEOSException:
        joined = shapely.Polygon()
    # Coverage union fails where rounding makes neighbours overlap slightly.
    return joined if joined.is_valid and not joined.is_empty else shapely.union_all(faces)


def overlaid(operation: Callable[..., Any], *shapes: Any) -> Any:
    """Return `operation(*shapes)`, an overlay or a predicate of Shapely, also for invalid areas.

    Rounding makes areas invalid, and then some of the operations raise an error. They are repeated
    with valid areas, then on a grid of a nanometre, on which overlays cannot fail.
    """
    try:
        return operation(*shapes)
    except shapely.errors.GEOSException:
        valid = [shapely.make_valid(one) for one in shapes]
    try:
        return operation(*valid)
    except shapely.errors.GEOSException:
        return operation(*valid, grid_size=1e-6)


def edges_of(region: BaseGeometry) -> Floats:
    """Return the edges of `region`: shape (e, 2, 2)."""
    rings = shapely.get_parts(shapely.boundary(region))
    points, ring = shapely.get_coordinates(rings, return_index=True)
    pairs: Floats = np.stack([points[:-1], points[1:]], axis=1)[ring[1:] == ring[:-1]]
    return pairs


def _areas(region: BaseGeometry) -> BaseGeometry:
    parts = shapely.get_parts(region)
    flat = shapely.area(parts) == 0
    return shapely.union_all(parts[~flat]) if flat.any() else region


def checked_ring(ring: Ring) -> Floats:
    """Return the corners of a polygon: shape (m, 2). For errors see `region_of`."""
    try:
        given = np.asarray(ring)
    except (TypeError, ValueError):
        raise _bad_polygon("the corners of a polygon must be pairs of numbers") from None
    if given.dtype.kind not in "iuf":
        raise _bad_polygon("the corners of a polygon must be pairs of numbers")
    corners = given.astype(np.float64, copy=False)
    if corners.shape[1:] != (2,) or not MIN_CORNERS <= len(corners) <= MAX_CORNERS:
        raise _bad_polygon(
            f"a polygon has {MIN_CORNERS} to {MAX_CORNERS:,} corners, each a pair of numbers"
        )
    if not (np.abs(corners) <= MAX_COORDINATE_MM).all():
        raise _bad_polygon(
            f"corners must be finite and within {MAX_COORDINATE_MM:,.0f} mm of the origin"
        )
    return corners


def _bad_polygon(text: str) -> InvalidInput:
    return InvalidInput(text, code="bad-polygon", field="polygon")


def _segments(offsets: Integers) -> Integers:
    """Return the first vertex of each segment: all vertices but the last of each stroke."""
    leads = np.ones(offsets[-1], dtype=np.bool_)
    leads[offsets[1:] - 1] = False
    return np.flatnonzero(leads)


def _parts_in_rectangle(
    coordinates: Floats, segments: Integers, inside: NDArray[np.bool_], low: Floats, high: Floats
) -> _Parts:
    begin, end = np.zeros(len(segments)), np.ones(len(segments))
    # A rectangle is convex: a segment with both ends inside is inside.
    doubtful = np.flatnonzero(~(inside[segments] & inside[segments + 1]))
    some = segments[doubtful]
    starts, ends = coordinates[some], coordinates[some + 1]
    level = starts == ends
    divisor = np.where(level, 1.0, ends - starts)
    # The quotient of a tiny step may overflow; infinity is correct.
    with np.errstate(over="ignore"):
        at_low, at_high = (low - starts) / divisor, (high - starts) / divisor
    within = (starts >= low) & (starts <= high)
    enters = np.where(level, np.where(within, 0.0, 2.0), np.minimum(at_low, at_high)).max(axis=1)
    leaves = np.where(level, 1.0, np.maximum(at_low, at_high)).min(axis=1)
    # Vertices inside keep their exact coordinates.
    begin[doubtful] = np.where(inside[some], 0.0, np.maximum(enters, 0.0))
    end[doubtful] = np.where(inside[some + 1], 1.0, np.minimum(leaves, 1.0))
    kept = end > begin
    return _Parts(segments[kept], begin[kept], end[kept])


def _parts_in_region(coordinates: Floats, segments: Integers, region: BaseGeometry) -> _Parts:
    """Cut segments at the edges of `region` and keep the parts whose midpoint is inside."""
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
            raise InvalidInput(
                "the drawing and the polygon intersect too often",
                field="polygon",
                code="too-many-crossings",
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
    """Return where lines cross edges: the index of each line, and the position on it (0 to 1)."""
    line, edge = pairs
    start, along = lines[line, 0], lines[line, 1] - lines[line, 0]
    corner, side = edges[edge, 0], edges[edge, 1] - edges[edge, 0]
    away, turn = corner - start, cross(along, side)
    level = np.abs(turn) <= 1e-12 * np.hypot(*along.T) * np.hypot(*side.T)
    divisor = np.where(level, 1.0, turn)
    at, on_side = cross(away, side) / divisor, cross(away, along) / divisor
    # Lines that barely miss the end of an edge are cut too: an extra cut is harmless.
    met = ~level & (np.abs(on_side - 0.5) <= 0.5 + 1e-9)
    # A line along an edge may enter or leave at the ends of the edge.
    length = np.maximum((along**2).sum(axis=1), 1e-300)
    ends = [((point - start) * along).sum(axis=1) / length for point in (corner, corner + side)]
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
    # A line that touches a corner or an edge from inside is not split.
    fresh = np.ones(len(line), dtype=np.bool_)
    fresh[1:] = (line[1:] != line[:-1]) | (begin[1:] != end[:-1])
    last = np.roll(fresh, -1) if len(fresh) else fresh
    return _Parts(segments[line[fresh]], begin[fresh], end[last])


def _joined(
    coordinates: Floats, offsets: Integers, parts: _Parts, inside: NDArray[np.bool_]
) -> Clipped:
    """Join consecutive parts to strokes; dots stay if they are inside."""
    segment, begin, end = parts
    count = len(segment)
    fresh = np.ones(count, dtype=np.bool_)
    fresh[1:] = (segment[1:] != segment[:-1] + 1) | (end[:-1] < 1) | (begin[1:] > 0)
    strokes = np.searchsorted(offsets, segment, side="right") - 1
    # No segment begins at the last vertex of a stroke, so two strokes never join.
    dots = np.flatnonzero((np.diff(offsets) == 1) & inside[offsets[:-1]])
    starts = _points_at(coordinates, segment[fresh], begin[fresh])
    ends = _points_at(coordinates, segment, end)
    rows = np.arange(count) + np.cumsum(fresh)
    flat = np.empty((count + len(starts), 2))
    flat[rows] = ends
    flat[rows[fresh] - 1] = starts
    bounds = np.append(rows[fresh] - 1, len(flat))
    return _with_dots(Clipped(flat, bounds, strokes[fresh]), coordinates[offsets[dots]], dots)


def _points_at(coordinates: Floats, segment: Integers, at: Floats) -> Floats:
    starts, ends = coordinates[segment], coordinates[segment + 1]
    part = at[:, None]
    points: Floats = np.where(part == 1, ends, starts + (ends - starts) * part)
    return points


def _with_dots(cut: Clipped, points: Floats, sources: Integers) -> Clipped:
    if not len(sources):
        return cut
    counts = np.concatenate([np.diff(cut.offsets), np.ones(len(sources), dtype=np.int64)])
    origins = np.concatenate([cut.sources, sources])
    starts = np.concatenate([cut.offsets[:-1], len(cut.coordinates) + np.arange(len(sources))])
    order = np.argsort(origins, kind="stable")
    counts, starts = counts[order], starts[order]
    bounds = np.concatenate([[0], np.cumsum(counts)])
    rows = np.repeat(starts, counts) + ranges(counts)
    return Clipped(np.concatenate([cut.coordinates, points])[rows], bounds, origins[order])
