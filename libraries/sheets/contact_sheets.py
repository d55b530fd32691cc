"""Contact sheets: many small drawings on one page, each in a frame with a caption."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np
from marshmallow import fields
from marshmallow.validate import Length
from numpy.typing import NDArray

from libraries.errors import Conflict, InvalidInput, NotFound
from libraries.fields import BoundedList, declare, flag, mm, whole
from libraries.geometry.area import MAX_SIDE_MM
from libraries.geometry.document import Document
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.strokes import Pen
from libraries.lettering import Box, fitted, lay_out
from libraries.sheets.elements.base import corners_of, middle_of
from libraries.sheets.page import Page
from libraries.sheets.planned import optimize_flag
from libraries.sheets.sheet_layout import MIN_CAPITALS_MM, SheetLayout, sheet_layout
from libraries.svg_reader import read_svg
from libraries.svg_syntax.outlines import closed

Floats = NDArray[np.float64]

MAX_CELLS = 100
MAX_CAPTION_CHARS = 200
LETTERS = Pen("lettering", "#3a3a3a", 0.18)
FRAMES = Pen("frames", "#9a9a9a", 0.13)
# Minimum heights of captions, and of the reason in a crossed box.
MIN_LETTERS_MM, MIN_REASON_MM = 0.3, 0.6


class ContactSheet(Page):
    """A page with many small drawings."""

    captions: list[str] = declare(
        BoundedList(
            fields.String(validate=Length(max=MAX_CAPTION_CHARS)), validate=Length(1, MAX_CELLS)
        )
    )
    cell_width: float = mm("Width of the page of the drawings", 1, MAX_SIDE_MM)
    cell_height: float = mm("Height of the page of the drawings", 1, MAX_SIDE_MM)
    title: str = declare(fields.String(validate=Length(max=MAX_CAPTION_CHARS)), default="")
    columns: int | None = whole("Drawings in a row", 1, MAX_CELLS, default=None)
    pen_width: float = mm("Pen width of the drawings", 0.05, 5, default=0.3)
    lettering: bool = flag("Whether to draw captions and a title", default=True)
    optimize: bool = optimize_flag()

    def layout(self) -> SheetLayout:
        """Return the layout; raise InvalidInput if the cells would be too small."""
        width, height = self.width, self.height
        border = min(width, height) / 20 if self.margin is None else self.margin
        left, top = min(border, width / 2), min(border, height / 2)
        room = Rectangle(left, top, max(border, width - border), max(border, height - border))
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

        Drawings are reduced in size, and detail finer than the pen is removed. A cell that cannot
        be drawn is a crossed box with the reason.

        Args:
            svgs: for each caption a function that returns the drawing. Its InvalidInput, NotFound
                and Conflict become the reason in the cell.
            progress: called with the number of finished cells.

        Raises:
            InvalidInput: the cells would be too small.
        """
        layout = self.layout()
        sheet = _Drawing(self, layout)
        for position, (caption, svg) in enumerate(zip(self.captions, svgs, strict=True)):
            sheet.add_cell(svg, layout.frame(position))
            if self.lettering:
                sheet.write(caption, layout.under(position), layout.capitals)
            if progress is not None:
                progress(position + 1)
        if layout.head:
            sheet.write(self.title, layout.title, layout.capitals * 1.5)
        return sheet.page


