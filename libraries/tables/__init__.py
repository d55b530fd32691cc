"""Data files: CSV to JSON and back, row by row, within limits, with an account of every row that could not be kept."""

from libraries.tables.batches import (
    LONGEST_NAME,
    MOST_FILES,
    OPERATIONS,
    BadFileList,
    BatchReport,
    check_file_list,
    check_operation,
    run_operation,
)
from libraries.tables.conversion import FORMATS, check_format, convert, convert_file
from libraries.tables.limits import (
    LARGEST_FILE,
    LARGEST_RESULT,
    LONGEST_CELL,
    MOST_COLUMNS,
    BadTable,
    TableTooLarge,
    UnreadableText,
)
from libraries.tables.reports import Report, RowError, within_bytes

__all__ = [
    "FORMATS",
    "LARGEST_FILE",
    "LARGEST_RESULT",
    "LONGEST_CELL",
    "LONGEST_NAME",
    "MOST_COLUMNS",
    "MOST_FILES",
    "OPERATIONS",
    "BadFileList",
    "BadTable",
    "BatchReport",
    "Report",
    "RowError",
    "TableTooLarge",
    "UnreadableText",
    "check_file_list",
    "check_format",
    "check_operation",
    "convert",
    "convert_file",
    "run_operation",
    "within_bytes",
]
