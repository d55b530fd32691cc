"""The area that closed lines enclose by the fill rules of SVG, its boundary, and its hatching."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from libraries.errors import InvalidInput
from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.clipping import overlaid
from libraries.work import Work


class _Limits:
    """Limits of the work; their product with the number of edges can be large."""

    MAX_CROSSINGS = 40_000
    MAX_TANGLES = 5000
    MAX_PAIRS = 20_000_000
    BLOCK = 1000
    MIN_AREA_MM2 = 1e-6
    # Corners of a ring, and rings that are compared with each other.
    LARGE, MAX_NESTED = 500, 32


def fill_region(
    rings: Sequence[Floats], *, evenodd: bool = False, work: Work | None = None
) -> BaseGeometry:
    """Return the area inside `rings`, arrays of shape (m, 2), which are closed by a line.

    `evenodd` is the area inside an odd number of rings; otherwise what they wind around counts.

    Raises:
        InvalidInput: the rings cross each other too often, or there is not enough `work` left.
    """
    work = work or Work()
    closed = [_closed(ring) for ring in rings if len(ring) > 2]  # noqa: PLR2004 - a triangle
    if not closed:
        return shapely.Polygon()
    work.spend(10 + sum(map(len, closed)))
    polygons = [shapely.Polygon(ring) for ring in closed]
    # The check of large tangled rings takes long.
    small = len(closed[0]) <= _Limits.LARGE
    if len(closed) == 1 and small and shapely.is_valid(polygons[0]):
        return polygons[0]
    if 1 < len(closed) <= _Limits.MAX_NESTED and sum(map(len, closed)) <= _Limits.LARGE:
        nested = _nested(closed, np.array(polygons, dtype=np.object_), evenodd=evenodd)
        if nested is not None:
            return nested
    edges = np.concatenate([np.stack([ring[:-1], ring[1:]], axis=1) for ring in closed])
    tree = shapely.STRtree(_lines(edges))
    _check_crossings(tree, work)
    if len(closed) == 1 and not small and shapely.is_valid(polygons[0]):
        return polygons[0]
    noded = overlaid(shapely.union_all, [shapely.LineString(ring) for ring in closed])
    faces = shapely.get_parts(shapely.polygonize([noded]))
    if not len(faces):
        return shapely.Polygon()
    inside = shapely.get_coordinates(shapely.point_on_surface(faces))
    turns = _turns(inside, edges, tree, work)
    kept = turns % 2 == 1 if evenodd else turns != 0
    area: BaseGeometry = overlaid(shapely.union_all, faces[kept])
    return area


def _nested(
    rings: Sequence[Floats], polygons: NDArray[np.object_], *, evenodd: bool
) -> BaseGeometry | None:
    """Return the area inside of rings that do not meet, as those of letters; None for others.

    Each ring is an edge of the area, or the general way is taken too.
    """
    areas = shapely.area(polygons)
    # Rings of no area have no inside.
    if not shapely.is_valid(polygons).all() or areas.min() < _Limits.MIN_AREA_MM2:
        return None
    contains = shapely.contains_properly(polygons[:, None], polygons)
    apart = shapely.disjoint(polygons[:, None], polygons)
    if not (contains | contains.T | apart | np.eye(len(rings), dtype=np.bool_)).all():
        return None
    turns = np.where(shapely.is_ccw(shapely.get_exterior_ring(polygons)), 1, -1)
    outside = contains.T @ turns
    filled, around = (
        count % 2 == 1 if evenodd else count != 0 for count in (outside + turns, outside)
    )
    if (filled == around).any():
        return None
    holes: dict[int, list[Floats]] = {shell: [] for shell in np.flatnonzero(filled).tolist()}
    for hole in np.flatnonzero(~filled).tolist():
        # The ring directly around it.
        shells = np.flatnonzero(contains[:, hole] & filled)
        holes[int(shells[np.argmin(areas[shells])])].append(rings[hole])
    parts = [shapely.Polygon(rings[shell], inner) for shell, inner in holes.items()]
    return parts[0] if len(parts) == 1 else shapely.MultiPolygon(parts)


def are_tangled(lines: Sequence[Floats], work: Work) -> bool:
    """Return whether lines cross each other too often to compute the area of their strokes."""
    edges = [np.stack([line[:-1], line[1:]], axis=1) for line in lines if len(line) > 1]
    if not edges:
        return False
    try:
        _check_crossings(shapely.STRtree(_lines(np.concatenate(edges))), work, _Limits.MAX_TANGLES)
    except InvalidInput:
        return True
    return False


def _check_crossings(tree: shapely.STRtree, work: Work, most: int = _Limits.MAX_CROSSINGS) -> None:
    """Raise `InvalidInput` if the lines of a tree cross too often to compute their faces."""
    lines = tree.geometries
    first, block, crossings = 0, 2, 0
    while first < len(lines):
        some = lines[first : first + block]
        first, block = first + block, min(2 * block, _Limits.BLOCK)
        met = tree.query(some, predicate="intersects").shape[1]
        # Each edge meets itself and its neighbours; each pair is found twice.
        crossings += max(0, met - 3 * len(some)) // 2
        work.spend(3 * len(some) + met)
        if crossings > most:
            raise _too_tangled()
    work.spend(40 * crossings)


def _too_tangled() -> InvalidInput:
    return InvalidInput("the lines of an area cross too often", code="too-many-crossings")


def _closed(ring: Floats) -> Floats:
    return ring if (ring[0] == ring[-1]).all() else np.concatenate([ring, ring[:1]])


def _turns(points: Floats, edges: Floats, tree: shapely.STRtree, work: Work) -> Integers:
    """Return how often the edges, the lines of `tree`, wind around each point."""
    turns = np.zeros(len(points), dtype=np.int64)
    start, end = edges[:, 0], edges[:, 1]
    right = float(edges[..., 0].max()) + 1
    ends = np.column_stack([np.full(len(points), right), points[:, 1]])
    rays = _lines(np.stack([points, ends], axis=1))
    left = _Limits.MAX_PAIRS
    for first in range(0, len(points), _Limits.BLOCK):
        point, edge = tree.query(rays[first : first + _Limits.BLOCK])
        left -= len(edge)
        work.spend(len(edge) / 10)
        if left < 0:
            raise _too_tangled()
        some = points[first + point]
        (across, down), low, high = (end - start)[edge].T, start[edge, 1], end[edge, 1]
        side = across * (some[:, 1] - low) - down * (some[:, 0] - start[edge, 0])
        up = (low <= some[:, 1]) & (high > some[:, 1]) & (side > 0)
        down_ = (low > some[:, 1]) & (high <= some[:, 1]) & (side < 0)
        np.add.at(turns, first + point, up.astype(np.int64) - down_)
    return turns


def _lines(ends: Floats) -> NDArray[np.object_]:
    """Return lines as geometries from their ends: shape (n, 2, 2)."""
    return np.asarray(shapely.linestrings(ends), dtype=np.object_)


def boundary_of(region: BaseGeometry) -> list[Floats]:
    """Return the closed lines around an area and its holes."""
    rings: list[Floats] = []
    for part in shapely.get_parts(region):
        if part.geom_type == "Polygon" and not part.is_empty:
            rings += [np.array(ring.coords) for ring in (part.exterior, *part.interiors)]
    return rings


def hatch_lines(
    region: BaseGeometry, spacing: float, degrees: float, most: int, work: Work
) -> list[Floats]:
    """Return parallel lines inside an area, alternating in direction; at most `most` of them.

    The lines of all areas are on the same grid, so that neighbours match.
    """
    if region.is_empty:
        return []
    angle = math.radians(degrees)
    along = np.array([math.cos(angle), math.sin(angle)])
    across = np.array([-math.sin(angle), math.cos(angle)])
    corners = shapely.get_coordinates(shapely.box(*region.bounds))
    low, high = (corners @ across).min(), (corners @ across).max()
    left, right = (corners @ along).min() - 1, (corners @ along).max() + 1
    first, last = math.ceil(low / spacing), math.floor(high / spacing)
    if last - first >= most:
        return []
    levels = np.arange(first, last + 1) * spacing
    ends = np.stack(
        [left * along + levels[:, None] * across, right * along + levels[:, None] * across], axis=1
    )
    work.spend(len(ends) * (20 + int(shapely.get_num_coordinates(region)) / 50))
    parts, numbers = shapely.get_parts(
        overlaid(shapely.intersection, _lines(ends), region), return_index=True
    )
    is_line = shapely.length(parts) > 0
    parts, numbers = parts[is_line], numbers[is_line]
    if not len(parts):
        return []
    points, owners = shapely.get_coordinates(parts, return_index=True)
    firsts = np.searchsorted(owners, np.arange(len(parts)))
    lasts = np.searchsorted(owners, np.arange(len(parts)), side="right") - 1
    spans = np.stack([points[firsts], points[lasts]], axis=1)
    # Every other line is drawn backwards.
    sign = np.where(numbers % 2 == 0, 1.0, -1.0)
    backwards = ((spans[:, 1] - spans[:, 0]) @ along) * sign < 0
    spans[backwards] = spans[backwards, ::-1]
    return list(spans[np.lexsort((spans[:, 0] @ along * sign, numbers))])
