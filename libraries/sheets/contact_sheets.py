"""Contact sheets: many small drawings on one page, each in a frame with a caption."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np
from marshmallow import fields
from marshmallow.validate import Length
from numpy.typing import NDArray

from libraries.errors import Conflict, InvalidInput, NotFound
from libraries.fields import declare, flag, mm, whole
from libraries.geometry.area import MAX_SIDE_MM
from libraries.geometry.document import Document
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.strokes import Pen
from libraries.lettering import Box, fitted, lay_out
from libraries.sheets.page import Page
from libraries.sheets.sheet_layout import MIN_CAPITALS_MM, SheetLayout, sheet_layout
from libraries.svg_reader import read_svg

Floats = NDArray[np.float64]

MAX_CELLS = 100
MAX_CAPTION_CHARS = 200
# A pen is not finer, however small the cell is.
MIN_PEN_MM = 0.08
LETTERS = Pen("lettering", "#3a3a3a", 0.18)
FRAMES = Pen("frames", "#9a9a9a", 0.13)
DRAWINGS = "drawings"
# A preview is drawn of at most so many vertices.
MAX_SHEET_VERTICES = 350_000
# Heights of letters in a narrow cell, and of the reason in a crossed box.
MIN_LETTERS_MM, MIN_REASON_MM = 0.3, 0.6


class _Layers(NamedTuple):
    """The layers of a sheet, by their indices."""

    drawings: int
    frames: int
    letters: int


class ContactSheet(Page):
    """A page with many small drawings."""

    captions: list[str] = declare(
        fields.List(
            fields.String(validate=Length(max=MAX_CAPTION_CHARS)), validate=Length(1, MAX_CELLS)
        )
    )
    cell_width: float = mm("Width of the page that the drawings are on", 1, MAX_SIDE_MM)
    cell_height: float = mm("Height of the page that the drawings are on", 1, MAX_SIDE_MM)
    title: str = declare(fields.String(validate=Length(max=MAX_CAPTION_CHARS)), default="")
    columns: int | None = whole("Drawings in a row", 1, MAX_CELLS, default=None)
    pen_width: float = mm(
        "Width of the line that the drawings are drawn with", 0.05, 5, default=0.3
    )
    lettering: bool = flag("Whether there are captions and a title", default=True)

    def layout(self) -> SheetLayout:
        """Return the layout of the sheet.

        Raises:
            InvalidInput: the sheet has no room for the cells.
        """
        width, height = self.width, self.height
        border = min(width, height) / 20 if self.margin is None else self.margin
        room = Rectangle(
            min(border, width / 2),
            min(border, height / 2),
            max(border, width - border),
            max(border, height - border),
        )
        return sheet_layout(
            room,
            len(self.captions),
            (self.cell_width, self.cell_height),
            columns=self.columns,
            captions=self.lettering,
            titled=bool(self.lettering and self.title),
        )

    def draw(
        self,
        svgs: Sequence[Callable[[], bytes]],
        progress: Callable[[int], None] | None = None,
    ) -> Document:
        """Return the page with all drawings, row by row.

        A cell that cannot be drawn is a crossed box with the reason. Drawings are reduced like a
        photograph: their pen is finer, and detail finer than the pen is left out.

        Args:
            svgs: one function for each caption that returns the drawing, called when its cell is
                drawn. What it raises as InvalidInput, NotFound or Conflict is written into the
                cell.
            progress: called with the number of finished cells.

        Raises:
            InvalidInput: the sheet has no room for the cells.
        """
        layout = self.layout()
        title = printable(self.title) if self.title else "contact sheet"
        page = Document(self.width, self.height, title=title)
        finest = max(MIN_PEN_MM, self.pen_width * layout.width / self.cell_width)
        layers = _Layers(
            page.layer(DRAWINGS, Pen(DRAWINGS, "black", finest)),
            page.layer(FRAMES.name, FRAMES),
            page.layer(LETTERS.name, LETTERS),
        )
        most = MAX_SHEET_VERTICES // len(self.captions)
        for position, (caption, svg) in enumerate(zip(self.captions, svgs, strict=True)):
            frame = layout.frame(position)
            _draw_cell(page, layers, svg, frame=frame, most=most, capitals=layout.capitals)
            if self.lettering:
                strip = layout.under(position)
                page.add(_caption(caption, strip, layout.capitals), layers.letters)
            if progress is not None:
                progress(position + 1)
        if layout.head:
            above = Rectangle(layout.left, layout.top - layout.head, layout.right, layout.top)
            page.add(_caption(self.title, above, layout.capitals * 1.5), layers.letters)
        return page


class JobSheet(ContactSheet):
    """A contact sheet of what jobs drew."""

    job_ids: list[str] = declare(
        fields.List(fields.String(validate=Length(1, 128)), validate=Length(1, MAX_CELLS))
    )

    @classmethod
    def mistakes(cls, parsed: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[Any]:
        """Refuse more or fewer captions than there are jobs."""
        yield from super().mistakes(parsed, given)
        counts = {len(parsed[name]) for name in ("captions", "job_ids") if name in parsed}
        if len(counts) > 1:
            yield {"captions": ["Must be as many as there are jobs."]}


def _draw_cell(
    page: Document,
    layers: _Layers,
    svg: Callable[[], bytes],
    *,
    frame: Rectangle,
    most: int,
    capitals: float,
) -> None:
    page.add([_outline(frame)], layers.frames)
    try:
        coordinates, offsets = _reduced(svg(), frame, most)
    except (InvalidInput, NotFound, Conflict) as error:
        _draw_failure(page, layers, frame, str(error), capitals)
    else:
        page.extend(coordinates, offsets, layers.drawings)


def _reduced(svg: bytes, frame: Rectangle, most: int) -> tuple[Floats, NDArray[np.int64]]:
    """Return the coordinates and offsets of an SVG in `frame`, about `most` vertices at most."""
    drawing = read_svg(svg).document
    small = drawing.fitted(frame).clipped(frame).store
    coordinates, offsets, step = small.coordinates, small.offsets, 0.03
    while True:
        thinner = decimated(coordinates, offsets, step)
        # Strokes shorter than a step cannot be thinned further.
        if len(thinner[0]) <= most or step > min(frame.width, frame.height) / 100:
            return thinner
        step *= 2


def decimated(
    coordinates: Floats, offsets: NDArray[np.int64], step: float
) -> tuple[Floats, NDArray[np.int64]]:
    """Return strokes without vertices within `step` mm, along the line, of the one before.

    Args:
        coordinates: array of shape (n, 2) in mm.
        offsets: index of the first vertex of each stroke, and the number of vertices: shape (k +
            1,).
        step: in mm.
    """
    if not len(coordinates):
        return coordinates, offsets
    moves = np.zeros(len(coordinates))
    moves[1:] = np.hypot(*np.diff(coordinates, axis=0).T)
    way = np.cumsum(moves)
    marks = np.floor(way / step)
    kept = np.ones(len(coordinates), dtype=np.bool_)
    kept[1:] = marks[1:] != marks[:-1]
    kept[offsets[:-1]] = kept[offsets[1:] - 1] = True
    counts = np.add.reduceat(kept, offsets[:-1], dtype=np.int64)
    return coordinates[kept], np.concatenate([[0], np.cumsum(counts)])


def _outline(box: Rectangle) -> list[tuple[float, float]]:
    corners = [
        (box.left, box.top),
        (box.right, box.top),
        (box.right, box.bottom),
        (box.left, box.bottom),
    ]
    return [*corners, corners[0]]


def _caption(text: str, below: Rectangle, capitals: float) -> list[Floats]:
    """Return a line of text in a strip, made smaller until it fits."""
    x, y = (below.left + below.right) / 2, below.top + capitals * 0.8
    written = printable(text)
    block = lay_out(written, cap_height=capitals, x=x, y=y, align="center")
    if block.width > below.width:
        block = lay_out(
            written,
            cap_height=max(capitals * below.width / block.width, MIN_LETTERS_MM),
            x=x,
            y=y,
            align="center",
        )
    return block.strokes


def _draw_failure(
    page: Document, layers: _Layers, frame: Rectangle, reason: str, capitals: float
) -> None:
    """Cross out a frame, and write the reason in its middle."""
    aside, down = frame.width * 0.1, frame.height * 0.3
    box = Box(frame.left + aside, frame.top + down, frame.right - aside, frame.bottom - down)
    try:
        block = fitted(
            printable(reason), box, smallest=MIN_REASON_MM, largest=capitals or MIN_CAPITALS_MM
        )
    except InvalidInput:
        block = fitted("not drawn", box, smallest=MIN_LETTERS_MM, largest=MIN_CAPITALS_MM)
    ink = block.box or Box(box.middle, box.top, box.middle, box.top)
    page.add(_cross(frame, (ink.width / 2 + aside / 3, ink.height / 2 + aside / 3)), layers.frames)
    page.add(block.strokes, layers.letters)


def _cross(frame: Rectangle, free: tuple[float, float]) -> list[Floats]:
    """Return the diagonals of a frame outside of `free` mm, across and down, around its middle."""
    middle = np.array([(frame.left + frame.right) / 2, (frame.top + frame.bottom) / 2])
    corners = np.array(_outline(frame)[:4])
    part = 1 - float(
        np.min(np.array(free) / np.maximum(np.abs(middle - corners[0]), MIN_LETTERS_MM))
    )
    return [np.array([corner, corner + (middle - corner) * max(part, 0.0)]) for corner in corners]


def printable(text: str) -> str:
    """Return the printable characters of the first 200 of a text."""
    return (
        "".join(character for character in text[:MAX_CAPTION_CHARS] if character.isprintable())
        or "-"
    )
