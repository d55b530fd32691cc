"""Layouts of contact sheets: columns and rows of frames with captions."""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial

from libraries.errors import InvalidInput
from libraries.geometry.rectangle import Rectangle

MIN_CELL_MM = 4.0
MIN_CAPITALS_MM, MAX_CAPITALS_MM = 0.9, 3.5
# Heights of the caption strip and the title strip, in heights of a capital.
STRIP_CAPITALS, TITLE_CAPITALS = 2.4, 4.4


@dataclass(frozen=True)
class SheetLayout:
    """Columns, rows and measures of a contact sheet in mm.

    `width` and `height` are those of a frame, `capitals` is the height of capitals, `head` that of
    the strip for the title. `left` and `top` are those of the first frame.
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

    def frame(self, position: int) -> Rectangle:
        """Return the frame of a cell; positions count from 0, row by row."""
        row, column = divmod(position, self.columns)
        left = self.left + column * (self.width + self.gap)
        top = self.top + row * (self.height + self.gap + self.strip)
        return Rectangle(left, top, left + self.width, top + self.height)

    def under(self, position: int) -> Rectangle:
        """Return the caption strip of a cell."""
        frame = self.frame(position)
        return Rectangle(frame.left, frame.bottom, frame.right, frame.bottom + self.strip)

    @property
    def title(self) -> Rectangle:
        """The strip for the title."""
        right = self.left + self.columns * self.width + (self.columns - 1) * self.gap
        return Rectangle(self.left, self.top - self.head, right, self.top)

    @property
    def strip(self) -> float:
        return self.capitals * STRIP_CAPITALS


def sheet_layout(
    room: Rectangle,
    cells: int,
    cell_page: tuple[float, float],
    *,
    columns: int | None = None,
    captions: bool = True,
    titled: bool = True,
) -> SheetLayout:
    """Return the layout of `cells` cells in `room` with the largest frames.

    `cell_page` is the page size of the drawings in mm. The default of `columns` makes the frames
    largest. Raises InvalidInput if the cells would be too small.
    """
    choices = range(1, cells + 1) if columns is None else [min(columns, cells)]
    layout = partial(_layout, room, cells, cell_page, captions=captions, titled=titled)
    best = max(map(layout, choices), key=lambda layout: layout.width)
    if not min(best.width, best.height) > MIN_CELL_MM:
        raise InvalidInput(
            "the cells would be too small on this sheet",
            code="no-room-for-cells",
            field="sheet",
            hint="use a larger paper or fewer cells",
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
    """Return the layout with `columns` columns; gaps and letters depend on it, so it iterates."""
    rows = math.ceil(cells / columns)
    height, gap, capitals, head = room.height / rows, 0.0, 0.0, 0.0
    for _ in range(4):
        gap = min(max(height * 0.06, 1.5), 8.0)
        capitals = min(max(height * 0.035, MIN_CAPITALS_MM), MAX_CAPITALS_MM) if captions else 0.0
        head = capitals * TITLE_CAPITALS if titled else 0.0
        across = (room.width - gap * (columns - 1)) / columns
        down = (room.height - head - gap * (rows - 1)) / rows - capitals * STRIP_CAPITALS
        scale = min(across / cell_page[0], down / cell_page[1])
        height = max(cell_page[1] * scale, 0.0)
    width = max(cell_page[0] * scale, 0.0)
    left = room.left + (room.width - width * columns - gap * (columns - 1)) / 2
    used = head + rows * (height + capitals * STRIP_CAPITALS) + gap * (rows - 1)
    top = room.top + head + max(0.0, (room.height - used) / 2)
    return SheetLayout(columns, rows, width, height, gap, capitals, head, left, top)
