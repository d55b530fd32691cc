"""Reading and writing of spreadsheets (.xlsx): the first sheet of a workbook is a table."""

from __future__ import annotations

import tempfile
import warnings
import zipfile
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime
from typing import IO, Any

from libraries.errors import InvalidInput, VectorError
from libraries.tables.csv_rows import column_names
from libraries.tables.limits import first_problem, in_mb
from libraries.tables.reports import Report, RowError
from libraries.tables.rows import Block, Cell, Rows, as_text, midnight_as_date

# Limits of the zip archive, checked before any of it is read.
MAX_UNPACKED_BYTES, MAX_COMPRESSION_RATIO, MAX_ZIP_MEMBERS = 200_000_000, 100, 2_000
# Limits of the file format.
MAX_SHEET_ROWS, MAX_SHEET_CELL_CHARS = 1_048_576, 32_767


class SheetTable:
    """The first sheet of a workbook.

    The first non-empty row names the columns; empty rows are skipped. Formulas have their cached
    values. The line of a row is its number in the sheet. Raises InvalidInput for other files.
    """

    BLOCK_ROWS = 2_000

    textual = False
    kinds = None

    def __init__(self, source: IO[bytes], report: Report) -> None:
        self._source = source
        check_zip(source)
        self.columns: list[str] = []
        for number, cells in self._rows(report):
            texts = [as_text(cell) for cell in cells]
            self.columns = column_names(texts, report, where=f"row {number}")
            break
        if not self.columns:
            raise InvalidInput("the first sheet is empty", code="bad-table")

    def position(self) -> int:
        return self._source.tell()

    def blocks(self, report: Report) -> Iterator[Block]:
        rows: list[list[Cell]] = []
        numbered = self._rows(Report())
        next(numbered)
        for number, cells in numbered:
            problem = self._problem(cells)
            if problem is not None:
                report.reject(RowError(number, problem))
                continue
            rows.append([*cells, *[None] * (len(self.columns) - len(cells))])
            if len(rows) >= self.BLOCK_ROWS:
                yield Rows(rows)
                rows = []
        if rows:
            yield Rows(rows)

    def _problem(self, cells: list[Cell]) -> str | None:
        if len(cells) > len(self.columns):
            return f"expected {len(self.columns)} cells, found {len(cells)}"
        return first_problem(cell for cell in cells if isinstance(cell, str))

    def _rows(self, report: Report) -> Iterator[tuple[int, list[Cell]]]:
        """Yield the non-empty rows with their numbers, without trailing empty cells."""
        import openpyxl  # noqa: PLC0415 - heavy, and only needed here

        try:
            with warnings.catch_warnings(action="ignore"):
                book = openpyxl.load_workbook(
                    self._source, read_only=True, data_only=True, keep_links=False
                )
                if len(book.worksheets) > 1:
                    report.note(
                        f"the workbook has {len(book.worksheets)} sheets; the first one was read"
                    )
                yield from _filled_rows(book.worksheets[0])
        except (VectorError, MemoryError):
            raise
        except Exception:
            # openpyxl raises arbitrary exceptions for damaged workbooks.
            raise InvalidInput("the file cannot be read as a workbook", code="bad-table") from None


def _filled_rows(sheet: Any) -> Iterator[tuple[int, list[Cell]]]:
    # The declared size may be wrong, and rows would be filled up to it.
    sheet.reset_dimensions()
    for number, values in enumerate(sheet.iter_rows(values_only=True), 1):
        cells = list(values)
        while cells and cells[-1] is None:
            cells.pop()
        if cells:
            yield number, [midnight_as_date(cell) for cell in cells]


def check_zip(source: IO[bytes]) -> None:
    """Raise InvalidInput if the file is not a zip, has too many members, or expands to too much."""
    source.seek(0)
    try:
        with zipfile.ZipFile(source) as archive:
            parts = archive.infolist()
    except (zipfile.BadZipFile, ValueError, OSError, NotImplementedError):
        raise InvalidInput("the file is not a workbook", code="bad-table") from None
    if len(parts) > MAX_ZIP_MEMBERS or sum(part.file_size for part in parts) > MAX_UNPACKED_BYTES:
        raise InvalidInput(
            f"the workbook expands to more than {MAX_ZIP_MEMBERS} parts or {in_mb(MAX_UNPACKED_BYTES)}",
            code="table-too-large",
        )
    # Small members may have a higher ratio.
    if any(
        part.file_size > max(1_000_000, MAX_COMPRESSION_RATIO * part.compress_size)
        for part in parts
    ):
        raise InvalidInput(
            f"a part of the workbook expands to more than {MAX_COMPRESSION_RATIO} times its size",
            code="table-too-large",
        )


