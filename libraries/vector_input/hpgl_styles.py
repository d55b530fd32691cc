"""Pens, line types and letters of HP-GL, after the HP 7475A manual and the HP-GL/2 of PCL 5."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import ClassVar

from libraries.vector_input.hpgl_axes import Numbers


class Pens:
    """The colours of the pens, as plotters of the 1990s number them."""

    COLOURS = (
        "#000000",
        "#ff0000",
        "#008000",
        "#ffcc00",
        "#0000ff",
        "#ff00ff",
        "#00a0c0",
        "#804000",
    )

    @classmethod
    def colour(cls, pen: int) -> str:
        return cls.COLOURS[(pen - 1) % len(cls.COLOURS)]


class LineTypes:
    """The line type that `LT` selects, and the patterns that `UL` defines."""

    # Lengths of dashes and gaps in percent of the pattern; a dash of length 0 is a dot.
    PATTERNS: ClassVar[Mapping[int, tuple[float, ...]]] = {
        1: (0, 100),
        2: (50, 50),
        3: (70, 30),
        4: (80, 10, 0, 10),
        5: (70, 10, 10, 10),
        6: (50, 10, 10, 10, 10, 10),
        7: (70, 10, 0, 10, 0, 10),
        8: (50, 10, 0, 10, 10, 10, 0, 10),
    }
    MAX_DASHES = 20
    # A pattern that is shorter, in mm, is a line.
    MIN_MM = 0.1
    SOLID, DOTS, PREVIOUS = None, 0, 99

    def __init__(self) -> None:
        self._patterns = dict(self.PATTERNS)
        self._kind: int | None = self.SOLID
        self._previous: int | None = self.SOLID
        # In percent of the distance of the scaling points, or in mm.
        self._length, self._is_mm = 4.0, False

    @property
    def has_dots(self) -> bool:
        """Return whether only the ends of moves are drawn, as dots."""
        return self._kind == self.DOTS

    @property
    def is_adaptive(self) -> bool:
        """Return whether patterns would be stretched, so that a line ends with a whole one."""
        return self._kind is not None and self._kind < 0

    def select(self, numbers: Numbers) -> bool:
        """Select a type, with the length of its pattern; return whether it exists."""
        if not numbers:
            self._previous, self._kind = self._kind, self.SOLID
            return True
        kind = int(numbers[0])
        if kind == self.PREVIOUS:
            self._kind = self._previous if self._kind is self.SOLID else self._kind
            return True
        if len(numbers) > 2:  # noqa: PLR2004 - a mode
            self._is_mm = numbers[2] == 1
        if len(numbers) > 1 and numbers[1] > 0:
            self._length = numbers[1]
        is_known = kind == self.DOTS or abs(kind) in self._patterns
        self._kind = kind if is_known else self.SOLID
        return is_known

    def define(self, numbers: Numbers) -> None:
        """Define the pattern of a type, or restore that of one or of all."""
        if not numbers:
            self._patterns = dict(self.PATTERNS)
            return
        kind, lengths = abs(int(numbers[0])), numbers[1 : self.MAX_DASHES + 1]
        if kind in self.PATTERNS and not lengths:
            self._patterns[kind] = self.PATTERNS[kind]
        elif kind in self.PATTERNS and min(lengths) >= 0 < sum(lengths):
            self._patterns[kind] = tuple(100 * one / sum(lengths) for one in lengths)

    def dashes(self, diagonal_mm: float) -> tuple[float, ...]:
        """Return dashes and gaps in mm, none for solid lines; the argument is for lengths in percent."""
        if not self._kind:
            return ()
        length = self._length if self._is_mm else self._length * diagonal_mm / 100
        if length < self.MIN_MM:
            return ()
        pattern = self._patterns[abs(self._kind)]
        # Each pattern begins with a dash.
        even = pattern if len(pattern) % 2 == 0 else (*pattern, 0.0)
        return tuple(part * length / 100 for part in even)


class Letters:
    """The size, direction and place of labels; lengths are units of the plotter."""

    # The letters of A4 have capitals of 2.7 mm and a width of 1.87 mm.
    CAPITAL, WIDTH = 108.0, 75.0
    # Distances of letters and of lines in widths and heights.
    ADVANCE, LINE = 1.5, 2.0

    def __init__(self) -> None:
        self.width, self.height = self.WIDTH, self.CAPITAL
        # Counterclockwise from the x axis, in degrees.
        self.angle = 0.0
        self._origin = 1

    def resize(self, numbers: Numbers, across: float, up: float) -> None:
        """Set the size as products of `across` and `up`, or the default one."""
        least, most = 1.0, 1e6
        width, height = self.WIDTH, self.CAPITAL
        if len(numbers) >= 2:  # noqa: PLR2004 - a size
            width, height = abs(numbers[0] * across), abs(numbers[1] * up)
        self.width, self.height = min(max(width, least), most), min(max(height, least), most)

    def turn(self, numbers: Numbers, across: float = 1.0, up: float = 1.0) -> None:
        """Set the direction by its run and rise, or to the right."""
        run, rise = (numbers[0] * across, numbers[1] * up) if len(numbers) > 1 else (1.0, 0.0)
        self.angle = math.degrees(math.atan2(rise, run))

    def place(self, numbers: Numbers) -> None:
        """Set which point of a label is at the place of the pen, as `LO` numbers them."""
        number = int(numbers[0]) if numbers else 1
        self._origin = number % 10 if 1 <= number % 10 <= 9 and number < 20 else 1  # noqa: PLR2004

    @property
    def anchor(self) -> float:
        """The share of a label that is left of the pen."""
        return (self._origin - 1) // 3 / 2

    @property
    def stretch(self) -> float:
        """The width of letters, compared with that of usual ones of their height."""
        return self.width / self.height * self.CAPITAL / self.WIDTH

    @property
    def drop(self) -> float:
        """The distance of the base line below the pen."""
        return self.height * ((self._origin - 1) % 3) / 2

    def moved(self, letters: float, lines: float) -> tuple[float, float]:
        """Return a move by letters to the right and by lines upwards."""
        along, above = letters * self.ADVANCE * self.width, lines * self.LINE * self.height
        cos, sin = math.cos(math.radians(self.angle)), math.sin(math.radians(self.angle))
        return along * cos - above * sin, along * sin + above * cos
