"""Shapes and lines as elements."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
from marshmallow import fields
from marshmallow.validate import Length, Range
from shapely.geometry.base import BaseGeometry

from libraries.errors import InvalidInput
from libraries.fields import BoundedList, Params, declare, flag, mm, number, whole
from libraries.fields import angle as angle_field
from libraries.geometry.area import MAX_SIDE_MM
from libraries.geometry.clipping import count_crossings, region_of
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.transforms import applied, rotation
from libraries.sheets.elements.base import (
    BoxedElement,
    Element,
    ElementStrokes,
    Floats,
    Progress,
    bounds_of,
    element,
    kind,
    middle_of,
    round_outline,
)
from libraries.svg_builder import Hatching, hatch_lines
from libraries.svg_syntax.curves import FLATNESS
from libraries.svg_syntax.outlines import closed, rectangle_outline

MAX_CROSSINGS = 500


class Hatch(Params):
    """Parallel lines that fill a shape."""

    spacing: float = mm("Distance between lines", 0.1, 100, default=1.0, recorded=True)
    angle: float = angle_field(
        "Angle of the lines, clockwise from horizontal", default=45.0, recorded=True
    )
    cross: bool = flag(
        "Whether to add lines at a right angle.",
        default=False,
        recorded=True,
    )
    inset: float = mm("Distance of the lines from the edge", 0, 50, default=0.0, recorded=True)

    def points(self, ring: Floats) -> float:
        """Estimate the line ends inside `ring`: the heights of its edges divided by the spacing."""
        angles = (self.angle, self.angle + 90) if self.cross else (self.angle,)
        heights = [np.abs(np.diff(applied(rotation(-one), ring)[:, 1])).sum() for one in angles]
        return float(sum(heights)) / self.spacing

    def lines(self, ring: Floats) -> list[Floats]:
        return hatch_lines([ring], Hatching(**self.values()))


class Filled(Element):
    """A closed shape with an edge and a filling."""

    edge: bool = flag(
        "Whether its edge is drawn. Without it, only hatching is drawn, and `opaque` still hides "
        "earlier elements.",
        default=True,
        recorded=True,
    )
    hatch: Hatch | None = declare(
        fields.Nested(Hatch.schema(), metadata={"description": "Fill with parallel lines."}),
        default=None,
    )

    def ring(self, frame: Rectangle) -> Floats:
        """Return the closed edge."""
        raise NotImplementedError

    def strokes(
        self, frame: Rectangle, seed: int, progress: Progress | None = None
    ) -> ElementStrokes:
        ring = self.ring(frame)
        filling = self.hatch.lines(ring) if self.hatch else []
        return ElementStrokes.of_lines([*([ring] if self.edge else []), *filling])

    def cost(self, frame: Rectangle, *, thorough: bool) -> float:
        ring = self.ring(frame)
        return len(ring) + (self.hatch.points(ring) if self.hatch else 0.0)

    def outline_region(self, frame: Rectangle, strokes: ElementStrokes) -> BaseGeometry | None:
        return region_of([self.ring(frame)])


class Shape(Filled, BoxedElement):
    """A closed shape that fills its box."""


@element
class RectElement(Shape):
    """The box itself."""

    type: str = kind("rect")
    radius: float = mm("Radius of its corners", 0, MAX_SIDE_MM, default=0.0, recorded=True)

    def ring(self, frame: Rectangle) -> Floats:
        radii = (self.radius, self.radius)
        return rectangle_outline(
            (frame.left, frame.top), (frame.width, frame.height), radii, FLATNESS
        )


@element
class CircleElement(Shape):
    """The largest circle in the box."""

    type: str = kind("circle")

    def ring(self, frame: Rectangle) -> Floats:
        return round_outline(frame, circle=True)

    def corners(self, frame: Rectangle) -> Floats:
        return self.ring(frame)


@element
class EllipseElement(Shape):
    """The largest ellipse in the box."""

    type: str = kind("ellipse")

    def ring(self, frame: Rectangle) -> Floats:
        return round_outline(frame, circle=False)

    def corners(self, frame: Rectangle) -> Floats:
        return self.ring(frame)


@element
class StarElement(Shape):
    """A star in the largest circle of the box, one tip upwards."""

    type: str = kind("star")
    tips: int = whole("Number of tips.", 3, 120, default=5, recorded=True)
    inner: float = number(
        "Distance of the inner corners from the middle, relative to the tips.",
        0.05,
        1,
        default=0.4,
        recorded=True,
    )

    def ring(self, frame: Rectangle) -> Floats:
        """Return the star, clockwise from its upper tip."""
        x, y = middle_of(frame)
        outer, tips = min(frame.width, frame.height) / 2, self.tips
        turn = np.arange(2 * tips) * (math.pi / tips)
        far = np.where(np.arange(2 * tips) % 2 == 0, outer, outer * self.inner)
        return closed(np.column_stack((x + far * np.sin(turn), y - far * np.cos(turn))))

    def corners(self, frame: Rectangle) -> Floats:
        """Return the circle through the tips."""
        return round_outline(frame, circle=True)


def _points_field(min_points: int, max_points: int = 1000) -> Any:
    point = BoundedList(
        fields.Float(validate=Range(-MAX_SIDE_MM, MAX_SIDE_MM)), validate=Length(equal=2)
    )
    metadata = {
        "description": "Corners on the page: x and y in mm.",
        "example": [[20, 20], [80, 20], [50, 70]][:max_points],
    }
    return declare(BoundedList(point, validate=Length(min_points, max_points), metadata=metadata))


class CorneredElement(Element):
    """An element given by corners on the page."""

    points: list[list[float]]

    @property
    def place_field(self) -> str:
        return "points"

    def sizes(self) -> Mapping[str, int]:
        return {"points": len(self.points)}

    def corners(self, frame: Rectangle) -> Floats:
        return np.array(self.points, dtype=np.float64)

    def middle(self, frame: Rectangle) -> tuple[float, float]:
        """Return the middle of the bounding box."""
        return middle_of(bounds_of(self.corners(frame)))


class OpenElement(CorneredElement):
    """Straight lines without an inside."""

    def strokes(
        self, frame: Rectangle, seed: int, progress: Progress | None = None
    ) -> ElementStrokes:
        return ElementStrokes.of_lines([self.corners(frame)])

    def cost(self, frame: Rectangle, *, thorough: bool) -> float:
        return len(self.points)

    def outline_region(self, frame: Rectangle, strokes: ElementStrokes) -> BaseGeometry | None:
        return None


@element
class LineElement(OpenElement):
    """A straight line; with `opaque` it hides the area within its `halo`."""

    type: str = kind("line")
    points: list[list[float]] = _points_field(2, 2)


@element
class PolylineElement(OpenElement):
    """Connected straight lines; with `opaque` they hide the area within their `halo`."""

    type: str = kind("polyline")
    points: list[list[float]] = _points_field(2)


@element
class PolygonElement(Filled, CorneredElement):
    """A closed polygon."""

    type: str = kind("polygon")
    points: list[list[float]] = _points_field(3)

    def ring(self, frame: Rectangle) -> Floats:
        return closed(self.corners(frame))

    def cost(self, frame: Rectangle, *, thorough: bool) -> float:
        """Also raise InvalidInput if the edges of a filled polygon cross too often."""
        if self.opaque or self.hatch:
            self._check_crossings(frame)
        return super().cost(frame, thorough=thorough)

    def _check_crossings(self, frame: Rectangle) -> None:
        try:
            count_crossings([self.ring(frame)[:-1]], MAX_CROSSINGS)
        except InvalidInput:
            raise InvalidInput(
                f"the edges of a filled polygon may cross at most {MAX_CROSSINGS} times",
                code="too-tangled",
                field="points",
                hint="simplify the polygon",
            ) from None
