"""Framed sheets: an SVG in a frame with a title, a subtitle and a legend."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from marshmallow import fields
from marshmallow.validate import Length, OneOf

from libraries.errors import InvalidInput
from libraries.fields import BoundedList, Params, choice, declare, library_check
from libraries.geometry.rectangle import Rectangle
from libraries.json_types import described, keywords_of
from libraries.lettering import check_text, is_blank
from libraries.outbound import read_url
from libraries.sheets.checks import checked_text
from libraries.sheets.elements.pictures import MAX_SVG_CHARS
from libraries.sheets.elements.texts import TextElement
from libraries.sheets.page import PaperName
from libraries.sheets.papers import ORIENTATIONS, PAPERS, page_size
from libraries.svg_builder import SVGBuilder
from libraries.svg_syntax.attributes import check_colour, check_ink_colour
from libraries.work import Work


class LegendItem(Params):
    """A row of the legend."""

    label: str = checked_text("Label of the row.", 1, 100, check_text, example="Scale")
    content: str = checked_text("Content of the row.", 1, 200, check_text, example="1 : 500")


@described(pattern=f"^$|{keywords_of(read_url)['pattern']}")
def _check_url(value: str) -> None:
    if value:
        read_url(value)


@described(**keywords_of(check_colour))
def _check_paper_colour(value: str) -> None:
    check_colour(value, "paper_color")


def _colour(description: str, check: Any, default: str) -> Any:
    metadata = {"description": description, "example": default}
    return declare(fields.String(validate=library_check(check), metadata=metadata), default=default)


def _lower_case(description: str, choices: Sequence[str], default: str) -> Any:
    metadata = {"description": description}
    return declare(PaperName(validate=OneOf(choices), metadata=metadata), default=default)


class FramedSheet(Params):
    """A sheet with a frame, a title, a legend and a drawing."""

    # Clients send additional members.
    ignores_unknown = True

    MAX_BYTES: ClassVar[int] = MAX_SVG_CHARS

    render_style: str = choice(
        "`blueprint` has the title at the upper right, and the legend; `airport` and `basic` have "
        "the title below the drawing.",
        ("blueprint", "airport", "basic"),
    )
    title: str = checked_text("Title.", 0, 200, check_text, default="Artboard")
    subtitle: str = checked_text("Second line below the title.", 0, 200, check_text, default="")
    paper_color: str = _colour("Colour of the paper.", _check_paper_colour, "white")
    pen_color: str = _colour("Colour of the ink.", check_ink_colour, "black")
    size: str = _lower_case("Name of the paper; see `GET /papers`.", list(PAPERS), "tabloid")
    orientation: str = _lower_case("Orientation of the paper.", ORIENTATIONS, "portrait")
    schematic_url: str = declare(
        fields.String(
            validate=[Length(max=2048), library_check(_check_url)],
            metadata={
                "description": "URL of the SVG in the middle: `http` or `https`, at a public "
                f"address, at most {MAX_SVG_CHARS:,} bytes; none by default.",
                "example": "https://example.com/terminal.svg",
            },
        ),
        default="",
    )
    legend: list[LegendItem] | None = declare(
        BoundedList(
            fields.Nested(LegendItem.schema()),
            validate=Length(max=40),
            metadata={"description": "Rows of the legend, for the style `blueprint`."},
        ),
        default=None,
    )

    def draw(self, schematic: bytes | None = None) -> SVGBuilder:
        """Draw the sheet around an SVG, if there is one.

        Raises InvalidInput if that cannot be read in the time of a request, or a text does not fit.
        """
        width, height = page_size(self.size, self.orientation)  # type: ignore[arg-type]
        inset = min(12.0, min(width, height) / 24)
        frame = Rectangle(inset, inset, width - inset, height - inset)
        svg = SVGBuilder(width, height, stroke=self.pen_color, pen_width=0.5).title(self.title)
        svg.paper(self.paper_color)
        svg.rect(frame.left, frame.top, frame.width, frame.height, stroke_width=1)
        room = _inside(frame, inset * 2 / 3)
        if self.render_style == "blueprint":
            band = Rectangle(room.left, room.top, room.right, room.top + room.height * 0.08)
            self._draw_titles(svg, _right_half(band), "right")
            below = max(band.bottom, self._draw_legend(svg, room, inset * 2 / 3))
            room = Rectangle(room.left, below + inset / 2, room.right, room.bottom)
        else:
            band = Rectangle(room.left, room.bottom - room.height * 0.08, room.right, room.bottom)
            self._draw_titles(svg, band, "center")
            room = Rectangle(room.left, room.top, room.right, band.top - inset / 2)
        if schematic is not None:
            hint = "draw it as an element of POST /artboard/create"
            svg.place(schematic, room, work=Work(Work.IN_REQUESTS, hint))
        return svg

    def _draw_titles(self, svg: SVGBuilder, band: Rectangle, align: str) -> None:
        middle = band.top + band.height * (0.6 if self.subtitle else 1.0)
        upper = Rectangle(band.left, band.top, band.right, middle)
        _draw_text(svg, self.title, upper, align, field="title")
        if self.subtitle:
            lower = Rectangle(band.left, middle + band.height * 0.12, band.right, band.bottom)
            _draw_text(svg, self.subtitle, lower, align, field="subtitle")

    def _draw_legend(self, svg: SVGBuilder, room: Rectangle, row: float) -> float:
        """Draw the legend at the upper left; return its lower edge."""
        left, top = room.left, room.top
        items = self.legend or []
        row = min(row, room.height / 2 / max(1, len(items)))
        label, content = room.width * 0.17, room.width * 0.28
        for number, item in enumerate(items):
            first = Rectangle(left, top + number * row, left + label, top + (number + 1) * row)
            second = Rectangle(first.right, first.top, first.right + content, first.bottom)
            for text, cell in ((item.label, first), (item.content, second)):
                svg.rect(cell.left, cell.top, cell.width, cell.height)
                _draw_text(
                    svg, text, _inside(cell, row * 0.22), "left", field="legend", size=row * 0.4
                )
        return top + len(items) * row


def _inside(box: Rectangle, inset: float) -> Rectangle:
    return Rectangle(box.left + inset, box.top + inset, box.right - inset, box.bottom - inset)


def _right_half(box: Rectangle) -> Rectangle:
    return Rectangle(box.left + box.width / 2, box.top, box.right, box.bottom)


def _draw_text(
    svg: SVGBuilder,
    text: str,
    box: Rectangle,
    align: str,
    *,
    field: str,
    size: float | None = None,
) -> None:
    """Draw a text at `size`, or as large as it fits; raise InvalidInput for `field` if it does not."""
    if is_blank(text):
        return
    element = TextElement.load({"type": "text", "text": text, "align": align})
    try:
        block = replace(element, size=size).strokes(box, 0)
    except InvalidInput:
        try:
            block = element.strokes(box, 0)
        except InvalidInput as error:
            error.field = field
            raise
    svg.polylines(np.split(block.coordinates, block.offsets[1:-1]))
