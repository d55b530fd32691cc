"""Path data of many short commands, followed number by number.

What comes out is bent to lines later, many paths in one go.

Each row stands for one cubic Bezier curve by its four places. A straight line, and the place where
a stroke begins, is a curve whose places are all the same one: bent to lines it is that place and
nothing else.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from libraries.errors import InvalidInput
from libraries.geometry.arrays import Floats, Integers
from libraries.svg_syntax.curves import MAX_VERTICES, curve_vertices, too_many_vertices
from libraries.svg_syntax.numbers import MAX_NUMBER
from libraries.svg_syntax.path_data import ARGUMENTS, NUMBER, NUMBERS, SPACE

# Arcs are read elsewhere: their flags need no spaces around them.
WITH_NUMBERS = "MmLlHhVvCcSsQqTt"
WELL_FORMED = re.compile(
    rf"{SPACE}[Mm]{NUMBERS.pattern}(?:{SPACE}(?:[Zz]|[{WITH_NUMBERS}]{NUMBERS.pattern}))*+{SPACE}"
)
COMMANDS = re.compile(f"([{WITH_NUMBERS}Zz])([^{WITH_NUMBERS}Zz]*+)")
ROW = 8
# Curves that are bent to lines at once.
BLOCK = 65_536


class Traced(NamedTuple):
    """Traced curves of shape (k, 4, 2), and the index of the first of each stroke: (s,)."""

    curves: Floats
    starts: Integers


def trace(data: str) -> Traced | None:
    """Return the traced path, or None for arcs, long commands and malformed data.

    Moves after which nothing is drawn leave nothing.

    Raises:
        InvalidInput: a number in it is too large.
        InvalidInput: it has more than two million.
    """
    commands = COMMANDS.findall(data)
    # With more characters to a command than this, arrays are faster than one number after the other.
    if len(data) > 400 * len(commands) or WELL_FORMED.fullmatch(data) is None:
        return None
    tracer = _Tracer()
    for letter, text in commands:
        numbers = [float(number) for number in NUMBER.findall(text)]
        if numbers and not -MAX_NUMBER <= min(numbers) <= max(numbers) <= MAX_NUMBER:
            raise InvalidInput(
                f"numbers must lie between -{MAX_NUMBER:.0f} and {MAX_NUMBER:.0f}",
                code="bad-number",
                field="d",
            )
        if len(numbers) % (ARGUMENTS[letter.upper()] or 1):
            return None
        tracer.follow(letter, numbers)
    return tracer.traced()


def bent(traced: Sequence[Traced], tolerances: Sequence[float]) -> list[Floats]:
    """Return the strokes of traced paths as polylines, flattened to their tolerances.

    Raises:
        InvalidInput: it would take too many.
    """
    if not traced:
        return []
    curves = np.concatenate([one.curves for one in traced])
    fine = np.repeat(tolerances, [len(one.curves) for one in traced])
    firsts = np.cumsum([0, *(len(one.curves) for one in traced)])[:-1]
    starts = np.concatenate([one.starts + first for one, first in zip(traced, firsts, strict=True)])
    places, ends, total = [], [np.zeros(1, dtype=np.int64)], 0
    for first in range(0, len(curves), BLOCK):
        vertices, counts = curve_vertices(
            curves[first : first + BLOCK], fine[first : first + BLOCK]
        )
        places.append(vertices)
        ends.append(total + np.cumsum(counts))
        total += len(vertices)
        if total > MAX_VERTICES:
            raise too_many_vertices()
    bounds = np.concatenate(ends)[starts]
    return np.split(np.concatenate([np.zeros((0, 2)), *places]), bounds[1:]) if len(starts) else []


class _Tracer:
    """Follows commands and remembers what they draw."""

    def __init__(self) -> None:
        self._rows = array("d")
        # The number of the row in which each stroke begins.
        self._starts: list[int] = []
        self._x = self._y = self._start_x = self._start_y = 0.0
        # Where the next smooth curve begins to bend to, if the last command was a curve of its
        # kind.
        self._handle_x = self._handle_y = 0.0
        self._last = ""

    def traced(self) -> Traced:
        """Return what was followed; strokes of which only the begin is known are left out."""
        self._forget_lone_begin()
        return Traced(
            np.frombuffer(self._rows).reshape(-1, 4, 2), np.array(self._starts, dtype=np.int64)
        )

    def follow(self, letter: str, numbers: list[float]) -> None:
        """Do one command with all its numbers, of which there are whole sets."""
        kind = letter.upper()
        if kind != "M" and self._last == "Z":
            self._begin()
        _FOLLOW[kind](self, iter(numbers), letter.islower())
        self._last = kind
        if len(self._rows) > MAX_VERTICES * ROW:
            raise too_many_vertices()

    def move(self, numbers: Iterator[float], relative: bool) -> None:
        """Begin a stroke; further places are lines from there."""
        x, y = next(numbers), next(numbers)
        self._x, self._y = (self._x + x, self._y + y) if relative else (x, y)
        self._start_x, self._start_y = self._x, self._y
        self._begin()
        self.line(numbers, relative)

    def line(self, numbers: Iterator[float], relative: bool) -> None:
        """Draw straight lines."""
        for x, y in zip(numbers, numbers, strict=True):
            if relative:
                self._go(self._x + x, self._y + y)
            else:
                self._go(x, y)

    def level(self, numbers: Iterator[float], relative: bool) -> None:
        """Draw along the x axis."""
        for x in numbers:
            self._go(self._x + x if relative else x, self._y)

    def upright(self, numbers: Iterator[float], relative: bool) -> None:
        """Draw along the y axis."""
        for y in numbers:
            self._go(self._x, self._y + y if relative else y)

    def close(self, _: Iterator[float], __: bool) -> None:
        """Draw back to where the stroke began."""
        if self._is_lone_begin() or self._x != self._start_x or self._y != self._start_y:
            self._go(self._start_x, self._start_y)

    def cubic(self, numbers: Iterator[float], relative: bool) -> None:
        """Draw cubic Bezier curves."""
        for a, b, c, d, e, f in zip(*[numbers] * 6, strict=True):
            x, y = (self._x, self._y) if relative else (0.0, 0.0)
            self._bend(x + a, y + b, x + c, y + d, x + e, y + f)

    def smooth_cubic(self, numbers: Iterator[float], relative: bool) -> None:
        """Draw cubic Bezier curves that begin in the direction in which the last one ended."""
        if self._last not in {"C", "S"}:
            self._handle_x, self._handle_y = self._x, self._y
        for c, d, e, f in zip(*[numbers] * 4, strict=True):
            x, y = (self._x, self._y) if relative else (0.0, 0.0)
            ahead_x, ahead_y = 2 * self._x - self._handle_x, 2 * self._y - self._handle_y
            self._bend(ahead_x, ahead_y, x + c, y + d, x + e, y + f)

    def quadratic(self, numbers: Iterator[float], relative: bool) -> None:
        """Draw quadratic Bezier curves."""
        for a, b, c, d in zip(*[numbers] * 4, strict=True):
            x, y = (self._x, self._y) if relative else (0.0, 0.0)
            self._bend_quadratic(x + a, y + b, x + c, y + d)

    def smooth_quadratic(self, numbers: Iterator[float], relative: bool) -> None:
        """Draw quadratic Bezier curves that begin in the direction in which the last one ended."""
        if self._last not in {"Q", "T"}:
            self._handle_x, self._handle_y = self._x, self._y
        for c, d in zip(numbers, numbers, strict=True):
            x, y = (self._x, self._y) if relative else (0.0, 0.0)
            self._bend_quadratic(
                2 * self._x - self._handle_x, 2 * self._y - self._handle_y, x + c, y + d
            )

    def _is_lone_begin(self) -> bool:
        return bool(self._starts) and len(self._rows) == (self._starts[-1] + 1) * ROW

    def _forget_lone_begin(self) -> None:
        if self._is_lone_begin():
            del self._rows[-ROW:], self._starts[-1]

    def _begin(self) -> None:
        self._forget_lone_begin()
        x, y = self._x, self._y
        self._starts.append(len(self._rows) // ROW)
        self._rows.extend((x, y, x, y, x, y, x, y))

    def _go(self, x: float, y: float) -> None:
        self._x, self._y = x, y
        self._rows.extend((x, y, x, y, x, y, x, y))

    def _bend(self, a: float, b: float, c: float, d: float, x: float, y: float) -> None:  # noqa: PLR0917 - three places
        self._rows.extend((self._x, self._y, a, b, c, d, x, y))
        self._handle_x, self._handle_y, self._x, self._y = c, d, x, y

    def _bend_quadratic(self, a: float, b: float, x: float, y: float) -> None:
        here_x, here_y = self._x, self._y
        # The same curve as a cubic one.
        first_x, first_y = here_x + (a - here_x) * 2 / 3, here_y + (b - here_y) * 2 / 3
        self._bend(first_x, first_y, x + (a - x) * 2 / 3, y + (b - y) * 2 / 3, x, y)
        self._handle_x, self._handle_y = a, b


_FOLLOW: Mapping[str, Callable[[_Tracer, Iterator[float], bool], None]] = {
    "M": _Tracer.move,
    "L": _Tracer.line,
    "H": _Tracer.level,
    "V": _Tracer.upright,
    "Z": _Tracer.close,
    "C": _Tracer.cubic,
    "S": _Tracer.smooth_cubic,
    "Q": _Tracer.quadratic,
    "T": _Tracer.smooth_quadratic,
}
