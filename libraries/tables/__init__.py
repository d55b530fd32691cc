"""Conversion of data files between CSV, TSV, JSON, NDJSON, XLSX and Parquet, with limits and a report of rejected rows."""

from libraries.tables.batches import (
    MAX_FILE_NAME_CHARS,
    MAX_FILES,
    OPERATIONS,
    BatchReport,
    check_operation,
    run_operation,
)
from libraries.tables.columns import Column, read_columns
from libraries.tables.conversion import convert, convert_file, result_name
from libraries.tables.dialects import DELIMITERS, QUOTES, check_delimiter, check_quote
from libraries.tables.encoding import ENCODINGS, check_encoding
from libraries.tables.formats import (
    FORMATS,
    Reading,
    check_format,
    check_installed,
    check_source_format,
)
from libraries.tables.limits import MAX_CELL_CHARS, MAX_COLUMNS
from libraries.tables.reports import Report, RowError

__all__ = [
    "DELIMITERS",
    "ENCODINGS",
    "FORMATS",
    "MAX_CELL_CHARS",
    "MAX_COLUMNS",
    "MAX_FILES",
    "MAX_FILE_NAME_CHARS",
    "OPERATIONS",
    "QUOTES",
    "BatchReport",
    "Column",
    "Reading",
    "Report",
    "RowError",
    "check_delimiter",
    "check_encoding",
    "check_format",
    "check_installed",
    "check_operation",
    "check_quote",
    "check_source_format",
    "convert",
    "convert_file",
    "read_columns",
    "result_name",
    "run_operation",
]
