"""SVGBuilder: a document in millimetres, built call by call."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any, ClassVar
from xml.etree import ElementTree as ET

import svgwrite
from numpy.typing import ArrayLike

from libraries.errors import InvalidInput
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
from libraries.svg_builder.attributes import BadAttribute, check_attributes, check_colour
from libraries.svg_builder.numbers import as_points, written, written_points, written_positive
from libraries.svg_builder.path_data import check_path_data

DEEPEST_GROUP = 64
# Marks where the strokes of one `polylines` call go. No checked path data can hold an at sign, and text is escaped.
MARKER = re.compile(r'<path d="@([0-9]+)" />')


class UnbalancedGroups(InvalidInput):
    """Raised when a group is ended that was not begun, is nested too deep, or is still open at the end."""

    code: ClassVar[str] = "unbalanced-groups"


class SVGBuilder:
    """A drawing for a pen: strokes without fill, round caps, no background. Lengths are mm, angles degrees, y points down.

    Every method that draws returns the builder, so that calls can be chained. Attributes are given by their names in SVG with an
    underscore for the hyphen (`stroke_width=0.5`); names, colours and numbers are checked, text is escaped. The same calls give
    the same bytes.

    Example:
        >>> svg = SVGBuilder(210, 148).rect(10, 10, 190, 128).hershey_text(105, 74, "Hello", 0.5)
        >>> svg.to_string().count("<path")
        7
    """

    def __init__(self, width: float, height: float, *, stroke: str = "black", pen_width: float = 0.3) -> None:
        """Begin a page of `width` x `height` mm, drawn in the colour `stroke` with a pen of `pen_width` mm.

        Raises:
            BadNumber: a size is not a positive number.
            BadColour: `stroke` is not a colour.
        """
        across, down = written_positive(width, "width"), written_positive(height, "height")
        self._stroke = check_colour(stroke, "stroke")
        self._drawing = svgwrite.Drawing(
            size=(f"{across}mm", f"{down}mm"),
            viewBox=f"0 0 {across} {down}",
            fill="none",
            stroke=self._stroke,
            stroke_width=written_positive(pen_width, "pen_width"),
            stroke_linecap="round",
            stroke_linejoin="round",
            debug=False,
        )
        self._drawing.elements.remove(self._drawing.defs)
        self._title: Any = None
        self._open = [self._drawing]
        self._bodies: list[bytes] = []
        self._identifiers: set[str] = set()
        self._font = stroke_font(DEFAULT_FONT)
        self._missing: dict[str, None] = {}

    @property
    def missing_glyphs(self) -> list[str]:
        """Return the characters that were asked for and drawn as a box, each once, in the order of their appearance."""
        return list(self._missing)

    def rect(
        self, x: float, y: float, width: float, height: float, *, radius: float | None = None, **attributes: object
    ) -> SVGBuilder:
        """Draw a rectangle from its upper left corner (`x`, `y`), with corners rounded by `radius` if it is given."""
        corner = {} if radius is None else {"rx": written_positive(radius, "radius")}
        place = (written(x, "x"), written(y, "y"))
        size = (written_positive(width, "width"), written_positive(height, "height"))
        return self._add(self._drawing.rect(place, size, **corner, **self._check(attributes)))

    def line(self, x1: float, y1: float, x2: float, y2: float, **attributes: object) -> SVGBuilder:
        """Draw a straight line from (`x1`, `y1`) to (`x2`, `y2`)."""
        start, end = (written(x1, "x1"), written(y1, "y1")), (written(x2, "x2"), written(y2, "y2"))
        return self._add(self._drawing.line(start, end, **self._check(attributes)))

    def circle(self, cx: float, cy: float, r: float, **attributes: object) -> SVGBuilder:
        """Draw a circle of radius `r` around (`cx`, `cy`)."""
        centre = (written(cx, "cx"), written(cy, "cy"))
        return self._add(self._drawing.circle(centre, written_positive(r, "r"), **self._check(attributes)))

    def ellipse(self, cx: float, cy: float, rx: float, ry: float, **attributes: object) -> SVGBuilder:
        """Draw an ellipse of half widths `rx` and `ry` around (`cx`, `cy`)."""
        centre = (written(cx, "cx"), written(cy, "cy"))
        radii = (written_positive(rx, "rx"), written_positive(ry, "ry"))
        return self._add(self._drawing.ellipse(centre, radii, **self._check(attributes)))

    def polyline(self, points: ArrayLike, **attributes: object) -> SVGBuilder:
        """Draw straight lines through `points`, at least two pairs of x and y. See `polylines` for many."""
        return self._add(self._drawing.polyline(_pairs(points), **self._check(attributes)))

    def polygon(self, points: ArrayLike, **attributes: object) -> SVGBuilder:
        """Draw straight lines through `points`, at least two pairs of x and y, and back to the first."""
        return self._add(self._drawing.polygon(_pairs(points), **self._check(attributes)))

    def polylines(self, lines: Iterable[ArrayLike], **attributes: object) -> SVGBuilder:
        """Draw many `lines`, each an array of shape (n, 2), each as one pen stroke. Attributes go to a group around them.

        This is the fast way: several million points a second.

        Raises:
            BadNumber: a line is not made of at least two pairs of finite numbers.
        """
        strokes = written_points([as_points(line) for line in lines])
        if not strokes:
            return self
        checked = self._check(attributes)
        parent = self._drawing.g(**checked) if checked else self._open[-1]
        parent.elements.append(_Marker(len(self._bodies)))
        self._bodies.append(b'<path d="M' + b'"/>\n<path d="M'.join(strokes) + b'"/>')
        return self._add(parent) if checked else self

    def path(self, d: str, **attributes: object) -> SVGBuilder:
        """Draw the path data `d`.

        Raises:
            BadPathData: `d` breaks the grammar of path data.
        """
        return self._add(self._drawing.path(check_path_data(d), **self._check(attributes)))

    def text(self, x: float, y: float, text: str, *, font_size: float = 5.0, **attributes: object) -> SVGBuilder:
        """Write `text` as a text element with its base line at (`x`, `y`), in the outlines of a font of `font_size` mm.

        For screens: a pen cannot draw it, see `hershey_text`. Line feeds and tabs become spaces.

        Raises:
            BadText: `text` is too long or holds control characters.
        """
        words = " ".join(check_text(text).split())
        style = {"fill": self._stroke, "stroke": "none", **self._check({**attributes, "font_size": font_size})}
        return self._add(self._drawing.text(words, insert=(written(x, "x"), written(y, "y")), **style))

    def title(self, text: str) -> SVGBuilder:
        """Give the document a title; a second one replaces the first."""
        words = " ".join(check_text(text).split())
        if self._title is not None:
            self._drawing.elements.remove(self._title)
        self._drawing.set_desc(title=words)
        self._title = self._drawing.elements[0]
        return self

    def begin_group(self, **attributes: object) -> SVGBuilder:
        """Begin a group; what is drawn until `end_group` belongs to it. Groups nest up to 64 deep.

        Raises:
            UnbalancedGroups: groups are nested too deep.
        """
        if len(self._open) > DEEPEST_GROUP:
            raise UnbalancedGroups(f"groups may be nested {DEEPEST_GROUP} deep")
        group = self._drawing.g(**self._check(attributes))
        self._add(group)
        self._open.append(group)
        return self

    def end_group(self) -> SVGBuilder:
        """End the group that was begun last.

        Raises:
            UnbalancedGroups: no group is open.
        """
        if len(self._open) == 1:
            raise UnbalancedGroups("there is no open group to end")
        self._open.pop()
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
            UnbalancedGroups: a group is still open.
        """
        if len(self._open) > 1:
            raise UnbalancedGroups(f"groups still open: {len(self._open) - 1}")
        # Odd pieces are the numbers that MARKER caught, even ones what stands between.
        pieces: list[str] = MARKER.split(self._drawing.tostring())
        pieces[1::2] = [self._bodies[int(number)].decode() for number in pieces[1::2]]
        return "".join(pieces)

    def _lay_out(self, x: float, y: float, text: str, *, scale: float, align: Align, vertical: VerticalAlign) -> TextBlock:
        written(x, "x"), written(y, "y"), written_positive(scale, "scale")
        if align not in ALIGN_SHIFT or vertical not in VERTICAL_PLACES:
            raise BadAttribute("align must be left, center or right; vertical must be top, middle or baseline", field="align")
        capitals = float(scale) * self._font.cap_height
        return lay_out(text, self._font, cap_height=capitals, x=x, y=y, align=align, vertical=vertical)

    def _check(self, attributes: dict[str, object]) -> dict[str, str]:
        checked = check_attributes(attributes)
        identifier = checked.get("id")
        if identifier in self._identifiers:
            raise BadAttribute(f"the id {identifier!r} is taken by another element", field="id")
        if identifier is not None:
            self._identifiers.add(identifier)
        return checked

    def _add(self, element: Any) -> SVGBuilder:
        self._open[-1].add(element)
        return self


class _Marker:
    """Stands in the tree of svgwrite for strokes that are written past it."""

    elementname = "path"

    def __init__(self, number: int) -> None:
        self.number = number

    def get_xml(self) -> ET.Element:
        return ET.Element("path", d=f"@{self.number}")


def _pairs(points: ArrayLike) -> list[list[bytes]] | list[list[str]]:
    return [pair.split(",") for pair in written_points([as_points(points)])[0].decode().split(" ")]
