"""Markers: where they are on a shape, and how they are placed."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import NamedTuple

import numpy as np

from libraries.geometry.arrays import Floats
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.transforms import Matrix, combined, fitting, rotation, scaling, translation
from libraries.svg_reader.appearance import Lengths, aspect
from libraries.svg_reader.foreign_xml import Node
from libraries.svg_reader.frames import view_box
from libraries.svg_reader.shapes import Shape


class Place(NamedTuple):
    """A vertex: 0 the first, 1 between, 2 the last; its point, and its direction in degrees."""

    kind: int
    point: tuple[float, float]
    degrees: float


class Marker(NamedTuple):
    """The size of a marker, and the transform of its content and of its viewport."""

    size: tuple[float, float]
    content: Matrix
    viewport: Matrix


def places_of(shape: Shape) -> list[Place]:
    """Return the vertices of a shape with their directions."""
    found: list[Place] = []
    for points, arriving, leaving in _vertices(shape):
        is_closed = bool((points[0] == points[-1]).all()) and len(points) > 2  # noqa: PLR2004 - a triangle
        for number, point in enumerate(points):
            before = arriving[number] if number else (arriving[-1] if is_closed else None)
            last = number == len(points) - 1
            after = leaving[number] if not last else (leaving[0] if is_closed else None)
            found.append(Place(1, (float(point[0]), float(point[1])), _bisector(before, after)))
    if found:
        found[0], found[-1] = found[0]._replace(kind=0), found[-1]._replace(kind=2)
    return found


def _bisector(before: Floats | None, after: Floats | None) -> float:
    """Return the direction between two in degrees."""
    angles = [
        math.atan2(one[1], one[0]) for one in (before, after) if one is not None and one.any()
    ]
    x, y = sum(map(math.cos, angles)), sum(map(math.sin, angles))
    if not angles:
        return 0.0
    if math.hypot(x, y) < 1e-9:  # noqa: PLR2004 - opposite directions
        return math.degrees(angles[0]) + 90
    return math.degrees(math.atan2(y, x))


def _vertices(shape: Shape) -> Iterator[tuple[Floats, Floats, Floats]]:
    """Yield the vertices of each stroke, and the directions of arrival and departure at each."""
    if shape.traced is None:
        for line in shape.lines:
            steps = np.diff(line, axis=0)
            if len(steps):
                yield line, np.concatenate([steps[:1], steps]), np.concatenate([steps, steps[-1:]])
        return
    curves, starts = shape.traced.curves, shape.traced.starts.tolist()
    for first, last in zip(starts, [*starts[1:], len(curves)], strict=True):
        rows = curves[first:last]
        if len(rows) < 2:  # noqa: PLR2004 - a single move
            continue
        points = rows[:, 3]
        arriving, leaving = np.zeros((len(rows), 2)), np.zeros((len(rows), 2))
        for number in range(1, len(rows)):
            start, end = points[number - 1], points[number]
            _, one, two, _ = rows[number]
            is_line = bool((rows[number] == end).all())
            ahead = [end - start] if is_line else [one - start, two - start, end - start]
            behind = [end - start] if is_line else [end - two, end - one, end - start]
            leaving[number - 1] = next((way for way in ahead if way.any()), ahead[-1])
            arriving[number] = next((way for way in behind if way.any()), behind[-1])
        yield points, arriving, leaving


def placed_marker(node: Node, place: Place, width: float) -> Marker | None:
    """Return a marker at a place of a stroke of a width in user units, or None without a size."""
    attributes = node.attributes
    size = _number(attributes, "markerWidth", 3.0), _number(attributes, "markerHeight", 3.0)
    factor = 1.0 if attributes.get("markerUnits") == "userSpaceOnUse" else width
    if min(size) <= 0 or factor <= 0:
        return None
    box = view_box(node)
    fit = translation(0, 0)
    if box is not None:
        align, vertical, how = aspect(attributes.get("preserveAspectRatio"))
        fit = fitting(box, Rectangle(0, 0, *size), how, align=align, vertical=vertical)
    around = (box.width, box.height) if box else size
    reference = [
        _reference(attributes.get(f"ref{axis}", "0"), whole)
        for axis, whole in zip("XY", around, strict=True)
    ]
    x, y = fit[:, :2] @ np.array(reference) + fit[:, 2]
    viewport = combined(
        translation(*place.point),
        rotation(_angle(attributes.get("orient", "0"), place)),
        scaling(factor),
        translation(-float(x), -float(y)),
    )
    return Marker(size, combined(viewport, fit), viewport)


def _number(attributes: Mapping[str, str], name: str, default: float) -> float:
    found = Lengths.read(attributes.get(name, ""))
    return default if found is None else found


def _reference(text: str, whole: float) -> float:
    words = {"left": 0.0, "top": 0.0, "center": 0.5, "right": 1.0, "bottom": 1.0}
    if text.strip() in words:
        return words[text.strip()] * whole
    return Lengths.read(text, whole) or 0.0


def _angle(orient: str, place: Place) -> float:
    orient = orient.strip()
    if orient.startswith("auto"):
        reverse = orient == "auto-start-reverse" and place.kind == 0
        return place.degrees + (180 if reverse else 0)
    try:
        return float(orient.removesuffix("deg"))
    except ValueError:
        return 0.0
