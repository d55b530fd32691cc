"""The area that closed lines enclose by the fill rules of SVG, its boundary, and its hatching."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from libraries.geometry.arrays import Floats, Integers


def fill_region(rings: Sequence[Floats], *, evenodd: bool = False) -> BaseGeometry:
    """Return the area inside `rings`, arrays of shape (m, 2), which are closed by a line.

    `evenodd` is the area inside an odd number of rings; otherwise what they wind around counts.
    """
    closed = [_closed(ring) for ring in rings if len(ring) > 2]  # noqa: PLR2004 - a triangle
    if not closed:
        return shapely.Polygon()
    polygons = [shapely.Polygon(ring) for ring in closed]
    if len(closed) == 1 and shapely.is_valid(polygons[0]):
        return polygons[0]
    noded = shapely.union_all([shapely.LineString(ring) for ring in closed])
    faces = shapely.get_parts(shapely.polygonize([noded]))
    if not len(faces):
        return shapely.Polygon()
    inside = shapely.get_coordinates(shapely.point_on_surface(faces))
    edges = np.concatenate([np.stack([ring[:-1], ring[1:]], axis=1) for ring in closed])
    most_pairs = 40_000_000
    if len(inside) * len(edges) > most_pairs:
        return shapely.make_valid(shapely.MultiPolygon(polygons))
    turns = _turns(inside, edges)
    kept = turns % 2 == 1 if evenodd else turns != 0
    return shapely.union_all(faces[kept])


def _closed(ring: Floats) -> Floats:
    return ring if (ring[0] == ring[-1]).all() else np.concatenate([ring, ring[:1]])


def _turns(points: Floats, edges: Floats) -> Integers:
    """Return how often the edges wind around each point."""
    turns = np.zeros(len(points), dtype=np.int64)
    start, end = edges[:, 0], edges[:, 1]
    block = max(1, 1_000_000 // len(edges))
    for first in range(0, len(points), block):
        some = points[first : first + block, None]
        across, down = (end - start).T
        side = across * (some[..., 1] - start[:, 1]) - down * (some[..., 0] - start[:, 0])
        up = (start[:, 1] <= some[..., 1]) & (end[:, 1] > some[..., 1]) & (side > 0)
        down = (start[:, 1] > some[..., 1]) & (end[:, 1] <= some[..., 1]) & (side < 0)
        turns[first : first + block] = up.sum(axis=1) - down.sum(axis=1)
    return turns


def boundary_of(region: BaseGeometry) -> list[Floats]:
    """Return the closed lines around an area and its holes."""
    rings: list[Floats] = []
    for part in shapely.get_parts(region):
        if part.geom_type == "Polygon" and not part.is_empty:
            rings += [np.array(ring.coords) for ring in (part.exterior, *part.interiors)]
    return rings


def hatch_lines(region: BaseGeometry, spacing: float, degrees: float, most: int) -> list[Floats]:
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
    shapely.prepare(region)
    lines: list[Floats] = []
    for number, end in enumerate(ends):
        cut = shapely.intersection(shapely.LineString(end), region)
        parts = [part for part in shapely.get_parts(cut) if part.geom_type == "LineString"]
        spans = [np.array(part.coords) for part in parts if len(part.coords) > 1]
        spans.sort(key=lambda span: float(span[0] @ along))
        lines += spans if number % 2 == 0 else [span[::-1] for span in reversed(spans)]
    return lines
