"""JSON, in and out: a table is a list of objects, or in NDJSON one object a line (https://github.com/ndjson/ndjson-spec)."""

from __future__ import annotations

import io
import json
import re
from abc import abstractmethod
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import IO, Any, NoReturn

import orjson

from libraries.errors import InvalidInput
from libraries.tables.encoding import Encoding, utf8_blocks
from libraries.tables.limits import (
    MAX_CELL_CHARS,
    MAX_COLUMNS,
    MAX_RECORD_CHARS,
    BadTable,
    cell_problem,
    in_mb,
)
from libraries.tables.plain import json_text
from libraries.tables.reports import Report, RowError, quoted
from libraries.tables.rows import MISSING, Block, Cell, Columns, Rows, as_text, for_json

AFTER_ROW = re.compile(r"[ \t\r\n]*([,\]])")
ROWS_AT_ONCE, LETTERS_AT_ONCE = 5_000, 2_000_000


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
    object_pairs_hook=_object,
    parse_float=orjson.Fragment,
    parse_int=orjson.Fragment,
    parse_constant=_refuse_constant,
)


class ObjectsTable:
    """A table whose rows are objects; its columns are the names of all of them, in the order of their first appearance.

    Raises:
        BadTable: there are more than a thousand names, or the text as a whole is not what it should be; the error names the line.
        UnreadableText: the bytes are not text in the encoding.
    """

    textual = False
    kinds = None

    def __init__(self, source: IO[bytes], encoding: Encoding) -> None:
        """Read all of it once, for the names."""
        self._source, self._encoding = source, encoding
        names: dict[str, None] = {}
        for row in self._objects():
            if not isinstance(row, RowError):
                names |= dict.fromkeys(row)
            if len(names) > MAX_COLUMNS:
                raise BadTable(f"the objects have more than {MAX_COLUMNS} different names")
        self.columns = list(names)

    def position(self) -> int:
        """Return how many bytes of the file have been read."""
        return self._source.tell()

    def blocks(self, report: Report) -> Iterator[Block]:
        """Yield all rows that can be kept; a text stays itself, a number keeps its digits."""
        rows: list[list[Cell]] = []
        letters = 0
        for row in self._objects():
            if isinstance(row, RowError):
                report.refuse(row)
                continue
            cells = [row.get(name, MISSING) for name in self.columns]
            rows.append(cells)
            letters += sum(len(cell) for cell in cells if isinstance(cell, str))
            if len(rows) >= ROWS_AT_ONCE or letters > LETTERS_AT_ONCE:
                yield Rows(rows)
                rows, letters = [], 0
        if rows:
            yield Rows(rows)

    def _objects(self) -> Iterator[dict[str, Cell] | RowError]:
        texts = (block.decode() for block in utf8_blocks(self._source, self._encoding))
        for line, value, odd in self._values(texts):
            yield value if isinstance(value, RowError) else _row(value, line, odd=odd)

    @abstractmethod
    def _values(self, texts: Iterator[str]) -> Iterator[tuple[int, Any, bool]]:
        """Yield the rows as they are, each with its line, and whether its cells have to be looked at; one at a time."""


class JsonTable(ObjectsTable):
    """A table that is a list of objects."""

    def _values(self, texts: Iterator[str]) -> Iterator[tuple[int, Any, bool]]:
        return Window(texts).members()


class LinesTable(ObjectsTable):
    """A table that is one object a line; a line that is not JSON is an error of that row, and blank lines are none."""

    def _values(self, texts: Iterator[str]) -> Iterator[tuple[int, Any, bool]]:
        lines = (line for text in texts for line in io.StringIO(text, newline=""))
        for number, line in enumerate(lines, 1):
            if line and not line.isspace():
                yield (
                    number,
                    _line_value(line.strip(" \t\r\n"), number),
                    _is_odd(line, 0, len(line)),
                )


def _line_value(text: str, number: int) -> Any:
    try:
        value, end = DECODER.raw_decode(text)
    except (ValueError, RecursionError) as error:
        return RowError(number, f"the line {_what_is_wrong(error)}")
    return value if end == len(text) else RowError(number, "there is more text after the object")