class JobSheet(ContactSheet):
    """A contact sheet of the drawings of jobs."""

    job_ids: list[str] = declare(
        BoundedList(fields.String(validate=Length(1, 128)), validate=Length(1, MAX_CELLS))
    )

    @classmethod
    def mistakes(cls, parsed: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[Any]:
        yield from super().mistakes(parsed, given)
        counts = {len(parsed[name]) for name in ("captions", "job_ids") if name in parsed}
        if len(counts) > 1:
            yield {"captions": ["Must have one caption for each job."]}


class _Drawing:
    """The page of a contact sheet while its cells are added."""

    # Limit for rendering the preview.
    MAX_SHEET_VERTICES = 350_000

    DRAWINGS = "drawings"

    # Lower limit of the scaled pen width.
    MIN_PEN_MM = 0.08

    def __init__(self, sheet: ContactSheet, layout: SheetLayout) -> None:
        title = printable(sheet.title) if sheet.title else "contact sheet"
        self.page = Document(sheet.width, sheet.height, title=title)
        width = max(self.MIN_PEN_MM, sheet.pen_width * layout.width / sheet.cell_width)
        pens = (Pen(self.DRAWINGS, "black", width), FRAMES, LETTERS)
        self.drawings, self.frames, self.letters = (self.page.layer(pen.name, pen) for pen in pens)
        self.capitals = layout.capitals
        self.max_vertices = self.MAX_SHEET_VERTICES // len(sheet.captions)

    def add_cell(self, svg: Callable[[], bytes], frame: Rectangle) -> None:
        self.page.add([closed(corners_of(frame))], self.frames)
        try:
            coordinates, offsets = _reduced(svg(), frame, self.max_vertices)
        except (InvalidInput, NotFound, Conflict) as error:
            self._cross_out(frame, str(error))
        else:
            self.page.extend(coordinates, offsets, self.drawings)

    def write(self, text: str, strip: Rectangle, capitals: float) -> None:
        """Write a line of text, reduced in size until it fits the strip."""
        x, y = (strip.left + strip.right) / 2, strip.top + capitals * 0.8
        line = partial(lay_out, printable(text), x=x, y=y, align="center")
        block = line(cap_height=capitals)
        if block.width > strip.width:
            block = line(cap_height=max(capitals * strip.width / block.width, MIN_LETTERS_MM))
        self.page.add(block.strokes, self.letters)

    def _cross_out(self, frame: Rectangle, reason: str) -> None:
        """Cross out a frame and write the reason in its middle."""
        inset, down = frame.width * 0.1, frame.height * 0.3
        box = Box(frame.left + inset, frame.top + down, frame.right - inset, frame.bottom - down)
        largest = self.capitals or MIN_CAPITALS_MM
        try:
            block = fitted(printable(reason), box, smallest=MIN_REASON_MM, largest=largest)
        except InvalidInput:
            block = fitted("not drawn", box, smallest=MIN_LETTERS_MM, largest=MIN_CAPITALS_MM)
        ink = block.box or Box(box.middle, box.top, box.middle, box.top)
        free = ink.width / 2 + inset / 3, ink.height / 2 + inset / 3
        self.page.add(_cross(frame, free), self.frames)
        self.page.add(block.strokes, self.letters)


def _reduced(svg: bytes, frame: Rectangle, max_vertices: int) -> tuple[Floats, NDArray[np.int64]]:
    """Return coordinates and offsets of an SVG in `frame`, of about `max_vertices` at most."""
    drawing = read_svg(svg).document
    small = drawing.fitted(frame).clipped(frame).store
    coordinates, offsets, step = small.coordinates, small.offsets, 0.03
    while True:
        fewer = decimated(coordinates, offsets, step)
        # Strokes shorter than a step cannot be reduced further.
        if len(fewer[0]) <= max_vertices or step > min(frame.width, frame.height) / 100:
            return fewer
        step *= 2


def decimated(
    coordinates: Floats, offsets: NDArray[np.int64], step: float
) -> tuple[Floats, NDArray[np.int64]]:
    """Return strokes without vertices less than `step` mm after the previous one.

    `coordinates` has the shape (n, 2) in mm. `offsets` are the indices of the first vertices and
    the number of vertices, of shape (k + 1,).
    """
    if not len(coordinates):
        return coordinates, offsets
    moves = np.zeros(len(coordinates))
    moves[1:] = np.hypot(*np.diff(coordinates, axis=0).T)
    distance = np.cumsum(moves)
    intervals = np.floor(distance / step)
    kept = np.ones(len(coordinates), dtype=np.bool_)
    kept[1:] = intervals[1:] != intervals[:-1]
    kept[offsets[:-1]] = kept[offsets[1:] - 1] = True
    counts = np.add.reduceat(kept, offsets[:-1], dtype=np.int64)
    return coordinates[kept], np.concatenate([[0], np.cumsum(counts)])


def _cross(frame: Rectangle, free: tuple[float, float]) -> list[Floats]:
    """Return the diagonals of a frame, except for a middle of `free` mm across and down."""
    middle = np.array(middle_of(frame))
    corners = corners_of(frame)
    halves = np.maximum(np.abs(middle - corners[0]), MIN_LETTERS_MM)
    part = max(1 - float(np.min(np.array(free) / halves)), 0.0)
    return [np.array([corner, corner + (middle - corner) * part]) for corner in corners]


def printable(text: str) -> str:
    """Return the first 200 characters of a text without unprintable ones."""
    return "".join(filter(str.isprintable, text[:MAX_CAPTION_CHARS])) or "-"
