"""Gradients and patterns as the colour that stands for them, and gradients of masks as areas."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from libraries.geometry.arrays import Floats
from libraries.geometry.clipping import overlaid
from libraries.geometry.transforms import Matrix, applied, identity
from libraries.svg_reader.appearance import Lengths
from libraries.svg_reader.colours import components, parse_colour
from libraries.svg_reader.foreign_xml import Node
from libraries.svg_reader.placing import Viewport, transform_of


def server_colours(named: Mapping[str, Node]) -> dict[str, str]:
    """Return a colour for each gradient and pattern by its id.

    It is that of the first visible stop of a gradient, or of the first painted element of a pattern;
    a gradient without stops paints nothing.
    """
    tags = {"linearGradient", "radialGradient", "pattern"}
    return {name: _colour(node, named) for name, node in named.items() if node.tag in tags}


def _templates(node: Node, named: Mapping[str, Node]) -> list[Node]:
    """Return an element and those that it refers to, whose stops and attributes it may use."""
    found = [node]
    most = 8
    while len(found) < most and found[-1].attributes.get("href", "").startswith("#"):
        following = named.get(found[-1].attributes["href"][1:])
        if following is None:
            break
        found.append(following)
    return found


def _colour(node: Node, named: Mapping[str, Node]) -> str:
    for following in _templates(node, named):
        node = following
        if node.children:
            break
    if node.tag == "pattern":
        paints = (
            child.attributes.get(name)
            for child in node.children
            for name in ("stroke", "fill")
            if child.attributes.get(name, "none") != "none"
        )
        found = next(filter(None, paints), "#000000")
        return found if parse_colour(found) else "#000000"
    stops = [child.attributes for child in node.children if child.tag == "stop"]
    shown = [stop for stop in stops if stop.get("stop-opacity", "1").strip() not in {"0", "0%"}]
    colours = [stop.get("stop-color", "#000000") for stop in shown]
    visible = [one for one in map(parse_colour, colours) if one is not None and one.alpha > 0]
    if not stops:
        return "none"
    return visible[0].text if visible else "transparent"


def luminance(colour: str) -> float:
    """Return the luminance of a colour from 0 to 1, by which masks show."""
    red, green, blue = components(colour)
    return (0.2126 * red + 0.7152 * green + 0.0722 * blue) / 255


@dataclass(frozen=True)
class Gradient:
    """A gradient of a mask.

    Attributes:
        tag: `linearGradient` or `radialGradient`.
        attributes: its attributes, with those of the gradients that it refers to.
        stops: offset, luminance and opacity of each stop, of shape (n, 3).
    """

    HALF: ClassVar[float] = 0.5
    # Places where the gradient is evaluated, and how far it extends beyond its ends, in its lengths.
    SAMPLES: ClassVar[int] = 257
    BEYOND: ClassVar[float] = 1000.0

    tag: str
    attributes: Mapping[str, str]
    stops: Floats

    @classmethod
    def of(cls, name: str, named: Mapping[str, Node]) -> Gradient | None:
        """Return the gradient with an id, or None for what is none or has no stops."""
        chain = _templates(named[name], named) if name in named else []
        stops = next((one.children for one in chain if one.children), [])
        rows = [_stop(one.attributes) for one in stops if one.tag == "stop"]
        if not rows or not chain[0].tag.endswith("Gradient"):
            return None
        attributes: dict[str, str] = {}
        for one in reversed(chain):
            attributes |= one.attributes
        values = np.array(rows)
        values[:, 0] = np.maximum.accumulate(values[:, 0])
        return cls(chain[0].tag, attributes, values)

    def bands(
        self,
        opacity: float,
        bounds: tuple[float, float, float, float],
        viewport: Viewport,
        *,
        by_light: bool,
    ) -> list[BaseGeometry]:
        """Return the areas that are more than half opaque, or `by_light` more than half lit.

        `bounds` is the box of the shape in its own units. Raises ValueError for a malformed
        transform.
        """
        places = np.linspace(0.0, 1.0, self.SAMPLES)
        offsets, light, alpha = self.stops.T
        strength = opacity * np.interp(places, offsets, alpha)
        if by_light:
            strength = strength * np.interp(places, offsets, light)
        inside = np.concatenate([[False], strength >= self.HALF, [False]])
        edges = np.flatnonzero(inside[1:] != inside[:-1]).reshape(-1, 2)
        in_box = self.attributes.get("gradientUnits") != "userSpaceOnUse"
        way = self._way(bounds, in_box=in_box)
        size = (1.0, 1.0) if in_box else viewport
        found: list[BaseGeometry] = []
        for first, last in edges.tolist():
            start = -self.BEYOND if first == 0 else float(places[first])
            end = self.BEYOND if last == len(places) else float(places[last - 1])
            ring = self._strip if self.tag == "linearGradient" else self._annulus
            found.append(ring(start, end, size, way))
        return found

    def _way(self, bounds: tuple[float, float, float, float], *, in_box: bool) -> Matrix:
        """Return the transform from the units of the gradient to those of the shape."""
        left, top, right, bottom = bounds
        box = np.array([[right - left, 0.0, left], [0.0, bottom - top, top]])
        around = box if in_box else identity()
        own = transform_of({"transform": self.attributes.get("gradientTransform", "")}, (1.0, 1.0))
        if own is None:
            return around
        square = around[:, :2] @ own[:, :2]
        return np.column_stack([square, around[:, :2] @ own[:, 2] + around[:, 2]])

    def _length(self, name: str, default: str, whole: float) -> float:
        found = Lengths.read(self.attributes.get(name, default), whole)
        return Lengths.read(default, whole) or 0.0 if found is None else found

    def _strip(self, start: float, end: float, size: Viewport, way: Matrix) -> BaseGeometry:
        """Return the area between two places along a linear gradient."""
        one = np.array([self._length("x1", "0%", size[0]), self._length("y1", "0%", size[1])])
        two = np.array([self._length("x2", "100%", size[0]), self._length("y2", "0%", size[1])])
        along = two - one
        across = np.array([-along[1], along[0]]) * self.BEYOND
        if not along.any():
            raise ValueError(self.tag)
        low, high = one + along * start, one + along * end
        corners = np.array([low - across, low + across, high + across, high - across])
        return shapely.Polygon(applied(way, corners))

    def _annulus(self, start: float, end: float, size: Viewport, way: Matrix) -> BaseGeometry:
        """Return the area between two radii of a radial gradient around its centre."""
        whole = math.hypot(*size) / math.sqrt(2)
        centre = np.array([self._length("cx", "50%", size[0]), self._length("cy", "50%", size[1])])
        radius = self._length("r", "50%", whole)
        turns = np.linspace(0.0, 2 * math.pi, 128, endpoint=False)
        circle = np.column_stack([np.cos(turns), np.sin(turns)]) * radius
        outer = shapely.Polygon(applied(way, centre + circle * end))
        if start <= 0:
            return outer
        inner: BaseGeometry = shapely.Polygon(applied(way, centre + circle * start))
        between: BaseGeometry = overlaid(shapely.difference, outer, inner)
        return between


def _stop(attributes: Mapping[str, str]) -> tuple[float, float, float]:
    """Return the offset, the luminance and the opacity of a stop, each from 0 to 1."""
    colour = parse_colour(attributes.get("stop-color", "#000000"))
    values = [
        Lengths.read(text, 1.0)
        for text in (attributes.get("offset", "0"), attributes.get("stop-opacity", "1"))
    ]
    offset, opacity = (min(max(0.0 if one is None else one, 0.0), 1.0) for one in values)
    light = luminance(colour.text) if colour else 0.0
    return offset, light, opacity * (colour.alpha if colour else 1.0)
