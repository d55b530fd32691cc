"""SVGBuilder: a document in millimetres, built call by call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from libraries.errors import InvalidInput
from libraries.geometry.clipping import Ring, checked_ring
from libraries.geometry.document import BadLayer, Document, StrokeStore, clip
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.strokes import Pen, Strokes
from libraries.geometry.transforms import (
    Fit,
    HorizontalAlign,
    Matrix,
    VerticalPlace,
    applied,
    combined,
    identity,
    inverse,
    magnification,
)
from libraries.lettering import (
    ALIGN_SHIFT,
    DEFAULT_FONT,
    VERTICAL_PLACES,
    Align,
    Box,
    TextBlock,
    VerticalAlign,
    check_text,
    lay_out,
    stroke_font,
)
from libraries.svg_builder.attributes import (
    BadAttribute,
    check_attributes,
    check_colour,
    transform_matrix,
)
from libraries.svg_builder.coordinates import stroke_blocks
from libraries.svg_builder.curves import FLATNESS, arc_lines
from libraries.svg_builder.hatching import Hatching, hatch_lines
from libraries.svg_builder.numbers import (
    BadNumber,
    as_points,
    check_points,
    written,
    written_points,
    written_positive,
)
from libraries.svg_builder.outlines import closed, ellipse_outline, path_outline, rectangle_outline
from libraries.svg_builder.path_data import check_path_data
from libraries.svg_builder.reader import read_svg
from libraries.svg_builder.skeleton import Marker, Metadata, as_json, layer_group, page, spliced

Floats = NDArray[np.float64]
Outline = Callable[[float], list[Floats]]

DEEPEST_GROUP = 64
# What is scaled by less vanishes on paper, and needs no fine lines.
SMALLEST_SCALE = 1e-9
BASE_LAYER = "drawing"
WHOLE_TURN = 360.0


class UnbalancedGroups(InvalidInput):
    """Raised when a group, layer or clip is ended that was not begun, is nested too deep, or is still open at the end."""

    code = "unbalanced-groups"


@dataclass(frozen=True)
class _Open:
    """What has been begun and not ended: its kind, the element that takes what is drawn, and where that ends up.

    `to_page` leads from the coordinates of the calls to those of the page, `clips` are regions of the page, and `layer` is the
    index of the layer.
    """

    kind: str
    element: Any
    to_page: Matrix
    layer: int
    clips: tuple[Rectangle | Sequence[Ring], ...] = ()


@dataclass(frozen=True)
class _Drawn:
    """What one call drew: a run of strokes in the store, or an outline that is flattened when it is asked for."""

    to_page: Matrix
    layer: int
    drawn: slice | Outline


class SVGBuilder:
    """A drawing for a pen: strokes without fill, round caps, no background. Lengths are mm, angles degrees, y points down.

    Every method that draws returns the builder, so that calls can be chained. Attributes are given by their names in SVG with an
    underscore for the hyphen (`stroke_width=0.5`); names, colours and numbers are checked, text is escaped. The same calls give
    the same bytes.

    What was drawn is also there as strokes, see `document` and `strokes`: what plotting measures and orders.

    Example:
        >>> svg = SVGBuilder(210, 148).rect(10, 10, 190, 128).hershey_text(105, 74, "Hello", 0.5)
        >>> svg.to_string().count("<path")
        7
    """

    def __init__(
        self, width: float, height: float, *, stroke: str = "black", pen_width: float = 0.3
    ) -> None:
        """Begin a page of `width` x `height` mm, drawn in the colour `stroke` with a pen of `pen_width` mm.

        Raises:
            BadNumber: a size is not a positive number.
            BadColour: `stroke` is not a colour.
        """
        across, down = written_positive(width, "width"), written_positive(height, "height")
        self._stroke = check_colour(stroke, "stroke")
        self._drawing = page(
            across, down, stroke=self._stroke, stroke_width=written_positive(pen_width, "pen_width")
        )
        # The layers are those of a document without strokes: strokes lie in the store, in the coordinates of the calls.
        self._layers = Document(width, height)
        self._layers.layer(BASE_LAYER, Pen(BASE_LAYER, self._stroke, float(pen_width)))
        self._store = StrokeStore()
        self._drawn: list[_Drawn] = []
        self._runs: list[slice] = []
        self._layer_groups: dict[str, Any] = {}
        self._open = [_Open("page", self._drawing, identity(), 0)]
        self._title: Any = None
        self._words = ""
        self._identifiers: set[str] = set()
        self._font = stroke_font(DEFAULT_FONT)
        self._missing: dict[str, None] = {}
        self._dropped: Counter[str] = Counter()
        self._texts: list[str] = []

    @property
    def missing_glyphs(self) -> list[str]:
        """Return the characters that were asked for and drawn as a box, each once, in the order of their appearance."""
        return list(self._missing)

    @property
    def not_plottable(self) -> list[str]:
        """Return the texts of text elements: they are outlines of a font, and no part of the strokes."""
        return list(self._texts)

    @property
    def dropped(self) -> dict[str, int]:
        """Return what was left out of drawings that were placed, such as `image` or `script`: how often each."""
        return dict(self._dropped)

    @property
    def pens(self) -> tuple[Pen, ...]:
        """Return the pen of each layer; the first is that of what is drawn outside of all layers."""
        return self._layers.pens

    def rect(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        radius: float | None = None,
        **attributes: object,
    ) -> SVGBuilder:
        """Draw a rectangle from its upper left corner (`x`, `y`), with corners rounded by `radius` if it is given."""
        corner = {} if radius is None else {"rx": written_positive(radius, "radius")}
        place = (written(x, "x"), written(y, "y"))
        size = (written_positive(width, "width"), written_positive(height, "height"))
        rounding = 0.0 if radius is None else float(radius)

        def outline(tolerance: float) -> list[Floats]:
            return [
                rectangle_outline(
                    (float(x), float(y)),
                    (float(width), float(height)),
                    (rounding, rounding),
                    tolerance,
                )
            ]

        return self._draw(
            lambda checked: self._drawing.rect(place, size, **corner, **checked),
            outline,
            attributes,
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, **attributes: object) -> SVGBuilder:
        """Draw a straight line from (`x1`, `y1`) to (`x2`, `y2`)."""
        start, end = (written(x1, "x1"), written(y1, "y1")), (written(x2, "x2"), written(y2, "y2"))
        line = np.array([(float(x1), float(y1)), (float(x2), float(y2))])
        return self._draw(
            lambda checked: self._drawing.line(start, end, **checked), lambda _: [line], attributes
        )

    def circle(self, cx: float, cy: float, r: float, **attributes: object) -> SVGBuilder:
        """Draw a circle of radius `r` around (`cx`, `cy`)."""
        centre, radius = (written(cx, "cx"), written(cy, "cy")), written_positive(r, "r")

        def outline(tolerance: float) -> list[Floats]:
            return [ellipse_outline((float(cx), float(cy)), (float(r), float(r)), tolerance)]

        return self._draw(
            lambda checked: self._drawing.circle(centre, radius, **checked), outline, attributes
        )

    def ellipse(
        self, cx: float, cy: float, rx: float, ry: float, **attributes: object
    ) -> SVGBuilder:
        """Draw an ellipse of half widths `rx` and `ry` around (`cx`, `cy`)."""
        centre = (written(cx, "cx"), written(cy, "cy"))
        radii = (written_positive(rx, "rx"), written_positive(ry, "ry"))

        def outline(tolerance: float) -> list[Floats]:
            return [ellipse_outline((float(cx), float(cy)), (float(rx), float(ry)), tolerance)]

        return self._draw(
            lambda checked: self._drawing.ellipse(centre, radii, **checked), outline, attributes
        )

    def arc(
        self, cx: float, cy: float, r: float, start: float, end: float, **attributes: object
    ) -> SVGBuilder:
        """Draw an arc of a circle of radius `r` around (`cx`, `cy`), from the angle `start` to `end`.

        Angles are degrees clockwise from three o'clock; with `end` less than `start` the arc runs against the clock. It goes
        round once at most.
        """
        for name, number in (("cx", cx), ("cy", cy), ("start", start), ("end", end)):
            written(number, name)
        written_positive(r, "r")
        turn = max(-WHOLE_TURN, min(WHOLE_TURN, float(end) - float(start)))

        def outline(tolerance: float) -> list[Floats]:
            return [
                arc_lines(
                    (float(cx), float(cy)),
                    (float(r), float(r)),
                    start,
                    start + turn,
                    tolerance=tolerance,
                )
            ]

        data = _arc_data((float(cx), float(cy)), float(r), float(start), turn)
        return self._draw(lambda checked: self._drawing.path(data, **checked), outline, attributes)

    def polyline(self, points: ArrayLike, **attributes: object) -> SVGBuilder:
        """Draw straight lines through `points`, at least two pairs of x and y. See `polylines` for many."""
        line, pairs = as_points(points), _pairs(points)
        return self._draw(
            lambda checked: self._drawing.polyline(pairs, **checked), lambda _: [line], attributes
        )

    def polygon(
        self, points: ArrayLike, *, hatching: Hatching | None = None, **attributes: object
    ) -> SVGBuilder:
        """Draw straight lines through `points`, at least two pairs of x and y, and back to the first.

        With `hatching` it is filled with lines, see `hatch`, and the attributes go to a group around all of it.

        Raises:
            BadPolygon: it is to be filled and has fewer than three corners, or too many.
        """
        line, pairs = as_points(points), _pairs(points)
        rows = [] if hatching is None else hatch_lines([line], hatching)

        def outline(_: float) -> list[Floats]:
            return [closed(line)]

        if hatching is None:
            return self._draw(
                lambda checked: self._drawing.polygon(pairs, **checked), outline, attributes
            )
        self.begin_group(**attributes)
        self._draw(lambda checked: self._drawing.polygon(pairs, **checked), outline, {})
        return self.polylines(rows).end_group()

    def hatch(
        self, rings: Sequence[ArrayLike], hatching: Hatching, **attributes: object
    ) -> SVGBuilder:
        """Fill polygons with lines, without their outlines; a ring inside of another is a hole.

        Raises:
            BadPolygon: a ring is no polygon.
            TooManyVertices: the lines would be too many.
        """
        return self.polylines(hatch_lines(rings, hatching), **attributes)

    def polylines(self, lines: Iterable[ArrayLike], **attributes: object) -> SVGBuilder:
        """Draw many `lines`, each an array of shape (n, 2), each as one pen stroke. Attributes go to a group around them.

        This is the fast way: several million points a second.

        Raises:
            BadNumber: a line is not made of at least two pairs of finite numbers.
        """
        strokes = [as_points(line) for line in lines]
        if not strokes:
            return self
        places = check_points(np.concatenate(strokes))
        return self._run(places, np.cumsum([0, *map(len, strokes)]), self._check(attributes))

    def cubic_bezier(self, points: ArrayLike, **attributes: object) -> SVGBuilder:
        """Draw cubic Bezier curves that follow on each other: the start, then two control points and an end for each."""
        return self._bezier(points, 3, "C", attributes)

    def quadratic_bezier(self, points: ArrayLike, **attributes: object) -> SVGBuilder:
        """Draw quadratic Bezier curves that follow on each other: the start, then a control point and an end for each."""
        return self._bezier(points, 2, "Q", attributes)

    def path(self, d: str, **attributes: object) -> SVGBuilder:
        """Draw the path data `d`.

        Raises:
            BadPathData: `d` breaks the grammar of path data.
        """
        data = check_path_data(d)
        return self._draw(
            lambda checked: self._drawing.path(data, **checked),
            lambda tolerance: path_outline(data, tolerance),
            attributes,
        )

    def text(
        self, x: float, y: float, text: str, *, font_size: float = 5.0, **attributes: object
    ) -> SVGBuilder:
        """Write `text` as a text element with its base line at (`x`, `y`), in the outlines of a font of `font_size` mm.

        For screens: a pen cannot draw it, see `hershey_text`. It is no part of the strokes, is not clipped, and is listed in
        `not_plottable`. Line feeds and tabs become spaces.

        Raises:
            BadText: `text` is too long or holds control characters.
        """
        words = " ".join(check_text(text).split())
        place, colour = (written(x, "x"), written(y, "y")), self.pens[self._open[-1].layer].colour
        style = {
            "fill": colour,
            "stroke": "none",
            **self._check({**attributes, "font_size": font_size}),
        }
        self._texts.append(words)
        return self._add(self._drawing.text(words, insert=place, **style))

    def title(self, text: str) -> SVGBuilder:
        """Give the document a title; a second one replaces the first."""
        words = " ".join(check_text(text).split())
        if self._title is not None:
            self._drawing.elements.remove(self._title)
        self._words = words
        self._drawing.set_desc(title=words)
        self._title = self._drawing.elements[0]
        return self

    def metadata(self, facts: Mapping[str, object]) -> SVGBuilder:
        """Keep facts about the drawing in it, as JSON; a second call replaces the first."""
        self._drawing.elements[:] = [
            element for element in self._drawing.elements if not isinstance(element, Metadata)
        ]
        self._drawing.elements.insert(0 if self._title is None else 1, Metadata(as_json(facts)))
        return self

    def begin_group(self, **attributes: object) -> SVGBuilder:
        """Begin a group; what is drawn until `end_group` belongs to it. Groups nest up to 64 deep.

        Raises:
            UnbalancedGroups: groups are nested too deep.
        """
        self._check_depth()
        checked = self._check(attributes)
        to_page = self._to_page(checked)
        group = self._drawing.g(**checked)
        self._add(group)
        self._open.append(replace(self._open[-1], kind="group", element=group, to_page=to_page))
        return self

    def end_group(self) -> SVGBuilder:
        """End the group that was begun last.

        Raises:
            UnbalancedGroups: no group is open, or something else was begun after it.
        """
        return self._end("group")

    def begin_layer(self, name: str, pen: Pen | None = None) -> SVGBuilder:
        """Begin a layer; what is drawn until `end_layer` is drawn by `pen`, or the builder's own. One may be begun again.

        Raises:
            UnbalancedGroups: a group, a layer or a clip is open: layers lie on the page itself.
            BadLayer: the name is empty or too long, or there are too many layers.
            LayerTaken: there is a layer of that name with another pen.
            BadColour: the colour of the pen is none.
            BadText: the name holds control characters.
        """
        if len(self._open) > 1:
            raise UnbalancedGroups("a layer can only begin where no group, layer or clip is open")
        if not isinstance(name, str):
            raise BadLayer("the name of a layer must be text", field="layer")
        known = name in self._layer_groups
        label = check_text(name)
        own = pen or (None if known else replace(self.pens[0], name=name))
        colour = check_colour((own or self.pens[0]).colour, "stroke")
        index = self._layers.layer(label, own)
        if not known:
            look = {
                "stroke": colour,
                "stroke_width": written_positive(self.pens[index].width, "width"),
            }
            self._layer_groups[name] = layer_group(self._drawing, label, **look)
            self._add(self._layer_groups[name])
        self._open.append(_Open("layer", self._layer_groups[name], identity(), index))
        return self

    def end_layer(self) -> SVGBuilder:
        """End the layer.

        Raises:
            UnbalancedGroups: no layer is open, or something was begun in it and not ended.
        """
        return self._end("layer")

    def begin_clip(self, region: Rectangle | ArrayLike) -> SVGBuilder:
        """Begin a clip: of what is drawn until `end_clip` only what lies inside `region` is kept, as polylines.

        Clips inside of a clip narrow it further.

        Args:
            region: a rectangle, or the corners of a polygon, of shape (m, 2) in mm.

        Raises:
            BadPolygon: `region` is no polygon.
            BadTransform: the groups around it press everything into a line.
            UnbalancedGroups: groups and clips are nested too deep.
        """
        self._check_depth()
        here = self._open[-1]
        inverse(here.to_page)
        on_page = _on_page(region, here.to_page)
        self._open.append(replace(here, kind="clip", clips=(*here.clips, on_page)))
        return self

    def end_clip(self) -> SVGBuilder:
        """End the clip that was begun last.

        Raises:
            UnbalancedGroups: no clip is open, or something else was begun after it.
        """
        return self._end("clip")

    def place(
        self,
        source: Document | str | bytes,
        box: Rectangle,
        *,
        fit: Fit = "contain",
        align: HorizontalAlign = "center",
        vertical: VerticalPlace = "middle",
        keep_layers: bool = False,
        **attributes: object,
    ) -> SVGBuilder:
        """Draw another drawing inside of `box`: its page is brought there, and what is beyond the box is cut off.

        Args:
            source: a document, or an SVG; what is left out of an SVG is counted in `dropped`, see `read_svg`.
            box: where to, in mm.
            fit: `contain` shows all of the page, `cover` fills all of the box, `fill` stretches, `none` keeps the size.
            align: where the page stands if there is room: `left`, `center` or `right`.
            vertical: the same from top to bottom: `top`, `middle` or `bottom`.
            keep_layers: whether its layers become layers of this drawing, with their pens; else all goes to the open one.
            attributes: for a group around it, or around what is on each layer.

        Raises:
            BadSVG: the SVG cannot be read.
            TooManyVertices: it has too many.
            UnknownName: a word is not one of the choices.
            BadTransform: the page or the box has no size.
            LayerTaken, UnbalancedGroups: see `begin_layer`.
        """
        if not isinstance(source, Document):
            reading = read_svg(source)
            self._dropped.update(reading.dropped)
            source = reading.document
        placed = source.fitted(box, fit, align=align, vertical=vertical).clipped(box)
        if not keep_layers:
            return self._run(
                placed.store.coordinates, placed.store.offsets, self._check(attributes)
            )
        for index, layer in enumerate(placed.layers):
            part = placed.on_layer(index)
            if len(part):
                self.begin_layer(layer.name, layer.pen)
                self._run(part.coordinates, part.offsets, self._check(attributes))
                self.end_layer()
        return self

    def set_hershey_font(self, name: str) -> SVGBuilder:
        """Use the Hershey font called `name` from here on; the first is `futural`.

        Raises:
            UnknownName: there is no such font; the error lists those that exist.
        """
        self._font = stroke_font(name)
        return self

    def hershey_text(
        self,
        x: float,
        y: float,
        text: str,
        scale: float = 1.0,
        *,
        align: Align = "center",
        vertical: VerticalAlign = "middle",
        **attributes: object,
    ) -> SVGBuilder:
        r"""Write `text` in single strokes, one path for each time the pen goes down.

        A line feed begins a new line, a tab is four spaces. By default the text is centred on (`x`, `y`). A capital letter is
        21 x `scale` mm high. A character that the font does not have is drawn as a box and listed in `missing_glyphs`.

        Args:
            x: where `align` puts the text, in mm.
            y: where `vertical` puts the text, in mm.
            text: what to write, at most 10,000 characters.
            scale: mm to a unit of the font.
            align: `left`, `center` or `right`: the part of each line's ink that stands at `x`.
            vertical: what stands at `y`: the `top` of the capitals of the first line, the `middle` of the capitals from the first
                line to the last, or the `baseline` of the first line.
            attributes: for a group around the strokes.

        Raises:
            BadText: `text` is too long or holds control characters.
        """
        block = self._lay_out(x, y, text, scale=scale, align=align, vertical=vertical)
        self._missing.update(dict.fromkeys(block.missing_glyphs))
        return self.polylines(block.strokes, **attributes)

    def get_hershey_text_bounding_box(
        self,
        x: float,
        y: float,
        text: str,
        scale: float = 1.0,
        *,
        align: Align = "center",
        vertical: VerticalAlign = "middle",
    ) -> Box:
        """Return the box in mm around the ink that `hershey_text` would leave, called alike; an empty one without ink."""
        return self._lay_out(x, y, text, scale=scale, align=align, vertical=vertical).box or Box(
            float(x), float(y), float(x), float(y)
        )

    def to_string(self) -> str:
        """Return the document as text, without an XML declaration. The builder can be drawn on further.

        Raises:
            UnbalancedGroups: a group, a layer or a clip is still open.
        """
        return b"".join(self.blocks()).decode()

    def blocks(self) -> Iterator[bytes]:
        """Return the document in blocks of some hundred kilobytes, such as `ArtifactFolder.publish` takes.

        Raises:
            UnbalancedGroups: a group, a layer or a clip is still open.
        """
        if len(self._open) > 1:
            raise UnbalancedGroups(f"groups still open: {len(self._open) - 1}")
        return spliced(self._drawing, self._body)

    def document(self, *, tolerance: float = FLATNESS) -> Document:
        """Return all that a pen can draw, on the page: curves as lines that stay within `tolerance` mm of them.

        Colours and widths of single elements are not kept: a layer has one pen. Text elements are not there, see
        `not_plottable`.

        Raises:
            BadStrokes: a transform brings something more than a kilometre away.
            TooManyVertices: a curve would take too many.
        """
        made = Document(self._layers.width, self._layers.height, title=self._words)
        for layer in self._layers.layers:
            made.layer(layer.name, layer.pen)
        for drawn in self._drawn:
            coordinates, offsets = self._lines_of(drawn, tolerance)
            made.extend(applied(drawn.to_page, coordinates), offsets, drawn.layer)
        return made

    def strokes(self, *, tolerance: float = FLATNESS) -> Strokes:
        """Return all that a pen can draw as plotting takes it; layers are indices of `pens`. See `document`."""
        return self.document(tolerance=tolerance).strokes()

    def _lines_of(self, drawn: _Drawn, tolerance: float) -> tuple[Floats, NDArray[np.int64]]:
        if isinstance(drawn.drawn, slice):
            return self._slice(drawn.drawn)
        return _flat(drawn.drawn(tolerance / max(magnification(drawn.to_page), SMALLEST_SCALE)))

    def _slice(self, strokes: slice) -> tuple[Floats, NDArray[np.int64]]:
        bounds = self._store.offsets[strokes.start : strokes.stop + 1]
        return self._store.coordinates[bounds[0] : bounds[-1]], bounds - bounds[0]

    def _body(self, number: int) -> Iterator[bytes]:
        return stroke_blocks(*self._slice(self._runs[number]))

    def _draw(
        self,
        element: Callable[[dict[str, str]], Any],
        outline: Outline,
        attributes: dict[str, object],
    ) -> SVGBuilder:
        """Draw one shape: as an element of its own, or inside a clip as what is left of its outline."""
        checked = self._check(attributes)
        to_page = self._to_page(checked)
        if self._open[-1].clips:
            return self._run(
                *_flat(outline(FLATNESS / max(magnification(to_page), SMALLEST_SCALE))), checked
            )
        self._drawn.append(_Drawn(to_page, self._open[-1].layer, outline))
        return self._add(element(checked))

    def _run(
        self, coordinates: Floats, offsets: NDArray[np.int64], checked: dict[str, str]
    ) -> SVGBuilder:
        """Draw strokes, in a group if they have attributes of their own."""
        here, to_page, began = self._open[-1], self._to_page(checked), len(self._store)
        if here.clips:
            coordinates, offsets = _clipped(coordinates, offsets, to_page, here.clips)
        self._store.extend(coordinates, offsets)
        if len(self._store) == began:
            return self
        strokes = slice(began, len(self._store))
        parent = self._drawing.g(**checked) if checked else here.element
        parent.elements.append(Marker(len(self._runs)))
        self._runs.append(strokes)
        self._drawn.append(_Drawn(to_page, here.layer, strokes))
        return self._add(parent) if checked else self

    def _bezier(
        self, points: ArrayLike, degree: int, letter: str, attributes: dict[str, object]
    ) -> SVGBuilder:
        places = check_points(as_points(points))
        if len(places) % degree != 1:
            raise BadNumber(
                f"points must be a start and {degree} more for each curve", field="points"
            )
        pairs = written_points([places])[0].decode().split(" ")
        return self.path(f"M{pairs[0]}{letter}{' '.join(pairs[1:])}", **attributes)

    def _to_page(self, checked: dict[str, str]) -> Matrix:
        """Return where an element with these attributes ends up; in a clip this has to have a way back."""
        here = self._open[-1]
        if "transform" not in checked:
            return here.to_page
        to_page = combined(here.to_page, transform_matrix(checked["transform"]))
        if here.clips:
            inverse(to_page)
        return to_page

    def _check_depth(self) -> None:
        if len(self._open) > DEEPEST_GROUP:
            raise UnbalancedGroups(f"groups may be nested {DEEPEST_GROUP} deep")

    def _end(self, kind: str) -> SVGBuilder:
        if self._open[-1].kind != kind:
            raise UnbalancedGroups(f"there is no open {kind} to end")
        self._open.pop()
        return self

    def _lay_out(
        self, x: float, y: float, text: str, *, scale: float, align: Align, vertical: VerticalAlign
    ) -> TextBlock:
        written(x, "x"), written(y, "y"), written_positive(scale, "scale")
        if align not in ALIGN_SHIFT or vertical not in VERTICAL_PLACES:
            raise BadAttribute(
                "align must be left, center or right; vertical must be top, middle or baseline",
                field="align",
            )
        capitals = float(scale) * self._font.cap_height
        return lay_out(
            text, self._font, cap_height=capitals, x=x, y=y, align=align, vertical=vertical
        )

    def _check(self, attributes: dict[str, object]) -> dict[str, str]:
        checked = check_attributes(attributes)
        identifier = checked.get("id")
        if identifier in self._identifiers:
            raise BadAttribute(f"the id {identifier!r} is taken by another element", field="id")
        if identifier is not None:
            self._identifiers.add(identifier)
        return checked

    def _add(self, element: Any) -> SVGBuilder:
        self._open[-1].element.add(element)
        return self


def _pairs(points: ArrayLike) -> list[list[bytes]] | list[list[str]]:
    return [pair.split(",") for pair in written_points([as_points(points)])[0].decode().split(" ")]


def _flat(lines: Sequence[Floats]) -> tuple[Floats, NDArray[np.int64]]:
    """Return `lines` as flat coordinates and offsets."""
    return np.concatenate([np.zeros((0, 2)), *lines]), np.cumsum([0, *map(len, lines)])


def _clipped(
    coordinates: Floats,
    offsets: NDArray[np.int64],
    to_page: Matrix,
    clips: Iterable[Rectangle | Sequence[Ring]],
) -> tuple[Floats, NDArray[np.int64]]:
    """Return what is left of strokes after all clips, which lie on the page, in the coordinates that the strokes came in."""
    coordinates = applied(to_page, coordinates)
    for region in clips:
        coordinates, offsets, _ = clip(coordinates, offsets, region)
    return applied(inverse(to_page), coordinates), offsets


def _on_page(region: Rectangle | ArrayLike, to_page: Matrix) -> Rectangle | list[Floats]:
    """Return a region as it lies on the page: a rectangle stays one unless it is turned or slanted."""
    if not isinstance(region, Rectangle):
        return [applied(to_page, checked_ring(region))]
    corners = [
        (region.left, region.top),
        (region.right, region.top),
        (region.right, region.bottom),
        (region.left, region.bottom),
    ]
    moved = applied(to_page, np.array(corners))
    if to_page[0, 1] or to_page[1, 0]:
        return [moved]
    (left, top), (right, bottom) = moved.min(axis=0).tolist(), moved.max(axis=0).tolist()
    return Rectangle(left, top, right, bottom)


def _arc_data(centre: tuple[float, float], radius: float, start: float, turn: float) -> str:
    """Return path data for an arc, in two parts: the middle of a nearly whole circle would hang on the rounding of its ends."""
    angles = np.radians([start, start + turn / 2, start + turn])
    places = np.column_stack(
        [centre[0] + radius * np.cos(angles), centre[1] + radius * np.sin(angles)]
    )
    begin, middle, end = written_points([places])[0].decode().split(" ")
    size, clockwise = written(radius, "r"), int(turn >= 0)
    return f"M{begin}A{size} {size} 0 0 {clockwise} {middle}A{size} {size} 0 0 {clockwise} {end}"
