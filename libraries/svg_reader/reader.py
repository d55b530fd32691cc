"""Walk through the elements of an SVG, which become items."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from itertools import groupby
from operator import attrgetter

import numpy as np

from libraries.errors import InvalidInput
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.transforms import (
    Matrix,
    combined,
    determinant,
    magnification,
    scaling,
)
from libraries.svg_reader.appearance import (
    MM_PER_INCH,
    Look,
    Looks,
    diagonal_of,
)
from libraries.svg_reader.clips import ClipReader, viewport_clip
from libraries.svg_reader.contexts import Context, moved, shown_in
from libraries.svg_reader.foreign_xml import Node, bad_svg
from libraries.svg_reader.frames import (
    Index,
    layer_name,
    own_size,
    top_groups,
    view_box,
)
from libraries.svg_reader.gathering import Gathering
from libraries.svg_reader.items import Clip, Item
from libraries.svg_reader.marking import Place, placed_marker, places_of
from libraries.svg_reader.options import ReadingOptions
from libraries.svg_reader.placing import transform_of
from libraries.svg_reader.problems import Problems
from libraries.svg_reader.repeats import (
    MAX_ELEMENT_DEPTH,
    NAMED_DROPS,
    SILENT,
    conditions_hold,
    count_visits,
    shown_children,
)
from libraries.svg_reader.servers import server_colours
from libraries.svg_reader.shapes import SHAPES, Shape, Viewport, line_ends, parsing_steps, shape_of
from libraries.svg_reader.texts import TextReader, characters_in
from libraries.svg_syntax.layer_codes import LayerCodes
from libraries.work import Work

# Elements that are visited; repetitions by `use` count.
MAX_VISITS = 200_000


class Reader:
    """Walks the tree and draws its elements."""

    MAX_USE_DEPTH = 16
    MAX_MARKERS = 20_000
    # Steps of work per element, and per vertex or curve.
    STEPS, STEPS_PER_VERTEX, STEPS_PER_CHARACTER = 15, 3, 60
    # What is farther than this from the page, in mm, is cut if it is very far.
    ROOM_MM = 1000.0
    # Attributes that most elements do not have.
    RARE = frozenset(
        {
            "transform", "clip-path", "mask", "filter", "display", "requiredExtensions", "requiredFeatures", "systemLanguage",
        }
    )  # fmt: skip
    # Lines or paths in a row that are drawn together.
    MIN_RUN = 4

    def __init__(
        self,
        root: Node,
        page: Rectangle,
        tolerance: float,
        *,
        problems: Problems,
        size: Viewport,
        work: Work,
        options: ReadingOptions,
    ) -> None:
        room = self.ROOM_MM
        around = Rectangle(page.left - room, page.top - room, page.right + room, page.bottom + room)
        self.gathering = Gathering(around, self._report_far, self._report_broken, work)
        self.items: list[Item] = []
        self.layer_attributes: dict[str, dict[str, str]] = {}
        self.groups: list[range] = []  # their items, those of inner groups first
        self._layer_codes = options.layer_codes
        self._pixel = MM_PER_INCH / options.dpi
        # Names of groups that are layers, instead of the layers of Inkscape.
        self._groups = top_groups(root) if options.pens_by == "group" else None
        self._problems = problems
        self._work, self._tolerance = work, tolerance
        self._visits = self._markers = 0
        index = Index.of(root)
        self._named = index.by_id
        box = view_box(root)
        whole = (box.width, box.height) if box else size
        self._looks = Looks(server_colours(self._named), diagonal_of(whole))
        self._clips = ClipReader(self._named, self._looks, problems, tolerance, work)
        self._texts = TextReader(self._looks, self._path_lines)
        self._root_look = self._looks.of(root.attributes, Look())
        # The last matrix with its scale and tolerance, as neighbours usually have the same one.
        self._scale: tuple[Matrix | None, float, float] = (None, 0.0, 0.0)
        # Shapes of elements that `use` repeats.
        self._shapes: dict[tuple[int, float, Viewport, bool], Shape] = {}
        # A few elements can expand to millions by references.
        if (index.has_uses or index.elements > MAX_VISITS) and (
            count_visits(root, self._named, SILENT, MAX_VISITS) > MAX_VISITS
        ):
            raise bad_svg("the SVG repeats or nests too many elements")

    def draw(self, root: Node, size: Viewport) -> None:
        """Draw the whole SVG on a page of a size in pixels."""
        context = Context(scaling(self._pixel), self._root_look, size)
        if root.attributes.get("display", "").strip() != "none":
            self.visit_viewport(root, self._clipped(root, context), size)
        self.gathering.finish()
        if self.gathering.empty:
            self.items = self.gathering.without_empty(self.items)

    def visit(self, node: Node, context: Context) -> None:
        """Draw an element and its children."""
        self._visits += 1
        self._work.spend(self.STEPS)
        self._check_visits(context)
        if node.tag in SILENT and node.tag != "text":
            return
        look = self._looks.of(node.attributes, context.look)
        depth = context.depth + 1
        if self.RARE.isdisjoint(node.attributes):
            self._enter(node, context._replace(look=look, depth=depth))
            return
        attributes = node.attributes
        if attributes.get("display", "").strip() == "none" or not conditions_hold(attributes):
            return
        placed = self._transformed(node, context._replace(look=look, depth=depth))
        if placed is None:
            return
        inner, first = self._clipped(node, placed), len(self.items)
        if attributes.get("filter", "none").strip() not in {"none", ""}:
            self._problems.note("filter", node.line)
        self._enter(node, inner)
        if inner.clip is not None and inner.clip is not placed.clip:
            self._close_clips(inner.clip, placed.clip, first)

    def _transformed(self, node: Node, context: Context) -> Context | None:
        """Return the context with the transform of an element, or None if it leaves no area."""
        try:
            own = transform_of(node.attributes, *self._reference_box(node, context))
        except ValueError:
            # As in browsers, a malformed transform is not applied.
            self._problems.note("transform", node.line)
            return context
        try:
            to_page = context.to_page if own is None else combined(context.to_page, own)
        except InvalidInput:
            self._problems.note("transform", node.line)
            return None
        if own is not None and not abs(determinant(to_page)) > 0:
            self._problems.note("invisible", node.line, "hidden")
            return None
        return context._replace(to_page=to_page)

    def _reference_box(
        self, node: Node, context: Context
    ) -> tuple[Viewport, tuple[float, float] | None]:
        """Return the size of the box that a transform refers to, and its corner by `fill-box`."""
        box = node.attributes.get("transform-box", "view-box").strip()
        if box not in {"fill-box", "content-box"} or "transform" not in node.attributes:
            return context.viewport, None
        if node.tag not in SHAPES:
            self._problems.note("transform-box", node.line)
            return context.viewport, None
        try:
            points = np.concatenate([np.zeros((0, 2)), *self._shape(node, context).flattened()])
            around = Rectangle.around(points) if len(points) else None
        except InvalidInput:
            around = None
        if around is None:
            return context.viewport, None
        return (around.width, around.height), (around.left, around.top)

    def _clipped(self, node: Node, context: Context) -> Context:
        if "clip-path" not in node.attributes and "mask" not in node.attributes:
            return context
        clip = self._clips.clip_of(node, context.to_page, context.viewport, context.clip)
        return context._replace(clip=clip)

    def _close_clips(self, clip: Clip | None, outer: Clip | None, first: int) -> None:
        """Record which items new clips apply to."""
        while clip is not None and clip is not outer:
            clip.first, clip.last = first, len(self.items)
            clip = clip.outer

    def _enter(self, node: Node, context: Context) -> None:
        if node.tag in SHAPES:
            self._draw(node, context)
        elif node.tag == "svg":
            self._visit_nested(node, context)
        elif node.tag in {"g", "a", "switch"}:
            name = layer_name(node) if self._groups is None else self._groups.get(id(node))
            if self._layer_codes and name is not None and LayerCodes.of(name).is_hidden:
                self._problems.note("layer", node.line, "hidden")
                return
            if name:
                self.layer_attributes.setdefault(name, node.attributes)
            first = len(self.items)
            self._visit_all(node, context._replace(layer=name) if name else context)
            self.groups += [] if name else [range(first, len(self.items))]
        elif node.tag == "use":
            self._visit_used(node, context)
        elif node.tag == "text":
            self._write(node, context)
        else:
            self._problems.note(node.tag if node.tag in NAMED_DROPS else "unknown", node.line)

    def visit_viewport(self, node: Node, context: Context, size: Viewport) -> None:
        """Draw the children of an `svg` or `symbol` whose viewBox is shown at `size`."""
        box = view_box(node)
        if box is None:
            self._visit_all(node, context._replace(viewport=size))
            return
        try:
            shown = shown_in(box, size, node.attributes.get("preserveAspectRatio"))
            to_page = combined(context.to_page, shown)
        except InvalidInput:
            self._problems.note("viewBox", node.line)
            return
        self._visit_all(node, context._replace(to_page=to_page, viewport=(box.width, box.height)))

    def _visit_all(self, node: Node, context: Context) -> None:
        for tag, some in groupby(shown_children(node), key=attrgetter("tag")):
            children = list(some)
            # One by one, many are slow.
            is_run = len(children) >= self.MIN_RUN and tag in {"line", "path"}
            if not is_run or not self._run(tag, children, context):
                for child in children:
                    self.visit(child, context)

    def _run(self, tag: str, nodes: Sequence[Node], context: Context) -> bool:
        """Draw consecutive `line` or `path` elements if they are plain; return whether they are drawn."""
        # Shapes that `use` repeats are cached.
        if (tag == "path" and context.uses) or not all(
            self.RARE.isdisjoint(node.attributes) for node in nodes
        ):
            return False
        ends = line_ends([node.attributes for node in nodes]) if tag == "line" else None
        look_of, outer = self._looks.of, context.look
        looks = [look_of(node.attributes, outer) for node in nodes]
        if (tag == "line" and ends is None) or not all(
            (look.has_stroke if tag == "line" else look.drawn) and not any(look.markers)
            for look in dict.fromkeys(looks)
        ):
            return False
        self._visits += len(nodes)
        self._check_visits(context)
        self._work.spend(self.STEPS * len(nodes))
        scale, tolerance = self._measured(context.to_page)[1:]
        first, layer, clip = len(self.items), context.layer, context.clip
        pixel = self._pixel
        self.items += [
            Item(look, layer, clip, pixel if look.fixed_width else scale, node.line)
            for look, node in zip(looks, nodes, strict=True)
        ]
        if ends is None:
            data = [node.attributes.get("d", "") for node in nodes]
            self.gathering.add_paths(data, tolerance, context.to_page, first)
        else:
            self.gathering.add_lines(ends, context.to_page, first)
        return True

    def _check_visits(self, context: Context) -> None:
        if self._visits > MAX_VISITS or context.depth > MAX_ELEMENT_DEPTH:
            raise bad_svg("the SVG repeats or nests too many elements")

    def _visit_nested(self, node: Node, context: Context) -> None:
        try:
            size = own_size(node, context.viewport)
            inner = moved(node, context)
        except InvalidInput:
            self._problems.note("number", node.line)
            return
        if min(size) <= 0:
            self._problems.note("invisible", node.line, "hidden")
            return
        if node.attributes.get("overflow", "hidden").strip() not in {"visible", "auto"}:
            clip = viewport_clip(size, inner.to_page, node.line, context.clip)
            inner = inner._replace(clip=clip)
        self.visit_viewport(node, inner, size)

    def _visit_used(self, node: Node, context: Context) -> None:
        """Draw the target of a `use`, unless it is recursive or in another file."""
        name = node.attributes.get("href", "").strip()
        target = self._named.get(name[1:]) if name.startswith("#") else None
        if target is None or name in context.uses or len(context.uses) >= self.MAX_USE_DEPTH:
            self._problems.note("use", node.line)
            return
        try:
            context = moved(node, context)._replace(uses=(*context.uses, name))
        except InvalidInput:
            self._problems.note("number", node.line)
            return
        if target.tag not in ("symbol", "svg"):
            self.visit(target, context)
            return
        size = {
            side: node.attributes[side] for side in ("width", "height") if side in node.attributes
        }
        # A symbol is drawn as a viewport with the size of the `use`.
        attributes = target.attributes | size
        self.visit(Node("svg", attributes, target.children, target.line), context)

    def _draw(self, node: Node, context: Context) -> None:
        look = context.look
        if not look.drawn:
            self._problems.note("invisible", node.line, "hidden")
            return
        if node.tag == "path" and not context.uses and not any(look.markers):
            scale, tolerance = self._measured(context.to_page)[1:]
            scale = self._pixel if look.fixed_width else scale
            self.items.append(Item(look, context.layer, context.clip, scale, node.line))
            data = [node.attributes.get("d", "")]
            self.gathering.add_paths(data, tolerance, context.to_page, len(self.items) - 1)
            return
        try:
            shape = self._shape(node, context)
        except InvalidInput as error:
            if error.code == "too-many-vertices":
                raise
            self._problems.note("number", node.line)
            return
        self._add(shape, context, node.line)
        if len(shape) and any(look.markers) and node.tag in {"path", "line", "polyline", "polygon"}:
            self._mark(shape, context)

    def _add(self, shape: Shape, context: Context, line: int, *, edge: bool = True) -> None:
        self._work.spend(shape.size * self.STEPS_PER_VERTEX)
        look, scale = context.look, self._measured(context.to_page)[1]
        # Widths and dashes of these are in pixels of the page.
        scale = self._pixel if look.fixed_width else scale
        self.items.append(Item(look, context.layer, context.clip, scale, line, edge))
        self.gathering.add(shape, context.to_page, len(self.items) - 1)

    def _shape(self, node: Node, context: Context) -> Shape:
        """Return the shape of an element; shapes inside a `use` are cached."""
        tolerance = self._measured(context.to_page)[2]
        # The tree keeps the element alive, so that its id stays unique.
        key = (id(node), tolerance, context.viewport, any(context.look.markers))
        if context.uses and key in self._shapes:
            return self._shapes[key]
        self._work.spend(parsing_steps(node.attributes))
        shape = shape_of(node.tag, node.attributes, context.viewport, tolerance)
        if context.uses:
            # Markers are not on the vertices of flattened curves.
            shape = shape if key[3] else Shape(shape.flattened(), broken=shape.broken)
            self._shapes[key] = shape
        return shape

    def _measured(self, to_page: Matrix) -> tuple[Matrix | None, float, float]:
        """Return a matrix, the mean size of its units in mm, and the tolerance in its units."""
        if self._scale[0] is not to_page:
            # Limits the precision of shapes that are scaled down.
            tolerance = self._tolerance / max(magnification(to_page), 1e-9)
            self._scale = (to_page, abs(determinant(to_page)) ** 0.5, tolerance)
        return self._scale

    def _mark(self, shape: Shape, context: Context) -> None:
        """Draw the markers of a shape."""
        targets = [self._named.get(name) if name else None for name in context.look.markers]
        self._work.spend(20 * shape.size)
        for place in places_of(shape):
            node = targets[place.kind]
            if node is None or node.tag != "marker":
                continue
            self._markers += 1
            key = f"marker {id(node)}"
            if self._markers > self.MAX_MARKERS or key in context.uses:
                self._problems.note("marker", node.line)
                continue
            self._mark_place(node, place, context._replace(uses=(*context.uses, key)))

    def _mark_place(self, node: Node, place: Place, context: Context) -> None:
        try:
            marker = placed_marker(node, place, context.look.width)
            if marker is None:
                return
            to_page = combined(context.to_page, marker.content)
            frame = combined(context.to_page, marker.viewport)
        except InvalidInput:
            self._problems.note("marker", node.line)
            return
        look = self._looks.of(node.attributes, replace(self._root_look, color=context.look.ink))
        clip = context.clip
        if node.attributes.get("overflow", "hidden").strip() not in {"visible", "auto"}:
            clip = viewport_clip(marker.size, frame, node.line, clip)
        box = view_box(node)
        viewport = (box.width, box.height) if box else marker.size
        inner = context._replace(
            to_page=to_page, look=look, viewport=viewport, clip=clip, depth=context.depth + 1
        )
        self._visit_all(node, inner)

    def _write(self, node: Node, context: Context) -> None:
        """Draw a text with a font of single strokes."""
        if not context.look.drawn and not any(child.children for child in node.children):
            self._problems.note("invisible", node.line, "hidden")
            return
        self._work.spend(self.STEPS_PER_CHARACTER * characters_in(node))
        try:
            found = self._texts.written(node, context.look, context.viewport)
        except InvalidInput:
            self._problems.note("text", node.line)
            return
        if any(one.lines for one in found):
            self._problems.note("text", node.line, "replaced")
        for one in found:
            if one.missing:
                self._problems.note_names("glyphs", node.line, "replaced", one.missing)
            lines = [line for line in one.lines if len(line)]
            if lines and one.look.drawn:
                look = self._texts.stroked(one.look)
                self._add(Shape(lines), context._replace(look=look), node.line, edge=False)

    def _path_lines(self, name: str) -> list[np.ndarray[tuple[int, int], np.dtype[np.float64]]]:
        """Return the lines of the path with an id in its own units, for `textPath`."""
        node = self._named.get(name)
        if node is None or node.tag not in SHAPES:
            return []
        self._work.spend(parsing_steps(node.attributes))
        tolerance = self._scale[2] or self._tolerance
        return shape_of(node.tag, node.attributes, (100.0, 100.0), tolerance).flattened()

    def _report_broken(self, items: list[int]) -> None:
        for item in items:
            self._problems.note("path-data", self.items[item].line, "cropped")

    def _report_far(self, items: list[int]) -> None:
        for item in items:
            self._problems.note("far", self.items[item].line, "cropped")
