"""SVGBuilder: a document in millimetres, built call by call."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from libraries.errors import InvalidInput
from libraries.geometry.arrays import Floats
from libraries.geometry.document import Document
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.transforms import Fit, HorizontalAlign, VerticalPlace
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
from libraries.svg_builder.canvas import Canvas
from libraries.svg_builder.hatching import Hatching, hatch_lines
from libraries.svg_reader import read_svg
from libraries.svg_syntax.curves import arc_lines
from libraries.svg_syntax.numbers import (
    as_points,
    check_points,
    written,
    written_points,
    written_positive,
)
from libraries.svg_syntax.outlines import (
    closed,
    ellipse_outline,
    path_outline,
    rectangle_outline,
)
from libraries.svg_syntax.path_data import check_path_data


class SVGBuilder(Canvas):
    """A drawing for a pen: strokes without fill, round caps, no background.

    Lengths are mm, angles degrees, y points down. Every method that draws returns the builder, so
    that calls can be chained. Attributes have their names in SVG with an underscore for the hyphen
    (`stroke_width=0.5`). Names, colours and numbers are checked, text is escaped. The same calls
    give the same bytes. `document` and `strokes` return what was drawn as strokes.

    Example:
        >>> svg = SVGBuilder(210, 148).rect(10, 10, 190, 128).hershey_text(105, 74, "Hello", 0.5)
        >>> svg.to_string().count("<path")
        7
    """

    def __init__(
        self, width: float, height: float, *, stroke: str = "black", pen_width: float = 0.3
    ) -> None:
        """Begin a page of `width` x `height` mm, drawn in `stroke` with a pen of `pen_width` mm.

        Raises:
            InvalidInput: a size is not a positive number.
            BadColour: `stroke` is not a colour.
        """
        super().__init__(width, height, stroke=stroke, pen_width=pen_width)
        self._font = stroke_font(DEFAULT_FONT)
        self._missing: dict[str, None] = {}
        self._dropped: Counter[str] = Counter()
        self._texts: list[str] = []

    @property
    def missing_glyphs(self) -> list[str]:
        """Return the characters that were drawn as a box, each once, in order of appearance."""
        return list(self._missing)

    @property
    def not_plottable(self) -> list[str]:
        """Return the texts of text elements, which are outlines of a font and not strokes."""
        return list(self._texts)

    @property
    def dropped(self) -> dict[str, int]:
        """Return how often each kind of element was left out of placed drawings."""
        return dict(self._dropped)

    def rect(
        self,
        x: float,
        y: float,
        width: float,
        height: float,
        *,
        radius: float | None = None,
        **attributes: object,
    ) -> Self:
        """Draw a rectangle from its upper left corner, with corners rounded by `radius`."""
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

    def line(self, x1: float, y1: float, x2: float, y2: float, **attributes: object) -> Self:
        """Draw a straight line from (`x1`, `y1`) to (`x2`, `y2`)."""
        start, end = (written(x1, "x1"), written(y1, "y1")), (written(x2, "x2"), written(y2, "y2"))
        line = np.array([(float(x1), float(y1)), (float(x2), float(y2))])
        return self._draw(
            lambda checked: self._drawing.line(start, end, **checked), lambda _: [line], attributes
        )

    def circle(self, cx: float, cy: float, r: float, **attributes: object) -> Self:
        """Draw a circle of radius `r` around (`cx`, `cy`)."""
        centre, radius = (written(cx, "cx"), written(cy, "cy")), written_positive(r, "r")

        def outline(tolerance: float) -> list[Floats]:
            return [ellipse_outline((float(cx), float(cy)), (float(r), float(r)), tolerance)]

        return self._draw(
            lambda checked: self._drawing.circle(centre, radius, **checked), outline, attributes
        )

    def ellipse(self, cx: float, cy: float, rx: float, ry: float, **attributes: object) -> Self:
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
    ) -> Self:
        """Draw an arc of the circle of radius `r` around (`cx`, `cy`).

        Angles are degrees clockwise from three o'clock. With `end` less than `start` the arc runs
        counterclockwise. It makes one turn at most.
        """
        for name, number in (("cx", cx), ("cy", cy), ("start", start), ("end", end)):
            written(number, name)
        written_positive(r, "r")
        turn = max(-360.0, min(360.0, float(end) - float(start)))

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

    def polyline(self, points: ArrayLike, **attributes: object) -> Self:
        """Draw straight lines through `points`, at least two pairs of x and y."""
        line, pairs = as_points(points), _pairs(points)
        return self._draw(
            lambda checked: self._drawing.polyline(pairs, **checked), lambda _: [line], attributes
        )

    def polygon(
        self, points: ArrayLike, *, hatching: Hatching | None = None, **attributes: object
    ) -> Self:
        """Draw straight lines through `points` and back to the first.

        With `hatching` it is filled with lines, and a group around all of it takes the attributes.

        Raises:
            InvalidInput: it is to be filled and has fewer than three corners, or too many.
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

    def hatch(self, rings: Sequence[ArrayLike], hatching: Hatching, **attributes: object) -> Self:
        """Fill polygons with lines, without their outlines; a ring inside of another is a hole.

        Raises:
            InvalidInput: a ring is no polygon.
            InvalidInput: the lines would be too many.
        """
        return self.polylines(hatch_lines(rings, hatching), **attributes)

    def polylines(self, lines: Iterable[ArrayLike], **attributes: object) -> Self:
        """Draw many `lines`, each an array of shape (n, 2), each as one stroke.

        A group around them takes the attributes. This is the fast way: several million points a
        second.

        Raises:
            InvalidInput: a line is not made of at least two pairs of finite numbers.
        """
        strokes = [as_points(line) for line in lines]
        if not strokes:
            return self
        places = check_points(np.concatenate(strokes))
        return self._run(places, np.cumsum([0, *map(len, strokes)]), self._check(attributes))

    def cubic_bezier(self, points: ArrayLike, **attributes: object) -> Self:
        """Draw connected cubic curves: the start, then two control points and an end for each."""
        return self._bezier(points, 3, "C", attributes)

    def quadratic_bezier(self, points: ArrayLike, **attributes: object) -> Self:
        """Draw connected quadratic curves: the start, then a control point and an end for each."""
        return self._bezier(points, 2, "Q", attributes)

    def path(self, d: str, **attributes: object) -> Self:
        """Draw the path data `d`.

        Raises:
            InvalidInput: `d` breaks the grammar of path data.
        """
        data = check_path_data(d)
        return self._draw(
            lambda checked: self._drawing.path(data, **checked),
            lambda tolerance: path_outline(data, tolerance),
            attributes,
        )

    def text(
        self, x: float, y: float, text: str, *, font_size: float = 5.0, **attributes: object
    ) -> Self:
        """Write `text` as a text element in a font of `font_size` mm, for screens.

        A pen cannot draw it, so it is not part of the strokes and is not clipped; `not_plottable`
        lists it. Line feeds and tabs become spaces. For a pen, see `hershey_text`.

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
    ) -> Self:
        """Draw another drawing inside `box`: its page is moved there and cut off at the box.

        Args:
            source: a document, or an SVG; `dropped` counts what is left out of an SVG.
            box: the target, in mm.
            fit: `contain` shows all of the page, `cover` fills all of the box, `fill` stretches,
                `none` keeps the size.
            align: horizontal place of the page in the box: `left`, `center` or `right`.
            vertical: vertical place of the page in the box: `top`, `middle` or `bottom`.
            keep_layers: whether its layers become layers of this drawing, with their pens;
                otherwise everything is drawn on the open layer.
            attributes: for a group around it, or around what is on each layer.

        Raises:
            InvalidInput: the SVG cannot be read.
            InvalidInput: it has too many.
            UnknownName: a word is not one of the choices.
            InvalidInput: the page or the box has no size.
            InvalidInput: see `begin_layer`.
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

    def set_hershey_font(self, name: str) -> Self:
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
    ) -> Self:
        r"""Write `text` in single strokes, one path for each time the pen goes down.

        A line feed begins a new line, a tab is four spaces. By default the text is centred on
        (`x`, `y`). A capital letter is 21 x `scale` mm high. A character that is missing in the
        font is drawn as a box and listed in `missing_glyphs`.

        Args:
            x: where `align` puts the text, in mm.
            y: where `vertical` puts the text, in mm.
            text: what to write, at most 10,000 characters.
            scale: mm to a unit of the font.
            align: the part of each line's ink that is at `x`: `left`, `center` or `right`.
            vertical: what is at `y`: the `top` of the capitals of the first line, the `middle` of
                all capitals, or the `baseline` of the first line.
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
        """Return the box in mm around the ink of the same `hershey_text`; empty without ink."""
        return self._lay_out(x, y, text, scale=scale, align=align, vertical=vertical).box or Box(
            float(x), float(y), float(x), float(y)
        )

    def _bezier(
        self, points: ArrayLike, degree: int, letter: str, attributes: dict[str, object]
    ) -> Self:
        places = check_points(as_points(points))
        if len(places) % degree != 1:
            raise InvalidInput(
                f"points must be a start and {degree} more for each curve",
                code="bad-number",
                field="points",
            )
        pairs = written_points([places])[0].decode().split(" ")
        return self.path(f"M{pairs[0]}{letter}{' '.join(pairs[1:])}", **attributes)

    def _lay_out(
        self, x: float, y: float, text: str, *, scale: float, align: Align, vertical: VerticalAlign
    ) -> TextBlock:
        written(x, "x"), written(y, "y"), written_positive(scale, "scale")
        if align not in ALIGN_SHIFT or vertical not in VERTICAL_PLACES:
            raise InvalidInput(
                "align must be left, center or right; vertical must be top, middle or baseline",
                code="bad-attribute",
                field="align",
            )
        capitals = float(scale) * self._font.cap_height
        return lay_out(
            text, self._font, cap_height=capitals, x=x, y=y, align=align, vertical=vertical
        )


def _pairs(points: ArrayLike) -> list[list[bytes]] | list[list[str]]:
    return [pair.split(",") for pair in written_points([as_points(points)])[0].decode().split(" ")]


def _arc_data(centre: tuple[float, float], radius: float, start: float, turn: float) -> str:
    """Return path data for an arc.

    It has two parts: the centre of a nearly whole circle would depend on the rounding of its ends.
    """
    angles = np.radians([start, start + turn / 2, start + turn])
    places = np.column_stack(
        [centre[0] + radius * np.cos(angles), centre[1] + radius * np.sin(angles)]
    )
    begin, middle, end = written_points([places])[0].decode().split(" ")
    size, clockwise = written(radius, "r"), int(turn >= 0)
    return f"M{begin}A{size} {size} 0 0 {clockwise} {middle}A{size} {size} 0 0 {clockwise} {end}"
