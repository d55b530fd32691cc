"""JSON, in and out: a table is a list of objects, one object a row."""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any, NoReturn

import orjson

from libraries.tables.limits import BadTable, cell_problem
from libraries.tables.reports import RowError, quoted

LF = "\n"
AFTER_ROW = re.compile(r"[ \t\r\n]*([,\]])")
LONE_SURROGATE = re.compile(r"[\ud800-\udfff]")


class _Twice(dict[str, Any]):
    """An object in which `name` stands twice, so that one of its values would be lost."""

    name = ""


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _object(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    twice = _Twice(found)
    twice.name = Counter(name for name, _ in pairs).most_common(1)[0][0]
    return twice


# Numbers stay the text that they are, so that no digit is lost: 1.10 is not 1.1, and 20 digits are 20 digits.
DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_float=orjson.Fragment, parse_int=orjson.Fragment, parse_constant=_refuse_constant
)


def read_json(text: str) -> Iterator[dict[str, str] | RowError]:
    """Yield the rows of a JSON text as `{column: cell}`, or the error of a row that cannot be kept.

    A text stays itself, a number keeps its digits, true and false become `true` and `false`, null becomes an empty cell, and a
    list or an object becomes its JSON text.

    Raises:
        BadTable: the text is not JSON, or not a list; the error names the line. Rows before it may have been yielded.
    """
    return (_row(value, line) for line, value in _values(text))


def _values(text: str) -> Iterator[tuple[int, Any]]:
    """Yield the members of the list that `text` is, each with its line; one at a time, to hold no more than that in memory."""
    place = _after_space(text, 0)
    if not text.startswith("[", place):
        raise BadTable("the file is not a list of objects: it must begin with '['")
    place, line = place + 1, 1 + text.count("\n", 0, place)
    if text.startswith("]", end := _after_space(text, place)):
        place, follows = end + 1, "]"
    else:
        follows = ","
    while follows == ",":
        start = _after_space(text, place)
        line += text.count("\n", place, start)
        value, end = _value(text, start, line)
        yield line, value
        after = AFTER_ROW.match(text, end)
        if after is None:
            raise BadTable(f"line {line + text.count(LF, start, end)}: expected ',' or ']' after a row")
        line += text.count("\n", start, after.end())
        place, follows = after.end(), after[1]
    if _after_space(text, place) < len(text):
        raise BadTable(f"line {line}: there is more text after the end of the list")


def _after_space(text: str, place: int) -> int:
    while text.startswith((" ", "\t", "\r", "\n"), place):
        place += 1
    return place


def _value(text: str, start: int, line: int) -> tuple[Any, int]:
    try:
        return DECODER.raw_decode(text, start)
    except json.JSONDecodeError as error:
        raise BadTable(f"the file is not JSON: line {error.lineno}, column {error.colno}") from None
    except (ValueError, RecursionError) as error:
        what = "nests too deeply" if isinstance(error, RecursionError) else "holds NaN or Infinity, which JSON does not have"
        raise BadTable(f"the row on line {line} {what}") from None


def _row(value: object, line: int) -> dict[str, str] | RowError:
    if not isinstance(value, dict) or not value:
        return RowError(line, "a row must be an object with at least one name")
    if isinstance(value, _Twice):
        return RowError(line, f"the name {quoted(value.name)} stands twice in one object")
    try:
        row = {name: _cell(inner) for name, inner in value.items()}
    except (TypeError, ValueError, RecursionError):
        return RowError(line, "a value cannot be written as text: it nests too deeply, repeats a name or holds broken characters")
    problem = next(filter(None, map(_problem, (*row, *row.values()))), None)
    return row if problem is None else RowError(line, problem)


def _cell(value: object) -> str:
    if isinstance(value, str):
        return value
    return "" if value is None else orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_SUBCLASS).decode()


def _problem(text: str) -> str | None:
    return "a cell holds half of a surrogate pair" if LONE_SURROGATE.search(text) else cell_problem(text)


def write_json(rows: Iterable[dict[str, str]]) -> Iterator[bytes]:
    """Yield a JSON text: a list with one object a line."""
    before = b"[\n"
    for row in rows:
        yield before + orjson.dumps(row)
        before = b",\n"
    yield b"[]\n" if before == b"[\n" else b"\n]\n"
