"""Plots of existing drawings: placed on a page, cropped, assigned to pens, and optimised."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, NamedTuple

from marshmallow import fields
from marshmallow.validate import Length, OneOf

from libraries.errors import InvalidInput, UnknownName
from libraries.fields import (
    BoundedList,
    Params,
    WholeNumber,
    choice,
    declare,
    library_check,
    mm,
    number,
)
from libraries.geometry.document import Document
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.strokes import Pen
from libraries.geometry.transforms import (
    Fit,
    HorizontalAlign,
    Matrix,
    VerticalPosition,
    combined,
    fitting,
    identity,
    magnification,
    matrix,
)
from libraries.json_types import JsonObject
from libraries.plotting.comparison import lost_and_gained_ink
from libraries.plotting.optimiser import PlotOptions as SearchOptions
from libraries.plotting.optimiser import Watch, optimise
from libraries.sheets.elements.base import layer_name
from libraries.sheets.page import PaperName
from libraries.sheets.papers import PAPERS
from libraries.sheets.plot_stats import off_page, plot_stats
from libraries.sheets.recipes import recorded
from libraries.svg_reader.colours import components, parse_colour
from libraries.svg_syntax.attributes import check_ink_colour
from libraries.vector_input import InputOptions


class PlotPen(Params):
    """A layer of the drawing that is plotted, and changes of its pen."""

    layer: str = layer_name(
        "Name of the layer; or a colour, for all layers of that colour.", example="red"
    )
    color: str | None = declare(
        fields.String(
            validate=library_check(check_ink_colour),
            metadata={"description": "Colour of the ink; by default that of the layer."},
        ),
        default=None,
    )
    pen_width: float | None = mm("Line width; by default that of the layer", 0.05, 5, default=None)
    speed: float | None = number(
        "Speed with the pen down, in mm/s; by default that of the plotter.",
        0.1,
        Pen.MAX_PEN_SPEED,
        default=None,
        unit="mm/s",
    )

    def layers_of(self, drawing: Document) -> list[int]:
        """Return the indices of the layer of this name, or of those of this colour."""
        names = [layer.name for layer in drawing.layers]
        if self.layer in names:
            return [names.index(self.layer)]
        colour = parse_colour(self.layer)
        if colour is None:
            return []
        wanted = components(colour.text)
        return [n for n, pen in enumerate(drawing.pens) if components(pen.colour) == wanted]

    def applied(self, pen: Pen) -> Pen:
        """Return `pen` with the changes."""
        return dataclasses.replace(
            pen,
            colour=self.color or pen.colour,
            width=self.pen_width or pen.width,
            speed=self.speed or pen.speed,
        )


class Placement(Params):
    """The page of a plot, and the part of the drawing that is on it."""

    # Sizes in mm by name.
    PAGES: ClassVar[dict[str, tuple[float, float]]] = {
        name: paper.size() for name, paper in PAPERS.items()
    } | {f"{name} landscape": paper.size("landscape") for name, paper in PAPERS.items()}

    page: str | None = declare(
        PaperName(
            validate=OneOf(list(PAGES)),
            metadata={
                "description": "Paper, with ` landscape` for its long side across; by default the "
                "page of the drawing.",
                "example": "a3 landscape",
            },
        ),
        default=None,
    )
    margin: float = mm("Margin on all sides, where `fit` and `crop` end", 0, 500, default=0.0)
    fit: Fit = choice(
        "How the drawing is placed inside the margin: `none` keeps its size, `contain` shows all of "
        "it, `cover` fills the page, `fill` stretches it.",
        Fit,
        default="none",
    )
    align: HorizontalAlign = choice(
        "Horizontal position of the drawing inside the margin.", HorizontalAlign, default="center"
    )
    vertical: VerticalPosition = choice(
        "Vertical position of the drawing inside the margin.", VerticalPosition, default="middle"
    )
    rotate: int = declare(
        WholeNumber(
            validate=OneOf((0, 90, 180, 270)),
            metadata={
                "description": "Rotation of the drawing before it is placed, clockwise in degrees."
            },
        ),
        default=0,
    )
    mirror: str = choice(
        "Mirror the drawing before it is rotated: `horizontal` swaps left and right.",
        ("none", "horizontal", "vertical"),
        default="none",
    )
    crop: str = choice(
        "Where strokes are cut: at the edges of the page, at the margin, or nowhere.",
        ("page", "margin", "none"),
        default="page",
    )
    pens: list[PlotPen] | None = declare(
        BoundedList(
            fields.Nested(PlotPen.schema()),
            validate=Length(1, 64),
            metadata={
                "description": "The layers to plot, in this order, with changes of their pens; by "
                "default all layers of the drawing."
            },
        ),
        default=None,
    )

    @classmethod
    def mistakes(cls, parsed: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[Any]:
        """Reject duplicate layers."""
        yield from super().mistakes(parsed, given)
        pens = [one for one in parsed.get("pens") or () if isinstance(one, PlotPen)]
        names = [one.layer for one in pens]
        again = [number for number, name in enumerate(names) if name in names[:number]]
        if again:
            yield {"pens": {number: {"layer": ["Duplicate layer."]} for number in again}}

    def placed(self, drawing: Document) -> Document:
        """Return `drawing` on the page of the plot, cut at its edges; see `on_page`."""
        page = self.on_page(drawing)
        if self.crop != "none":
            page = page.clipped(page.page if self.crop == "page" else self._inside(page))
        if not len(page):
            raise InvalidInput(
                "the drawing has no strokes on the page",
                code="empty-drawing",
                hint="send fit: contain, or crop: none",
            )
        return page

    def on_page(self, drawing: Document) -> Document:
        """Return `drawing` on the page of the plot, with what is outside of the page.

        Raises:
            InvalidInput: a layer does not exist, or the margin leaves no room.
        """
        turned = self._turned(self._with_pens(drawing))
        page = self._page(turned)
        return page.transformed(self._way(turned.page, page))

    def enlargement(self, given: Rectangle) -> float:
        """Return the factor by which a drawing on a page is enlarged; errors are those of `on_page`."""
        turned = self._turned(Document(given.width, given.height))
        return magnification(self._way(turned.page, self._page(turned)))

    def _page(self, turned: Document) -> Document:
        """Return a rotated drawing on the page of the plot."""
        width, height = self._size(turned)
        if self.margin * 2 >= min(width, height):
            raise InvalidInput(
                "the margin must be less than half of the shorter side of the page",
                code="bad-page",
                field="margin",
            )
        return turned.on_page(width, height)

    def _way(self, turned: Rectangle, page: Document) -> Matrix:
        """Return the transform from a page, rotated, to that of the plot."""
        if self.fit == "none" and self.page is None:
            return identity()
        box = page.page if self.fit == "none" else self._inside(page)
        return fitting(turned, box, self.fit, align=self.align, vertical=self.vertical)

    def _inside(self, page: Document) -> Rectangle:
        margin = self.margin
        return Rectangle(margin, margin, page.width - margin, page.height - margin)

    def _with_pens(self, drawing: Document) -> Document:
        if self.pens is None:
            return drawing
        picked = Document(
            drawing.width, drawing.height, title=drawing.title, metadata=drawing.metadata
        )
        taken: set[int] = set()
        for position, one in enumerate(self.pens):
            found = one.layers_of(drawing)
            if not found:
                known = [layer.name for layer in drawing.layers]
                raise UnknownName("layer", one.layer, known, field=f"pens.{position}.layer")
            left = [index for index in found if index not in taken]
            if not left:
                raise InvalidInput(
                    f"{one.layer!r} is the layer of another pen",
                    code="layer-taken",
                    field=f"pens.{position}.layer",
                )
            taken.update(left)
            layer = picked.layer(one.layer, one.applied(drawing.pens[left[0]]))
            for index in left:
                part = drawing.on_layer(index)
                picked.extend(part.coordinates, part.offsets, layer, part.groups)
        return picked

    def _turned(self, drawing: Document) -> Document:
        """Return the drawing mirrored, then rotated with its page."""
        width, height = drawing.width, drawing.height
        flips = {
            "none": identity(),
            "horizontal": matrix(-1, 0, 0, 1, width, 0),
            "vertical": matrix(1, 0, 0, -1, 0, height),
        }
        # Exact, unlike sines and cosines.
        turns = {
            0: identity(),
            90: matrix(0, 1, -1, 0, height, 0),
            180: matrix(-1, 0, 0, -1, width, height),
            270: matrix(0, -1, 1, 0, 0, width),
        }
        turned = drawing.transformed(combined(turns[self.rotate], flips[self.mirror]))
        return turned if self.rotate % 180 == 0 else turned.on_page(height, width)

    def _size(self, drawing: Document) -> tuple[float, float]:
        if self.page is None:
            return drawing.width, drawing.height
        return self.PAGES[self.page]


class PlotOptions(InputOptions, Placement, SearchOptions):
    """Options of the reading, the placement and the optimisation of a drawing."""

    margin: float = mm("Margin on all sides, where `fit` and `crop` end", 0, 500, default=0.0)
    deadline: float | None = number(
        "Seconds after which the search ends with the best order so far; by default none.",
        0.1,
        3600,
        default=None,
        unit="s",
    )

    def enlargement(self, given: Rectangle) -> float:
        """Return the factor by which a drawing on a page is enlarged; see `Placement`."""
        return Placement.enlargement(self, given)

    def record(self) -> dict[str, Any]:
        """Return the values that differ from the defaults, as JSON."""
        return recorded(self, picture_only=False)

    def search(self) -> dict[str, Any]:
        """Return the options of `optimise`, without the crop, which `placed` has done."""
        names = [name for name in SearchOptions.declared() if name != "margin"]
        return {name: getattr(self, name) for name in names}


class Plotted(NamedTuple):
    """A plot: the drawing as it was read and placed, the plot, their costs, and problems as JSON."""

    given: Document
    document: Document
    before: JsonObject
    after: JsonObject
    certificate: JsonObject
    problems: list[JsonObject]


def plot_document(drawing: Document, options: PlotOptions, watch: Watch) -> Plotted:
    """Place and optimise a drawing; raises as `Placement.placed`.

    `watch` is called with the travel of the best order so far, see `plotting.optimiser`.
    """
    placed = options.placed(drawing)
    found = optimise(
        placed,
        deadline_s=options.deadline or math.inf,
        watch=watch,
        **options.search(),
    )
    given, plot = found.certificate.before, found.certificate.after
    return Plotted(
        given,
        plot,
        plot_stats(given, given.width, given.height),
        plot_stats(plot, plot.width, plot.height),
        found.certificate.as_record(),
        _off_page(options.on_page(drawing), placed),
    )


def _off_page(whole: Document, placed: Document) -> list[JsonObject]:
    """Return the ink that is cut off at the page as a problem: its length and share, or none."""
    before, after = (float(one.strokes().lengths.sum()) for one in (whole, placed))
    return off_page(before, after, count=max(len(whole) - len(placed), 1))


def compare(before: Document, after: Document) -> JsonObject:
    """Return the statistics of two drawings, and the shares of ink that only one of them has."""
    lost, gained = lost_and_gained_ink(before, after)
    return {
        "ink": {"lost": round(lost, 6), "gained": round(gained, 6)},
        "before": plot_stats(before, before.width, before.height),
        "after": plot_stats(after, after.width, after.height),
    }
