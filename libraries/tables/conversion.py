"""Conversion of a data file into another format, in blocks of bytes, with a report that grows on the way."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import PurePosixPath
from typing import IO

from libraries.errors import UnknownName
from libraries.registry import Registry
from libraries.storage import Artifact, filename_part, open_input, output_folder
from libraries.tables.csv_rows import read_csv, write_csv
from libraries.tables.encoding import read_text
from libraries.tables.json_rows import read_json, write_json
from libraries.tables.limits import LARGEST_RESULT, MOST_COLUMNS, BadTable, TableTooLarge
from libraries.tables.reports import Report, RowError

FOLDER = "data"
LONGEST_STEM = 80
BLOCK = 65_536

Convert = Callable[[str, Report, bool], Iterator[bytes]]
# A format by its name, and how a table of the other format becomes one.
FORMATS: Registry[Convert] = Registry("format")


def check_format(name: object, *, field: str = "format") -> str:
    """Return `name` if it is a format that can be converted to.

    Raises:
        UnknownName: it is not; the error lists those that are.
    """
    if not isinstance(name, str) or name not in FORMATS:
        raise UnknownName("format", name, FORMATS, field=field)
    return name


def convert(source: IO[bytes], to_format: str, *, protect_formulas: bool = True) -> tuple[Iterator[bytes], Report]:
    """Return the table in `source` as `to_format`, in blocks of bytes (UTF-8), and the report of its rows.

    To `json` from CSV: a list of objects, one a line; all values are text, because CSV has no other kind. To `csv` from JSON: the
    columns are the names of all objects in the order of their first appearance. A row that cannot be kept is left out and
    reported, the others are kept. The report is complete when all blocks have been taken.

    Args:
        source: a binary file of at most 10 MB, in UTF-8, or in UTF-16 with its mark.
        to_format: `json` or `csv`.
        protect_formulas: put `'` before cells of a CSV result that a spreadsheet would run as formulas.

    Raises:
        UnknownName: there is no such format.
        UnreadableText, BadTable, TableTooLarge: the file as a whole cannot be used. BadTable and TableTooLarge may also be
            raised while blocks are taken.
    """
    make, report = FORMATS[check_format(to_format)], Report()
    return _bounded_blocks(make(read_text(source), report, protect_formulas)), report


def convert_file(
    path: str, to_format: str, *, protect_formulas: bool = True, tell_apart: str = "", folder: str = FOLDER
) -> tuple[Artifact, Report]:
    """Convert the file `path`, as `convert` does, into `<folder>/<stem>.<format>` below the output folder.

    A long or odd stem is shortened. `tell_apart` is added to the stem.

    Raises:
        BadFileName, FileMissing, BadFile: the file cannot be opened.
        UnknownName, UnreadableText, BadTable, TableTooLarge: as `convert`.
        StorageFull: there is no room for the result.
    """
    check_format(to_format)
    with open_input(path) as source:
        blocks, report = convert(source, to_format, protect_formulas=protect_formulas)
        return output_folder().publish(result_name(path, to_format, tell_apart, folder), blocks), report


def result_name(path: str, to_format: str, tell_apart: str = "", folder: str = FOLDER) -> str:
    """Return the name in the output folder that the result of converting `path` gets."""
    return f"{folder}/{filename_part(PurePosixPath(path).stem, longest=LONGEST_STEM)}{tell_apart}.{to_format}"


def _csv_to_json(text: str, report: Report, protect_formulas: bool) -> Iterator[bytes]:
    if text.lstrip()[:1] in ("[", "{") and _is_json(text):
        raise BadTable("the file is JSON already")
    return write_json(_kept(read_csv(text, report), report))


def _json_to_csv(text: str, report: Report, protect_formulas: bool) -> Iterator[bytes]:
    # Twice through the text: the first line of a CSV needs the names of all rows, and rows are not held in memory meanwhile.
    report.columns = columns = _all_columns(read_json(text))
    rows = _kept(read_json(text), report)
    lines = write_csv(columns, rows, protect_formulas=protect_formulas) if columns else (str(row) for row in rows)
    return (line.encode() for line in lines)


FORMATS.add("json", _csv_to_json)
FORMATS.add("csv", _json_to_csv)


def _is_json(text: str) -> bool:
    try:
        for _ in read_json(text):
            pass
    except BadTable:
        return False
    return True


def _all_columns(rows: Iterable[dict[str, str] | RowError]) -> list[str]:
    columns: dict[str, None] = {}
    for row in rows:
        if not isinstance(row, RowError):
            columns |= dict.fromkeys(row)
        if len(columns) > MOST_COLUMNS:
            raise BadTable(f"the objects have more than {MOST_COLUMNS} different names")
    return list(columns)


def _kept(rows: Iterable[dict[str, str] | RowError], report: Report) -> Iterator[dict[str, str]]:
    for row in rows:
        if isinstance(row, RowError):
            report.refuse(row)
        else:
            report.rows += 1
            yield row


def _bounded_blocks(pieces: Iterable[bytes]) -> Iterator[bytes]:
    """Yield the pieces joined into blocks; raise TableTooLarge when they become too many bytes."""
    block, total = bytearray(), 0
    for piece in pieces:
        block += piece
        total += len(piece)
        if total > LARGEST_RESULT:
            raise TableTooLarge(f"the result would be larger than {LARGEST_RESULT // 1_000_000} MB")
        if len(block) >= BLOCK:
            yield bytes(block)
            block.clear()
    yield bytes(block)
