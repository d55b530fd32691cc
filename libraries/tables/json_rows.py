"""Reading and writing of JSON lists of objects, and of NDJSON (https://github.com/ndjson/ndjson-spec)."""

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
from libraries.json_types import JsonObject
from libraries.tables.encoding import Encoding, utf8_blocks
from libraries.tables.limits import (
    MAX_CELL_CHARS,
    MAX_COLUMNS,
    MAX_RECORD_CHARS,
    cell_problem,
    in_mb,
)
from libraries.tables.plain import json_text
from libraries.tables.reports import Report, RowError, quoted
from libraries.tables.rows import MISSING, Block, Cell, Columns, Rows, as_text, for_json

AFTER_ROW = re.compile(r"[ \t\r\n]*([,\]])")
MAX_BLOCK_ROWS, MAX_BLOCK_CHARS = 5_000, 2_000_000


class _DuplicateKey(JsonObject):
    """An object with the duplicate key `name`, so that one of its values would be lost."""

    name = ""


def _reject_constant(name: str) -> NoReturn:
    raise ValueError(name)


def _object(pairs: list[tuple[str, Any]]) -> JsonObject:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    duplicate = _DuplicateKey(found)
    duplicate.name = Counter(name for name, _ in pairs).most_common(1)[0][0]
    return duplicate


# Numbers keep their digits: 1.10 does not become 1.1.
DECODER = json.JSONDecoder(
    object_pairs_hook=_object,
    parse_float=orjson.Fragment,
    parse_int=orjson.Fragment,
    parse_constant=_reject_constant,
)


class ObjectsTable:
    """A table whose rows are objects. Its columns are all keys, in the order of their first appearance.

    Raises InvalidInput for more than 1,000 keys, and for invalid text with its line.
    """

    textual = False
    kinds = None

    def __init__(self, source: IO[bytes], encoding: Encoding) -> None:
        self._source, self._encoding = source, encoding
        names: dict[str, None] = {}
        for row in self._objects():
            if not isinstance(row, RowError):
                names |= dict.fromkeys(row)
            if len(names) > MAX_COLUMNS:
                raise InvalidInput(
                    f"the objects have more than {MAX_COLUMNS} different keys", code="bad-table"
                )
        self.columns = list(names)

    def position(self) -> int:
        return self._source.tell()

    def blocks(self, report: Report) -> Iterator[Block]:
        rows: list[list[Cell]] = []
        chars = 0
        for row in self._objects():
            if isinstance(row, RowError):
                report.reject(row)
                continue
            cells = [row.get(name, MISSING) for name in self.columns]
            rows.append(cells)
            chars += sum(len(cell) for cell in cells if isinstance(cell, str))
            if len(rows) >= MAX_BLOCK_ROWS or chars > MAX_BLOCK_CHARS:
                yield Rows(rows)
                rows, chars = [], 0
        if rows:
            yield Rows(rows)

    def _objects(self) -> Iterator[dict[str, Cell] | RowError]:
        texts = (block.decode() for block in utf8_blocks(self._source, self._encoding))
        for line, value, suspicious in self._values(texts):
            yield value if isinstance(value, RowError) else _row(value, line, suspicious=suspicious)

    @abstractmethod
    def _values(self, texts: Iterator[str]) -> Iterator[tuple[int, Any, bool]]:
        """Yield each row with its line number and whether its cells must be checked."""


class JsonTable(ObjectsTable):
    """A table in a JSON list of objects."""

    def _values(self, texts: Iterator[str]) -> Iterator[tuple[int, Any, bool]]:
        return Window(texts).members()


class LinesTable(ObjectsTable):
    """A table in NDJSON. A line that is not JSON is a row error; blank lines are skipped."""

    def _values(self, texts: Iterator[str]) -> Iterator[tuple[int, Any, bool]]:
        lines = (line for text in texts for line in io.StringIO(text, newline=""))
        for number, line in enumerate(lines, 1):
            if line and not line.isspace():
                value = _line_value(line.strip(" \t\r\n"), number)
                yield number, value, _is_suspicious(line, 0, len(line))


def _line_value(text: str, number: int) -> Any:
    try:
        value, end = DECODER.raw_decode(text)
    except (ValueError, RecursionError) as error:
        return RowError(number, f"the line {_reason(error)}")
    return value if end == len(text) else RowError(number, "unexpected text after the object")