class Window:
    """The part of a long JSON text that is looked at, which grows until the value that begins in it is whole."""

    def __init__(self, texts: Iterator[str]) -> None:
        self._texts = texts
        self._text, self._place, self._line = "", 0, 1
        self._whole = False

    def members(self) -> Iterator[tuple[int, Any, bool]]:
        """Yield the members of the list that the text is, each with its line, and whether its cells have to be looked at.

        Raises:
            BadTable: it is no list, or not JSON. Members before that have been yielded.
        """
        self._skip_space()
        if not self._text.startswith("[", self._place):
            raise BadTable("the file is not a list of objects: it must begin with '['")
        self._place += 1
        self._skip_space()
        if self._text.startswith("]", self._place):
            self._place += 1
        else:
            follows = ","
            while follows == ",":
                self._skip_space()
                line = self._line
                value, follows, odd = self._member()
                yield line, value, odd
        self._skip_space()
        if self._place < len(self._text):
            raise BadTable(f"line {self._line}: there is more text after the end of the list")

    def _member(self) -> tuple[Any, str, bool]:
        """Return the next member, what follows it, a comma or the end of the list, and whether it has to be looked at."""
        while True:
            # What can be read may go on beyond the window: 12 may be the beginning of 123. The sign after it tells.
            try:
                value, end = DECODER.raw_decode(self._text, self._place)
            except (ValueError, RecursionError) as error:
                if isinstance(error, RecursionError) or not self._grow():
                    raise self._refusal(error) from None
                continue
            after = AFTER_ROW.match(self._text, end)
            if after is None and self._grow():
                continue
            if after is None:
                line = self._line + self._text.count("\n", self._place, end)
                raise BadTable(f"line {line}: expected ',' or ']' after a row")
            odd = _is_odd(self._text, self._place, end)
            self._move_to(after.end())
            return value, after[1], odd

    def _refusal(self, error: Exception) -> InvalidInput:
        if isinstance(error, json.JSONDecodeError):
            line = self._line + self._text.count("\n", self._place, error.pos)
            column = error.pos - self._text.rfind("\n", 0, error.pos)
            return BadTable(f"the file is not JSON: line {line}, column {column}")
        return BadTable(f"the row on line {self._line} {_what_is_wrong(error)}")

    def _skip_space(self) -> None:
        while True:
            self._move_to(_after_space(self._text, self._place))
            if self._place < len(self._text) or not self._grow():
                return

    def _move_to(self, place: int) -> None:
        self._line += self._text.count("\n", self._place, place)
        self._place = place

    def _grow(self) -> bool:
        """Forget what lies behind and look as far again ahead; tell whether there was more."""
        kept = self._text[self._place :]
        if len(kept) > MAX_RECORD_CHARS:
            raise BadTable(
                f"the row on line {self._line} is longer than {in_mb(MAX_RECORD_CHARS)}, or is not JSON"
            )
        wanted, parts, found = max(65_536, len(kept)), [kept], 0
        while found < wanted and (text := next(self._texts, None)) is not None:
            parts.append(text)
            found += len(text)
        if found:
            self._text, self._place = "".join(parts), 0
        return found > 0


def _after_space(text: str, place: int) -> int:
    while text.startswith((" ", "\t", "\r", "\n"), place):
        place += 1
    return place


def _what_is_wrong(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return "is not JSON"
    return (
        "nests too deeply"
        if isinstance(error, RecursionError)
        else "holds NaN or Infinity, which JSON does not have"
    )


def _is_odd(text: str, start: int, end: int) -> bool:
    """Tell whether a row may have a cell that is too long, or holds NUL or half a pair: these come as escapes only."""
    return end - start > MAX_CELL_CHARS or text.find("\\u", start, end) >= 0


def _row(value: object, line: int, *, odd: bool) -> dict[str, Cell] | RowError:
    if not isinstance(value, dict) or not value:
        return RowError(line, "a row must be an object with at least one name")
    if isinstance(value, _Twice):
        return RowError(line, f"the name {quoted(value.name)} stands twice in one object")
    try:
        row = {name: _cell(inner) for name, inner in value.items()}
    except (TypeError, ValueError, RecursionError):
        return RowError(
            line,
            "a value cannot be written as text: it nests too deeply, repeats a name or holds broken characters",
        )
    problem = next(filter(None, map(_problem, (*row, *row.values()))), None) if odd else None
    return row if problem is None else RowError(line, problem)


def _cell(value: object) -> Cell:
    """Return a value as it is, a list or an object as its JSON text."""
    if isinstance(value, list | dict):
        return orjson.Fragment(orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_SUBCLASS).decode())
    return value


def _problem(cell: Cell) -> str | None:
    if cell is None or isinstance(cell, bool):
        return None
    text = as_text(cell)
    return (
        "a cell holds half of a surrogate pair"
        if re.search(r"[\ud800-\udfff]", text)
        else cell_problem(text)
    )


def write_json(columns: list[str], blocks: Iterable[Block]) -> Iterator[bytes]:
    """Yield a JSON text: a list with one object a line."""
    any_row = False
    for block in blocks:
        for piece in _objects_text(columns, block, before=b",\n", after=b""):
            yield piece if any_row else b"[\n" + piece[2:]
            any_row = True
    yield b"\n]\n" if any_row else b"[]\n"


def write_lines(columns: list[str], blocks: Iterable[Block]) -> Iterator[bytes]:
    """Yield one JSON object a line."""
    for block in blocks:
        yield from _objects_text(columns, block, before=b"", after=b"\n")


def _objects_text(
    columns: list[str], block: Block, *, before: bytes, after: bytes
) -> Iterator[bytes]:
    pieces = (
        json_text(block, columns, before=before, after=after)
        if isinstance(block, Columns)
        else None
    )
    if pieces is not None:
        yield from pieces
        return
    for cells in block.rows():
        row = dict(zip(columns, cells, strict=True))
        if MISSING in cells:
            row = {name: cell for name, cell in row.items() if cell is not MISSING}
        yield before + orjson.dumps(row, default=for_json) + after
