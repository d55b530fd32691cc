"""Paths and basic shapes in their own units."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from libraries.errors import InvalidInput
from libraries.geometry.arrays import Floats
from libraries.svg_reader.appearance import length, lengths
from libraries.svg_syntax.outlines import (
    closed,
    ellipse_outline,
    lines_up_to_error,
    rectangle_outline,
)
from libraries.svg_syntax.path_data import NUMBERS, numbers_in, polyline_points
from libraries.svg_syntax.tracing import Traced, flattened_paths, trace

Viewport = tuple[float, float]
Attributes = Mapping[str, str]


class Shape(NamedTuple):
    """The lines of an element in its own units, or a traced path that is flattened later.

    `broken` is true if only the part before an error is there.
    """

    lines: Sequence[Floats] = ()
    traced: Traced | None = None
    tolerance: float = 1.0
    broken: bool = False

    def __len__(self) -> int:
        return len(self.lines) if self.traced is None else len(self.traced.starts)

    @property
    def size(self) -> int:
        """Return the number of vertices and curves."""
        return sum(map(len, self.lines)) if self.traced is None else len(self.traced.curves)

    def flattened(self) -> list[Floats]:
        """Return the strokes as polylines."""
        if self.traced is None:
            return list(self.lines)
        return flattened_paths([self.traced], [self.tolerance])


class Numbers:
    """The range of coordinates that are read; what is far away is cut later."""

    LARGEST = 1e9
    PLAIN = re.compile(r"[0-9eE+\-.,\s]*+", re.ASCII)


def parsing_steps(attributes: Attributes) -> float:
    """Return the steps of work for parsing the data of a shape."""
    path, points = attributes.get("d", ""), attributes.get("points", "")
    if not path and not points:
        return 0.0
    commands = sum(map(path.count, "MmLlHhVvZz"))
    return 1.5 * commands + (len(path) + len(points)) / 5


def shape_of(tag: str, attributes: Attributes, viewport: Viewport, tolerance: float) -> Shape:
    """Return the shape of an element.

    Raises:
        InvalidInput: a length is malformed, or there are too many vertices.
    """
    return SHAPES[tag](attributes, viewport, tolerance)


def _path(attributes: Attributes, _: Viewport, tolerance: float) -> Shape:
    data = attributes.get("d", "").strip()
    if not data or data == "none":
        return Shape()
    points = polyline_points(data)
    if points is not None and max(-float(points.min()), float(points.max())) <= Numbers.LARGEST:
        return Shape([points])
    try:
        traced = trace(data, Numbers.LARGEST)
    except InvalidInput as error:
        if error.code != "bad-number":
            raise
        traced = None
    if traced:
        return Shape(traced=traced, tolerance=tolerance)
    lines, problem = lines_up_to_error(data, tolerance, Numbers.LARGEST)
    return Shape(lines, broken=problem is not None)


def _rect(attributes: Attributes, viewport: Viewport, tolerance: float) -> Shape:
    left, top, width, height = lengths(attributes, "x y width height", viewport)
    if min(width, height) <= 0:
        return Shape()
    given = [attributes.get(name, "auto").strip() for name in ("rx", "ry")]
    # A missing radius is equal to the other.
    across, down = (
        length(other if own in {"", "auto"} else own, 0.0, whole)
        for (own, other), whole in zip((given, given[::-1]), viewport, strict=True)
    )
    return Shape([rectangle_outline((left, top), (width, height), (across, down), tolerance)])


def _circle(attributes: Attributes, viewport: Viewport, tolerance: float) -> Shape:
    x, y, radius = lengths(attributes, "cx cy r", viewport)
    return Shape([ellipse_outline((x, y), (radius, radius), tolerance)] if radius > 0 else [])


def _ellipse(attributes: Attributes, viewport: Viewport, tolerance: float) -> Shape:
    x, y, across, down = lengths(attributes, "cx cy rx ry", viewport)
    if attributes.get("ry", "auto") == "auto":
        down = across
    if attributes.get("rx", "auto") == "auto":
        across = down
    return Shape(
        [ellipse_outline((x, y), (across, down), tolerance)] if min(across, down) > 0 else []
    )


def _line(attributes: Attributes, viewport: Viewport, _: float) -> Shape:
    x1, y1, x2, y2 = lengths(attributes, "x1 y1 x2 y2", viewport)
    return Shape([np.array([(x1, y1), (x2, y2)])])


def line_ends(lines: Sequence[Attributes]) -> Floats | None:
    """Return the ends of `line` elements in plain numbers, of shape (n, 2, 2); None for others."""
    texts = [one.get(name, "0") for one in lines for name in ("x1", "y1", "x2", "y2")]
    if Numbers.PLAIN.fullmatch("".join(texts)) is None:
        return None
    try:
        numbers = np.array(list(map(float, texts)))
    except ValueError:
        return None
    return numbers.reshape(-1, 2, 2) if (np.abs(numbers) <= Numbers.LARGEST).all() else None


def _polyline(attributes: Attributes, _: Viewport, __: float) -> Shape:
    return _corners(attributes)


def _polygon(attributes: Attributes, _: Viewport, __: float) -> Shape:
    shape = _corners(attributes)
    return Shape([closed(points) for points in shape.lines], broken=shape.broken)


def _corners(attributes: Attributes) -> Shape:
    text, broken = attributes.get("points", ""), False
    if Numbers.PLAIN.fullmatch(text) is None:
        found = NUMBERS.match(text)
        text, broken = found[0] if found else "", True
    numbers = numbers_in(text, np.inf)
    small = np.abs(numbers) <= Numbers.LARGEST
    if not small.all():
        numbers, broken = numbers[: int(np.argmin(small))], True
    points = numbers[: len(numbers) // 2 * 2].reshape(-1, 2)
    return Shape([points] if len(points) > 1 else [], broken=broken or len(numbers) % 2 == 1)


SHAPES: Mapping[str, Callable[[Attributes, Viewport, float], Shape]] = {
    "path": _path,
    "rect": _rect,
    "circle": _circle,
    "ellipse": _ellipse,
    "line": _line,
    "polyline": _polyline,
    "polygon": _polygon,
}
