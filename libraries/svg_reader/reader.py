"""Conversion of SVG elements to strokes."""

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
from libraries.svg_reader.foreign_xml import Node, bad_svg, parse_svg
from libraries.svg_reader.gathering import Gathering, Shape
from libraries.svg_reader.repeats import MAX_ELEMENT_DEPTH, count_visits
from libraries.svg_syntax.attributes import transform_matrix
from libraries.svg_syntax.curves import FLATNESS
from libraries.svg_syntax.outlines import closed, ellipse_outline, lines_of_path, rectangle_outline
from libraries.svg_syntax.path_data import numbers_in
from libraries.svg_syntax.tracing import trace

Viewport = tuple[float, float]

# Elements that are visited; repetitions by `use` count.
MAX_VISITS = 200_000
CUTS = frozenset({"clip-path", "mask", "marker-start", "marker-mid", "marker-end"})
# Elements that are not drawn themselves; some are drawn by references.
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
    """A document, and the number of elements and properties left out, by kind.

    `clip-path`, `mask` and markers count shapes that should have been changed and were not.
    """

    document: Document
    dropped: Mapping[str, int]


class _Context(NamedTuple):
    """The context of an element: its matrix to mm, look, layer and ancestors."""

    to_page: Matrix
    look: Look
    viewport: Viewport
    layer: str | None = None
    uses: tuple[str, ...] = ()
    depth: int = 0


def read_svg(
    source: str | bytes, *, tolerance: float | Callable[[Rectangle], float] = FLATNESS
) -> Reading:
    """Return the strokes of the SVG `source`, on a page of its size in mm.

    Paths, basic shapes, groups, transforms, units, nested viewports and `use` are supported. Filled
    shapes are drawn by their outline. Inkscape layers become layers, as does every colour outside
    of them; the pen of a layer has the colour and width of its first shape. Style sheets, text,
    images, scripts and others are left out and counted. `tolerance` is the maximum distance of
    lines from curves in mm, or a function of the page.

    Raises:
        InvalidInput: the SVG is malformed or too large, or repeats too much.
    """
    root = parse_svg(source)
    size = _page_size(root)
    document = Document(size[0] * PIXEL, size[1] * PIXEL)
    reader = _Reader(root, document, tolerance(document.page) if callable(tolerance) else tolerance)
    look = look_of(styles_of(root), Look())
    reader.visit_viewport(root, _Context(scaling(PIXEL), look, size), size)
    reader.gathering.finish()
    return Reading(document, dict(sorted(reader.dropped.items())))


def _page_size(root: Node) -> Viewport:
    """Return the size of the page in pixels, by default that of its viewBox."""
    box = _view_box(root)
    # The default size of browsers in pixels.
    fallback = (box.width, box.height) if box else (300.0, 150.0)
    width, height = (
        length(text, whole, whole)
        for text, whole in zip(map(root.attributes.get, ("width", "height")), fallback, strict=True)
    )
    if not width > 0 or not height > 0:
        raise bad_svg("the page has no size")
    return width, height


def _view_box(node: Node) -> Rectangle | None:
    numbers = numbers_in(node.attributes.get("viewBox", "")[:200]).tolist()
    if len(numbers) != 4 or min(numbers[2:]) <= 0:  # noqa: PLR2004 - left, top, width and height
        return None
    left, top, width, height = numbers
    return Rectangle(left, top, left + width, top + height)


