"""Registry of data file formats, and their detection."""

from __future__ import annotations

import io
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO

from libraries.errors import InvalidInput, UnknownName
from libraries.extras import Extra
from libraries.registry import Registry
from libraries.settings import UploadSettings
from libraries.tables.csv_rows import DelimitedTable, sampled_dialect, write_delimited
from libraries.tables.dialects import check_delimiter, check_quote
from libraries.tables.encoding import Encoding, check_encoding, detect_encoding, utf8_blocks
from libraries.tables.json_rows import JsonTable, LinesTable, write_json, write_lines
from libraries.tables.limits import in_mb
from libraries.tables.parquet import ParquetTable, write_parquet
from libraries.tables.reports import Report
from libraries.tables.rows import Block, Table
from libraries.tables.sheets import SheetTable, write_sheet

SUFFIXES = {
    ".csv": "csv",
    ".tsv": "tsv",
    ".tab": "tsv",
    ".json": "json",
    ".ndjson": "ndjson",
    ".jsonl": "ndjson",
    ".xlsx": "xlsx",
    ".parquet": "parquet",
}
HEAD = 65_536
MAGIC = {b"PK\x03\x04": "xlsx", b"PAR1": "parquet"}
ARCHIVES = (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!", b"\x28\xb5\x2f\xfd")


@dataclass(frozen=True)
class Reading:
    """How to read a data file; what is None is detected.

    Attributes:
        from_format: the format.
        encoding: a name of `libraries.tables.encoding.ENCODINGS`; for text formats.
        delimiter: the character between cells, or its name.
        quote: the character around cells, or its name.
    """

    from_format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None

    def __post_init__(self) -> None:
        """Check the names, or raise UnknownName."""
        checks = {
            "from_format": check_source_format,
            "encoding": check_encoding,
            "delimiter": check_delimiter,
            "quote": check_quote,
        }
        for name, check in checks.items():
            if getattr(self, name) is not None:
                check(getattr(self, name))


@dataclass(frozen=True)
class Writing:
    """Options of a writer: names and kinds of the columns, whether all cells are text, whether to protect formulas."""

    columns: list[str]
    kinds: list[str]
    textual: bool
    protect_formulas: bool


@dataclass(frozen=True)
class Format:
    """An output format: `write` yields the bytes, `needs_kinds` says that kinds are needed before the first row."""

    write: Callable[[Writing, Iterator[Block]], Iterator[bytes]]
    needs_kinds: bool = False


def _delimited(delimiter: str, line_end: str) -> Format:
    return Format(
        lambda to, blocks: write_delimited(
            to.columns, blocks, delimiter, line_end=line_end, protect_formulas=to.protect_formulas
        )
    )


FORMATS: Registry[Format] = Registry("format")
FORMATS.add("csv", _delimited(",", "\r\n"))
FORMATS.add("tsv", _delimited("\t", "\n"))
FORMATS.add("json", Format(lambda to, blocks: write_json(to.columns, blocks)))
FORMATS.add("ndjson", Format(lambda to, blocks: write_lines(to.columns, blocks)))
FORMATS.add(
    "xlsx", Format(lambda to, blocks: write_sheet(to.columns, blocks, to.kinds), needs_kinds=True)
)
FORMATS.add(
    "parquet",
    Format(
        lambda to, blocks: write_parquet(to.columns, blocks, to.kinds, textual=to.textual),
        needs_kinds=True,
    ),
)


def check_format(name: object, *, field: str = "format") -> str:
    """Return `name` if it is a known format, or raise UnknownName."""
    if not isinstance(name, str) or name not in FORMATS:
        raise UnknownName("format", name, FORMATS, field=field)
    return name


def check_source_format(name: object) -> str:
    """Return `name` if it is a format that can be read, or raise UnknownName."""
    return check_format(name, field="from_format")


def check_installed(name: str) -> None:
    """Raise InvalidInput if the package that a format needs is not installed."""
    if name == "parquet" and (package := Extra.PARQUET.missing()):
        raise InvalidInput(f"Parquet needs {package}", code="not-installed")


def open_table(
    source: IO[bytes], report: Report, reading: Reading, name: str = ""
) -> tuple[Table, int]:
    """Return the table in a seekable binary file, and the size of the file in bytes.

    `report` receives format, encoding, dialect, columns and notes. The extension of `name` is used if
    the content does not show the format. Raises InvalidInput if the file is too large or invalid.
    """
    size, most = source.seek(0, io.SEEK_END), UploadSettings.current().data_file_limit
    if size > most:
        raise InvalidInput(f"the file is larger than {in_mb(most)}", code="table-too-large")
    table = _open(source, size, report, reading, name)
    report.columns = table.columns
    return table, size


def _open(source: IO[bytes], size: int, report: Report, reading: Reading, name: str) -> Table:
    source.seek(0)
    head = source.read(HEAD)
    if head.startswith(ARCHIVES):
        raise InvalidInput("the file is an archive; unpack it first", code="bad-table")
    magic = next((kind for mark, kind in MAGIC.items() if head.startswith(mark)), None)
    kind = reading.from_format or magic
    report.encoding = report.dialect = None
    if kind in {"xlsx", "parquet"}:
        check_installed(kind)
        report.source_format = kind
        return SheetTable(source, report) if kind == "xlsx" else ParquetTable(source)
    return _open_text(
        source, size, report, reading, kind or SUFFIXES.get(PurePosixPath(name).suffix.lower())
    )


def _open_text(
    source: IO[bytes], size: int, report: Report, reading: Reading, kind: str | None
) -> Table:
    encoding = detect_encoding(source, reading.encoding)
    report.encoding = encoding.name
    beginning = _beginning(source, encoding)
    if not reading.from_format:
        kind = _format_of_text(beginning, kind)
    if kind in {"json", "ndjson"}:
        report.source_format = kind
        return JsonTable(source, encoding) if kind == "json" else LinesTable(source, encoding)
    delimiter = "\t" if kind == "tsv" else None
    if reading.delimiter is not None:
        delimiter = check_delimiter(reading.delimiter)
    quote = check_quote(reading.quote) if reading.quote is not None else None
    dialect = sampled_dialect(source, encoding, delimiter, quote)
    report.source_format = "tsv" if dialect.delimiter == "\t" else "csv"
    report.dialect = dialect._asdict()
    return DelimitedTable(source, encoding, dialect, report, size=size)


def _beginning(source: IO[bytes], encoding: Encoding) -> str:
    """Return the first non-blank block of a text."""
    for block in utf8_blocks(source, encoding, HEAD):
        text = block.decode()
        if text and not text.isspace():
            return text
    raise InvalidInput("the file is empty", code="bad-table")


def _format_of_text(beginning: str, kind: str | None) -> str:
    """Return the format of a text: by its beginning where that is unambiguous, else by its name."""
    if re.match(r"\s*\[\s*(\]\s*\Z|\{\s*[\"}])", beginning):
        return "json"
    if kind in {None, "json"} and re.match(r"\s*\{\s*\"", beginning):
        return "ndjson"
    return kind if kind is not None and kind not in {"xlsx", "parquet"} else "csv"
