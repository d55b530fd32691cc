"""Contact sheets: many drawings on one page, small, each in a frame with a caption under it."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from marshmallow import Schema, ValidationError, fields, validates_schema
from marshmallow.validate import Length, Range
from numpy.typing import NDArray

from libraries.errors import Conflict, InvalidInput, NotFound
from libraries.fields import WholeNumber, load_fields, millimetres
from libraries.geometry.area import MAX_SIDE_MM
from libraries.geometry.document import Document
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.strokes import Pen
from libraries.lettering import Box, TextDoesNotFit, fitted, lay_out
from libraries.svg_reader import read_svg

Floats = NDArray[np.float64]

# Shares of the height of a cell, and limits in mm.
GAP, NARROWEST_GAP, WIDEST_GAP = 0.06, 1.5, 8.0
CAPITALS, SMALLEST_CAPITALS, LARGEST_CAPITALS = 0.035, 0.9, 3.5
# Heights of a capital: from the frame down to the caption's strip, and from the margin to the title.
STRIP, HEADING = 2.4, 4.4
TITLE_SCALE = 1.5
# A cell may be reduced far; a pen cannot be finer than this, in mm.
FINEST_PEN = 0.08
LETTERS = Pen("lettering", "#3a3a3a", 0.18)
FRAMES = Pen("frames", "#9a9a9a", 0.13)
DRAWINGS = "drawings"
# Vertices nearer to each other than this on the sheet, in mm, are one; more of them where the sheet would have more than a
# preview is drawn of.
FINEST_STEP = 0.03
MOST_SHEET_VERTICES = 350_000
MOST_CELLS = 100
SMALLEST_CELL = 4.0
# The least height of letters, in mm: of a caption in a narrow cell, and of the reason in a crossed box.
SMALLEST, SMALLEST_REASON = 0.3, 0.6
LONGEST_WORDS = 200
# What keeps a cell from being drawn, and is said in it.
SAID = (InvalidInput, NotFound, Conflict)


class NoRoomForCells(InvalidInput):
    """Raised when a sheet has no room for as many cells as it is to have, of a size that can be seen."""

    code = "no-room-for-cells"


@dataclass(frozen=True)
class Cell:
    """One drawing of a contact sheet: what is written under it, and where its SVG comes from.

    `svg` is called once, when the cell is drawn; an InvalidInput, NotFound or Conflict that it raises is written into the cell.
    """

    caption: str
    svg: Callable[[], bytes]


@dataclass(frozen=True)
class SheetLayout:
    """Where cells lie on a page: columns and rows, the size of a cell's frame, the gap between cells, the height of a capital.

    Lengths are mm. `head` is the height of the strip above all, `left` and `top` are those of the first frame.
    """

    columns: int
    rows: int
    width: float
    height: float
    gap: float
    capitals: float
    head: float
    left: float
    top: float

    def frame(self, place: int) -> Rectangle:
        """Return the frame of the cell with that number, from 0, row by row."""
        row, column = divmod(place, self.columns)
        left = self.left + column * (self.width + self.gap)
        top = self.top + row * (self.height + self.gap + self.strip)
        return Rectangle(left, top, left + self.width, top + self.height)

    def under(self, place: int) -> Rectangle:
        """Return the strip under the frame of the cell with that number."""
        frame = self.frame(place)
        return Rectangle(frame.left, frame.bottom, frame.right, frame.bottom + self.strip)

    @property
    def right(self) -> float:
        """Return where the last column ends."""
        return self.left + self.columns * self.width + (self.columns - 1) * self.gap

    @property
    def strip(self) -> float:
        """Return the height of the strip under a frame that its caption has."""
        return self.capitals * STRIP


class _Layers(NamedTuple):
    """The layers of a sheet, by their indices."""

    drawings: int
    frames: int
    letters: int


class SheetSchema(Schema):
    """A contact sheet as a task is told of it."""

    job_ids = fields.List(
        fields.String(validate=Length(1, 128)), required=True, validate=Length(1, MOST_CELLS)
    )
    captions = fields.List(
        fields.String(validate=Length(max=LONGEST_WORDS)),
        required=True,
        validate=Length(1, MOST_CELLS),
    )
    width = millimetres("Width of the sheet", least=1, most=MAX_SIDE_MM, required=True)
    height = millimetres("Height of the sheet", least=1, most=MAX_SIDE_MM, required=True)
    cell_width = millimetres(
        "Width of the page that the drawings are on", least=1, most=MAX_SIDE_MM, required=True
    )
    cell_height = millimetres(
        "Height of the page that the drawings are on", least=1, most=MAX_SIDE_MM, required=True
    )
    title = fields.String(load_default="", validate=Length(max=LONGEST_WORDS))
    columns = WholeNumber(load_default=None, allow_none=True, validate=Range(1, MOST_CELLS))
    margin = millimetres(
        "Empty border of the sheet",
        least=0,
        most=MAX_SIDE_MM // 2,
        load_default=None,
        allow_none=True,
    )
    pen_width = millimetres(
        "Width of the line that the drawings are drawn with", least=0.05, most=5, load_default=0.3
    )
    lettering = fields.Boolean(load_default=True)

    @validates_schema
    def check_captions(self, data: Mapping[str, Any], **_: Any) -> None:
        """Refuse more or fewer captions than there are jobs."""
        if len(data["captions"]) != len(data["job_ids"]):
            raise ValidationError("Must be as many as there are jobs.", "captions")


def load_sheet(**given: Any) -> dict[str, Any]:
    """Return a contact sheet as `SheetSchema` loads it.

    Raises:
        InvalidFields: one or more fields are bad.
    """
    return load_fields(SheetSchema(), given)


def check_sheet(sheet: Mapping[str, Any], cells: int) -> SheetLayout:
    """Return how a contact sheet of so many `cells` is laid out; `sheet` is as `load_sheet` gives it, or has its measures.

    Raises:
        NoRoomForCells: the sheet has no room for them.
    """
    width, height = sheet["width"], sheet["height"]
    border = min(width, height) / 20 if sheet["margin"] is None else sheet["margin"]
    room = Rectangle(
        min(border, width / 2),
        min(border, height / 2),
        max(border, width - border),
        max(border, height - border),
    )
    return sheet_layout(
        room,
        cells,
        (sheet["cell_width"], sheet["cell_height"]),
        columns=sheet["columns"],
        captions=sheet["lettering"],
        titled=bool(sheet["lettering"] and sheet["title"]),
    )


def contact_sheet(
    sheet: Mapping[str, Any], cells: Sequence[Cell], watch: Callable[[int], None] | None = None
) -> Document:
    """Return a page with all `cells` on it, row by row.

    A cell that cannot be drawn is a crossed box with the reason in it. Drawings are reduced as a photograph would be: their pen
    is finer by as much, and detail finer than the pen is left out.

    Args:
        sheet: what `load_sheet` gave.
        cells: the drawings.
        watch: called with the number of cells that are done, after each.

    Raises:
        NoRoomForCells: the sheet has no room for them.
    """
    layout = check_sheet(sheet, len(cells))
    page = Document(
        sheet["width"],
        sheet["height"],
        title=printable(sheet["title"]) if sheet["title"] else "contact sheet",
    )
    finest = max(FINEST_PEN, sheet["pen_width"] * layout.width / sheet["cell_width"])
    layers = _Layers(
        page.layer(DRAWINGS, Pen(DRAWINGS, "black", finest)),
        page.layer(FRAMES.name, FRAMES),
        page.layer(LETTERS.name, LETTERS),
    )
    for place, cell in enumerate(cells):
        most = MOST_SHEET_VERTICES // len(cells)
        _draw_cell(
            page, layers, cell, frame=layout.frame(place), most=most, capitals=layout.capitals
        )
        if sheet["lettering"]:
            page.add(_caption(cell.caption, layout.under(place), layout.capitals), layers.letters)
        if watch is not None:
            watch(place + 1)
    if layout.head:
        above = Rectangle(layout.left, layout.top - layout.head, layout.right, layout.top)
        page.add(_caption(sheet["title"], above, layout.capitals * TITLE_SCALE), layers.letters)
    return page


def _draw_cell(
    page: Document, layers: _Layers, cell: Cell, *, frame: Rectangle, most: int, capitals: float
) -> None:
    page.add([_outline(frame)], layers.frames)
    try:
        coordinates, offsets = _reduced(cell.svg(), frame, most)
    except SAID as error:
        _draw_failure(page, layers, frame, str(error), capitals)
    else:
        page.extend(coordinates, offsets, layers.drawings)


def sheet_layout(
    room: Rectangle,
    cells: int,
    cell_page: tuple[float, float],
    *,
    columns: int | None = None,
    captions: bool = True,
    titled: bool = True,
) -> SheetLayout:
    """Return the layout of so many `cells` in `room`, all of it used as well as it can be.

    Args:
        room: what the cells, their captions and the title have, in mm.
        cells: how many there are.
        cell_page: width and height of a drawing's page in mm.
        columns: cells in a row; as it makes them largest, if not given.
        captions: whether there is a strip for a caption under each cell.
        titled: whether there is a strip for a title above all.

    Raises:
        NoRoomForCells: there is no room for cells of a size that can be seen.
    """
    choices = range(1, cells + 1) if columns is None else [min(columns, cells)]
    layouts = [
        _layout(room, cells, cell_page, wide, captions=captions, titled=titled) for wide in choices
    ]
    best = max(layouts, key=lambda layout: layout.width)
    if not min(best.width, best.height) > SMALLEST_CELL:
        raise NoRoomForCells(
            "the sheet has no room for that many cells",
            field="sheet",
            hint="take a larger paper or fewer cells",
        )
    return best


def _layout(
    room: Rectangle,
    cells: int,
    cell_page: tuple[float, float],
    columns: int,
    *,
    captions: bool,
    titled: bool,
) -> SheetLayout:
    """Return the layout with that many columns; gaps and letters follow from the height of a cell, so twice is near enough."""
    rows = math.ceil(cells / columns)
    height, gap, capitals, head = room.height / rows, 0.0, 0.0, 0.0
    for _ in range(4):
        gap = min(max(height * GAP, NARROWEST_GAP), WIDEST_GAP)
        capitals = (
            min(max(height * CAPITALS, SMALLEST_CAPITALS), LARGEST_CAPITALS) if captions else 0.0
        )
        head = capitals * HEADING if titled else 0.0
        across = (room.width - gap * (columns - 1)) / columns
        down = (room.height - head - gap * (rows - 1)) / rows - capitals * STRIP
        scale = min(across / cell_page[0], down / cell_page[1])
        height = max(cell_page[1] * scale, 0.0)
    width = max(cell_page[0] * scale, 0.0)
    left = room.left + (room.width - width * columns - gap * (columns - 1)) / 2
    used = head + rows * (height + capitals * STRIP) + gap * (rows - 1)
    top = room.top + head + max(0.0, (room.height - used) / 2)
    return SheetLayout(columns, rows, width, height, gap, capitals, head, left, top)


def _reduced(svg: bytes, frame: Rectangle, most: int) -> tuple[Floats, NDArray[np.int64]]:
    """Return the strokes of an SVG brought into `frame`, at most about `most` vertices, as coordinates and offsets."""
    drawing = read_svg(svg).document
    small = drawing.fitted(frame).clipped(frame).store
    coordinates, offsets, step = small.coordinates, small.offsets, FINEST_STEP
    while True:
        thinner = thinned(coordinates, offsets, step)
        # Strokes that are each no longer than a step cannot be thinned further; then it is as it is.
        if len(thinner[0]) <= most or step > min(frame.width, frame.height) / 100:
            return thinner
        step *= 2


def thinned(
    coordinates: Floats, offsets: NDArray[np.int64], step: float
) -> tuple[Floats, NDArray[np.int64]]:
    """Return strokes without the vertices that lie within `step` mm, along the line, of the one before; ends stay.

    Args:
        coordinates: array of shape (n, 2) in mm.
        offsets: where each stroke begins, and the end: shape (k + 1,).
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
    """Return a line of text in the strip under a frame, made smaller until it fits."""
    x, y = (below.left + below.right) / 2, below.top + capitals * 0.8
    written = printable(text)
    block = lay_out(written, cap_height=capitals, x=x, y=y, align="center")
    if block.width > below.width:
        block = lay_out(
            written,
            cap_height=max(capitals * below.width / block.width, SMALLEST),
            x=x,
            y=y,
            align="center",
        )
    return block.strokes


