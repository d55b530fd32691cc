"""Reading and writing of CSV, TSV and other delimited text (RFC 4180)."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterable, Iterator
from typing import IO

from libraries.errors import InvalidInput
from libraries.extras import Extra
from libraries.tables.dialects import SAMPLE_CHARACTERS, Dialect, detect_dialect
from libraries.tables.encoding import Encoding, utf8_blocks
from libraries.tables.limits import (
    MAX_CELL_CHARS,
    MAX_COLUMNS,
    MAX_RECORD_CHARS,
    first_problem,
    in_mb,
)
from libraries.tables.plain import PlainLines, rewritten
from libraries.tables.reports import Report, RowError, quoted
from libraries.tables.rows import Block, Cell, Columns, Rows, as_text

NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)
# Spreadsheets run a cell that begins with one of these as a formula; the last four are full-width
# forms.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# Smaller files are not worth importing Arrow for.
MIN_COLUMNAR_BYTES = 4_000_000


class LineFeed:
    """Feeds the lines of a text that arrives in blocks to the module `csv`, and limits the length of a row."""

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self.blocks = blocks
        self._lines: list[str] = []
        self._index = 0
        self.handed_out = 0
        self.taken = 0
        self.has_nul = False

    def __iter__(self) -> LineFeed:
        return self

    def __next__(self) -> str:
        if self.at_end and not self.take(next(self.blocks)):
            return next(self)
        line = self._lines[self._index]
        self._index += 1
        self.handed_out += 1
        self.taken += len(line)
        if self.taken > MAX_RECORD_CHARS:
            raise InvalidInput(
                f"the row before line {self.handed_out} is longer than {in_mb(MAX_RECORD_CHARS)}; is a quote not closed?",
                code="bad-table",
            )
        return line

    @property
    def at_end(self) -> bool:
        """True if all lines of the current block were returned."""
        return self._index >= len(self._lines)

    def take(self, block: bytes) -> int:
        """Feed the lines of a block, and return their number."""
        text = block.decode()
        self._lines, self._index = io.StringIO(text, newline="").readlines(), 0
        # A row that began in an earlier block may contain NUL.
        self.has_nul = "\0" in text or (self.has_nul and self.taken > 0)
        return len(self._lines)


class DelimitedTable:
    """A table in delimited text.

    The first record names the columns; an empty or duplicate name is replaced and noted. Blank
    lines are skipped. After a quoting error, reading continues on the next line; a quote that is
    never closed consumes the rest of the file. Raises InvalidInput for an invalid first record.
    """

    textual = True
    kinds = None

    def __init__(
        self,
        source: IO[bytes],
        encoding: Encoding,
        dialect: Dialect | None,
        report: Report,
        *,
        size: int = 0,
    ) -> None:
        """Read the names of the columns; detect the dialect if it is None.

        With pyarrow, files of at least `MIN_COLUMNAR_BYTES` are read by columns where the text
        is plain.
        """
        self._source, self._encoding = source, encoding
        self.dialect = dialect or sampled_dialect(source, encoding)
        self._by_columns = size >= MIN_COLUMNAR_BYTES and not Extra.PARQUET.missing()
        feed, _, header = self._begin()
        if isinstance(header, RowError):
            raise InvalidInput(f"line {header.line}: {header.detail}", code="bad-table")
        where = f"line {feed.handed_out}"
        self.columns = column_names(header, report, where=where)
        problem = first_problem(self.columns)
        if problem is not None:
            raise InvalidInput(f"{where}: {problem}", code="bad-table")

    def position(self) -> int:
        return self._source.tell()

    def blocks(self, report: Report) -> Iterator[Block]:
        feed, records, _ = self._begin()
        plain = PlainLines(self.columns, self.dialect) if self._by_columns else None
        yield self._checked(feed, records, report)
        while (block := next(feed.blocks, None)) is not None:
            batch = plain.read(block) if plain else None
            if batch is None:
                feed.take(block)
                yield self._checked(feed, records, report)
            else:
                feed.handed_out += len(batch)
                yield batch

    def _begin(
        self,
    ) -> tuple[LineFeed, Iterator[tuple[int, list[str] | RowError]], list[str] | RowError]:
        """Return the feed and the records after the header, and the header."""
        feed = LineFeed(utf8_blocks(self._source, self._encoding))
        records = _records(feed, self.dialect)
        _, header = next(records, (1, None))
        if header is None or (header == [""] and feed.at_end):
            raise InvalidInput("the file is empty", code="bad-table")
        return feed, records, header

    def _checked(
        self, feed: LineFeed, records: Iterator[tuple[int, list[str] | RowError]], report: Report
    ) -> Rows:
        """Return the valid rows of the current block; a quoted cell may extend into later blocks."""
        width, kept = len(self.columns), []
        while not feed.at_end:
            line, cells = next(records, (0, None))
            if cells is None:
                break
            problem = cells if isinstance(cells, RowError) else _problem_of(cells, width, line)
            if isinstance(problem, RowError):
                report.reject(problem)
            elif isinstance(cells, list):
                kept.append(cells)
        return Rows(kept)


def sampled_dialect(
    source: IO[bytes], encoding: Encoding, delimiter: str | None = None, quote: str | None = None
) -> Dialect:
    """Return the dialect of a file; detect what is not given."""
    text, whole = "", True
    for block in utf8_blocks(source, encoding, SAMPLE_CHARACTERS):
        if len(text) >= SAMPLE_CHARACTERS:
            whole = False
            break
        text += block.decode()
    whole = whole and len(text) <= SAMPLE_CHARACTERS
    return detect_dialect(text[:SAMPLE_CHARACTERS], whole=whole, delimiter=delimiter, quote=quote)


def _problem_of(cells: list[str], width: int, line: int) -> RowError | None:
    if len(cells) != width:
        return RowError(line, f"expected {width} cells, found {len(cells)}")
    problem = first_problem(cells) if isinstance(cells, Suspicious) else None
    return None if problem is None else RowError(line, problem)


class Suspicious(list[str]):
    """The cells of a record that may contain NUL or a cell that is too long."""


def _records(feed: LineFeed, dialect: Dialect) -> Iterator[tuple[int, list[str] | RowError]]:
    """Yield each record with its first line number; skip blank lines."""
    reader = csv.reader(feed, **dialect.options())
    while True:
        line, feed.taken = feed.handed_out + 1, 0
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield line, RowError(line, _quoting_problem(line, feed.handed_out))
        else:
            suspicious = feed.has_nul or feed.taken > MAX_CELL_CHARS
            if cells:
                yield line, Suspicious(cells) if suspicious else cells


def _quoting_problem(first: int, last: int) -> str:
    what = "a quote is not closed, or text follows it; double a quote inside a quoted cell"
    return what if first == last else f"{what} (lines {first} to {last} are omitted)"


def column_names(header: list[str], report: Report, *, where: str) -> list[str]:
    """Return unique, non-empty names for the columns of a header; `report` notes the changes.

    Raises:
        InvalidInput: there are more than 1,000 columns.
    """
    if len(header) > MAX_COLUMNS:
        raise InvalidInput(
            f"{where} names {len(header)} columns; at most {MAX_COLUMNS} are allowed",
            code="bad-table",
        )
    names: dict[str, None] = {}
    for number, name in enumerate(header, 1):
        wanted = name or f"column_{number}"
        # A new name must also differ from the names of later columns.
        taken = names.keys() | (set(header) - {name} if name else set(header))
        names[free := _free_name(wanted, taken)] = None
        if free != name:
            report.note(f"column {number} was renamed from {quoted(name)} to {quoted(free)}")
    return list(names)


def _free_name(wanted: str, taken: set[str]) -> str:
    candidates = itertools.chain([wanted], (f"{wanted}_{number}" for number in itertools.count(2)))
    return next(name for name in candidates if name not in taken)


def write_delimited(
    columns: list[str],
    blocks: Iterable[Block],
    delimiter: str,
    *,
    line_end: str,
    protect_formulas: bool,
) -> Iterator[bytes]:
    """Yield delimited text: the names of the columns, then the rows.

    With `protect_formulas`, a cell or name that a spreadsheet would run as a formula gets a leading
    `'`; numbers stay unchanged.
    """
    guard = _guarded if protect_formulas else str
    sink = io.StringIO(newline="")
    # With both characters of the line end, a cell that contains either of them is quoted.
    writer = csv.writer(sink, delimiter=delimiter, lineterminator="\r\n")

    def written(rows: Iterable[list[Cell]]) -> Iterator[bytes]:
        for row in rows:
            writer.writerow([guard(as_text(cell)) for cell in row])
            line = sink.getvalue()
            yield (line if line_end == "\r\n" else line[:-2] + line_end).encode()
            sink.seek(0)
            sink.truncate()

    if columns:
        yield from written([columns])
    for block in blocks:
        whole = (
            rewritten(block, delimiter, line_end, NUMBER if protect_formulas else None)
            if isinstance(block, Columns)
            else None
        )
        if whole is None:
            yield from written(block.rows())
        else:
            yield whole


def _guarded(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) and not NUMBER.fullmatch(cell) else cell
