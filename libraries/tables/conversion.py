"""Conversion of a data file into another format, in blocks of bytes, with a report that grows on the way."""

from __future__ import annotations

import io
from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath
from typing import IO

from libraries.errors import InvalidInput
from libraries.settings import UploadSettings
from libraries.storage import Artifact, filename_part, open_input, output_folder
from libraries.tables.formats import FORMATS, Reading, Writing, check_format, open_table
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

    From CSV and TSV all values go into JSON as text, because these formats have no other kind. From JSON the columns are the
    names of all objects in the order of their first appearance. A row that cannot be kept is left out and reported, the others
    are kept. The report is complete when all blocks have been taken.

    Args:
        source: a binary file that can be read again from its beginning.
        to_format: a name of `FORMATS`.
        protect_formulas: put `'` before cells of a CSV or TSV result that a spreadsheet would run as formulas.
        reading: how the file is to be read; by default all of that is found out.
        name: the name of the file, whose ending tells the format where the bytes do not.
        on_progress: called now and then with the bytes read, the bytes to read, and words; a file that is read twice counts
            twice.

    Raises:
        UnknownName: there is no such format.
        UnreadableText, BadTable, InvalidInput: the file as a whole cannot be used. All of them may also be raised while blocks
            are taken.
    """
    chosen, report = FORMATS[check_format(to_format)], Report()
    size = source.seek(0, io.SEEK_END)
    most = UploadSettings.current().data_file_limit
    if size > most:
        raise InvalidInput(f"the file is larger than {in_mb(most)}", code="table-too-large")
    table = open_table(source, size, report, reading or Reading(), name)
    report.columns = table.columns
    passes = Passes(table, size, on_progress)
    kinds = table.kinds
    if kinds is None and chosen.needs_kinds:
        kinds = passes.look_through()
    counted = passes.rows(report, kinds)
    pieces = chosen.write(
        Writing(table.columns, kinds or [], table.textual, protect_formulas), counted
    )
    return _bounded_blocks(pieces, largest_result(size)), report


class Passes:
    """The ways through a table: one to see what its columns hold, where that must be known before, and one to write it."""

    def __init__(self, table: Table, size: int, on_progress: OnProgress | None) -> None:
        self._table, self._size, self._on_progress = table, size, on_progress
        self._before, self._total = 0, size

    def look_through(self) -> list[str]:
        """Read all of the table and return the kinds of its columns."""
        self._total = 2 * self._size
        kinds = ColumnKinds(len(self._table.columns), textual=self._table.textual)
        for block in self._table.blocks(Report()):
            kinds.see(block)
            self._tell()
        self._before = self._size
        return kinds.kinds

    def rows(self, report: Report, known: list[str] | None) -> Iterator[Block]:
        """Yield all rows of the table that can be kept, counted by the report."""
        kinds = ColumnKinds(len(self._table.columns), textual=self._table.textual)
        if known is not None:
            kinds.kinds = known
        for block in self._table.blocks(report):
            report.rows += len(block)
            if known is None:
                kinds.see(block)
            if len(block):
                yield block
            self._tell()
        report.kinds = kinds.named()
        self._tell(whole=True)

    def _tell(self, *, whole: bool = False) -> None:
        if self._on_progress is not None:
            done = self._total if whole else self._before + min(self._table.position(), self._size)
            self._on_progress(done, self._total, f"read {in_mb(done)} of {in_mb(self._total)}")


def convert_file(
    path: str,
    to_format: str,
    *,
    protect_formulas: bool = True,
    tell_apart: str = "",
    folder: str = FOLDER,
    reading: Reading | None = None,
    on_progress: OnProgress | None = None,
) -> tuple[Artifact, Report]:
    """Convert the file `path`, as `convert` does, into `<folder>/<stem>.<format>` below the output folder.

    A long or odd stem is shortened. `tell_apart` is added to the stem.

    Raises:
        BadFileName, FileMissing, BadFile: the file cannot be opened.
        UnknownName, UnreadableText, BadTable, InvalidInput: as `convert`.
        StorageFull: there is no room for the result.
    """
    name = result_name(path, check_format(to_format), tell_apart, folder)
    return convert_to(
        path,
        to_format,
        name,
        protect_formulas=protect_formulas,
        reading=reading,
        on_progress=on_progress,
    )


def convert_to(
    path: str,
    to_format: str,
    name: str,
    *,
    protect_formulas: bool = True,
    reading: Reading | None = None,
    on_progress: OnProgress | None = None,
) -> tuple[Artifact, Report]:
    """Convert the file `path` as `convert_file` does, into the file `name` of the output folder; it raises the same."""
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


def result_name(path: str, suffix: str, tell_apart: str = "", folder: str = FOLDER) -> str:
    """Return the name in the output folder that the result of converting `path` gets."""
    return f"{folder}/{filename_part(PurePosixPath(path).stem, longest=80)}{tell_apart}.{suffix}"


def _bounded_blocks(pieces: Iterable[bytes], most: int) -> Iterator[bytes]:
    """Yield the pieces joined into blocks; raise InvalidInput when they become too many bytes."""
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