def write_sheet(columns: list[str], blocks: Iterable[Block], kinds: list[str]) -> Iterator[bytes]:
    """Yield a workbook of one sheet: the names of the columns, then the rows.

    Numbers and dates get those types; no text becomes a formula. The rows are kept in a temporary
    file. Raises InvalidInput for over 1,048,575 rows or a text of over 32,767 characters.
    """
    import xlsxwriter  # noqa: PLC0415 - only needed here
    from xlsxwriter.exceptions import FileCreateError  # noqa: PLC0415

    with (
        tempfile.TemporaryDirectory(prefix="sheet-") as folder,
        tempfile.TemporaryFile(dir=folder) as file,
    ):
        book = xlsxwriter.Workbook(
            file,
            {
                "constant_memory": True,
                "tmpdir": folder,
                "strings_to_formulas": False,
                "strings_to_numbers": False,
                "strings_to_urls": False,
            },
        )
        # A constant date makes the output reproducible.
        book.set_properties({"created": datetime(2000, 1, 1, tzinfo=UTC).replace(tzinfo=None)})
        sheet = _Sheet(book, kinds)
        try:
            _write_rows(sheet, columns, blocks)
            book.close()
        except FileCreateError as error:
            raise (
                error.args[0] if isinstance(error.args[0], OSError) else OSError(str(error))
            ) from error
        finally:
            sheet.close()
        file.seek(0)
        while part := file.read(1 << 20):
            yield part


def _write_rows(sheet: _Sheet, columns: list[str], blocks: Iterable[Block]) -> None:
    sheet.write(0, list(columns))
    for number, cells in enumerate((cells for block in blocks for cells in block.rows()), 1):
        if number >= MAX_SHEET_ROWS:
            raise InvalidInput(
                f"a sheet is limited to {MAX_SHEET_ROWS - 1:,} rows and a header",
                code="table-too-large",
            )
        sheet.write(number, cells)


class _Sheet:
    """Writes rows to the sheet of a new workbook."""

    # Numbers with more digits stay text, because spreadsheets would round them.
    MAX_NUMBER_DIGITS = 15

    def __init__(self, book: Any, kinds: list[str]) -> None:
        self._sheet = book.add_worksheet()
        self._kinds = kinds
        self._formats = {
            "date": book.add_format({"num_format": "yyyy-mm-dd"}),
            "datetime": book.add_format({"num_format": "yyyy-mm-dd hh:mm:ss"}),
        }

    def close(self) -> None:
        """Close the temporary file of the rows, which stays open after an error."""
        self._sheet.row_data_fh.close()

    def write(self, number: int, cells: list[Cell]) -> None:
        """Write a row; row 0 contains the names."""
        for column, cell in enumerate(cells):
            kind = self._kinds[column] if number else "text"
            text = as_text(cell)
            if text and not self._as_number(number, column, text, kind):
                self._text(number, column, text)

    def _as_number(self, number: int, column: int, text: str, kind: str) -> bool:
        """Write the cell with the type of its column; return False if it must be text."""
        if kind == "boolean":
            self._sheet.write_boolean(number, column, text[0] in "tT")
        elif kind in {"integer", "number"} and len(text) <= self.MAX_NUMBER_DIGITS + 2:
            self._sheet.write_number(number, column, float(text))
        elif kind in self._formats:
            moment = datetime.fromisoformat(text)
            if moment.year < 1900 or moment.tzinfo:  # noqa: PLR2004 - the calendar of spreadsheets begins there
                return False
            day = date.fromisoformat(text) if kind == "date" else moment
            self._sheet.write_datetime(number, column, day, self._formats[kind])
        else:
            return False
        return True

    def _text(self, number: int, column: int, text: str) -> None:
        if len(text) > MAX_SHEET_CELL_CHARS:
            raise InvalidInput(
                f"row {number} has a cell of {len(text)} characters; a sheet allows {MAX_SHEET_CELL_CHARS}",
                code="table-too-large",
            )
        self._sheet.write_string(number, column, text)