def _draw_failure(
    page: Document, layers: _Layers, frame: Rectangle, reason: str, capitals: float
) -> None:
    """Cross a frame out, and say in its middle why."""
    aside, down = frame.width * 0.1, frame.height * 0.3
    box = Box(frame.left + aside, frame.top + down, frame.right - aside, frame.bottom - down)
    try:
        block = fitted(
            printable(reason), box, smallest=SMALLEST_REASON, largest=capitals or SMALLEST_CAPITALS
        )
    except TextDoesNotFit:
        block = fitted("not drawn", box, smallest=SMALLEST, largest=SMALLEST_CAPITALS)
    ink = block.box or Box(box.middle, box.top, box.middle, box.top)
    page.add(_cross(frame, (ink.width / 2 + aside / 3, ink.height / 2 + aside / 3)), layers.frames)
    page.add(block.strokes, layers.letters)


def _cross(frame: Rectangle, free: tuple[float, float]) -> list[Floats]:
    """Return the diagonals of a frame, but for what lies within `free` mm, across and down, of its middle."""
    middle = np.array([(frame.left + frame.right) / 2, (frame.top + frame.bottom) / 2])
    corners = np.array(_outline(frame)[:4])
    part = 1 - float(np.min(np.array(free) / np.maximum(np.abs(middle - corners[0]), SMALLEST)))
    return [np.array([corner, corner + (middle - corner) * max(part, 0.0)]) for corner in corners]


def printable(text: str) -> str:
    """Return what of a text can be written, at most 200 characters of it."""
    return (
        "".join(character for character in text[:LONGEST_WORDS] if character.isprintable()) or "-"
    )
