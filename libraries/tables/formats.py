"""The formats of data files: how a file is taken for one of them, how it is read, and how it is written."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import IO

from libraries.errors import UnknownName
from libraries.registry import Registry
from libraries.tables.csv_rows import DelimitedTable, sampled_dialect, write_delimited
from libraries.tables.dialects import check_delimiter, check_quote
from libraries.tables.encoding import Encoding, check_encoding, detect_encoding, utf8_blocks
from libraries.tables.json_rows import JsonTable, LinesTable, write_json, write_lines
from libraries.tables.limits import BadTable
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


@dataclass(frozen=True)
class Reading:
    """How a data file is to be read; what is not given is found out.

    Attributes:
        from_format: the format.
        encoding: a name of `libraries.tables.encoding.ENCODINGS`; only formats of text have one.
        delimiter: the character between cells, or its name.
        quote: the character around cells, or its name.
    """

    from_format: str | None = None
    encoding: str | None = None
    delimiter: str | None = None
    quote: str | None = None

    def __post_init__(self) -> None:
        """Check the names.

        Raises:
            UnknownName: one of them is unknown.
        """
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
    """What a writer is told: the columns, what they hold, whether all cells are text, and whether to protect formulas."""

    columns: list[str]
    kinds: list[str]
    textual: bool
    protect_formulas: bool


@dataclass(frozen=True)
class Format:
    """A format that files can be converted to.

    Attributes:
        write: yields the bytes of the file.
        needs_kinds: whether it must be known what the columns hold before the first row is written.
    """

    write: Callable[[Writing, Iterator[Block]], Iterator[bytes]]
    needs_kinds: bool = False


FORMATS: Registry[Format] = Registry("format")
FORMATS.add(
    "csv",
    Format(
        lambda to, blocks: write_delimited(
            to.columns, blocks, ",", line_end="\r\n", protect_formulas=to.protect_formulas
        )
    ),
)
FORMATS.add(
    "tsv",
    Format(
        lambda to, blocks: write_delimited(
            to.columns, blocks, "\t", line_end="\n", protect_formulas=to.protect_formulas
        )
    ),
)
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
    """Return `name` if it is a format that can be converted to.

    Raises:
        UnknownName: it is not; the error lists those that are.
    """
    if not isinstance(name, str) or name not in FORMATS:
        raise UnknownName("format", name, FORMATS, field=field)
    return name


def check_source_format(name: object) -> str:
    """Return `name` if it is a format that can be read.

    Raises:
        UnknownName: it is not; the error lists those that are.
    """
    return check_format(name, field="from_format")


def open_table(
    source: IO[bytes], size: int, report: Report, reading: Reading, name: str = ""
) -> Table:
    """Return the table in a file; the report is told how it was read.

    Args:
        source: a binary file that can be read again from its beginning.
        size: its bytes.
        report: gets the format, the encoding, the dialect, the columns and notes about them.
        reading: what is known about it.
        name: its name, whose ending tells the format where the bytes do not.

    Raises:
        UnreadableText, BadTable, InvalidInput: it cannot be used.
    """
    source.seek(0)
    head = source.read(HEAD)
    magic = next(
        (
            kind
            for mark, kind in ((b"PK\x03\x04", "xlsx"), (b"PAR1", "parquet"))
            if head.startswith(mark)
        ),
        None,
    )
    if magic is None and head.startswith(
        (b"\x1f\x8b", b"BZh", b"\xfd7zXZ", b"7z\xbc\xaf", b"Rar!", b"\x28\xb5\x2f\xfd")
    ):
        raise BadTable("the file is an archive; unpack it first")
    kind = reading.from_format or magic
    report.encoding = report.dialect = None
    if kind in {"xlsx", "parquet"}:
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
    delimiter = (
        check_delimiter(reading.delimiter)
        if reading.delimiter is not None
        else "\t"
        if kind == "tsv"
        else None
    )
    quote = check_quote(reading.quote) if reading.quote is not None else None
    dialect = sampled_dialect(source, encoding, delimiter, quote)
    report.source_format, report.dialect = (
        "tsv" if dialect.delimiter == "\t" else "csv",
        dialect.as_record(),
    )
    return DelimitedTable(source, encoding, dialect, report, size=size)


def _beginning(source: IO[bytes], encoding: Encoding) -> str:
    """Return the first part of a text that is not blank.

    Raises:
        BadTable: there is none.
    """
    for block in utf8_blocks(source, encoding, HEAD):
        text = block.decode()
        if text and not text.isspace():
            return text
    raise BadTable("the file is empty")


def _format_of_text(beginning: str, kind: str | None) -> str:
    """Return the format of a text: what it begins with tells more than its name, but only where it leaves no doubt."""
    if re.match(r"\s*\[\s*(\]\s*\Z|\{\s*[\"}])", beginning):
        return "json"
    if kind in {None, "json"} and re.match(r"\s*\{\s*\"", beginning):
        return "ndjson"
    return kind if kind is not None and kind not in {"xlsx", "parquet"} else "csv"