class Window:
    """A sliding window over a long JSON text. It grows until it contains the whole current value."""

    def __init__(self, texts: Iterator[str]) -> None:
        self._texts = texts
        self._text, self._position, self._line = "", 0, 1
        self._whole = False

    def members(self) -> Iterator[tuple[int, Any, bool]]:
        """Yield each member of the list with its line number and whether its cells must be checked.

        Raises:
            InvalidInput: the text is not a JSON list. Members before the error have been yielded.
        """
        self._skip_space()
        if not self._text.startswith("[", self._position):
            raise InvalidInput(
                "the file is not a list of objects: it must begin with '['", code="bad-table"
            )
        self._position += 1
        self._skip_space()
        if self._text.startswith("]", self._position):
            self._position += 1
        else:
            follows = ","
            while follows == ",":
                self._skip_space()
                line = self._line
                value, follows, suspicious = self._member()
                yield line, value, suspicious
        self._skip_space()
        if self._position < len(self._text):
            raise InvalidInput(
                f"line {self._line}: unexpected text after the end of the list", code="bad-table"
            )

    def _member(self) -> tuple[Any, str, bool]:
        """Return the next member, the character after it (`,` or `]`), and whether it must be checked."""
        while True:
            # The value may continue after the window: 12 may be the beginning of 123.
            try:
                value, end = DECODER.raw_decode(self._text, self._position)
            except (ValueError, RecursionError) as error:
                if isinstance(error, RecursionError) or not self._grow():
                    raise self._syntax_error(error) from None
                continue
            after = AFTER_ROW.match(self._text, end)
            if after is not None:
                suspicious = _is_suspicious(self._text, self._position, end)
                self._move_to(after.end())
                return value, after[1], suspicious
            if not self._grow():
                line = self._line + self._text.count("\n", self._position, end)
                problem = f"line {line}: expected ',' or ']' after a row"
                raise InvalidInput(problem, code="bad-table")

    def _syntax_error(self, error: Exception) -> InvalidInput:
        if isinstance(error, json.JSONDecodeError):
            line = self._line + self._text.count("\n", self._position, error.pos)
            column = error.pos - self._text.rfind("\n", 0, error.pos)
            return InvalidInput(
                f"the file is not JSON: line {line}, column {column}", code="bad-table"
            )
        return InvalidInput(f"the row on line {self._line} {_reason(error)}", code="bad-table")

    def _skip_space(self) -> None:
        while True:
            self._move_to(_after_space(self._text, self._position))
            if self._position < len(self._text) or not self._grow():
                return

    def _move_to(self, position: int) -> None:
        self._line += self._text.count("\n", self._position, position)
        self._position = position

    def _grow(self) -> bool:
        """Drop the consumed text and at least double the rest; return whether there was more."""
        kept = self._text[self._position :]
        if len(kept) > MAX_RECORD_CHARS:
            raise InvalidInput(
                f"the row on line {self._line} is longer than {in_mb(MAX_RECORD_CHARS)}, or is not JSON",
                code="bad-table",
            )
        wanted, parts, found = max(65_536, len(kept)), [kept], 0
        while found < wanted and (text := next(self._texts, None)) is not None:
            parts.append(text)
            found += len(text)
        if found:
            self._text, self._position = "".join(parts), 0
        return found > 0


def _after_space(text: str, position: int) -> int:
    while text.startswith((" ", "\t", "\r", "\n"), position):
        position += 1
    return position


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return "is not JSON"
    if isinstance(error, RecursionError):
        return "is nested too deeply"
    return "contains NaN or Infinity, which are not JSON"


def _is_suspicious(text: str, start: int, end: int) -> bool:
    """Return whether a row may have a cell that is too long, or an escaped NUL or lone surrogate."""
    return end - start > MAX_CELL_CHARS or text.find("\\u", start, end) >= 0


def _row(value: object, line: int, *, suspicious: bool) -> dict[str, Cell] | RowError:
    if not isinstance(value, dict) or not value:
        return RowError(line, "a row must be an object with at least one key")
    if isinstance(value, _DuplicateKey):
        return RowError(line, f"duplicate key {quoted(value.name)}")
    try:
        row = {name: _cell(inner) for name, inner in value.items()}
    except (TypeError, ValueError, RecursionError):
        return RowError(
            line,
            "a value cannot be written as text: it is nested too deeply, has a duplicate key or contains invalid characters",
        )
    checked = (*row, *row.values()) if suspicious else ()
    problem = next(filter(None, map(_problem, checked)), None)
    return row if problem is None else RowError(line, problem)


def _cell(value: object) -> Cell:
    """Return the JSON text of a list or an object, other values unchanged."""
    if isinstance(value, list | dict):
        return orjson.Fragment(orjson.dumps(value, option=orjson.OPT_PASSTHROUGH_SUBCLASS).decode())
    return value


def _problem(cell: Cell) -> str | None:
    if cell is None or isinstance(cell, bool):
        return None
    text = as_text(cell)
    if re.search(r"[\ud800-\udfff]", text):
        return "a cell contains a lone surrogate"
    return cell_problem(text)


def write_json(columns: list[str], blocks: Iterable[Block]) -> Iterator[bytes]:
    """Yield a JSON list with one object per line."""
    any_row = False
    for block in blocks:
        for piece in _objects_text(columns, block, before=b",\n", after=b""):
            yield piece if any_row else b"[\n" + piece[2:]
            any_row = True
    yield b"\n]\n" if any_row else b"[]\n"


def write_lines(columns: list[str], blocks: Iterable[Block]) -> Iterator[bytes]:
    """Yield NDJSON: one object per line."""
    for block in blocks:
        yield from _objects_text(columns, block, before=b"", after=b"\n")


def _objects_text(
    columns: list[str], block: Block, *, before: bytes, after: bytes
) -> Iterator[bytes]:
    if isinstance(block, Columns):
        pieces = json_text(block, columns, before=before, after=after)
        if pieces is not None:
            yield from pieces
            return
    for cells in block.rows():
        row = dict(zip(columns, cells, strict=True))
        if MISSING in cells:
            row = {name: cell for name, cell in row.items() if cell is not MISSING}
        yield before + orjson.dumps(row, default=for_json) + after
