"""The parts of lines that opaque areas above them leave visible."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from libraries.geometry.arrays import Floats, Integers, flattened, ranges
from libraries.geometry.clipping import overlaid
from libraries.svg_reader.appearance import Look
from libraries.work import Work

Geometries = NDArray[np.object_]
Flags = NDArray[np.bool_]


class Cover(NamedTuple):
    """An opaque area, and its level: it hides what has a lower one."""

    level: int
    region: BaseGeometry


class _Limits:
    """Limits of the work, and lengths in mm."""

    MAX_PAIRS = 12_000_000
    MAX_PAIRS_AT_ONCE = 2_000_000
    MAX_CORNERS = 30_000_000
    # Fewer areas are not united, and so many at least before those below are tested.
    MIN_AREAS, MIN_BLOCK = 32, 8
    MAX_UNITED_CORNERS = 200_000
    MIN_UNITED, MAX_NEEDED = 1000, 0.9
    # The share of lines with covered vertices above which areas are united, lines from which it is
    # estimated, and lines that are tested alone.
    MAX_COVERED, SAMPLE, MAX_HIDDEN_ALONE = 0.05, 300, 200
    # Areas whose boxes are compared with those of lines one by one.
    MAX_NEAR = 100
    # Lines whose areas are prepared at once.
    BLOCK = 5000
    # A line along the edge of an area is half visible, and stays.
    INSET_MM = 0.01
    MIN_REST_MM = 0.2


def visible_lines(
    lines: Sequence[Floats], levels: Integers, covers: Sequence[Cover], work: Work
) -> tuple[dict[int, list[Floats]], bool]:
    """Return the visible parts of the lines that are not visible as a whole, and whether all covers were regarded.

    `covers` ascend by level.
    """
    visible: dict[int, list[Floats]] = {}
    if not lines or not covers:
        return visible, True
    regions = np.array([cover.region for cover in covers], dtype=np.object_)
    heights = np.array([cover.level for cover in covers])
    near = _near(lines, levels, regions, heights)
    lines, levels = [lines[line] for line in near.tolist()], levels[near]
    shapes = _shapes(lines)
    work.spend(int(shapely.get_num_coordinates(regions).sum()) / 2)
    hidden, needed = _hidden_at_once(shapes, levels, regions, heights, work)
    for line in near[hidden].tolist():
        visible[line] = []
    rest = np.flatnonzero(~hidden)
    areas = _Areas(regions[needed], heights[needed], work)
    for block in _blocks(shapes[rest]):
        lines_of_block = rest[block]
        cut, parts = areas.cut(shapes[lines_of_block], levels[lines_of_block])
        numbers = near[lines_of_block].tolist()
        for line in cut.tolist():
            visible[numbers[line]] = []
        for line, part in parts:
            visible[numbers[line]].append(part)
        if areas.is_spent:
            break
    return visible, not areas.is_spent


def _near(
    lines: Sequence[Floats], levels: Integers, regions: Geometries, heights: Integers
) -> Integers:
    """Return the lines whose boxes meet those of areas above them, unless there are many areas."""
    if len(regions) > _Limits.MAX_NEAR:
        return np.arange(len(lines))
    points, offsets = flattened(lines)
    low = np.minimum.reduceat(points, offsets[:-1])
    high = np.maximum.reduceat(points, offsets[:-1])
    met = np.zeros(len(lines), dtype=np.bool_)
    for (left, top, right, bottom), height in zip(shapely.bounds(regions), heights, strict=True):
        met |= (
            (levels < height)
            & (low[:, 0] <= right)
            & (high[:, 0] >= left)
            & (low[:, 1] <= bottom)
            & (high[:, 1] >= top)
        )
    return np.flatnonzero(met)


def _hidden_at_once(
    shapes: Geometries, levels: Integers, regions: Geometries, heights: Integers, work: Work
) -> tuple[Flags, Flags]:
    """Return which lines areas above hide completely, and which areas are not covered themselves.

    From top to bottom, what is below the union of the areas so far is tested in blocks, as large as
    the union.
    """
    hidden = np.zeros(len(shapes), dtype=np.bool_)
    needed = np.ones(len(regions), dtype=np.bool_)
    if len(regions) < _Limits.MIN_AREAS or not _overlap_often(regions):
        return hidden, needed
    top, count, useful = len(regions), 0, True
    united: BaseGeometry = shapely.Polygon()
    inner = _without_ends(shapes)
    some = _with_covered_vertices(inner, levels, regions, heights, work)
    if some is not None:
        hidden[some] = [
            shapely.contains_properly(overlaid(shapely.union_all, regions[above]), inner[line])
            for line, above in _above(some, inner, levels, regions, heights)
        ]
        return hidden, needed
    by_level = np.argsort(levels, kind="stable")
    sorted_levels = levels[by_level]
    while top > 0:
        first = max(0, top - max(_Limits.MIN_BLOCK, count))
        if not united.is_empty:
            work.spend(2 * (top - first))
            shapely.prepare(united)
            needed[first:top] = ~overlaid(
                shapely.covers, united, _without_edges(regions[first:top], work)
            )
            # Those between the lowest area of this block and that of the block above.
            low, high = np.searchsorted(sorted_levels, [heights[first], heights[top]])
            some = by_level[(0 if first == 0 else low) : high]
            hidden[some] = shapely.contains_properly(united, inner[some])
            # Where little is hidden, a larger union is not worth its time.
            useful = count < _Limits.MIN_UNITED or needed[first:top].mean() < _Limits.MAX_NEEDED
        kept = regions[first:top][needed[first:top]]
        count += len(kept)
        top = first
        corners = int(shapely.get_num_coordinates(united))
        if first > 0 and len(kept) and useful and corners <= _Limits.MAX_UNITED_CORNERS:
            work.spend(5 * corners + 5 * int(shapely.get_num_coordinates(kept).sum()))
            united = overlaid(shapely.union_all, [united, *kept])
    return hidden, needed


def _with_covered_vertices(
    shapes: Geometries, levels: Integers, regions: Geometries, heights: Integers, work: Work
) -> Integers | None:
    """Return the lines whose vertices are all inside areas above them, or None if many may be.

    Others are not hidden. They are found by a few of their vertices, before all are tested.
    """
    tree = shapely.STRtree(regions)
    points, owners = shapely.get_coordinates(shapes, return_index=True)
    firsts = np.searchsorted(owners, np.arange(len(shapes) + 1))
    for step in (-(-len(shapes) // _Limits.SAMPLE), 1):
        left = np.arange(0, len(shapes), step)
        most = _Limits.MAX_COVERED * len(left)
        for share in (0.0, 0.5, 0.25, 0.75, 0.375):
            rows = firsts[left] + (share * (firsts[left + 1] - firsts[left])).astype(np.int64)
            left = left[_covered(points[rows], levels[left], tree, heights, work)]
        if len(left) > most:
            return None
    counts = (firsts[1:] - firsts[:-1])[left]
    rows = np.repeat(firsts[left], counts) + ranges(counts)
    inside = _covered(points[rows], np.repeat(levels[left], counts), tree, heights, work)
    out = np.bincount(np.repeat(np.arange(len(left)), counts)[~inside], minlength=len(left))
    left = left[out == 0]
    return left if len(left) <= _Limits.MAX_HIDDEN_ALONE else None


def _covered(
    points: Floats, levels: Integers, tree: shapely.STRtree, heights: Integers, work: Work
) -> Flags:
    """Return which points are inside of areas, those of `tree`, that are above them."""
    point, area = tree.query(shapely.points(points), predicate="intersects")
    work.spend(5 * len(points) + len(area))
    found = np.zeros(len(points), dtype=np.bool_)
    found[point[heights[area] > levels[point]]] = True
    return found


def _above(
    some: Integers, shapes: Geometries, levels: Integers, regions: Geometries, heights: Integers
) -> Iterator[tuple[int, Integers]]:
    """Yield lines with the areas above them whose boxes meet theirs."""
    line, area = shapely.STRtree(regions).query(shapes[some])
    higher = heights[area] > levels[some[line]]
    line, area = line[higher], area[higher]
    for place, number in enumerate(some.tolist()):
        yield number, area[line == place]


def _without_ends(shapes: Geometries) -> Geometries:
    """Return lines, those of two points without their ends, which hatching has on edges."""
    shorter = shapes.copy()
    long = shapely.length(shapes) > 4 * _Limits.INSET_MM
    straight = np.flatnonzero(long & (shapely.get_num_coordinates(shapes) == 2))  # noqa: PLR2004
    if len(straight):
        ends = shapely.get_coordinates(shapes[straight]).reshape(-1, 2, 2)
        ways = (ends[:, 1] - ends[:, 0]) / shapely.length(shapes[straight])[:, None]
        inset = _Limits.INSET_MM * np.stack([ways, -ways], axis=1)
        shorter[straight] = shapely.linestrings(ends + inset)
    return shorter


def _overlap_often(regions: Geometries) -> bool:
    """Return whether areas overlap several others, by some of them."""
    some = regions[:: max(1, len(regions) // 200)]
    often = 4
    return bool(shapely.STRtree(regions).query(some).shape[1] > often * len(some))


def _blocks(shapes: Geometries) -> list[Integers]:
    """Return blocks of neighbouring lines; areas and pairs of all would need much memory."""
    count = max(1, -(-len(shapes) // _Limits.BLOCK))
    boxes = shapely.bounds(shapes)
    strips = math.ceil(math.sqrt(count))
    strip = np.argsort(np.argsort(boxes[:, 0])) * strips // max(1, len(shapes))
    return np.array_split(np.lexsort((boxes[:, 1], strip)), count)


class _Areas:
    """Areas above lines."""

    def __init__(self, regions: Geometries, heights: Integers, work: Work) -> None:
        self._regions = regions
        self._heights = heights
        self._tree = shapely.STRtree(regions)
        self._work = work
        self._pairs_left, self._corners_left = _Limits.MAX_PAIRS, _Limits.MAX_CORNERS

    @property
    def is_spent(self) -> bool:
        """Return whether lines were left as they are because there is too much work."""
        return min(self._pairs_left, self._corners_left) < 0

    def cut(
        self, shapes: Geometries, levels: Integers
    ) -> tuple[Integers, list[tuple[int, Floats]]]:
        """Return the lines that areas above them cut, and what is left of them with their numbers."""
        line, area = self._pairs(shapes, levels)
        used, area = np.unique(area, return_inverse=True)
        inner = _without_edges(self._regions[used], self._work)
        shapely.prepare(inner)
        met = shapely.intersects(inner[area], shapes[line])
        line, area = line[met], area[met]
        # The areas that hide most come first.
        order = np.lexsort((-shapely.area(inner[area]), line))
        line, area = line[order], area[order]
        place = np.arange(len(line)) - np.searchsorted(line, line)
        rest = shapes.copy()
        cut = np.zeros(len(shapes), dtype=np.bool_)
        for turn in range(int(place.max(initial=-1)) + 1):
            now = np.flatnonzero(place == turn)
            now = now[~shapely.is_empty(rest[line[now]])]
            steps = int(shapely.get_num_coordinates(inner[area[now]]).sum())
            self._corners_left -= steps
            self._work.spend(20 * len(now) + steps / 2)
            if self._corners_left < 0:
                break
            _remove(rest, cut, line[now], inner[area[now]], is_first=turn == 0)
        # A line that only touches areas was not cut.
        lines = np.flatnonzero(cut)
        before, after = shapely.length(shapes[lines]), shapely.length(rest[lines])
        whole = (after >= before * (1 - 1e-12)) & (before > 0)
        lines = lines[~whole]
        return lines, [(int(lines[place]), part) for place, part in _parts(rest[lines])]

    def _pairs(self, shapes: Geometries, levels: Integers) -> tuple[Integers, Integers]:
        """Return pairs of a line and an area above it whose boxes meet."""
        found: list[Integers] = [np.zeros((2, 0), dtype=np.int64)]
        block = max(1, _Limits.MAX_PAIRS_AT_ONCE // max(1, len(self._regions)))
        for first in range(0, len(shapes), block):
            pairs = self._tree.query(shapes[first : first + block])
            pairs[0] += first
            self._work.spend(pairs.shape[1] / 2)
            pairs = pairs[:, self._heights[pairs[1]] > levels[pairs[0]]]
            found.append(pairs)
            self._pairs_left -= pairs.shape[1]
            if self.is_spent:
                break
        line, area = np.concatenate(found, axis=1)
        return line, area


def _without_edges(regions: Geometries, work: Work) -> Geometries:
    work.spend(20 * len(regions))
    return np.asarray(shapely.buffer(regions, -_Limits.INSET_MM, join_style="mitre"))


def _remove(
    rest: Geometries, cut: Flags, lines: Integers, regions: Geometries, *, is_first: bool
) -> None:
    """Remove an area from each of several different lines; it meets those that are whole."""
    if not is_first:
        met = shapely.intersects(regions, rest[lines])
        lines, regions = lines[met], regions[met]
    inside = overlaid(shapely.covers, regions, rest[lines])
    rest[lines[inside]] = shapely.LineString()
    parted = lines[~inside]
    rest[parted] = overlaid(shapely.difference, rest[parted], regions[~inside])
    cut[lines] = True


def _shapes(lines: Sequence[Floats]) -> Geometries:
    """Return lines as geometries; a dot is a line of no length."""
    doubled = [np.repeat(line, 2, axis=0) if len(line) == 1 else line for line in lines]
    coordinates, offsets = flattened(doubled)
    numbers = np.repeat(np.arange(len(lines)), np.diff(offsets))
    return np.asarray(shapely.linestrings(coordinates, indices=numbers), dtype=np.object_)


def _parts(rest: Geometries) -> Iterator[tuple[int, Floats]]:
    """Yield the parts of cut lines that are longer than a blot, each with the number of its line."""
    if not len(rest):
        return
    several = shapely.get_type_id(rest) == shapely.GeometryType.MULTILINESTRING
    # The ends of a closed line are joined again.
    rest[several] = shapely.line_merge(rest[several])
    parts, numbers = shapely.get_parts(rest, return_index=True)
    long = shapely.length(parts) >= _Limits.MIN_REST_MM
    parts, numbers = parts[long], numbers[long]
    points, owners = shapely.get_coordinates(parts, return_index=True)
    bounds = np.searchsorted(owners, np.arange(1, len(parts)))
    if len(parts):
        yield from zip(numbers.tolist(), np.split(points, bounds), strict=True)


def stroke_area(lines: list[Floats], radius: float, look: Look) -> BaseGeometry:
    """Return the area of strokes with the caps and joins of a look, up to `radius` from their lines."""
    caps: Mapping[str, Literal["round", "square", "flat"]] = {"round": "round", "square": "square"}
    joins: Mapping[str, Literal["round", "bevel", "mitre"]] = {"round": "round", "bevel": "bevel"}
    style, join = caps.get(look.cap, "flat"), joins.get(look.join, "mitre")
    # The default of browsers.
    limit = 4.0
    parts = [shapely.LineString(line) for line in lines if len(line) > 1]
    dots = [shapely.Point(line[0]) for line in lines if len(line) == 1]
    area: BaseGeometry = overlaid(
        shapely.union_all,
        [part.buffer(radius, cap_style=style, join_style=join, mitre_limit=limit) for part in parts]
        + [dot.buffer(radius) for dot in dots],
    )
    return area
