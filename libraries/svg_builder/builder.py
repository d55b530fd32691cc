"""Public builder of SVG drawings in millimetres."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Self

import numpy as np
from numpy.typing import ArrayLike

from libraries.errors import InvalidInput
from libraries.geometry.arrays import flattened
from libraries.geometry.document import Document
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.transforms import Fit, HorizontalAlign, VerticalPosition
from libraries.lettering import (
    ALIGN_SHIFT,
    DEFAULT_FONT,
    VERTICAL_ALIGNMENTS,
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
from libraries.work import Work


class SVGBuilder(Canvas):
    """A page of `width` x `height` mm for a pen of `pen_width` mm and the colour `stroke`.

    Lengths are mm, angles degrees, y points down. SVG attributes are passed with underscores
    (`stroke_width=0.5`). Values are checked and text is escaped; invalid ones raise `InvalidInput`.
    The same calls give the same bytes.

    Example:
        >>> svg = SVGBuilder(210, 148).rect(10, 10, 190, 128).hershey_text(105, 74, "Hello", 0.5)
        >>> svg.to_string().count("<path")
        7
    """

    def __init__(
        self, width: float, height: float, *, stroke: str = "black", pen_width: float = 0.3
    ) -> None:
        super().__init__(width, height, stroke=stroke, pen_width=pen_width)
        self._font = stroke_font(DEFAULT_FONT)
        self._missing: dict[str, None] = {}
        self._dropped: Counter[str] = Counter()
        self._texts: list[str] = []

    @property
    def missing_glyphs(self) -> list[str]:
        """Return the characters that were drawn as a box, in order of appearance."""
        return list(self._missing)

    @property
    def not_plottable(self) -> list[str]:
        """Return the texts of text elements, which a pen cannot draw."""
        return list(self._texts)

    @property
    def dropped(self) -> dict[str, int]:
        """Return the number of elements left out of placed drawings, by kind."""
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
        """Draw a rectangle from its upper left corner, with corners of `radius`."""
        corner = {} if radius is None else {"rx": written_positive(radius, "radius")}
        insert = (written(x, "x"), written(y, "y"))
        size = (written_positive(width, "width"), written_positive(height, "height"))
        rounding = 0.0 if radius is None else float(radius)

        corners = (float(x), float(y)), (float(width), float(height)), (rounding, rounding)
        return self._draw(
            lambda checked: self._drawing.rect(insert, size, **corner, **checked),
            lambda tolerance: [rectangle_outline(*corners, tolerance)],
            attributes,
        )

    def line(self, x1: float, y1: float, x2: float, y2: float, **attributes: object) -> Self:
        start, end = (written(x1, "x1"), written(y1, "y1")), (written(x2, "x2"), written(y2, "y2"))
        line = np.array([(float(x1), float(y1)), (float(x2), float(y2))])
        return self._draw(
            lambda checked: self._drawing.line(start, end, **checked), lambda _: [line], attributes
        )

    def circle(self, cx: float, cy: float, r: float, **attributes: object) -> Self:
        centre, radius = (written(cx, "cx"), written(cy, "cy")), written_positive(r, "r")
        centre_and_radii = (float(cx), float(cy)), (float(r), float(r))
        return self._draw(
            lambda checked: self._drawing.circle(centre, radius, **checked),
            lambda tolerance: [ellipse_outline(*centre_and_radii, tolerance)],
            attributes,
        )

    def ellipse(self, cx: float, cy: float, rx: float, ry: float, **attributes: object) -> Self:
        """Draw an ellipse with the radii `rx` and `ry` around (`cx`, `cy`)."""
        centre = (written(cx, "cx"), written(cy, "cy"))
        radii = (written_positive(rx, "rx"), written_positive(ry, "ry"))
        centre_and_radii = (float(cx), float(cy)), (float(rx), float(ry))
        return self._draw(
            lambda checked: self._drawing.ellipse(centre, radii, **checked),
            lambda tolerance: [ellipse_outline(*centre_and_radii, tolerance)],
            attributes,
        )

    def arc(
        self, cx: float, cy: float, r: float, start: float, end: float, **attributes: object
    ) -> Self:
        """Draw an arc of the circle of radius `r` around (`cx`, `cy`), at most one turn.

        Angles are clockwise from three o'clock; an `end` less than `start` is counterclockwise.
        """
        for name, number in (("cx", cx), ("cy", cy), ("start", start), ("end", end)):
            written(number, name)
        written_positive(r, "r")
        turn = max(-360.0, min(360.0, float(end) - float(start)))
        centre, radii = (float(cx), float(cy)), (float(r), float(r))
        data = _arc_data(centre, float(r), float(start), turn)
        return self._draw(
            lambda checked: self._drawing.path(data, **checked),
            lambda tolerance: [arc_lines(centre, radii, start, start + turn, tolerance=tolerance)],
            attributes,
        )

    def polyline(self, points: ArrayLike, **attributes: object) -> Self:
        line, pairs = as_points(points), _pairs(points)
        return self._draw(
            lambda checked: self._drawing.polyline(pairs, **checked), lambda _: [line], attributes
        )

    def polygon(
        self, points: ArrayLike, *, hatching: Hatching | None = None, **attributes: object
    ) -> Self:
        """Draw a closed polygon; with `hatching` it is filled, in a group with the attributes."""
        line, pairs = as_points(points), _pairs(points)
        if hatching is not None:
            rows = hatch_lines([line], hatching)
            return self.begin_group(**attributes).polygon(line).polylines(rows).end_group()
        return self._draw(
            lambda checked: self._drawing.polygon(pairs, **checked),
            lambda _: [closed(line)],
            attributes,
        )

    def hatch(self, rings: Sequence[ArrayLike], hatching: Hatching, **attributes: object) -> Self:
        return self.polylines(hatch_lines(rings, hatching), **attributes)

    def polylines(self, lines: Iterable[ArrayLike], **attributes: object) -> Self:
        """Draw `lines`, arrays of shape (n, 2), in a group with the attributes. This is fastest."""
        strokes = [as_points(line) for line in lines]
        if not strokes:
            return self
        points, offsets = flattened(strokes)
        return self._run(check_points(points), offsets, self._check(attributes))

    def cubic_bezier(self, points: ArrayLike, **attributes: object) -> Self:
        """Draw connected cubic curves: a start, then two control points and an end for each."""
        return self._bezier(points, 3, "C", attributes)

    def quadratic_bezier(self, points: ArrayLike, **attributes: object) -> Self:
        """Draw connected quadratic curves: a start, then a control point and an end for each."""
        return self._bezier(points, 2, "Q", attributes)

    def path(self, d: str, **attributes: object) -> Self:
        data = check_path_data(d)
        return self._draw(
            lambda checked: self._drawing.path(data, **checked),
            lambda tolerance: path_outline(data, tolerance),
            attributes,
        )

    def text(
        self, x: float, y: float, text: str, *, font_size: float = 5.0, **attributes: object
    ) -> Self:
        """Write `text` as a text element for screens; for a pen, use `hershey_text`."""
        words = " ".join(check_text(text).split())
        position, colour = (
            (written(x, "x"), written(y, "y")),
            self.pens[self._open[-1].layer].colour,
        )
        style = {
            "fill": colour,
            "stroke": "none",
            **self._check({**attributes, "font_size": font_size}),
        }
        self._texts.append(words)
        return self._add(self._drawing.text(words, insert=position, **style))

    def place(
        self,
        source: Document | str | bytes,
        box: Rectangle,
        *,
        fit: Fit = "contain",
        align: HorizontalAlign = "center",
        vertical: VerticalPosition = "middle",
        keep_layers: bool = False,
        work: Work | None = None,
        **attributes: object,
    ) -> Self:
        """Draw a document or an SVG inside `box`, clipped at the box; see `Document.fitted`.

        With `keep_layers` the layers are kept, with their pens; otherwise the open layer is used.
        `dropped` counts what is left out of an SVG, and `work` the steps of reading it. Attributes are
        for a group around each part.
        """
        if not isinstance(source, Document):
            reading = read_svg(source, work=work)
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
        """Set the Hershey font of the following texts; the default is `futural`."""
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
        r"""Write `text` in single strokes, in a group with the attributes.

        Missing characters are drawn as a box. Capitals are 21 x `scale` mm high. `align` is the
        part of each line's ink that is at `x`. At `y` is the `top` of the first line's capitals,
        its `baseline`, or the `middle` of all lines.
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
        vertices = check_points(as_points(points))
        if len(vertices) % degree != 1:
            raise InvalidInput(
                f"points must be a start and {degree} more for each curve",
                code="bad-number",
                field="points",
            )
        pairs = written_points([vertices])[0].decode().split(" ")
        return self.path(f"M{pairs[0]}{letter}{' '.join(pairs[1:])}", **attributes)

    def _lay_out(
        self, x: float, y: float, text: str, *, scale: float, align: Align, vertical: VerticalAlign
    ) -> TextBlock:
        written(x, "x"), written(y, "y"), written_positive(scale, "scale")
        if align not in ALIGN_SHIFT or vertical not in VERTICAL_ALIGNMENTS:
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
    # Two parts; the centre of a single, nearly full circle would depend on rounding.
    angles = np.radians([start, start + turn / 2, start + turn])
    points = np.column_stack(
        [centre[0] + radius * np.cos(angles), centre[1] + radius * np.sin(angles)]
    )
    begin, middle, end = written_points([points])[0].decode().split(" ")
    size, clockwise = written(radius, "r"), int(turn >= 0)
    return f"M{begin}A{size} {size} 0 0 {clockwise} {middle}A{size} {size} 0 0 {clockwise} {end}"
