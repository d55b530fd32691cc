"""Path data of many short commands, converted number by number and flattened later.

Each row is a cubic Bezier curve of four points. A line, or the start of a stroke, is a curve of
four equal points, which is flattened to one vertex.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

import numpy as np

from libraries.geometry.arrays import Floats, Integers
from libraries.svg_syntax.curves import MAX_VERTICES, curve_vertices, too_many_vertices
from libraries.svg_syntax.numbers import MAX_NUMBER
from libraries.svg_syntax.path_data import ARGUMENTS, NUMBER, NUMBERS, SPACE, number_out_of_range

# Arcs are not traced, because their flags need no separators.
WITH_NUMBERS = "MmLlHhVvCcSsQqTt"
WELL_FORMED = re.compile(
    rf"{SPACE}[Mm]{NUMBERS.pattern}(?:{SPACE}(?:[Zz]|[{WITH_NUMBERS}]{NUMBERS.pattern}))*+{SPACE}"
)
COMMANDS = re.compile(f"([{WITH_NUMBERS}Zz])([^{WITH_NUMBERS}Zz]*+)")
ROW = 8
# Curves per block.
BLOCK = 65_536


class Traced(NamedTuple):
    """Curves of shape (k, 4, 2), and the index of the first curve of each stroke."""

    curves: Floats
    starts: Integers


def trace(data: str, largest: float = MAX_NUMBER) -> Traced | None:
    """Return the curves of a path, or None for arcs, long commands and malformed data.

    Raises:
        InvalidInput: a number is too large, or there are too many curves.
    """
    commands = COMMANDS.findall(data)
    # Arrays are faster for long commands.
    if len(data) > 400 * len(commands) or WELL_FORMED.fullmatch(data) is None:
        return None
    tracer = _Tracer()
    for letter, text in commands:
        numbers = [float(number) for number in NUMBER.findall(text)]
        if numbers and not -largest <= min(numbers) <= max(numbers) <= largest:
            raise number_out_of_range()
        if len(numbers) % (ARGUMENTS[letter.upper()] or 1):
            return None
        tracer.follow(letter, numbers)
    return tracer.traced()


def flattened_paths(traced: Sequence[Traced], tolerances: Sequence[float]) -> list[Floats]:
    """Return the strokes of traced paths as polylines, flattened to their tolerances.

    Raises:
        InvalidInput: there are too many vertices.
    """
    if not traced:
        return []
    curves = np.concatenate([one.curves for one in traced])
    fine = np.repeat(tolerances, [len(one.curves) for one in traced])
    firsts = np.cumsum([0, *(len(one.curves) for one in traced)])[:-1]
    starts = np.concatenate([one.starts + first for one, first in zip(traced, firsts, strict=True)])
    points, ends, total = [], [np.zeros(1, dtype=np.int64)], 0
    for first in range(0, len(curves), BLOCK):
        vertices, counts = curve_vertices(
            curves[first : first + BLOCK], fine[first : first + BLOCK]
        )
        points.append(vertices)
        ends.append(total + np.cumsum(counts))
        total += len(vertices)
        if total > MAX_VERTICES:
            raise too_many_vertices()
    bounds = np.concatenate(ends)[starts]
    return np.split(np.concatenate([np.zeros((0, 2)), *points]), bounds[1:]) if len(starts) else []


class _Tracer:
    """Follows commands and stores their curves."""

    def __init__(self) -> None:
        self._rows = array("d")
        # The first row of each stroke.
        self._starts: list[int] = []
        self._x = self._y = self._start_x = self._start_y = 0.0
        # The last control point, for smooth curves.
        self._handle_x = self._handle_y = 0.0
        self._last = ""

    def traced(self) -> Traced:
        """Return the curves; subpaths of a single move are dropped."""
        self._drop_single_move()
        return Traced(
            np.frombuffer(self._rows).reshape(-1, 4, 2), np.array(self._starts, dtype=np.int64)
        )

    def follow(self, letter: str, numbers: list[float]) -> None:
        kind = letter.upper()
        if kind != "M" and self._last == "Z":
            self._begin()
        _FOLLOW[kind](self, iter(numbers), letter.islower())
        self._last = kind
        if len(self._rows) > MAX_VERTICES * ROW:
            raise too_many_vertices()

    def move(self, numbers: Iterator[float], relative: bool) -> None:
        """Begin a subpath; further points are lines from there."""
        x, y = next(numbers), next(numbers)
        self._x, self._y = (self._x + x, self._y + y) if relative else (x, y)
        self._start_x, self._start_y = self._x, self._y
        self._begin()
        self.line(numbers, relative)

    def line(self, numbers: Iterator[float], relative: bool) -> None:
        for x, y in zip(numbers, numbers, strict=True):
            if relative:
                self._go(self._x + x, self._y + y)
            else:
                self._go(x, y)

    def level(self, numbers: Iterator[float], relative: bool) -> None:
        for x in numbers:
            self._go(self._x + x if relative else x, self._y)

    def upright(self, numbers: Iterator[float], relative: bool) -> None:
        for y in numbers:
            self._go(self._x, self._y + y if relative else y)

    def close(self, _: Iterator[float], __: bool) -> None:
        if self._is_single_move() or self._x != self._start_x or self._y != self._start_y:
            self._go(self._start_x, self._start_y)

    def cubic(self, numbers: Iterator[float], relative: bool) -> None:
        for a, b, c, d, e, f in zip(*[numbers] * 6, strict=True):
            x, y = (self._x, self._y) if relative else (0.0, 0.0)
            self._bend(x + a, y + b, x + c, y + d, x + e, y + f)

    def smooth_cubic(self, numbers: Iterator[float], relative: bool) -> None:
        if self._last not in {"C", "S"}:
            self._handle_x, self._handle_y = self._x, self._y
        for c, d, e, f in zip(*[numbers] * 4, strict=True):
            x, y = (self._x, self._y) if relative else (0.0, 0.0)
            ahead_x, ahead_y = 2 * self._x - self._handle_x, 2 * self._y - self._handle_y
            self._bend(ahead_x, ahead_y, x + c, y + d, x + e, y + f)

    def quadratic(self, numbers: Iterator[float], relative: bool) -> None:
        for a, b, c, d in zip(*[numbers] * 4, strict=True):
            x, y = (self._x, self._y) if relative else (0.0, 0.0)
            self._bend_quadratic(x + a, y + b, x + c, y + d)

    def smooth_quadratic(self, numbers: Iterator[float], relative: bool) -> None:
        if self._last not in {"Q", "T"}:
            self._handle_x, self._handle_y = self._x, self._y
        for c, d in zip(numbers, numbers, strict=True):
            x, y = (self._x, self._y) if relative else (0.0, 0.0)
            self._bend_quadratic(
                2 * self._x - self._handle_x, 2 * self._y - self._handle_y, x + c, y + d
            )

    def _is_single_move(self) -> bool:
        return bool(self._starts) and len(self._rows) == (self._starts[-1] + 1) * ROW

    def _drop_single_move(self) -> None:
        if self._is_single_move():
            del self._rows[-ROW:], self._starts[-1]

    def _begin(self) -> None:
        self._drop_single_move()
        x, y = self._x, self._y
        self._starts.append(len(self._rows) // ROW)
        self._rows.extend((x, y, x, y, x, y, x, y))

    def _go(self, x: float, y: float) -> None:
        self._x, self._y = x, y
        self._rows.extend((x, y, x, y, x, y, x, y))

    def _bend(self, a: float, b: float, c: float, d: float, x: float, y: float) -> None:  # noqa: PLR0917 - three points
        self._rows.extend((self._x, self._y, a, b, c, d, x, y))
        self._handle_x, self._handle_y, self._x, self._y = c, d, x, y

    def _bend_quadratic(self, a: float, b: float, x: float, y: float) -> None:
        here_x, here_y = self._x, self._y
        # Degree elevation to a cubic curve.
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
