"""Lines, curves and texts of a file, which pass the same stages as those of an SVG."""

from __future__ import annotations

from array import array
from collections.abc import Sequence

import numpy as np

from libraries.geometry.arrays import Floats
from libraries.geometry.document import MAX_LAYER_NAME_CHARS, Document
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.strokes import MAX_COORDINATE_MM
from libraries.geometry.transforms import Matrix, applied, magnification, translation
from libraries.lettering import MAX_TEXT_CHARS, check_text, stroke_font
from libraries.lettering.layout import in_strokes, missing_from, set_line
from libraries.svg_reader.appearance import Look
from libraries.svg_reader.gathering import Gathering
from libraries.svg_reader.items import Clip, Item
from libraries.svg_reader.problems import Problems
from libraries.svg_reader.reading import Reading, for_enlargement, reading_of
from libraries.svg_reader.shapes import Shape
from libraries.svg_syntax.curves import FLATNESS, MAX_VERTICES, too_many_vertices
from libraries.svg_syntax.layer_codes import LayerCodes
from libraries.svg_syntax.tracing import Traced
from libraries.vector_input.catalogue import InputOptions
from libraries.work import Work

Point = tuple[float, float]


class PathBuilder:
    """Collects the segments of a path in the units of the file."""

    def __init__(self) -> None:
        # Curves of four points each; a start or a line is a curve of four equal points.
        self._rows = array("d")
        self._starts: list[int] = []
        self._at: Point = (0.0, 0.0)
        self._start: Point = (0.0, 0.0)
        self._is_open = False

    def move(self, x: float, y: float) -> None:
        """Begin a stroke; one without a segment is dropped."""
        self._at = self._start = (x, y)
        self._is_open = False

    def line(self, x: float, y: float) -> None:
        self._begin()
        self._add(x, y, x, y, x, y, x, y)

    def curve(self, first: Point, second: Point, end: Point) -> None:
        """Add a cubic Bezier curve with two control points."""
        self._begin()
        self._add(*self._at, *first, *second, *end)

    def close(self) -> None:
        if self._is_open and self._at != self._start:
            self.line(*self._start)
        self._at = self._start
        self._is_open = False

    def shape(self, tolerance: float) -> Shape:
        """Return the path; `tolerance` is the maximum distance from curves in its units."""
        curves = np.frombuffer(self._rows).reshape(-1, 4, 2) if self._rows else np.zeros((0, 4, 2))
        return Shape((), Traced(curves, np.array(self._starts, dtype=np.int64)), tolerance)

    def _begin(self) -> None:
        if not self._is_open:
            self._starts.append(len(self._rows) // 8)
            self._is_open = True
            x, y = self._at
            self._add(x, y, x, y, x, y, x, y)

    def _add(self, *numbers: float) -> None:
        self._rows.extend(numbers)
        self._at = numbers[6], numbers[7]
        if len(self._rows) > 8 * MAX_VERTICES:
            raise too_many_vertices()


class Canvas:
    """Collects the items of a file; `to_mm` transforms its units to mm with y down."""

    MAX_ITEMS = 500_000
    MAX_TEXTS = 20_000

    def __init__(self, to_mm: Matrix, options: InputOptions) -> None:
        self.problems = Problems()
        self.to_mm = to_mm
        # Limits the precision of what is scaled down.
        self.tolerance = options.flatness / max(magnification(to_mm), 1e-9)
        self._layer_codes = options.layer_codes
        self._items: list[Item] = []
        self._texts = 0
        most = MAX_COORDINATE_MM
        self._gathering = Gathering(Rectangle(-most, -most, most, most), self._report_far)

    def add(
        self,
        shape: Shape,
        look: Look,
        layer: str | None = None,
        *,
        line: int = 0,
        clip: Clip | None = None,
        edge: bool = True,
        to_mm: Matrix | None = None,
    ) -> None:
        """Add a shape as an item, in its own units; widths and dashes of `look` are in mm.

        Args:
            shape: the lines or curves.
            look: its colours and width.
            layer: name of its layer, if the file has layers.
            line: its line in the file, or 0.
            clip: the area outside of which it is hidden, in mm.
            edge: false for texts.
            to_mm: its own transform to mm, if it is not that of the file.

        Raises:
            InvalidInput: there are too many vertices or items.
        """
        if not len(shape):
            return
        if self._layer_codes and layer is not None and LayerCodes.of(layer).is_hidden:
            self.problems.note_names("layer", line, "hidden", [layer])
            return
        if not look.drawn:
            self.problems.note("invisible", line, "hidden")
            return
        if len(self._items) >= self.MAX_ITEMS:
            raise too_many_vertices()
        if shape.traced is not None and self._is_far(shape.traced.curves, shape.tolerance):
            self.problems.note("far", line)
            return
        self._items.append(Item(look, layer, clip, 1.0, line, edge))
        self._gathering.add(shape, self.to_mm if to_mm is None else to_mm, len(self._items) - 1)

    def write(
        self,
        text: str,
        to_mm: Matrix,
        look: Look,
        layer: str | None = None,
        *,
        line: int = 0,
        clip: Clip | None = None,
        anchor: float = 0.0,
    ) -> None:
        """Add a text with capitals of height 1, y down, whose base line is at the origin of `to_mm`.

        `anchor` is the share of the width that is left of the origin.
        """
        self._texts += 1
        text = " ".join("".join(one if one.isprintable() else " " for one in text).split())
        if not text:
            return
        if len(text) > MAX_TEXT_CHARS or self._texts > self.MAX_TEXTS:
            self.problems.note("text", line)
            return
        face = stroke_font()
        row = set_line(check_text(text), face)
        self.problems.note("text", line, "replaced")
        if missing := missing_from(row.written, face):
            self.problems.note_names("glyphs", line, "replaced", missing)
        if not any(glyph.strokes for glyph in row.glyphs):
            return
        points = np.concatenate([glyph.points for glyph in row.glyphs])
        points[:, 0] += np.repeat(row.pens, [len(glyph.points) for glyph in row.glyphs])
        points[:, 1] -= face.base_line
        points[:, 0] -= anchor * (float(row.pens[-1]) + row.glyphs[-1].advance)
        lines = in_strokes(points / face.cap_height, row.glyphs)
        shape = Shape([one for one in lines if len(one)])
        self.add(shape, look, layer, line=line, clip=clip, edge=False, to_mm=to_mm)

    def ink(self) -> Rectangle | None:
        """Return the bounding box of all lines in mm, or None without any."""
        self._gathering.finish()
        points = self._gathering.store.coordinates
        return Rectangle.around(points) if len(points) else None

    def reading(self, page: Rectangle, options: InputOptions) -> Reading:
        """Return what is visible on a page, whose upper left corner becomes the origin."""
        self._gathering.finish()
        store = self._gathering.store
        document = Document(page.width, page.height)
        if page.left or page.top:
            move = translation(-page.left, -page.top)
            moved = applied(move, store.coordinates)
            for clip in {id(one.clip): one.clip for one in self._items if one.clip}.values():
                clip.areas = [
                    area._replace(lines=[applied(move, line) for line in area.lines])
                    for area in clip.areas
                ]
            offsets, layers = store.offsets, store.layers
            store = type(store)()
            store.extend(moved, offsets, layers)
        return reading_of(
            document,
            store,
            self._items,
            options=for_enlargement(options, options.enlargement(document.page)),
            problems=self.problems,
            work=Work(Work.IN_JOBS),
        )

    @staticmethod
    def _is_far(curves: Floats, tolerance: float) -> bool:
        """Return whether curves are too large to be flattened; far lines are cut later."""
        most = MAX_COORDINATE_MM * tolerance / FLATNESS
        bent = (curves[:, 1:] != curves[:, :1]).any()
        # NaN fails this comparison.
        return bool(bent) and not float(np.abs(curves).max()) <= most

    def _report_far(self, items: list[int]) -> None:
        for item in items:
            self.problems.note("far", self._items[item].line, "cropped")


class Sides:
    """The page of files that have none."""

    # The side of a page with a single straight line.
    LEAST_MM = 1.0

    @staticmethod
    def around(canvas: Canvas, stated: Rectangle | None = None) -> Rectangle:
        """Return the `stated` page in mm if all lines are on it, else their bounding box.

        Lines right of and above the origin are on a page whose lower left corner is the origin.
        """
        ink = canvas.ink()
        if ink is None:
            return stated or Rectangle(0, -Sides.LEAST_MM, Sides.LEAST_MM, 0)
        room = 0.01
        if stated is not None and (
            stated.left - room <= ink.left
            and stated.top - room <= ink.top
            and ink.right <= stated.right + room
            and ink.bottom <= stated.bottom + room
        ):
            return stated
        is_near = ink.left <= 2 * (ink.width + 100) and -ink.bottom <= 2 * (ink.height + 100)
        left, bottom = ink.left, ink.bottom
        if stated is None and left >= 0 and bottom <= 0 and is_near:
            left, bottom = 0.0, 0.0
        least = Sides.LEAST_MM
        return Rectangle(left, min(ink.top, bottom - least), max(ink.right, left + least), bottom)


def layer_name(name: str) -> str | None:
    """Return the name of a layer without characters that a drawing cannot store, or None."""
    kept = "".join(one if one.isprintable() else " " for one in name)
    return " ".join(kept.split())[:MAX_LAYER_NAME_CHARS] or None


def polylines(lines: Sequence[Floats]) -> Shape:
    """Return lines of shape (n, 2) as a shape."""
    return Shape(lines)


def pen_look(colour: str, width_mm: float = 0.3, dashes: tuple[float, ...] = ()) -> Look:
    """Return the look of strokes with round ends."""
    return Look(stroke=colour, fill="none", width=width_mm, cap="round", dashes=dashes)


def filled_look(colour: str, width_mm: float = 0.3) -> Look:
    """Return the look of a fill that hides nothing below it, drawn with a pen of a width."""
    return Look(stroke="none", fill=colour, fill_alpha=0.5, width=width_mm)
