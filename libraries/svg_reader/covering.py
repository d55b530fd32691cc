"""The parts of lines that opaque areas above them leave visible."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from libraries.geometry.arrays import Floats, Integers, flattened, line_length
from libraries.work import Work

Geometries = NDArray[np.object_]
Flags = NDArray[np.bool_]


class Cover(NamedTuple):
    """An opaque area, and its level: it hides what has a lower one."""

    level: int
    region: BaseGeometry


class _Limits:
    """Limits of the work, and lengths in mm."""

    MAX_PAIRS = 4_000_000
    MAX_CORNERS = 30_000_000
    # Covers that are united at least before those below are tested.
    MIN_BLOCK = 64
    MAX_UNITED_CORNERS = 200_000
    # A line along the edge of an area is half visible, and stays.
    INSET_MM = 0.01
    MIN_REST_MM = 0.2


def visible_lines(
    lines: Sequence[Floats], levels: Integers, covers: Sequence[Cover], work: Work
) -> tuple[list[list[Floats]], bool]:
    """Return the visible parts of each line, and whether all covers were regarded.

    Lines without a cover above them are returned as they are. `covers` ascend by level.
    """
    visible: list[list[Floats]] = [[line] for line in lines]
    if not lines or not covers:
        return visible, True
    shapes = _shapes(lines)
    regions = np.array([cover.region for cover in covers], dtype=np.object_)
    heights = np.array([cover.level for cover in covers])
    work.spend(int(shapely.get_num_coordinates(regions).sum()) / 2)
    hidden, needed = _hidden_at_once(shapes, levels, regions, heights, work)
    for line in np.flatnonzero(hidden).tolist():
        visible[line] = []
    rest = np.flatnonzero(~hidden)
    cut, complete = _cut(shapes[rest], levels[rest], regions[needed], heights[needed], work)
    for place, parts in cut.items():
        visible[int(rest[place])] = _parts(parts)
    return visible, complete


def _hidden_at_once(
    shapes: Geometries, levels: Integers, regions: Geometries, heights: Integers, work: Work
) -> tuple[Flags, Flags]:
    """Return which lines areas above hide completely, and which areas are not covered themselves.

    From top to bottom, what is below the union of the areas so far is tested in blocks, as large as
    the union.
    """
    hidden = np.zeros(len(shapes), dtype=np.bool_)
    needed = np.ones(len(regions), dtype=np.bool_)
    if len(regions) < _Limits.MIN_BLOCK or not _overlap_often(regions):
        return hidden, needed
    top, count = len(regions), 0
    united: BaseGeometry = shapely.Polygon()
    by_level = np.argsort(levels, kind="stable")
    sorted_levels = levels[by_level]
    while top > 0:
        first = max(0, top - max(_Limits.MIN_BLOCK, count))
        if not united.is_empty:
            inner = shapely.buffer(united, -_Limits.INSET_MM, join_style="mitre")
            shapely.prepare(inner)
            work.spend(2 * (top - first))
            shapely.prepare(united)
            needed[first:top] = ~shapely.covers(united, regions[first:top])
            # Those between the lowest area of this block and that of the block above.
            low, high = np.searchsorted(sorted_levels, [heights[first], heights[top]])
            some = by_level[(0 if first == 0 else low) : high]
            hidden[some] = shapely.covers(inner, shapes[some])
        kept = regions[first:top][needed[first:top]]
        count += len(kept)
        top = first
        corners = int(shapely.get_num_coordinates(united))
        if first > 0 and len(kept) and corners <= _Limits.MAX_UNITED_CORNERS:
            work.spend(5 * corners + 5 * int(shapely.get_num_coordinates(kept).sum()))
            united = shapely.union_all([united, *kept])
    return hidden, needed


def _overlap_often(regions: Geometries) -> bool:
    """Return whether areas overlap several others, by some of them."""
    some = regions[:: max(1, len(regions) // 200)]
    often = 4
    return bool(shapely.STRtree(regions).query(some).shape[1] > often * len(some))


class _Cuts:
    """Lines that are cut at the areas above them, one area of each line at a time."""

    def __init__(self, shapes: Geometries, regions: Geometries) -> None:
        self._shapes = shapes
        self._regions = regions
        self.rest = shapes.copy()
        self.was_cut = np.zeros(len(shapes), dtype=np.bool_)

    def cut(self, lines: Integers, areas: Integers) -> None:
        """Remove an area from each of several different lines."""
        met = shapely.intersects(self._regions[areas], self.rest[lines])
        lines, areas = lines[met], areas[met]
        inside = shapely.covers(self._regions[areas], self.rest[lines])
        self.rest[lines[inside]] = shapely.LineString()
        cut, areas = lines[~inside], areas[~inside]
        self.rest[cut] = shapely.difference(self.rest[cut], self._regions[areas])
        self.was_cut[lines] = True

    def changed(self) -> dict[int, BaseGeometry]:
        """Return what is left of the lines that were cut; a line that only touches areas was not."""
        lines = np.flatnonzero(self.was_cut)
        before, after = shapely.length(self._shapes[lines]), shapely.length(self.rest[lines])
        whole = (after >= before * (1 - 1e-12)) & (before > 0)
        return {int(line): self.rest[line] for line in lines[~whole].tolist()}


def _cut(
    shapes: Geometries, levels: Integers, regions: Geometries, heights: Integers, work: Work
) -> tuple[dict[int, BaseGeometry], bool]:
    """Return what areas above leave of each line that they cut, and whether all were regarded."""
    line, area, complete = _pairs(shapes, levels, regions, heights, work)
    used = np.unique(area)
    work.spend(20 * len(used))
    inner = np.full(len(regions), None, dtype=np.object_)
    inner[used] = shapely.buffer(regions[used], -_Limits.INSET_MM, join_style="mitre")
    shapely.prepare(inner[used])
    met = shapely.intersects(inner[area], shapes[line])
    line, area = line[met], area[met]
    # The areas that hide most come first.
    order = np.lexsort((-shapely.area(inner[area]), line))
    line, area = line[order], area[order]
    place = np.arange(len(line)) - np.searchsorted(line, line)
    cuts = _Cuts(shapes, inner)
    corners = shapely.get_num_coordinates(inner)
    left = _Limits.MAX_CORNERS
    for turn in range(int(place.max(initial=-1)) + 1):
        now = np.flatnonzero(place == turn)
        now = now[~shapely.is_empty(cuts.rest[line[now]])]
        steps = int(corners[area[now]].sum())
        left -= steps
        work.spend(20 * len(now) + steps / 2)
        if left < 0:
            return cuts.changed(), False
        cuts.cut(line[now], area[now])
    return cuts.changed(), complete


def _pairs(
    shapes: Geometries, levels: Integers, regions: Geometries, heights: Integers, work: Work
) -> tuple[Integers, Integers, bool]:
    """Return pairs of a line and an area above it whose boxes meet, and whether these are all."""
    tree = shapely.STRtree(regions)
    found: list[Integers] = [np.zeros((2, 0), dtype=np.int64)]
    block, left = max(1, _Limits.MAX_PAIRS // max(1, len(regions))), _Limits.MAX_PAIRS
    for first in range(0, len(shapes), block):
        pairs = tree.query(shapes[first : first + block])
        pairs[0] += first
        work.spend(pairs.shape[1] / 2)
        pairs = pairs[:, heights[pairs[1]] > levels[pairs[0]]]
        found.append(pairs)
        left -= pairs.shape[1]
        if left < 0:
            break
    line, area = np.concatenate(found, axis=1)
    return line, area, left >= 0


def _shapes(lines: Sequence[Floats]) -> Geometries:
    """Return lines as geometries; a dot is a line of no length."""
    doubled = [np.repeat(line, 2, axis=0) if len(line) == 1 else line for line in lines]
    coordinates, offsets = flattened(doubled)
    numbers = np.repeat(np.arange(len(lines)), np.diff(offsets))
    return np.asarray(shapely.linestrings(coordinates, indices=numbers), dtype=np.object_)


def _parts(rest: BaseGeometry) -> list[Floats]:
    """Return the parts of a cut line that are longer than a blot."""
    if rest.is_empty:
        return []
    # The ends of a closed line are joined again.
    joined = shapely.line_merge(rest) if rest.geom_type == "MultiLineString" else rest
    parts = [np.array(part.coords) for part in shapely.get_parts(joined)]
    return [part for part in parts if line_length(part) >= _Limits.MIN_REST_MM]