class _Reader:
    """Walks the tree and draws its elements."""

    MAX_USE_DEPTH = 16

    def __init__(self, root: Node, document: Document, tolerance: float) -> None:
        self.dropped: Counter[str] = Counter()
        self._document = document
        self.gathering = Gathering(document)
        self._layers: dict[str, int] = {}
        self._tolerance = tolerance
        self._visits = 0
        self._named = _named(root)
        # The last scale with its tolerance, as neighbours usually have the same scale.
        self._scale: tuple[object, float] = (None, 0.0)
        # Shapes of elements that `use` repeats.
        self._shapes: dict[tuple[int, float, Viewport], Shape] = {}
        # A few elements can expand to millions by references.
        if count_visits(root, self._named, SILENT, MAX_VISITS) > MAX_VISITS:
            raise bad_svg("the SVG repeats or nests too many elements")

    def visit(self, node: Node, context: _Context) -> None:
        """Draw an element and its children."""
        self._visits += 1
        if self._visits > MAX_VISITS or context.depth > MAX_ELEMENT_DEPTH:
            raise bad_svg("the SVG repeats or nests too many elements")
        if node.tag in SILENT:
            return
        styles = styles_of(node)
        if styles.get("display") == "none":
            return
        to_page = context.to_page
        if "transform" in node.attributes:
            to_page = combined(to_page, transform_matrix(node.attributes["transform"]))
        self._count_cuts(styles)
        look = look_of(styles, context.look)
        self._enter(node, context._replace(to_page=to_page, look=look, depth=context.depth + 1))

    def _enter(self, node: Node, context: _Context) -> None:
        if node.tag == "svg":
            self._visit_nested(node, context)
        elif node.tag in {"g", "a"}:
            name = _layer_name(node)
            self._visit_all(node, context._replace(layer=name) if name else context)
        elif node.tag == "switch":
            self._visit_all(Node("g", {}, node.children[:1]), context)
        elif node.tag == "use":
            self._visit_used(node, context)
        elif node.tag in SHAPES:
            self._draw(node, context)
        else:
            self.dropped[node.tag if node.tag in NAMED_DROPS else "unknown"] += 1

    def visit_viewport(self, node: Node, context: _Context, size: Viewport) -> None:
        """Draw the children of an `svg` or `symbol` whose viewBox is shown at `size`."""
        box = _view_box(node)
        if box is None:
            self._visit_all(node, context._replace(viewport=size))
            return
        align, vertical, fit = aspect(node.attributes.get("preserveAspectRatio"))
        shown = fitting(box, Rectangle(0, 0, *size), fit, align=align, vertical=vertical)
        to_page = combined(context.to_page, shown)
        self._visit_all(node, context._replace(to_page=to_page, viewport=(box.width, box.height)))

    def _visit_all(self, node: Node, context: _Context) -> None:
        for child in node.children:
            self.visit(child, context)

    def _visit_nested(self, node: Node, context: _Context) -> None:
        size = _own_size(node, context.viewport)
        if min(size) > 0:
            self.visit_viewport(node, _moved(node, context), size)

    def _visit_used(self, node: Node, context: _Context) -> None:
        """Draw the target of a `use`, unless it is recursive or in another file."""
        name = node.attributes.get("href", "")
        target = self._named.get(name[1:]) if name.startswith("#") else None
        if target is None or name in context.uses or len(context.uses) >= self.MAX_USE_DEPTH:
            self.dropped["use"] += 1
            return
        context = _moved(node, context)._replace(uses=(*context.uses, name))
        if target.tag not in ("symbol", "svg"):
            self.visit(target, context)
            return
        size = {
            side: node.attributes[side] for side in ("width", "height") if side in node.attributes
        }
        # A symbol is drawn as a viewport with the size of the `use`.
        self.visit(Node("svg", target.attributes | size, target.children), context)

    def _draw(self, node: Node, context: _Context) -> None:
        if not context.look.drawn:
            return
        shape = self._shape(node, context)
        if len(shape):
            self.gathering.add(shape, context.to_page, self._layer(context))

    def _shape(self, node: Node, context: _Context) -> Shape:
        """Return the shape of an element; shapes inside a `use` are cached."""
        tolerance = self._tolerance_in(context.to_page)
        if not context.uses:
            return SHAPES[node.tag](node, context.viewport, tolerance)
        # The tree keeps the element alive, so that its id stays unique.
        key = (id(node), tolerance, context.viewport)
        if key not in self._shapes:
            self._shapes[key] = SHAPES[node.tag](node, context.viewport, tolerance)
        return self._shapes[key]

    def _tolerance_in(self, to_page: Matrix) -> float:
        scale = to_page[:, :2].tobytes()
        if self._scale[0] != scale:
            # Limits the precision of shapes that are scaled down.
            self._scale = (scale, self._tolerance / max(magnification(to_page), 1e-9))
        return self._scale[1]

    def _layer(self, context: _Context) -> int:
        name = context.layer or context.look.ink
        if name not in self._layers:
            wide = context.look.width * abs(determinant(context.to_page)) ** 0.5
            width = round(min(max(wide, 0.05), 50.0), 3)
            self._layers[name] = self._document.layer(name, Pen(name, context.look.ink, width))
        return self._layers[name]

    def _count_cuts(self, styles: Mapping[str, str]) -> None:
        for name in CUTS.intersection(styles):
            if styles[name] != "none":
                self.dropped[name] += 1


def _named(root: Node) -> dict[str, Node]:
    """Return elements by their ids, the first of duplicates."""
    named: dict[str, Node] = {}
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if "id" in node.attributes:
            named.setdefault(node.attributes["id"], node)
        waiting.extend(reversed(node.children))
    return named


def _moved(node: Node, context: _Context) -> _Context:
    """Return `context` moved by the x and y of an element."""
    left, top = lengths(node, "x y", context.viewport)
    if not left and not top:
        return context
    return context._replace(to_page=combined(context.to_page, translation(left, top)))


def _own_size(node: Node, viewport: Viewport) -> Viewport:
    width = length(node.attributes.get("width"), viewport[0], viewport[0])
    height = length(node.attributes.get("height"), viewport[1], viewport[1])
    return width, height


def _layer_name(node: Node) -> str | None:
    """Return the name of an Inkscape layer, or None for other groups and invalid names."""
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
    if traced:
        return Shape(traced=traced, tolerance=tolerance)
    return Shape(lines_of_path(data, tolerance))


def _rect(node: Node, viewport: Viewport, tolerance: float) -> Shape:
    left, top, width, height, across, down = lengths(node, "x y width height rx ry", viewport)
    if min(width, height) <= 0:
        return Shape()
    # A missing radius is equal to the other.
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
    return Shape([closed(points) for points in _corners(node)])


def _corners(node: Node) -> list[Floats]:
    numbers = numbers_in(node.attributes.get("points", ""))
    points = numbers[: len(numbers) // 2 * 2].reshape(-1, 2)
    return [points] if len(points) > 1 else []


SHAPES: Mapping[str, Callable[[Node, Viewport, float], Shape]] = {
    "path": _path,
    "rect": _rect,
    "circle": _circle,
    "ellipse": _ellipse,
    "line": _line,
    "polyline": _polyline,
    "polygon": _polygon,
}
