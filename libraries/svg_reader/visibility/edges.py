"""The edges of fills, and boxes as areas."""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from libraries.geometry.arrays import Floats, line_length
from libraries.geometry.filling import boundary_of
from libraries.geometry.rectangle import Rectangle
from libraries.svg_reader.appearance import Look


def fill_edges(
    look: Look, region: BaseGeometry, lines: list[Floats] | None, *, crosses: bool
) -> list[Floats]:
    """Return the edge of a fill, where no stroke runs along it.

    `lines` are None if it is clipped; `crosses` is false if they are one that does not cross itself.
    """
    corners = 3
    if look.has_stroke:
        open_lines = [line for line in lines or () if len(line) >= corners]
        return [line[[-1, 0]] for line in open_lines if (line[-1] != line[0]).any()]
    if lines is None:
        return boundary_of(region)
    closed = [closed_line(line) for line in lines if len(line) >= corners]
    if not crosses:
        return closed
    # Parts of lines are inside of a shape that crosses itself.
    around = sum(map(line_length, closed))
    return closed if abs(region.length - around) <= 0.001 * around else boundary_of(region)


def box_of(around: Rectangle) -> BaseGeometry:
    box: BaseGeometry = shapely.box(around.left, around.top, around.right, around.bottom)
    return box


def closed_line(line: Floats) -> Floats:
    # Faster than a comparison of arrays.
    first, last = line[[0, -1]].tolist()
    return line if first == last else np.concatenate([line, line[:1]])
