"""G-code of drawing machines, lasers and mills, after NIST RS274."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping
from typing import ClassVar, NamedTuple

import numpy as np

from libraries.errors import InvalidInput
from libraries.geometry.arrays import Floats
from libraries.geometry.transforms import scaling
from libraries.svg_reader import Reading
from libraries.svg_syntax.curves import MAX_VERTICES, arc_lines, too_many_vertices
from libraries.vector_input.canvas import Canvas, Sides, pen_look, polylines
from libraries.vector_input.catalogue import (
    InputOptions,
    VectorFormat,
    damaged,
    register,
)

Point = tuple[float, float]


class _Syntax:
    """Words of a letter and a number, and comments."""

    COMMENT = re.compile(r"\([^()]*+\)|;.*+")
    WORD = re.compile(r"([A-Za-z])\s*([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+))")
    # A move with a coordinate, and lines that may be G-code.
    MOVE = re.compile(
        r"^\s*(?:N[0-9]+\s*)?G\s*0?[0-3]\b[^;(\n]*[XY]\s*[-+.0-9]", re.MULTILINE | re.IGNORECASE
    )
    LINE = re.compile(
        r"\s*(?:$|[;(%/]|(?:[GMNXYZFSTIJKRPEDHLOABCUVQ]\s*[-+.0-9]|[A-Z_0-9]+(?:\s|$)))",
        re.IGNORECASE,
    )
    # Commands of Klipper: a pause, and the angle of a servo.
    KLIPPER = re.compile(
        r"\s*(?:PAUSE\s*\Z|SET_SERVO\s.*?\bANGLE=(?P<angle>-?[0-9]{1,4}(?:\.[0-9]{1,6})?))",
        re.IGNORECASE,
    )
    MAX_LINE_CHARS = 1000
    MAX_NUMBER = 1e8


def matches(head: bytes) -> bool:
    """Return whether a file begins with lines of G-code, one of them a move."""
    if b"\0" in head:
        return False
    text = head.decode("latin-1")
    lines = text.splitlines()[:-1] or [text]
    return _Syntax.MOVE.search(text) is not None and sum(
        _Syntax.LINE.match(line) is not None for line in lines
    ) >= 0.9 * len(lines)


def read(data: bytes, options: InputOptions) -> Reading:
    """Return the strokes of G-code, whose y points up, with a layer for each tool or pause.

    Whether the pen is down follows from the heights Z, else from the spindle, laser or servo, else
    from rapid moves. The page begins at the origin.

    Raises:
        InvalidInput: the file has no moves.
    """
    canvas = Canvas(scaling(1.0, -1.0), options)
    machine = _Machine(canvas)
    machine.run(data.decode("utf-8", "replace"))
    if not any(len(move.points) for move in machine.moves):
        raise damaged("G-code", "has no moves")
    _draw(machine.moves, canvas)
    return canvas.reading(Sides.around(canvas), options)


class _Move(NamedTuple):
    """A move to the last of `points`, which are mm; `level` is the power or angle of the pen.

    Without points, only the height or the level changes.
    """

    points: Floats
    is_rapid: bool
    height: float
    level: float
    tool: int
    line: int


class _Machine:
    """Follows the state of a machine: units, modes, tool, height and power."""

    INCH = 25.4
    # Commands that change nothing that is drawn.
    SILENT = re.compile(
        r"G(?:4|10|17|18|19|21\.1|28\.1|29|38\.2|40|43|49|5[0-9]|61|64|80|9[01]\.1|9[3-5]|98|99)"
        r"|M(?:2|7|8|9|17|18|30|4[128]|49|52|73|8[234]|10[459]|11[04579]|140|190|20[1-5]|22[01]|400|50[0-3]|851)"
    )

    # The members that modes set.
    MODES: ClassVar[Mapping[str, tuple[str, object]]] = {
        "G20": ("_unit", INCH),
        "G21": ("_unit", 1.0),
        "G90": ("_is_relative", False),
        "G91": ("_is_relative", True),
        "G17": ("_in_plane", True),
        "G18": ("_in_plane", False),
        "G19": ("_in_plane", False),
        "G90.1": ("_centre_is_absolute", True),
        "G91.1": ("_centre_is_absolute", False),
    }

    def __init__(self, canvas: Canvas) -> None:
        self.moves: list[_Move] = []
        self._canvas = canvas
        self._vertices = 0
        self._at: Point = (0.0, 0.0)
        self._shift: Point = (0.0, 0.0)
        self._height = 0.0
        self._unit = 1.0
        self._is_relative = False
        self._centre_is_absolute = False
        self._motion = 0.0
        self._in_plane = True
        self._is_on = False
        self._power = 0.0
        self._servo: float | None = None
        self._tool = 1
        self._has_drawn = False

    def run(self, text: str) -> None:
        """Follow all lines; comments are skipped."""
        for number, line in enumerate(text.splitlines(), 1):
            if len(line) > _Syntax.MAX_LINE_CHARS:
                self._canvas.problems.note("line-length", number)
                continue
            code = _Syntax.COMMENT.sub("", line)
            if named := _Syntax.KLIPPER.match(code):
                self._obey(named["angle"], number)
                continue
            words = [(letter.upper(), float(value)) for letter, value in _Syntax.WORD.findall(code)]
            if words and max(abs(value) for _, value in words) <= _Syntax.MAX_NUMBER:
                self._follow(words, number)
            elif words:
                self._canvas.problems.note("number", number)

    def _follow(self, words: list[tuple[str, float]], number: int) -> None:
        values = {letter: value for letter, value in words if letter not in "GM"}
        codes = [f"{letter}{value:g}" for letter, value in words if letter in "GM"]
        if "T" in values and 0 <= values["T"] <= 255:  # noqa: PLR2004 - a byte
            self._tool = int(values["T"])
        if not any(code in {"G92", "G28", "G4", "M280"} for code in codes):
            self._power = values.get("S", self._power)
        for code in codes:
            self._command(code, values, number)
        if not any(code in {"G92", "G28", "G30", "G4", "G10"} for code in codes):
            self._move(values, number)

    def _command(self, code: str, values: Mapping[str, float], number: int) -> None:
        if code in {"G0", "G1", "G2", "G3"}:
            self._motion = float(code[1:])
        elif code in {"M3", "M4", "M5", "M106", "M107"}:
            self._is_on = code not in {"M5", "M107"}
        elif code == "M280":
            self._servo = values.get("S", self._servo)
        elif code in {"M0", "M1", "M6"}:
            self._change(values)
        elif code in {"G92", "G28", "G30"}:
            self._relocate(code, values)
        elif code in self.MODES:
            name, value = self.MODES[code]
            setattr(self, name, value)
        elif not self.SILENT.fullmatch(code):
            self._canvas.problems.note_names("command", number, "ignored", [code])

    def _obey(self, angle: str | None, number: int) -> None:
        """Set the angle of the servo; without one it is a pause."""
        if angle is None:
            self._change({})
        else:
            self._servo = float(angle)
            self._record(np.zeros((0, 2)), number)

    def _change(self, values: Mapping[str, float]) -> None:
        """Take the next pen at a pause, unless the line names a tool or nothing was drawn."""
        if "T" not in values and self._has_drawn:
            self._tool = min(self._tool + 1, 255)
        self._has_drawn = False

    def _relocate(self, code: str, values: Mapping[str, float]) -> None:
        """Give the place new coordinates (G92), or move to the home position."""
        if code == "G92":
            x, y = self._at
            new_x = values["X"] * self._unit if "X" in values else x - self._shift[0]
            new_y = values["Y"] * self._unit if "Y" in values else y - self._shift[1]
            self._shift = (x - new_x, y - new_y)
            self._height = values.get("Z", self._height / self._unit) * self._unit
        elif not values or "X" in values or "Y" in values:
            self._at = (0.0, 0.0)

    def _move(self, values: Mapping[str, float], number: int) -> None:
        if "Z" in values:
            height = values["Z"] * self._unit
            self._height = self._height + height if self._is_relative else height
        has_arc = self._motion > 1 and {"I", "J"} & {*values}
        if "X" not in values and "Y" not in values and not has_arc:
            self._record(np.zeros((0, 2)), number)
            return
        base = self._at if self._is_relative else self._shift
        end = tuple(
            base[axis] + values[letter] * self._unit if letter in values else self._at[axis]
            for axis, letter in enumerate("XY")
        )
        try:
            points = self._points((end[0], end[1]), values)
        except (ValueError, InvalidInput) as error:
            if isinstance(error, InvalidInput):
                raise
            self._canvas.problems.note("arc", number, "replaced")
            points = np.array([end], dtype=np.float64)
        self._vertices += len(points)
        if self._vertices > MAX_VERTICES:
            raise too_many_vertices()
        self._record(points, number)
        self._at = float(points[-1, 0]), float(points[-1, 1])

    def _record(self, points: Floats, number: int) -> None:
        level = self._servo if self._servo is not None else self._power if self._is_on else 0.0
        is_rapid = self._motion == 0 and len(points) > 0
        if not len(points) and self.moves:
            last = self.moves[-1]
            if (last.height, last.level) == (self._height, level):
                return
        self.moves.append(_Move(points, is_rapid, self._height, level, self._tool, number))
        self._has_drawn = self._has_drawn or (len(points) > 0 and not is_rapid)

    def _points(self, end: Point, values: Mapping[str, float]) -> Floats:
        """Return the places of a move without its start; raise ValueError for an arc without a centre."""
        if self._motion < 2 or not self._in_plane:  # noqa: PLR2004 - a straight line
            if self._motion >= 2:  # noqa: PLR2004
                raise ValueError(self._motion)
            return np.array([end], dtype=np.float64)
        is_clockwise = self._motion == 2  # noqa: PLR2004
        centre = self._centre(end, values, is_clockwise=is_clockwise)
        radius = math.dist(self._at, centre)
        if not radius or abs(math.dist(end, centre) - radius) > max(0.5, 0.02 * radius):
            raise ValueError(end)
        first = math.degrees(math.atan2(self._at[1] - centre[1], self._at[0] - centre[0]))
        last = math.degrees(math.atan2(end[1] - centre[1], end[0] - centre[0]))
        turn = -((first - last) % 360) if is_clockwise else (last - first) % 360
        # The same end is a whole circle.
        near = 1e-6
        if math.dist(self._at, end) < near:
            turn = -360.0 if is_clockwise else 360.0
        arc = arc_lines(
            centre, (radius, radius), first, first + turn, tolerance=self._canvas.tolerance
        )
        arc[-1] = end
        return arc[1:]

    def _centre(self, end: Point, values: Mapping[str, float], *, is_clockwise: bool) -> Point:
        x, y = self._at
        if "R" in values:
            radius = values["R"] * self._unit
            across, up = end[0] - x, end[1] - y
            chord = math.hypot(across, up)
            if not chord or not radius:
                raise ValueError(radius)
            off = math.sqrt(max(radius**2 - chord**2 / 4, 0.0))
            side = -off if is_clockwise == (radius > 0) else off
            return (x + end[0]) / 2 - up / chord * side, (y + end[1]) / 2 + across / chord * side
        if "I" not in values and "J" not in values:
            raise ValueError(end)
        i, j = values.get("I", 0.0) * self._unit, values.get("J", 0.0) * self._unit
        if self._centre_is_absolute:
            return (i + self._shift[0], j + self._shift[1])
        return x + i, y + j


def _draw(moves: list[_Move], canvas: Canvas) -> None:
    """Draw the moves with the pen down; strokes are joined where one begins at the end of another."""
    lines: list[Floats] = []
    at = np.zeros((1, 2))
    down = _lowered(moves)
    before: _Move | None = None
    for move, is_down in zip(moves, down, strict=True):
        if lines and (not is_down or before is None or move.tool != before.tool):
            _add(lines, before, canvas)
            lines = []
        if is_down:
            lines += [move.points] if lines else [at, move.points]
            before = move
        at = move.points[-1:] if len(move.points) else at
    if lines:
        _add(lines, before, canvas)


def _add(lines: list[Floats], move: _Move | None, canvas: Canvas) -> None:
    if move is not None:
        stroke = np.concatenate(lines)
        look = pen_look(_Tools.COLOURS[(move.tool - 1) % len(_Tools.COLOURS)])
        canvas.add(polylines([stroke]), look, f"pen {move.tool}", line=move.line)


class _Tools:
    """The colours of tools, which G-code does not have."""

    COLOURS = (
        "#000000",
        "#d01c1f",
        "#1a5fb4",
        "#26a269",
        "#e5a50a",
        "#813d9c",
        "#986a44",
        "#5e5c64",
    )


def _lowered(moves: list[_Move]) -> Iterator[bool]:
    """Yield for each move whether the pen is down."""
    drawn = [move for move in moves if len(move.points)]
    heights = {round(move.height, 4) for move in drawn}
    levels = {move.level for move in drawn}
    has_feed = any(not move.is_rapid for move in drawn)
    if len(heights) > 1:
        low = _down_values([(round(one.height, 4), one.is_rapid) for one in drawn], lower=True)
        return (round(move.height, 4) in low for move in moves)
    if len(levels) > 1:
        on = _down_values([(move.level, move.is_rapid) for move in drawn], lower=False)
        # A laser is off in rapid moves.
        return (move.level in on and not (move.is_rapid and has_feed) for move in moves)
    return (not move.is_rapid and len(move.points) > 0 for move in moves)


def _down_values(moves: list[tuple[float, bool]], *, lower: bool) -> set[float]:
    """Return the heights or levels of the pen at which most moves are not rapid.

    If rapid moves do not distinguish them, those of the lower or upper half are returned.
    """
    rapid: dict[float, int] = {}
    feed: dict[float, int] = {}
    for value, is_rapid in moves:
        found = rapid if is_rapid else feed
        found[value] = found.get(value, 0) + 1
    values = {*rapid, *feed}
    down = {value for value in values if feed.get(value, 0) > rapid.get(value, 0)}
    if down and down != values:
        return down
    middle = (min(values) + max(values)) / 2
    return {value for value in values if (value < middle) == lower}


register(
    "gcode",
    VectorFormat(
        title="G-code",
        suffixes=(".gcode", ".nc", ".ngc", ".gco", ".tap"),
        media_types=("text/x-gcode", "text/x.gcode"),
        matches=matches,
        read=read,
        named=True,
    ),
)
