"""The parts of lines that opaque areas above them leave visible."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from libraries.geometry.arrays import Floats, Integers, flattened, line_length


class Cover(NamedTuple):
    """An opaque area, and its level: it hides what has a lower one."""

    level: int
    region: BaseGeometry


class _Limits:
    """Limits of the work, and lengths in mm."""

    MAX_PAIRS = 4_000_000
    MAX_CORNERS = 30_000_000
    # A line along the edge of an area is half visible, and stays.
    INSET_MM = 0.01
    MIN_REST_MM = 0.2


def visible_lines(
    lines: Sequence[Floats], levels: Integers, covers: Sequence[Cover]
) -> tuple[list[list[Floats]], bool]:
    """Return the visible parts of each line, and whether all covers were regarded.

    Lines without a cover above them are returned as they are.
    """
    visible: list[list[Floats]] = [[line] for line in lines]
    if not lines:
        return visible, True
    shapes = _shapes(lines)
    above, complete = _covers_above(shapes, levels, covers)
    areas = _Areas(covers)
    for line, numbers in above.items():
        rest = areas.outside(shapes[line], numbers)
        if rest is not None:
            visible[line] = _parts(rest)
    return visible, complete and not areas.is_spent


class _Areas:
    """The areas that covers hide, without their edges."""

    def __init__(self, covers: Sequence[Cover]) -> None:
        self._covers = covers
        self._shrunk: dict[int, BaseGeometry] = {}
        self._left = _Limits.MAX_CORNERS

    @property
    def is_spent(self) -> bool:
        """Return whether lines were left as they are because there is too much work."""
        return self._left < 0

    def outside(self, line: BaseGeometry, numbers: list[int]) -> BaseGeometry | None:
        """Return the part of a line outside of several covers, or None if all of it is outside."""
        rest, cut = line, False
        for number in numbers:
            area = self._area(number)
            if not shapely.intersects(area, rest):
                continue
            self._left -= int(shapely.get_num_coordinates(area))
            if self._left < 0:
                break
            rest, cut = shapely.difference(rest, area), True
            if rest.is_empty:
                return rest
        # A line that touches an area is not cut.
        whole = not cut or rest.length >= line.length * (1 - 1e-12) > 0
        return None if whole else rest

    def _area(self, number: int) -> BaseGeometry:
        if number not in self._shrunk:
            region = self._covers[number].region
            inner = shapely.buffer(region, -_Limits.INSET_MM, join_style="mitre")
            shapely.prepare(inner)
            self._shrunk[number] = inner
        return self._shrunk[number]


def _shapes(lines: Sequence[Floats]) -> NDArray[np.object_]:
    """Return lines as geometries; a dot is a line of no length."""
    doubled = [np.repeat(line, 2, axis=0) if len(line) == 1 else line for line in lines]
    coordinates, offsets = flattened(doubled)
    numbers = np.repeat(np.arange(len(lines)), np.diff(offsets))
    return np.asarray(shapely.linestrings(coordinates, indices=numbers), dtype=np.object_)


def _covers_above(
    shapes: NDArray[np.object_], levels: Integers, covers: Sequence[Cover]
) -> tuple[dict[int, list[int]], bool]:
    """Return the covers above each line whose boxes meet it, and whether there were few enough."""
    heights = np.array([cover.level for cover in covers])
    tree = shapely.STRtree([cover.region for cover in covers])
    found: dict[int, list[int]] = defaultdict(list)
    block, left = max(1, _Limits.MAX_PAIRS // len(covers)), _Limits.MAX_PAIRS
    for first in range(0, len(levels), block):
        line, cover = tree.query(shapes[first : first + block], predicate="intersects")
        higher = heights[cover] > levels[first + line]
        for one, other in zip((line[higher] + first).tolist(), cover[higher].tolist(), strict=True):
            found[one].append(other)
        left -= int(higher.sum())
        if left < 0:
            return found, False
    return found, True


def _parts(rest: BaseGeometry) -> list[Floats]:
    """Return the parts of a cut line that are longer than a blot."""
    if rest.is_empty:
        return []
    # The ends of a closed line are joined again.
    joined = shapely.line_merge(rest) if rest.geom_type == "MultiLineString" else rest
    parts = [np.array(part.coords) for part in shapely.get_parts(joined)]
    return [part for part in parts if line_length(part) >= _Limits.MIN_REST_MM]
