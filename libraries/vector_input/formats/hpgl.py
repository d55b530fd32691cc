"""HP-GL of pen plotters, after the HP 7475A Interfacing and Programming Manual and HP-GL/2."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from itertools import islice
from typing import ClassVar

import numpy as np

from libraries.geometry.arrays import Floats
from libraries.geometry.transforms import applied, combined, matrix, rotation, scaling
from libraries.svg_reader import Reading
from libraries.svg_reader.appearance import Look
from libraries.svg_reader.items import Area, Clip
from libraries.svg_syntax.curves import MAX_VERTICES, arc_lines, cubic_lines, too_many_vertices
from libraries.vector_input.canvas import Canvas, Sides, filled_look, pen_look, polylines
from libraries.vector_input.catalogue import (
    InputOptions,
    VectorFormat,
    damaged,
    register,
)
from libraries.vector_input.hpgl_axes import Axes, Numbers, Point, centre_of
from libraries.vector_input.hpgl_styles import Letters, LineTypes, Pens
from libraries.vector_input.hpgl_syntax import Encoding, Instructions, Syntax


def matches(head: bytes) -> bool:
    """Return whether a file begins with three known instructions, and one soon moves a pen."""
    text, least = head.decode("latin-1"), 3
    instructions = Instructions(text)
    names = [name for name, _ in islice(instructions, least)]
    return (
        len(names) == least
        and not instructions.junk
        and all(name in _Plotter.ACTIONS or Syntax.SILENT.fullmatch(name) for name in names)
        and Syntax.MOVES.search(text) is not None
    )


def read(data: bytes, options: InputOptions) -> Reading:
    """Return the strokes of HP-GL, whose y points up, with a layer for each pen.

    The page begins at the origin. Labels are written in a font of single strokes.

    Raises:
        InvalidInput: the file has no instructions, or is no HP-GL.
    """
    plotter = _Plotter(options)
    plotter.run(data.decode("latin-1"))
    return plotter.canvas.reading(Sides.around(plotter.canvas), options)


class _Plotter:
    """Interprets instructions; coordinates are in units of the plotter, y up."""

    MAX_JUNK = 100
    MAX_ROWS = 100

    def __init__(self, options: InputOptions) -> None:
        self.canvas = Canvas(scaling(options.hpgl_unit, -options.hpgl_unit), options)
        self._vertices = 0
        self._known = False
        self._reset()

    def _reset(self) -> None:
        self._at: Point = (0.0, 0.0)
        self._is_down = False
        self._is_relative = False
        self._pen: int | None = 1
        self._line: list[Floats] = []
        self._width = 0.3
        self._axes = Axes()
        self._types = LineTypes()
        self._letters = Letters()
        # Where the labels since the last move began.
        self._margin: Floats | None = None
        self._clip: Clip | None = None
        self._polygon: list[list[Floats]] | None = None
        self._last_polygon: list[Floats] = []

    def run(self, text: str) -> None:
        """Interpret all instructions; other bytes are skipped and counted."""
        instructions = Instructions(text)
        for name, parameters in instructions:
            if name == "LB":
                self._label(parameters)
            elif name == "PE":
                self._encoded(parameters)
            else:
                self._instruct(name, parameters)
        self._lift()
        if instructions.junk > self.MAX_JUNK + 0.1 * instructions.known:
            raise damaged("HP-GL", "has too many bytes that are no instructions")
        if not self._known:
            raise damaged("HP-GL", "has no instructions that move a pen")
        if instructions.junk:
            self.canvas.problems.note("junk", 0, places=float(instructions.junk))

    def _instruct(self, name: str, text: str) -> None:
        numbers = [float(one) for one in Syntax.NUMBER.findall(text)] if text else []
        if numbers and not max(map(abs, numbers)) <= Syntax.MAX_NUMBER:
            self.canvas.problems.note("number", 0)
            return
        action = self.ACTIONS.get(name)
        if action is not None:
            action(self, numbers)
        elif not Syntax.SILENT.fullmatch(name) or (name in Syntax.STYLES and text.strip()):
            self.canvas.problems.note_names("instruction", 0, "ignored", [name])

    # Moves

    def _absolute(self, numbers: Numbers, *, is_relative: bool) -> Floats:
        points = np.array(numbers[: len(numbers) // 2 * 2], dtype=np.float64).reshape(-1, 2)
        if is_relative and len(points):
            points = np.cumsum(points, axis=0) + self._at
        return points

    def _go(self, points: Floats) -> None:
        """Move along points in user units, drawing if the pen is down."""
        if not len(points):
            return
        self._known, self._margin = True, None
        if self._polygon is not None:
            self._polygon[-1].append(points)
        elif self._is_down:
            self._draw(points)
        self._at = float(points[-1, 0]), float(points[-1, 1])

    def _draw(self, points: Floats) -> None:
        if not self._line:
            self._line.append(self._axes.placed(np.array([self._at])))
        self._line.append(self._axes.placed(points))
        self._count(len(points))

    def _count(self, vertices: int) -> None:
        self._vertices += vertices
        if self._vertices > MAX_VERTICES:
            raise too_many_vertices()

    def _lift(self) -> None:
        """End the stroke; a pen that is lowered and lifted leaves a dot."""
        if self._line:
            self._add([np.concatenate(self._line)])
        self._line = []

    def _add(self, lines: list[Floats], look: Look | None = None) -> None:
        if self._pen is None:
            self.canvas.problems.note("no-pen", 0, "hidden")
            return
        if look is None and self._types.has_dots:
            lines = [point[None] for line in lines for point in line]
        self.canvas.add(polylines(lines), look or self._look(), f"pen {self._pen}", clip=self._clip)

    def _pen_up(self, numbers: Numbers) -> None:
        if self._polygon is None:
            self._lift()
            self._is_down = False
        self._go(self._absolute(numbers, is_relative=self._is_relative))

    def _pen_down(self, numbers: Numbers) -> None:
        if self._polygon is None:
            self._known = self._is_down = True
            if not self._line:
                self._line.append(self._axes.placed(np.array([self._at])))
        self._go(self._absolute(numbers, is_relative=self._is_relative))

    def _plot_absolute(self, numbers: Numbers) -> None:
        self._is_relative = False
        self._go(self._absolute(numbers, is_relative=False))

    def _plot_relative(self, numbers: Numbers) -> None:
        self._is_relative = True
        self._go(self._absolute(numbers, is_relative=True))

    def _encoded(self, text: str) -> None:
        """Follow moves that are written in few characters."""
        for move in Encoding(text).moves():
            if move.pen is not None:
                self._select([float(move.pen)])
                continue
            x, y = (0.0, 0.0) if move.is_absolute else self._at
            if self._polygon is None and not move.is_down:
                self._lift()
            self._is_down = move.is_down
            self._go(np.array([[x + move.x, y + move.y]]))

    def _select(self, numbers: Numbers) -> None:
        self._lift()
        self._is_down = False
        pen = int(numbers[0]) if numbers else 0
        self._pen = pen if 0 < pen <= 255 else None  # noqa: PLR2004 - a byte

    def _pen_width(self, numbers: Numbers) -> None:
        self._lift()
        width = numbers[0] if numbers else 0.35
        self._width = min(max(width, 0.05), 50.0)

    # Curves

    def _arc(self, centre: Point, angle: float) -> None:
        radius = math.dist(self._at, centre)
        start = math.degrees(math.atan2(self._at[1] - centre[1], self._at[0] - centre[0]))
        angle = min(max(angle, -360.0), 360.0)
        if radius > 0 and angle:
            self._go(self._round(centre, radius, start, start + angle)[1:])

    def _round(self, centre: Point, radius: float, start: float, end: float) -> Floats:
        fine = self._fineness()
        return arc_lines(centre, (radius, radius), start, end, tolerance=fine)

    def _fineness(self) -> float:
        """Return the maximum distance of lines from curves in user units."""
        return self.canvas.tolerance / max(*map(abs, self._axes.factors), 1e-9)

    def _arc_absolute(self, numbers: Numbers) -> None:
        if len(numbers) >= 3:  # noqa: PLR2004 - centre and angle
            self._arc((numbers[0], numbers[1]), numbers[2])

    def _arc_relative(self, numbers: Numbers) -> None:
        if len(numbers) >= 3:  # noqa: PLR2004
            self._arc((self._at[0] + numbers[0], self._at[1] + numbers[1]), numbers[2])

    def _arc_through(self, numbers: Numbers, *, is_relative: bool) -> None:
        """Draw the arc through a point to another one."""
        points = self._absolute(numbers[:4], is_relative=False)
        if len(points) < 2:  # noqa: PLR2004
            return
        middle, end = points + self._at if is_relative else points
        found = centre_of(self._at, middle, end)
        if found is None:
            self._go(np.array([middle, end]))
        else:
            self._arc(*found)

    def _circle(self, numbers: Numbers) -> None:
        if numbers and numbers[0]:
            self._outline(self._round(self._at, abs(numbers[0]), 0.0, 360.0))

    def _bezier(self, numbers: Numbers, *, is_relative: bool) -> None:
        for first in range(0, len(numbers) - 5, 6):
            controls = np.array(numbers[first : first + 6]).reshape(3, 2)
            controls = controls + self._at if is_relative else controls
            curve = np.concatenate([[self._at], controls])[None]
            self._go(cubic_lines(curve, self._fineness()))

    # Outlines, which are drawn whether the pen is down or not

    def _outline(self, points: Floats, look: Look | None = None) -> None:
        self._known = True
        self._count(len(points))
        self._lift()
        if self._polygon is not None:
            self._polygon.append([points])
        else:
            self._add([self._axes.placed(points)], look)

    def _rectangle(self, numbers: Numbers, *, is_relative: bool, fills: bool = False) -> None:
        if len(numbers) < 2:  # noqa: PLR2004 - a corner
            return
        left, bottom = self._at
        right, top = numbers[0], numbers[1]
        if is_relative:
            right, top = right + left, top + bottom
        corners = [(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)]
        self._outline(np.array(corners), self._filled() if fills else None)

    def _wedge(self, numbers: Numbers, *, fills: bool) -> None:
        if len(numbers) >= 3 and numbers[0]:  # noqa: PLR2004 - radius and angles
            sweep = min(max(numbers[2], -360.0), 360.0)
            start = numbers[1] + (180 if numbers[0] < 0 else 0)
            arc = self._round(self._at, abs(numbers[0]), start, start + sweep)
            around = np.concatenate([[self._at], arc, [self._at]])
            self._outline(around, self._filled() if fills else None)

    def _filled(self) -> Look:
        return filled_look(Pens.colour(self._pen or 1), self._width)

    def _polygon_mode(self, numbers: Numbers) -> None:
        mode = int(numbers[0]) if numbers else 0
        if mode == 0 and self._polygon is None:
            self._lift()
            self._polygon = [[np.array([self._at])]]
        elif mode == 1 and self._polygon is not None:
            self._polygon.append([])
        elif mode == 2 and self._polygon is not None:  # noqa: PLR2004
            self._last_polygon = list(self._closed())
            self._polygon = None

    def _closed(self) -> Iterator[Floats]:
        for parts in self._polygon or ():
            least = 3
            points = np.concatenate([np.zeros((0, 2)), *parts])
            if len(points) >= least:
                self._count(len(points))
                yield self._axes.placed(np.concatenate([points, points[:1]]))

    def _draw_polygon(self, *, fills: bool) -> None:
        if self._last_polygon:
            self._count(sum(map(len, self._last_polygon)))
            self._add(self._last_polygon, self._filled() if fills else None)

    # Places

    def _initialise(self, _: Numbers) -> None:
        self._lift()
        self._reset()

    def _default(self, _: Numbers) -> None:
        self._lift()
        at, pen, is_down = self._at, self._pen, self._is_down
        self._reset()
        self._at, self._pen, self._is_down = at, pen, is_down

    def _set_axes(self, numbers: Numbers, change: Callable[[Numbers], object]) -> None:
        """Change the axes; the pen stays where it is."""
        self._lift()
        here = self._axes.scaled(np.array([self._at]))[0]
        if change(numbers) is False:
            self.canvas.problems.note("number", 0)
        self._at = self._axes.in_user_units(here)

    def _window(self, numbers: Numbers) -> None:
        """Cut what follows at a rectangle."""
        self._lift()
        self._clip = None
        if len(numbers) >= 4:  # noqa: PLR2004 - two corners
            left, bottom, right, top = numbers[:4]
            corners = [(left, bottom), (right, bottom), (right, top), (left, top), (left, bottom)]
            area = applied(self.canvas.to_mm, self._axes.placed(np.array(corners)))
            self._clip = Clip("window", 0, [Area([area])])

    # Styles

    def _line_type(self, numbers: Numbers) -> None:
        self._lift()
        if not self._types.select(numbers) or self._types.is_adaptive:
            self.canvas.problems.note("line-type", 0, "approximated")

    def _look(self) -> Look:
        diagonal = math.hypot(*self._axes.spans) * float(self.canvas.to_mm[0, 0])
        return pen_look(Pens.colour(self._pen or 1), self._width, self._types.dashes(diagonal))

    def _resize_letters(self, numbers: Numbers, *, is_relative: bool) -> None:
        # Centimetres, or percentages of the distances of the scaling points.
        centimetre = 10 / float(self.canvas.to_mm[0, 0])
        across, up = self._axes.spans if is_relative else (100 * centimetre, 100 * centimetre)
        self._letters.resize(numbers, across / 100, up / 100)

    def _move_letters(self, numbers: Numbers) -> None:
        """Move the pen by letters and lines."""
        self._lift()
        here = self._axes.scaled(np.array([self._at]))[0]
        if len(numbers) > 1:
            here = here + self._letters.moved(numbers[0], numbers[1])
        else:
            # The next line begins where the labels began.
            here = self._margin = (
                here if self._margin is None else self._margin
            ) + self._letters.moved(0, -1)
        self._at = self._axes.in_user_units(here)

    def _label(self, text: str) -> None:
        if self._pen is None:
            self.canvas.problems.note("no-pen", 0, "hidden")
            return
        self._known = True
        self._lift()
        letters, unit = self._letters, float(self.canvas.to_mm[0, 0])
        start = self._axes.scaled(np.array([self._at]))[0]
        self._margin = start if self._margin is None else self._margin
        rows = text.replace("\r", "").split("\n")
        for number, row in enumerate(rows[: self.MAX_ROWS]):
            below = number + letters.drop / (letters.LINE * letters.height)
            x, y = self._axes.turned(np.array([start + letters.moved(0, -below)]))[0] * (
                unit,
                -unit,
            )
            to_mm = combined(
                matrix(1, 0, 0, 1, float(x), float(y)),
                rotation(-letters.angle - 90 * self._axes.turn),
                scaling(letters.height * letters.stretch * unit, letters.height * unit),
            )
            look = pen_look(Pens.colour(self._pen), self._width)
            self.canvas.write(
                row, to_mm, look, f"pen {self._pen}", clip=self._clip, anchor=letters.anchor
            )
        # Letters that follow without a move go on at the end.
        along = len(rows[-1]) if letters.anchor == 0 else 0
        end = start + letters.moved(along, 1 - len(rows))
        self._at = self._axes.in_user_units(end)

    ACTIONS: ClassVar[Mapping[str, Callable[[_Plotter, Numbers], None]]] = {
        "PU": _pen_up,
        "PD": _pen_down,
        "PA": _plot_absolute,
        "PR": _plot_relative,
        "SP": _select,
        "PW": _pen_width,
        "AA": _arc_absolute,
        "AR": _arc_relative,
        "AT": lambda self, numbers: self._arc_through(numbers, is_relative=False),
        "RT": lambda self, numbers: self._arc_through(numbers, is_relative=True),
        "CI": _circle,
        "BZ": lambda self, numbers: self._bezier(numbers, is_relative=False),
        "BR": lambda self, numbers: self._bezier(numbers, is_relative=True),
        "EA": lambda self, numbers: self._rectangle(numbers, is_relative=False),
        "ER": lambda self, numbers: self._rectangle(numbers, is_relative=True),
        "RA": lambda self, numbers: self._rectangle(numbers, is_relative=False, fills=True),
        "RR": lambda self, numbers: self._rectangle(numbers, is_relative=True, fills=True),
        "EW": lambda self, numbers: self._wedge(numbers, fills=False),
        "WG": lambda self, numbers: self._wedge(numbers, fills=True),
        "PM": _polygon_mode,
        "EP": lambda self, _: self._draw_polygon(fills=False),
        "FP": lambda self, _: self._draw_polygon(fills=True),
        "IN": _initialise,
        "DF": _default,
        "IP": lambda self, numbers: self._set_axes(numbers, self._axes.input_corners),
        "IR": lambda self, numbers: self._set_axes(numbers, self._axes.input_relative),
        "SC": lambda self, numbers: self._set_axes(numbers, self._axes.set_user_units),
        "RO": lambda self, numbers: self._set_axes(numbers, self._axes.rotate),
        "IW": _window,
        "LT": _line_type,
        "UL": lambda self, numbers: self._types.define(numbers),
        "SI": lambda self, numbers: self._resize_letters(numbers, is_relative=False),
        "SR": lambda self, numbers: self._resize_letters(numbers, is_relative=True),
        "DI": lambda self, numbers: self._letters.turn(numbers),
        "DR": lambda self, numbers: self._letters.turn(numbers, *self._axes.spans),
        "LO": lambda self, numbers: self._letters.place(numbers),
        "CP": _move_letters,
    }


register(
    "hpgl",
    VectorFormat(
        title="HP-GL",
        suffixes=(".hpgl", ".plt", ".hpg", ".hgl"),
        media_types=("application/vnd.hp-hpgl",),
        matches=matches,
        read=read,
        named=True,
    ),
)
