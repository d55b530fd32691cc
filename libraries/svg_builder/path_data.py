"""Path data: read by the grammar of SVG 1.1, section 8.3, and written anew from what was understood."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import ClassVar

from libraries.errors import InvalidInput
from libraries.svg_builder.numbers import written

LONGEST_DATA = 1_000_000
# Possessive quantifiers everywhere: what was read is never given back, so that no text makes the reading slow.
SPACE = r"[ \t\n\r\f]*+"
SEPARATOR = f"{SPACE}(?:,{SPACE})?+"
COMMAND = re.compile(f"{SPACE}([MmLlHhVvCcSsQqTtAaZz])")
END = re.compile(rf"{SPACE}\Z")
NUMBER = r"([+-]?(?:[0-9]++(?:\.[0-9]*+)?+|\.[0-9]++)(?:[eE][+-]?[0-9]++)?+)"
FIRST = re.compile(SPACE + NUMBER)
NEXT = re.compile(SEPARATOR + NUMBER)
# The two flags of an arc are single digits that need no space after them.
FLAG = re.compile(f"{SEPARATOR}([01])")
ARGUMENTS = {"M": 2, "L": 2, "H": 1, "V": 1, "C": 6, "S": 4, "Q": 4, "T": 2, "A": 7, "Z": 0}
ARC_FLAGS = {3, 4}


class BadPathData(InvalidInput):
    """Raised when path data breaks the grammar."""

    code: ClassVar[str] = "bad-path-data"


def check_path_data(data: str) -> str:
    """Return path data with the meaning of `data`, made of commands and numbers only, with three decimals at most.

    Raises:
        BadPathData: `data` breaks the grammar; the text names the place.
        BadNumber: a number in it is too large.
    """
    if not isinstance(data, str) or len(data) > LONGEST_DATA:
        raise BadPathData(f"path data must be text of at most {LONGEST_DATA} characters", field="d")
    commands = list(_commands(data))
    if not commands or commands[0][0] not in "Mm":
        raise BadPathData("path data must begin with a move, M or m", field="d")
    return "".join(commands)


def _commands(data: str) -> Iterator[str]:
    place = 0
    while not END.match(data, place):
        found = COMMAND.match(data, place)
        if found is None:
            raise _broken(data, place)
        arguments, place = _arguments(found[1], data, found.end())
        yield found[1] + " ".join(arguments)


def _arguments(command: str, data: str, place: int) -> tuple[list[str], int]:
    """Read one or more whole sets of arguments of `command`; return them as written, and the place behind them."""
    size = ARGUMENTS[command.upper()]
    arguments: list[str] = []
    while size:
        found = _argument_form(command, len(arguments), size).match(data, place)
        if found is None and arguments and len(arguments) % size == 0:
            break
        if found is None:
            raise _broken(data, place)
        arguments.append(written(float(found[1]), "d"))
        place = found.end()
    return arguments, place


def _argument_form(command: str, count: int, size: int) -> re.Pattern[str]:
    if command in "Aa" and count % size in ARC_FLAGS:
        return FLAG
    return NEXT if count else FIRST


def _broken(data: str, place: int) -> BadPathData:
    return BadPathData(f"path data breaks off at character {place + 1}: {data[place : place + 20]!r}", field="d")
