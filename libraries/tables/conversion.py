"""Conversion of a data file to another format, as a stream of byte blocks and a report."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath
from typing import IO

from libraries.errors import InvalidInput
from libraries.storage import Artifact, filename_part, open_input, output_folder
from libraries.tables.formats import (
    FORMATS,
    Reading,
    Writing,
    check_format,
    check_installed,
    open_table,
)
from libraries.tables.kinds import ColumnKinds
from libraries.tables.limits import in_mb, largest_result
from libraries.tables.reports import Report
from libraries.tables.rows import Block, Table

FOLDER = "data"
BLOCK = 65_536

OnProgress = Callable[[int, int, str], None]


def convert(
    source: IO[bytes],
    to_format: str,
    *,
    protect_formulas: bool = True,
    reading: Reading | None = None,
    name: str = "",
    on_progress: OnProgress | None = None,
) -> tuple[Iterator[bytes], Report]:
    """Return the table in `source` as `to_format`, in blocks of bytes, and the report of its rows.

    Cells of CSV and TSV become text in JSON. Columns of JSON are the keys of all objects in the
    order of their first appearance. Invalid rows are omitted and reported. The report is complete
    when all blocks have been consumed. `protect_formulas` puts `'` before cells of a CSV or TSV
    result that a spreadsheet would run as formulas. `on_progress` is called with the bytes read, the
    bytes to read (twice the size if the file is read twice), and a text.

    Raises:
        UnknownName: unknown format.
        InvalidInput: the file cannot be read, or the format needs a missing package. Also raised while blocks are consumed.
    """
    chosen, report = FORMATS[check_format(to_format)], Report()
    check_installed(to_format)
    table, size = open_table(source, report, reading or Reading(), name)
    passes = Passes(table, size, on_progress)
    kinds = table.kinds
    if kinds is None and chosen.needs_kinds:
        kinds = passes.detect_kinds()
    options = Writing(table.columns, kinds or [], table.textual, protect_formulas)
    pieces = chosen.write(options, passes.rows(report, kinds))
    return _bounded_blocks(pieces, largest_result(size)), report


class Passes:
    """Passes over a table: an optional one that detects the kinds of its columns, and one that yields the rows."""

    def __init__(self, table: Table, size: int, on_progress: OnProgress | None) -> None:
        self._table, self._size, self._on_progress = table, size, on_progress
        self._before, self._total = 0, size

    def detect_kinds(self) -> list[str]:
        """Read the whole table and return the kinds of its columns."""
        self._total = 2 * self._size
        kinds = ColumnKinds(len(self._table.columns), textual=self._table.textual)
        for block in self._table.blocks(Report()):
            kinds.update(block)
            self._report()
        self._before = self._size
        return kinds.kinds

    def rows(self, report: Report, known: list[str] | None) -> Iterator[Block]:
        """Yield the valid rows of the table; `report` counts them and lists the rejected ones."""
        kinds = ColumnKinds(len(self._table.columns), textual=self._table.textual)
        if known is not None:
            kinds.kinds = known
        for block in self._table.blocks(report):
            report.rows += len(block)
            if known is None:
                kinds.update(block)
            if len(block):
                yield block
            self._report()
        report.kinds = kinds.named()
        self._report(complete=True)

    def _report(self, *, complete: bool = False) -> None:
        if self._on_progress is not None:
            done = (
                self._total if complete else self._before + min(self._table.position(), self._size)
            )
            self._on_progress(done, self._total, f"read {in_mb(done)} of {in_mb(self._total)}")


def convert_file(
    path: str,
    to_format: str,
    *,
    name: str | None = None,
    folder: str = FOLDER,
    protect_formulas: bool = True,
    reading: Reading | None = None,
    on_progress: OnProgress | None = None,
) -> tuple[Artifact, Report]:
    """Convert the file `path`, as `convert` does, to the file `name` of the output folder.

    By default it is called `<folder>/<stem>.<format>`, with a shortened stem. Raises the errors of
    `open_input` and `convert`, and Unavailable if the storage is full.
    """
    name = name or result_name(path, check_format(to_format), folder=folder)
    with open_input(path) as source:
        blocks, report = convert(
            source,
            to_format,
            protect_formulas=protect_formulas,
            reading=reading,
            name=path,
            on_progress=on_progress,
        )
        return output_folder().publish(name, blocks), report


def result_name(path: str, suffix: str, stem_suffix: str = "", folder: str = FOLDER) -> str:
    """Return the default name in the output folder for the result of converting `path`."""
    return f"{folder}/{filename_part(PurePosixPath(path).stem, longest=80)}{stem_suffix}.{suffix}"


def _bounded_blocks(pieces: Iterable[bytes], most: int) -> Iterator[bytes]:
    """Join the pieces into blocks; raise InvalidInput if they exceed `most` bytes."""
    block, total = bytearray(), 0
    for piece in pieces:
        block += piece
        total += len(piece)
        if total > most:
            raise InvalidInput(
                f"the result would be larger than {in_mb(most)}", code="table-too-large"
            )
        if len(block) >= BLOCK:
            yield bytes(block)
            block.clear()
    yield bytes(block)
