"""Path data by the grammar of SVG 1.1, section 8.3."""

from __future__ import annotations

import re
from collections.abc import Iterator

import numpy as np
import orjson

from libraries.errors import InvalidInput
from libraries.geometry.arrays import Floats
from libraries.svg_syntax.numbers import MAX_NUMBER, written

MAX_DATA_CHARS = 1_000_000
# Possessive quantifiers prevent backtracking, so that no input makes matching slow.
SPACE = r"[ \t\n\r\f]*+"
SEPARATOR = f"{SPACE}(?:,{SPACE})?+"
COMMAND = re.compile(f"{SPACE}([MmLlHhVvCcSsQqTtAaZz])")
END = re.compile(rf"{SPACE}\Z")
PLAIN_NUMBER = r"[+-]?(?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?+"
NUMBER = re.compile(PLAIN_NUMBER)
NUMBERS = re.compile(f"{SPACE}{PLAIN_NUMBER}(?:{SEPARATOR}{PLAIN_NUMBER})*+")
FIRST = re.compile(f"{SPACE}({PLAIN_NUMBER})")
NEXT = re.compile(f"{SEPARATOR}({PLAIN_NUMBER})")
# The flags of an arc are single digits without a separator after them.
FLAG = re.compile(f"{SEPARATOR}([01])")
ARGUMENTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7, "Z": 0}


class _Polylines:
    """Forms of paths of straight lines."""

    PAIR = f"{SPACE}{PLAIN_NUMBER}{SEPARATOR}{PLAIN_NUMBER}"
    ABSOLUTE = re.compile(f"M{PAIR}(?:(?:{SPACE}L|{SEPARATOR}){PAIR})++{SPACE}[Zz]?+")
    RELATIVE = re.compile(
        f"(?:m{PAIR}|M{PAIR}{SPACE}l{PAIR})(?:(?:{SPACE}l|{SEPARATOR}){PAIR})*+{SPACE}[Zz]?+"
    )
    # The first move is within this number of characters.
    MAX_MOVE_CHARS = 200


def polyline_points(data: str) -> Floats | None:
    """Return the vertices of a path of one move and lines, all absolute or relative; None for others.

    Such paths are frequent, and this is much faster than following their commands.
    """
    is_relative = data.startswith("m") or "l" in data[: _Polylines.MAX_MOVE_CHARS]
    form, letters = (_Polylines.RELATIVE, "Mml") if is_relative else (_Polylines.ABSOLUTE, "ML")
    if form.fullmatch(data) is None:
        return None
    is_closed = data[-1] in "Zz"
    text = data.rstrip("Zz")
    for letter in letters:
        text = text.replace(letter, " ")
    numbers = numbers_in(text, np.inf).reshape(-1, 2)
    if is_relative:
        numbers = np.cumsum(numbers, axis=0)
    if is_closed and (len(numbers) == 1 or (numbers[0] != numbers[-1]).any()):
        return np.concatenate([numbers, numbers[:1]])
    # A single move draws nothing.
    return numbers if len(numbers) > 1 else None


def check_path_data(data: str) -> str:
    """Return equivalent path data with at most three decimals.

    Raises:
        InvalidInput: `data` is malformed, or a number is too large.
    """
    if not isinstance(data, str) or len(data) > MAX_DATA_CHARS:
        raise _bad_path_data(f"path data must be text of at most {MAX_DATA_CHARS} characters")
    commands = [
        command + " ".join(written(number, "d") for number in arguments.ravel().tolist())
        for command, arguments in commands_of(data)
    ]
    if not commands:
        raise _bad_path_data("path data must begin with a move, M or m")
    return "".join(commands)


def commands_of(data: str, largest: float = MAX_NUMBER) -> Iterator[tuple[str, Floats]]:
    """Yield the commands of path data with their arguments, of shape (sets, size of a set).

    Malformed data raises `InvalidInput` after the commands and complete sets before the error.
    """
    position = 0
    while not END.match(data, position):
        found = COMMAND.match(data, position)
        if found is None:
            raise _syntax_error(data, position)
        command, size = found[1], ARGUMENTS[found[1].upper()]
        if position == 0 and command not in "Mm":
            raise _bad_path_data("path data must begin with a move, M or m")
        position = found.end()
        if not size:
            yield command, np.zeros((1, 0))
            continue
        numbers, position, error = (
            _arc_numbers(data, position, largest)
            if command in "Aa"
            else _numbers(data, position, size, largest)
        )
        if len(numbers):
            yield command, numbers.reshape(-1, size)
        if error is not None:
            raise error


def numbers_in(text: str, largest: float = MAX_NUMBER) -> Floats:
    """Return the numbers in `text` with any separators: shape (n,)."""
    numbers = np.concatenate([_parsed(part) for part in _parts(text)])
    if numbers.size and not max(-float(numbers.min()), float(numbers.max())) <= largest:
        raise number_out_of_range()
    return numbers


def _parts(text: str) -> Iterator[str]:
    """Yield a text in parts that end at spaces; the numbers of a whole file would need much memory."""
    most, start = 500_000, 0
    while len(text) - start > most and (end := text.find(" ", start + most)) > 0:
        yield text[start:end]
        start = end
    yield text[start:]


def _parsed(text: str) -> Floats:
    # Numbers in JSON syntax are parsed five times as fast.
    try:
        return np.array(
            orjson.loads(f"[{','.join(text.replace(',', ' ').split())}]"), dtype=np.float64
        ).reshape(-1)
    except (ValueError, TypeError):
        return np.fromiter((float(found[0]) for found in NUMBER.finditer(text)), dtype=np.float64)


def _numbers(
    data: str, position: int, size: int, largest: float
) -> tuple[Floats, int, InvalidInput | None]:
    """Read sets of `size` numbers; return the complete ones, the position after them, and an error."""
    found = NUMBERS.match(data, position)
    if found is None:
        return np.zeros(0), position, _syntax_error(data, position)
    numbers = numbers_in(found[0], np.inf)
    small = np.abs(numbers) <= largest
    if not small.all():
        good = int(np.argmin(small))
        return numbers[: good // size * size], found.end(), number_out_of_range()
    rest = len(numbers) % size
    problem = _syntax_error(data, found.end()) if rest else None
    return numbers[: len(numbers) - rest], found.end(), problem


def _arc_numbers(
    data: str, position: int, largest: float
) -> tuple[Floats, int, InvalidInput | None]:
    """Read sets of the arguments of an arc; see `_numbers`."""
    size = ARGUMENTS["A"]
    numbers: list[float] = []
    while True:
        form = FLAG if len(numbers) % size in {3, 4} else NEXT if numbers else FIRST
        found = form.match(data, position)
        if found is None and numbers and len(numbers) % size == 0:
            break
        if found is None or not abs(float(found[1])) <= largest:
            error = number_out_of_range() if found else _syntax_error(data, position)
            return np.array(numbers[: len(numbers) // size * size]), position, error
        numbers.append(float(found[1]))
        position = found.end()
    return np.array(numbers), position, None


def number_out_of_range() -> InvalidInput:
    return InvalidInput(
        f"numbers must be between -{MAX_NUMBER:.0f} and {MAX_NUMBER:.0f}",
        code="bad-number",
        field="d",
    )


def _bad_path_data(text: str) -> InvalidInput:
    return InvalidInput(text, code="bad-path-data", field="d")


def _syntax_error(data: str, position: int) -> InvalidInput:
    return _bad_path_data(
        f"invalid path data at character {position + 1}: {data[position : position + 20]!r}"
    )
