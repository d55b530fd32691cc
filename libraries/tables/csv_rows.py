"""CSV, in and out (RFC 4180): reading finds the delimiter, checks every row and keeps all cells as text."""

from __future__ import annotations

import csv
import io
import itertools
import re
from collections.abc import Iterable, Iterator

from libraries.tables.limits import LARGEST_FILE, MOST_COLUMNS, BadTable, cell_problem
from libraries.tables.reports import Report, RowError, quoted

DELIMITERS = ",;\t|"
SAMPLE_RECORDS = 20
SAMPLE_CHARACTERS = 100_000
NUMBER = re.compile(r"[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?", re.ASCII)
# A spreadsheet takes a cell that begins so for a formula, and runs it; the last four are the full-width forms.
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r", "\n", "\uff1d", "\uff0b", "\uff0d", "\uff20")

# The module's own limit stops in the middle of a quoted cell and goes on reading inside it, where a line of text can pass for a
# row. Ours is checked on whole cells, so its must never be met: no cell is longer than the file.
csv.field_size_limit(max(csv.field_size_limit(), LARGEST_FILE))


def read_csv(text: str, report: Report) -> Iterator[dict[str, str] | RowError]:
    """Yield the rows of a CSV text as `{column: cell}`, or the error of a row that cannot be kept.

    The first record names the columns, which are put into `report`; a name that is empty or taken gets a new one, and a note.
    Blank lines are no rows. After an error of quoting, reading goes on at the next line; a quote that is never closed takes the
    rest of the file with it.

    Raises:
        BadTable: the first record cannot name columns.
    """
    records = _records(text, _delimiter_of(text))
    line, header = next(records)
    if isinstance(header, RowError):
        raise BadTable(f"line {header.line}: {header.detail}")
    report.columns = columns = _column_names(header, line, report)
    for line, cells in records:
        yield cells if isinstance(cells, RowError) else _row(columns, cells, line)


def _row(columns: list[str], cells: list[str], line: int) -> dict[str, str] | RowError:
    if len(cells) != len(columns):
        return RowError(line, f"expected {len(columns)} cells, found {len(cells)}")
    problem = next(filter(None, map(cell_problem, cells)), None)
    return dict(zip(columns, cells, strict=True)) if problem is None else RowError(line, problem)


def _records(text: str, delimiter: str) -> Iterator[tuple[int, list[str] | RowError]]:
    """Yield each record with the number of the line that it begins on; blank lines are skipped."""
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error:
            yield line, RowError(line, _quoting_problem(line, reader.line_num))
        else:
            if cells:
                yield line, cells


def _quoting_problem(first: int, last: int) -> str:
    what = "a quote is not closed, or text follows its end; write a quote inside a quoted cell twice"
    return what if first == last else f"{what} (lines {first} to {last} are left out)"


def _delimiter_of(text: str) -> str:
    """Return the delimiter that cuts the first records into the same number of cells, the most; a comma in doubt."""
    # The last record of a cut text may be cut too.
    whole = len(text) <= SAMPLE_CHARACTERS
    best, most = ",", 1
    for delimiter in DELIMITERS:
        records = [cells for _, cells in itertools.islice(_records(text[:SAMPLE_CHARACTERS], delimiter), SAMPLE_RECORDS + 1)]
        widths = {0 if isinstance(cells, RowError) else len(cells) for cells in (records if whole else records[:-1])}
        if len(widths) == 1 and (width := widths.pop()) > most:
            best, most = delimiter, width
    return best if most > 1 else _delimiter_of_header(text)


def _delimiter_of_header(text: str) -> str:
    """Return the delimiter that occurs most in the first line that is not blank; a comma in doubt."""
    header = text.lstrip().partition("\n")[0]
    return max(DELIMITERS, key=header.count)


def _column_names(header: list[str], line: int, report: Report) -> list[str]:
    if len(header) > MOST_COLUMNS:
        raise BadTable(f"line {line} names {len(header)} columns; at most {MOST_COLUMNS} are allowed")
    problem = next(filter(None, map(cell_problem, header)), None)
    if problem is not None:
        raise BadTable(f"line {line}: {problem}")
    names: dict[str, None] = {}
    for number, name in enumerate(header, 1):
        wanted = name or f"column_{number}"
        # Later columns keep their own names: a new name must not be one of those either.
        taken = names.keys() | (set(header) - {name} if name else set(header))
        names[free := _free_name(wanted, taken)] = None
        if free != name:
            report.note(f"column {number} was called {quoted(name)} and is now called {quoted(free)}")
    return list(names)


def _free_name(wanted: str, taken: set[str]) -> str:
    candidates = itertools.chain([wanted], (f"{wanted}_{number}" for number in itertools.count(2)))
    return next(name for name in candidates if name not in taken)


def write_csv(columns: list[str], rows: Iterable[dict[str, str]], *, protect_formulas: bool) -> Iterator[str]:
    """Yield the lines of a CSV text: the names of the columns, then the rows; a cell that a row lacks is empty.

    With `protect_formulas`, a cell or name that a spreadsheet would run as a formula gets a leading `'`; numbers
    stay as they are.
    """
    guard = _guarded if protect_formulas else str
    sink = io.StringIO(newline="")
    # Both characters of the line end, so that a cell with either of them is quoted.
    writer = csv.writer(sink, lineterminator="\r\n")
    for cells in itertools.chain([columns], ([row.get(name, "") for name in columns] for row in rows)):
        writer.writerow([guard(cell) for cell in cells])
        yield sink.getvalue()
        sink.seek(0)
        sink.truncate()


def _guarded(cell: str) -> str:
    return f"'{cell}" if cell.startswith(FORMULA_STARTS) and not NUMBER.fullmatch(cell) else cell
