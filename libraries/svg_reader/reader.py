"""The reader of foreign SVG: its shapes as strokes in mm.

What a pen cannot draw is left out and counted.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from libraries.errors import InvalidInput
from libraries.geometry.arrays import Floats
from libraries.geometry.document import MAX_LAYER_NAME_CHARS, Document
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.strokes import Pen
from libraries.geometry.transforms import (
    Fit,
    Matrix,
    combined,
    determinant,
    fitting,
    magnification,
    scaling,
    translation,
)
from libraries.lettering import check_text
from libraries.svg_reader.appearance import (
    PIXEL,
    Look,
    aspect,
    length,
    lengths,
    look_of,
    styles_of,
)
from libraries.svg_reader.foreign_xml import Node, parse_svg
from libraries.svg_reader.gathering import Gathering, Shape
from libraries.svg_reader.repeats import count_visits
from libraries.svg_syntax.attributes import transform_matrix
from libraries.svg_syntax.curves import FLATNESS
from libraries.svg_syntax.outlines import closed, ellipse_outline, lines_of_path, rectangle_outline
from libraries.svg_syntax.path_data import numbers_in
from libraries.svg_syntax.tracing import trace

Viewport = tuple[float, float]

MAX_USE_DEPTH = 16
MAX_PLACE_DEPTH = 96
# Elements that are looked at, those that `use` repeats counted each time.
MAX_VISITS = 200_000
CUTS = frozenset({"clip-path", "mask", "marker-start", "marker-mid", "marker-end"})
# What has no looks of its own: it is drawn where it is referred to, if at all.
SILENT = {
    "title", "desc", "metadata", "defs", "symbol", "linearGradient", "radialGradient", "stop", "clipPath", "mask", "marker",
    "pattern", "filter", "view", "cursor",
}  # fmt: skip
NAMED_DROPS = {
    "script", "image", "foreignObject", "text", "style", "animate", "animateTransform", "animateMotion", "set", "video", "audio",
    "iframe", "canvas",
}  # fmt: skip


@dataclass(frozen=True)
class Reading:
    """The drawing that was read, and how often each kind of element was left out.

    Clips, masks and markers are left out too: `clip-path` counts shapes that should have been cut
    and were not.
    """

    document: Document
    dropped: Mapping[str, int]


class _Place(NamedTuple):
    """The context of an element: its matrix to mm, look, layer name and open ancestors."""

    to_page: Matrix
    look: Look
    viewport: Viewport
    layer: str | None = None
    uses: tuple[str, ...] = ()
    depth: int = 0


def read_svg(
    source: str | bytes, *, tolerance: float | Callable[[Rectangle], float] = FLATNESS
) -> Reading:
    """Return what a pen can draw of the SVG `source`, on a page of its size in mm.

    Paths, basic shapes, groups, transforms, units, nested viewports and `use` are followed. A shape
    that is only filled is drawn by its edge. Layers of Inkscape become layers, and so does every
    colour outside of them; the pen of a layer has the colour and width of the first shape on it.
    Style sheets, text, images, scripts and whatever else a pen cannot draw are left out and
    counted.

    Args:
        source: the SVG as text, or as bytes with an encoding that it names itself; UTF-8 without
            one.
        tolerance: how far a line may stay from the curve that it stands for, in mm; or what tells
            it of the page, in mm.

    Raises:
        InvalidInput: it cannot be read: not well-formed, no SVG, too large or too deep, repeats too
            much, or a length that is none.
        InvalidInput: a path, a number or a transform breaks its grammar or is too large.
        InvalidInput: it has more than two million.
        InvalidInput: something lies more than a kilometre away.
    """
    root = parse_svg(source)
    size = _page_size(root)
    document = Document(size[0] * PIXEL, size[1] * PIXEL)
    reader = _Reader(root, document, tolerance(document.page) if callable(tolerance) else tolerance)
    reader.visit_viewport(
        root, _Place(scaling(PIXEL), look_of(styles_of(root), Look()), size), size
    )
    reader.finish()
    return Reading(document, dict(sorted(reader.dropped.items())))


def _page_size(root: Node) -> Viewport:
    """Return the size of the page in pixels, by default that of its viewBox."""
    box = _view_box(root)
    # What a picture without a size is in a browser, in pixels.
    fallback = (box.width, box.height) if box else (300.0, 150.0)
    width, height = (
        length(text, whole, whole)
        for text, whole in zip(map(root.attributes.get, ("width", "height")), fallback, strict=True)
    )
    if not width > 0 or not height > 0:
        raise InvalidInput("the page has no size", code="bad-svg", field="svg")
    return width, height


def _view_box(node: Node) -> Rectangle | None:
    numbers = numbers_in(node.attributes.get("viewBox", "")[:200]).tolist()
    if len(numbers) != 4 or min(numbers[2:]) <= 0:  # noqa: PLR2004 - left, top, width and height
        return None
    left, top, width, height = numbers
    return Rectangle(left, top, left + width, top + height)


class _Reader:
    """Walks through the tree and draws what it meets."""

    def __init__(self, root: Node, document: Document, tolerance: float) -> None:
        self.dropped: Counter[str] = Counter()
        self._document = document
        self._gathering = Gathering(document)
        self._layers: dict[str, int] = {}
        self._tolerance = tolerance
        self._visits = 0
        self._named = _named(root)
        # The last way of scaling, and how fine lines have to be there: neighbours are scaled alike.
        self._scale: tuple[object, float] = (None, 0.0)
        # What was made of elements that are drawn again and again.
        self._shapes: dict[tuple[int, float, Viewport], Shape] = {}
        # A few small elements can refer to each other so that they stand for millions.
        if count_visits(root, self._named, SILENT, MAX_VISITS) > MAX_VISITS:
            raise InvalidInput("the SVG repeats or nests too much", code="bad-svg", field="svg")

    def finish(self) -> None:
        """Draw what has been gathered and not drawn yet."""
        self._gathering.finish()

    def visit(self, node: Node, place: _Place) -> None:
        """Draw one element and what is inside of it."""
        self._visits += 1
        if self._visits > MAX_VISITS or place.depth > MAX_PLACE_DEPTH:
            raise InvalidInput("the SVG repeats or nests too much", code="bad-svg", field="svg")
        if node.tag in SILENT:
            return
        styles = styles_of(node)
        if styles.get("display") == "none":
            return
        to_page = place.to_page
        if "transform" in node.attributes:
            to_page = combined(to_page, transform_matrix(node.attributes["transform"]))
        self._count_cuts(styles)
        self._enter(
            node,
            place._replace(
                to_page=to_page, look=look_of(styles, place.look), depth=place.depth + 1
            ),
        )

    def _enter(self, node: Node, place: _Place) -> None:
        if node.tag == "svg":
            self._visit_nested(node, place)
        elif node.tag in {"g", "a", "svg"}:
            name = _layer_name(node)
            self._visit_all(node, place._replace(layer=name) if name else place)
        elif node.tag == "switch":
            self._visit_all(Node("g", {}, node.children[:1]), place)
        elif node.tag == "use":
            self._visit_used(node, place)
        elif node.tag in SHAPES:
            self._draw(node, place)
        else:
            self.dropped[node.tag if node.tag in NAMED_DROPS else "unknown"] += 1

    def visit_viewport(self, node: Node, place: _Place, size: Viewport) -> None:
        """Draw what is inside of an `svg` or `symbol` that shows its viewBox at `size`."""
        box = _view_box(node)
        if box is None:
            self._visit_all(node, place._replace(viewport=size))
            return
        across, down, kind = aspect(node.attributes.get("preserveAspectRatio"))
        fit: Fit = {"meet": "contain", "slice": "cover", "none": "fill"}[kind]  # type: ignore[assignment]
        shown = fitting(
            box,
            Rectangle(0, 0, *size),
            fit,
            align={"Min": "left", "Mid": "center", "Max": "right"}[across],  # type: ignore[arg-type]
            vertical={"Min": "top", "Mid": "middle", "Max": "bottom"}[down],  # type: ignore[arg-type]
        )
        self._visit_all(
            node,
            place._replace(
                to_page=combined(place.to_page, shown), viewport=(box.width, box.height)
            ),
        )

    def _visit_all(self, node: Node, place: _Place) -> None:
        for child in node.children:
            self.visit(child, place)

    def _visit_nested(self, node: Node, place: _Place) -> None:
        size = _own_size(node, place.viewport)
        if min(size) > 0:
            self.visit_viewport(node, _moved(node, place), size)

    def _visit_used(self, node: Node, place: _Place) -> None:
        """Draw the target of a `use`, unless it is the element itself or in another file."""
        name = node.attributes.get("href", "")
        target = self._named.get(name[1:]) if name.startswith("#") else None
        if target is None or name in place.uses or len(place.uses) >= MAX_USE_DEPTH:
            self.dropped["use"] += 1
            return
        place = _moved(node, place)._replace(uses=(*place.uses, name))
        if target.tag not in ("symbol", "svg"):
            self.visit(target, place)
            return
        size = {
            side: node.attributes[side] for side in ("width", "height") if side in node.attributes
        }
        # A symbol is drawn here and nowhere else: as a viewport of the size that the use gives it.
        self.visit(Node("svg", target.attributes | size, target.children), place)

    def _draw(self, node: Node, place: _Place) -> None:
        if not place.look.drawn:
            return
        shape = self._shape(node, place)
        if len(shape):
            self._gathering.add(shape, place.to_page, self._layer(place))

    def _shape(self, node: Node, place: _Place) -> Shape:
        """Return what an element draws; of one that a `use` repeats it is kept."""
        tolerance = self._tolerance_in(place.to_page)
        if not place.uses:
            return SHAPES[node.tag](node, place.viewport, tolerance)
        # The element is part of the tree, so that nothing else takes its id.
        key = (id(node), tolerance, place.viewport)
        if key not in self._shapes:
            self._shapes[key] = SHAPES[node.tag](node, place.viewport, tolerance)
        return self._shapes[key]

    def _tolerance_in(self, to_page: Matrix) -> float:
        scale = to_page[:, :2].tobytes()
        if self._scale[0] != scale:
            # What is scaled by less vanishes, and needs no fine lines.
            self._scale = (scale, self._tolerance / max(magnification(to_page), 1e-9))
        return self._scale[1]

    def _layer(self, place: _Place) -> int:
        name = place.layer or place.look.ink
        if name not in self._layers:
            wide = place.look.width * abs(determinant(place.to_page)) ** 0.5
            width = round(min(max(wide, 0.05), 50.0), 3)
            self._layers[name] = self._document.layer(name, Pen(name, place.look.ink, width))
        return self._layers[name]

    def _count_cuts(self, styles: Mapping[str, str]) -> None:
        for name in CUTS.intersection(styles):
            if styles[name] != "none":
                self.dropped[name] += 1


def _named(root: Node) -> dict[str, Node]:
    """Return the elements by their ids, the first where one is taken twice."""
    named: dict[str, Node] = {}
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if "id" in node.attributes:
            named.setdefault(node.attributes["id"], node)
        waiting.extend(reversed(node.children))
    return named


def _moved(node: Node, place: _Place) -> _Place:
    """Return `place` moved by the x and y of an element."""
    left, top = lengths(node, "x y", place.viewport)
    return (
        place._replace(to_page=combined(place.to_page, translation(left, top)))
        if left or top
        else place
    )


def _own_size(node: Node, viewport: Viewport) -> Viewport:
    width = length(node.attributes.get("width"), viewport[0], viewport[0])
    height = length(node.attributes.get("height"), viewport[1], viewport[1])
    return width, height


def _layer_name(node: Node) -> str | None:
    """Return the name of an Inkscape layer, or None for other groups and unusable names."""
    label = node.attributes.get("inkscape:label", "").strip()[:MAX_LAYER_NAME_CHARS]
    if node.attributes.get("inkscape:groupmode") != "layer" or not label:
        return None
    try:
        return check_text(label)
    except InvalidInput:
        return None


def _path(node: Node, _: Viewport, tolerance: float) -> Shape:
    data = node.attributes.get("d", "").strip()
    if not data or data == "none":
        return Shape()
    traced = trace(data)
    return (
        Shape(traced=traced, tolerance=tolerance)
        if traced
        else Shape(lines_of_path(data, tolerance))
    )


def _rect(node: Node, viewport: Viewport, tolerance: float) -> Shape:
    left, top, width, height, across, down = lengths(node, "x y width height rx ry", viewport)
    if min(width, height) <= 0:
        return Shape()
    # One radius stands for both.
    across, down = across or down, down or across
    return Shape([rectangle_outline((left, top), (width, height), (across, down), tolerance)])


def _circle(node: Node, viewport: Viewport, tolerance: float) -> Shape:
    x, y, radius = lengths(node, "cx cy r", viewport)
    return Shape([ellipse_outline((x, y), (radius, radius), tolerance)] if radius > 0 else [])


def _ellipse(node: Node, viewport: Viewport, tolerance: float) -> Shape:
    x, y, across, down = lengths(node, "cx cy rx ry", viewport)
    return Shape(
        [ellipse_outline((x, y), (across, down), tolerance)] if min(across, down) > 0 else []
    )


def _line(node: Node, viewport: Viewport, _: float) -> Shape:
    x1, y1, x2, y2 = lengths(node, "x1 y1 x2 y2", viewport)
    return Shape([np.array([(x1, y1), (x2, y2)])])


def _polyline(node: Node, _: Viewport, __: float) -> Shape:
    return Shape(_corners(node))


def _polygon(node: Node, _: Viewport, __: float) -> Shape:
    return Shape([closed(places) for places in _corners(node)])


def _corners(node: Node) -> list[Floats]:
    numbers = numbers_in(node.attributes.get("points", ""))
    places = numbers[: len(numbers) // 2 * 2].reshape(-1, 2)
    return [places] if len(places) > 1 else []


SHAPES: Mapping[str, Callable[[Node, Viewport, float], Shape]] = {
    "path": _path,
    "rect": _rect,
    "circle": _circle,
    "ellipse": _ellipse,
    "line": _line,
    "polyline": _polyline,
    "polygon": _polygon,
}
