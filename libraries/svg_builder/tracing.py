"""Path data of many short commands, followed number by number. What comes out is bent to lines later, many paths in one go.

Each row stands for one cubic Bezier curve by its four places. A straight line, and the place where a stroke begins, is a curve
whose places are all the same one: bent to lines it is that place and nothing else.
"""

from __future__ import annotations

import re
from array import array
from collections.abc import Callable, Iterator, Mapping
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from libraries.svg_builder.curves import MOST_VERTICES, TooManyVertices, cubic_lines
from libraries.svg_builder.numbers import LARGEST, BadNumber
from libraries.svg_builder.path_data import ARGUMENTS, NUMBER, NUMBERS, SPACE

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

# Arcs have flags without spaces around them, and are read elsewhere.
LETTERS = "MmLlHhVvCcSsQqTtZz"
WELL_FORMED = re.compile(rf"{SPACE}[Mm](?:(?:(?<=[Zz])|{NUMBERS.pattern}){SPACE}(?:[{LETTERS}]|\Z))*+", re.ASCII)
COMMANDS = re.compile(f"([{LETTERS}])([^{LETTERS}]*+)")
# With more characters to a command than this, arrays are faster than one number after the other.
LONG_COMMAND = 400
ROW = 8
# Curves that are bent to lines at once.
BLOCK = 65_536


class Traced(NamedTuple):
    """What was followed: curves of shape (k, 4, 2) that are drawn one after the other, and the first of each stroke: (s,)."""

    curves: Floats
    starts: Integers


def trace(data: str) -> Traced | None:
    """Return what path data draws, None if it has to be read with arrays: it has arcs, long commands, or is not well-formed.

    Moves after which nothing is drawn leave nothing.

    Raises:
        BadNumber: a number in it is too large.
        TooManyVertices: it has more than two million.
    """
    commands = COMMANDS.findall(data)
    if len(data) > LONG_COMMAND * max(len(commands), 1) or not is_well_formed(data):
        return None
    tracer = _Tracer()
    for letter, text in commands:
        numbers = [float(number) for number in NUMBER.findall(text)]
        if len(numbers) % (ARGUMENTS[letter.upper()] or 1):
            return None
        if numbers and not -LARGEST <= min(numbers) <= max(numbers) <= LARGEST:
            raise BadNumber(f"numbers must lie between -{LARGEST:.0f} and {LARGEST:.0f}", field="d")
        tracer.follow(letter, numbers)
    return tracer.traced()


def is_well_formed(data: str) -> bool:
    """Tell whether path data is made of commands with numbers behind them, begins with a move, and has no arcs."""
    found = WELL_FORMED.fullmatch(data)
    return found is not None


def bent(curves: Floats, tolerances: Floats) -> tuple[Floats, Integers]:
    """Return the vertices that stand for curves, and how many each has.

    Args:
        curves: array of shape (k, 4, 2), as in `Traced`.
        tolerances: how far a line may stay from each curve, in the unit of the curves: shape (k,).

    Raises:
        TooManyVertices: it would take too many.
    """
    vertices, counts, total = [np.zeros((0, 2))], [np.zeros(0, dtype=np.int64)], 0
    for first in range(0, len(curves), BLOCK):
        places, each = cubic_lines(curves[first : first + BLOCK], tolerances[first : first + BLOCK])
        total += len(places)
        if total > MOST_VERTICES:
            raise TooManyVertices
        vertices.append(places)
        counts.append(each)
    return np.concatenate(vertices), np.concatenate(counts)
