"""Clip paths, masks and viewports as areas in mm."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import groupby, pairwise
from typing import NamedTuple

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from libraries.errors import InvalidInput
from libraries.geometry.arrays import Floats
from libraries.geometry.clipping import overlaid
from libraries.geometry.filling import boundary_of, fill_region
from libraries.geometry.strokes import MAX_COORDINATE_MM
from libraries.geometry.transforms import Matrix, applied, combined, inverse
from libraries.svg_reader.appearance import Look, Looks, lengths
from libraries.svg_reader.foreign_xml import Node
from libraries.svg_reader.items import Area, Clip, Frame
from libraries.svg_reader.placing import Viewport, transform_of
from libraries.svg_reader.problems import Problems
from libraries.svg_reader.servers import Gradient, luminance
from libraries.svg_reader.shapes import SHAPES, shape_of
from libraries.work import Work


class _Place(NamedTuple):
    """Place of an element of a clip: its transform to mm, its look, its depth, and the clip itself."""

    to_page: Matrix
    viewport: Viewport
    look: Look
    depth: int
    root: Node

    @property
    def is_alpha(self) -> bool:
        """Return whether a mask shows by opacity alone."""
        return self.root.attributes.get("mask-type", "").strip() == "alpha"


class ClipReader:
    """Reads the areas of clip paths and masks."""

    MAX_AREAS = 20_000
    MAX_DEPTH = 16
    # Steps of work per element.
    STEPS = 60

    def __init__(
        self,
        named: Mapping[str, Node],
        looks: Looks,
        problems: Problems,
        tolerance: float,
        work: Work,
    ) -> None:
        self._named = named
        self._looks = looks
        self._problems = problems
        self._tolerance = tolerance
        self._work = work
        self._left = self.MAX_AREAS

    def clip_of(
        self, node: Node, to_page: Matrix, viewport: Viewport, outer: Clip | None
    ) -> Clip | None:
        """Return the clip of an element by its clip path and its mask, inside of `outer`."""
        for name in ("clip-path", "mask"):
            text = node.attributes.get(name, "none").strip()
            if text in {"", "none", "inherit", "initial"}:
                continue
            found = Looks.URL.match(text)
            target = self._named.get(found[1].strip()) if found else None
            if target is None or target.tag != {"clip-path": "clipPath"}.get(name, name):
                # A missing clip path does not clip.
                self._problems.note(name, node.line)
                continue
            made = self._read(target, to_page, viewport, outer, 0)
            if made is None:
                self._problems.note(name, node.line)
            else:
                outer = made
        return outer

    def _read(
        self, target: Node, to_page: Matrix, viewport: Viewport, outer: Clip | None, depth: int
    ) -> Clip | None:
        """Return the clip of a `clipPath` or `mask`, or None if its content is no plain area."""
        name = "clip-path" if target.tag == "clipPath" else "mask"
        units = "clipPathUnits" if target.tag == "clipPath" else "maskContentUnits"
        box = target.attributes.get(units) == "objectBoundingBox"
        start = np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]) if box else to_page
        try:
            own = transform_of(target.attributes, viewport) if target.tag == "clipPath" else None
            placed = combined(start, own) if own is not None else start
            look = self._looks.of(target.attributes, Look())
            areas = list(self._areas(target, _Place(placed, viewport, look, depth, target)))
        except (InvalidInput, ValueError):
            return None
        around = _Place(to_page, viewport, look, depth, target)
        outer = self._inside(target, around, outer) or outer
        clip = Clip(name, target.line, areas, outer, box, to_page)
        if name == "clip-path" and not box and (outer is None or outer.frame is not None):
            frame = _frame_of(areas)
            clip.frame = frame if outer is None or frame is None else _shared(frame, outer.frame)
        return clip

    def _inside(self, node: Node, place: _Place, outer: Clip | None = None) -> Clip | None:
        """Return the clip by the clip path of an element inside of a clip, if it has one."""
        found = Looks.URL.match(node.attributes.get("clip-path", ""))
        target = self._named.get(found[1].strip()) if found else None
        if target is None or target.tag != "clipPath" or place.depth >= self.MAX_DEPTH:
            return None
        return self._read(target, place.to_page, place.viewport, outer, place.depth + 1)

    def _areas(self, node: Node, place: _Place) -> Iterator[Area]:
        """Yield the areas of the children of an element."""
        if place.depth > self.MAX_DEPTH:
            raise ValueError(node.tag)
        for child in self._shown(node):
            own = transform_of(child.attributes, place.viewport)
            inner = place._replace(
                to_page=place.to_page if own is None else combined(place.to_page, own),
                look=self._looks.of(child.attributes, place.look),
            )
            if child.tag in SHAPES:
                yield from self._shape(child, inner)
            elif child.tag in {"g", "a", "switch"}:
                yield from self._areas(child, inner._replace(depth=place.depth + 1))
            elif child.tag == "use":
                moved, target = self._used(child, inner.to_page, place.viewport)
                deeper = inner._replace(to_page=moved, depth=place.depth + 1)
                yield from self._areas(target, deeper)
            elif child.tag in {"text", "image", "foreignObject"}:
                raise ValueError(node.tag)

    def _shown(self, node: Node) -> Iterator[Node]:
        """Yield the children that may be visible; raise `ValueError` after too many of all."""
        for child in node.children:
            self._left -= 1
            self._work.spend(self.STEPS)
            if self._left < 0:
                raise ValueError(node.tag)
            if child.attributes.get("display", "").strip() != "none":
                yield child

    def _used(self, node: Node, to_page: Matrix, viewport: Viewport) -> tuple[Matrix, Node]:
        """Return the place of the target of a `use`, and a group that contains it."""
        target = self._named.get(node.attributes.get("href", "").strip()[1:])
        x, y = lengths(node.attributes, "x y", viewport)
        moved = combined(to_page, np.array([[1.0, 0.0, x], [0.0, 1.0, y]]))
        return moved, Node("g", {}, [target] if target is not None else [])

    def _shape(self, node: Node, place: _Place) -> Iterator[Area]:
        look, to_page = place.look, place.to_page
        scale = max(float(np.linalg.norm(to_page[:, :2], 2)), 1e-9)
        shape = shape_of(node.tag, node.attributes, place.viewport, self._tolerance / scale)
        self._work.spend(3 * shape.size)
        own = shape.flattened()
        lines = [applied(to_page, line) for line in own]
        within = self._inside(node, place)
        if place.root.tag != "mask":
            if lines and not look.hidden:
                yield Area(lines, look.clip_rule == "evenodd", True, within)
        elif look.stroke_server:
            raise ValueError(node.tag)
        elif own and look.fill_server and not look.hidden:
            for rings, shown in self._by_gradient(own, place):
                yield Area([applied(to_page, ring) for ring in rings], True, shown, within)
            self._problems.note("mask", node.line, "approximated")
        elif lines and look.has_fill:
            alpha = look.fill_alpha * look.fill_opacity * look.opacity
            light = alpha * (1.0 if place.is_alpha else luminance(look.fill))
            if max(light, alpha) >= Gradient.HALF:
                yield Area(lines, look.fill_rule == "evenodd", light >= Gradient.HALF, within)

    def _by_gradient(
        self, lines: list[Floats], place: _Place
    ) -> Iterator[tuple[list[Floats], bool]]:
        """Yield the parts of a shape that a gradient hides, and those that it shows, as rings."""
        look = place.look
        gradient = Gradient.of(look.fill_server, self._named)
        region = fill_region(lines, evenodd=look.fill_rule == "evenodd", work=self._work)
        if gradient is None or region.is_empty:
            raise ValueError(look.fill_server)
        opacity = look.fill_opacity * look.opacity
        for shown in (False, True):
            lit = shown and not place.is_alpha
            bands = gradient.bands(opacity, region.bounds, place.viewport, by_light=lit)
            area = overlaid(shapely.intersection, region, overlaid(shapely.union_all, bands))
            if shown or not place.is_alpha:
                yield boundary_of(area), shown


def viewport_clip(size: Viewport, to_page: Matrix, line: int, outer: Clip | None) -> Clip:
    """Return the clip of a nested viewport from (0, 0)."""
    width, height = size
    (a, c, e), (b, d, f) = to_page.tolist()
    corners = [
        (a * x + c * y + e, b * x + d * y + f)
        for x, y in ((0.0, 0.0), (width, 0.0), (width, height), (0.0, height))
    ]
    clip = Clip("viewport", line, [Area([np.array(corners)])], outer)
    if b == 0 and c == 0 and (outer is None or outer.frame is not None):
        (left, top), (right, bottom) = corners[0], corners[2]
        frame = min(left, right), min(top, bottom), max(left, right), max(top, bottom)
        clip.frame = frame if outer is None else _shared(frame, outer.frame)
    return clip


def _frame_of(areas: list[Area]) -> Frame | None:
    """Return the area of a clip that is an axis-parallel rectangle, or None."""
    if len(areas) != 1 or len(areas[0].lines) != 1 or areas[0].within is not None:
        return None
    corners = [(x, y) for x, y in areas[0].lines[0].tolist()]
    across, down = zip(*corners, strict=True)
    left, top, right, bottom = min(across), min(down), max(across), max(down)
    around = {(left, top), (right, top), (right, bottom), (left, bottom)}
    sides = list(pairwise(corners if corners[0] == corners[-1] else [*corners, corners[0]]))
    is_rectangle = (
        len(around) == len(sides)
        and set(corners) == around
        and all((one[0] == two[0]) != (one[1] == two[1]) for one, two in sides)
    )
    return (left, top, right, bottom) if is_rectangle else None


def _shared(frame: Frame, other: Frame | None) -> Frame | None:
    """Return the part of a frame inside another one."""
    if other is None:
        return None
    low = max(frame[0], other[0]), max(frame[1], other[1])
    return *low, min(frame[2], other[2]), min(frame[3], other[3])


def region_of_clip(
    clip: Clip, items: Mapping[int, Floats], work: Work, problems: Problems
) -> BaseGeometry:
    """Return the visible area of a clip and its outer ones in mm; `items` has the points of items.

    A clip whose lines cross too often is noted, and does not cut.

    Raises:
        InvalidInput: there is not enough `work` left.
    """
    if clip.region is not None:
        return clip.region
    try:
        region = _own_region(clip, items, work, problems)
    except InvalidInput:
        problems.note(clip.kind, clip.line)
        far = 2 * MAX_COORDINATE_MM
        region = shapely.box(-far, -far, far, far)
    if clip.outer is not None:
        outer = region_of_clip(clip.outer, items, work, problems)
        work.spend(int(shapely.get_num_coordinates(region) + shapely.get_num_coordinates(outer)))
        region = overlaid(shapely.intersection, region, outer)
    clip.region = region
    return region


def _own_region(
    clip: Clip, items: Mapping[int, Floats], work: Work, problems: Problems
) -> BaseGeometry:
    """Return the visible area of a clip without its outer ones."""
    areas = [
        area._replace(lines=[applied(way, line) for line in area.lines])
        for way in [_box_transform(clip, items)]
        if way is not None
        for area in clip.areas
    ]
    region: BaseGeometry = shapely.Polygon()
    for shown, some in groupby(areas if clip.box else clip.areas, key=lambda area: area.shown):
        parts = []
        for area in some:
            part = fill_region(area.lines, evenodd=area.evenodd, work=work)
            if area.within is not None:
                within = region_of_clip(area.within, items, work, problems)
                part = overlaid(shapely.intersection, part, within)
            parts.append(part)
        work.spend(20 * sum(int(shapely.get_num_coordinates(part)) for part in parts))
        united = overlaid(shapely.union_all, parts)
        region = (
            overlaid(shapely.union, region, united)
            if shown
            else overlaid(shapely.difference, region, united)
        )
    # What is drawn along the edge is visible.
    return shapely.buffer(region, 0.001, join_style="mitre")


def _box_transform(clip: Clip, items: Mapping[int, Floats]) -> Matrix | None:
    """Return the transform from the unit square to the bounding box of the clipped items."""
    if not clip.box or clip.to_page is None:
        return None
    found = [items[item] for item in range(clip.first, clip.last) if item in items]
    if not found:
        return None
    try:
        points = applied(inverse(clip.to_page), np.concatenate(found))
    except InvalidInput:
        return None
    (left, top), (right, bottom) = points.min(axis=0), points.max(axis=0)
    square = np.array([[right - left, 0.0, left], [0.0, bottom - top, top]])
    return combined(clip.to_page, square)
