"""CSV and its kin, in and out (RFC 4180): every row is checked, and all cells stay text."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterable, Iterator
from typing import IO

from libraries.errors import InvalidInput
from libraries.tables.dialects import SAMPLE_CHARACTERS, Dialect, detect_dialect
from libraries.tables.encoding import Encoding, utf8_blocks
from libraries.tables.limits import (
    MAX_CELL_CHARS,
    MAX_COLUMNS,
    MAX_RECORD_CHARS,
    cell_problem,
    in_mb,
)
from libraries.tables.plain import PlainLines, rewritten
from libraries.tables.reports import Report, RowError, quoted
from libraries.tables.rows import Block, Cell, Columns, Rows, as_text

NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)
# A spreadsheet takes a cell that begins so for a formula, and runs it; the last four are the
# full-width forms.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")
# From this many bytes on, plain lines are read many at once. Below, the library that does it is not
# worth loading.
MIN_COLUMNAR_BYTES = 4_000_000


class LineFeed:
    """The lines of a text that comes in blocks, for the module `csv`.

    It knows where blocks end, and bounds what a row takes.
    """

    def __init__(self, blocks: Iterator[bytes]) -> None:
        self._blocks = blocks
        self._lines: list[str] = []
        self._place = 0
        self.handed_out = 0
        self.taken = 0
        self.has_nul = False

    def __iter__(self) -> LineFeed:
        return self

    def __next__(self) -> str:
        if self.at_end and not self.take(next(self._blocks)):
            return next(self)
        line = self._lines[self._place]
        self._place += 1
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
        """Tell whether all lines of the present block have been handed out."""
        return self._place >= len(self._lines)

    def next_block(self) -> bytes | None:
        """Return the next block as it is, None after the last.

        Its lines are only fed after `take`.
        """
        return next(self._blocks, None)

    def take(self, block: bytes) -> int:
        """Feed the lines of a block, and return how many there are."""
        text = block.decode()
        self._lines, self._place = io.StringIO(text, newline="").readlines(), 0
        # A row that began before may hold one as well.
        self.has_nul = "\0" in text or (self.has_nul and self.taken > 0)
        return len(self._lines)

    def skip(self, lines: int) -> None:
        """Count lines that were read in another way."""
        self.handed_out += lines


class DelimitedTable:
    """A table in CSV, TSV or any other text with delimiters.

    The first record names the columns; a name that is empty or taken gets a new one, and a note.
    Blank lines are no rows. After an error of quoting, reading goes on at the next line; a quote
    that is never closed takes the rest of the file with it.

    Raises:
        InvalidInput: the first record cannot name columns.
        InvalidInput: the bytes are not text in the encoding.
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
        """Read the names of the columns; without a `dialect` find it.

        Files of `size` bytes or more are read by columns.
        """
        self._source, self._encoding = source, encoding
        self.dialect = dialect or sampled_dialect(source, encoding)
        self._by_columns = size >= MIN_COLUMNAR_BYTES
        feed, _, header = self._begin()
        if isinstance(header, RowError):
            raise InvalidInput(f"line {header.line}: {header.detail}", code="bad-table")
        self.columns = _column_names(header, feed.handed_out, report)

    def position(self) -> int:
        """Return how many bytes of the file have been read."""
        return self._source.tell()

    def blocks(self, report: Report) -> Iterator[Block]:
        """Yield all rows that can be kept.

        Lines that hold nothing but delimiters and text are read by columns.
        """
        feed, records, _ = self._begin()
        plain = PlainLines(self.columns, self.dialect) if self._by_columns else None
        yield self._checked(feed, records, report)
        while (block := feed.next_block()) is not None:
            batch = plain.read(block) if plain else None
            if batch is None:
                feed.take(block)
                yield self._checked(feed, records, report)
            else:
                feed.skip(len(batch))
                yield batch

    def _begin(
        self,
    ) -> tuple[LineFeed, Iterator[tuple[int, list[str] | RowError]], list[str] | RowError]:
        """Return what reads the rows after the first record, and this record."""
        feed = LineFeed(utf8_blocks(self._source, self._encoding))
        records = _records(feed, self.dialect)
        _, header = next(records, (1, None))
        if header is None or (header == [""] and feed.at_end):
            raise InvalidInput("the file is empty", code="bad-table")
        return feed, records, header

    def _checked(
        self, feed: LineFeed, records: Iterator[tuple[int, list[str] | RowError]], report: Report
    ) -> Rows:
        """Return the rows of the present block that can be kept, and of later ones as far as a quote reaches into them."""
        width, kept = len(self.columns), []
        while not feed.at_end:
            line, cells = next(records, (0, None))
            if cells is None:
                break
            problem = cells if isinstance(cells, RowError) else _problem_of(cells, width, line)
            if isinstance(problem, RowError):
                report.refuse(problem)
            elif isinstance(cells, list):
                kept.append(cells)
        return Rows(kept)


def sampled_dialect(
    source: IO[bytes], encoding: Encoding, delimiter: str | None = None, quote: str | None = None
) -> Dialect:
    """Return the dialect of a file; what is given is not looked for."""
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
    problem = (
        next(filter(None, map(cell_problem, cells)), None)
        if isinstance(cells, Suspicious)
        else None
    )
    return None if problem is None else RowError(line, problem)


class Suspicious(list[str]):
    """The cells of a record that may hold one that is too long, or a NUL."""


def _records(feed: LineFeed, dialect: Dialect) -> Iterator[tuple[int, list[str] | RowError]]:
    """Yield each record with the number of the line that it begins on; blank lines are skipped."""
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
            if cells:
                yield (
                    line,
                    Suspicious(cells) if feed.has_nul or feed.taken > MAX_CELL_CHARS else cells,
                )


def _quoting_problem(first: int, last: int) -> str:
    what = (
        "a quote is not closed, or text follows its end; write a quote inside a quoted cell twice"
    )
    return what if first == last else f"{what} (lines {first} to {last} are left out)"


def _column_names(header: list[str], line: int, report: Report) -> list[str]:
    names = column_names(header, report, where=f"line {line}")
    problem = next(filter(None, map(cell_problem, names)), None)
    if problem is not None:
        raise InvalidInput(f"line {line}: {problem}", code="bad-table")
    return names


def column_names(header: list[str], report: Report, *, where: str) -> list[str]:
    """Return names for columns: those of the header, but none twice and none empty.

    The report notes what was changed.

    Raises:
        InvalidInput: there are more than a thousand.
    """
    if len(header) > MAX_COLUMNS:
        raise InvalidInput(
            f"{where} names {len(header)} columns; at most {MAX_COLUMNS} are allowed",
            code="bad-table",
        )
    names: dict[str, None] = {}
    for number, name in enumerate(header, 1):
        wanted = name or f"column_{number}"
        # Later columns keep their own names: a new name must not be one of those either.
        taken = names.keys() | (set(header) - {name} if name else set(header))
        names[free := _free_name(wanted, taken)] = None
        if free != name:
            report.note(
                f"column {number} was called {quoted(name)} and is now called {quoted(free)}"
            )
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
    """Yield a text with delimiters: the names of the columns, then the rows.

    With `protect_formulas`, a cell or name that a spreadsheet would run as a formula gets a leading
    `'`; numbers stay as they are.
    """
    guard = _guarded if protect_formulas else str
    sink = io.StringIO(newline="")
    # Both characters of the line end, so that a cell with either of them is quoted.
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
