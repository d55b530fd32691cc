"""How large a data file and its parts may be, and the errors that refuse a file as a whole."""

from __future__ import annotations

from typing import ClassVar

from libraries.errors import InvalidInput

# Bytes in, bytes out, columns, characters of a cell. JSON repeats the column names in every row, so a result can be far larger
# than its source and has a limit of its own.
LARGEST_FILE = 10_000_000
LARGEST_RESULT = 100_000_000
MOST_COLUMNS = 1_000
LONGEST_CELL = 131_072


class UnreadableText(InvalidInput):
    """Raised when the bytes of a data file are not text in UTF-8, or in UTF-16 with its mark."""

    code: ClassVar[str] = "unreadable-text"


class BadTable(InvalidInput):
    """Raised when a data file as a whole is not a table: it is empty, has no usable columns, or is not JSON at all."""

    code: ClassVar[str] = "bad-table"


class TableTooLarge(InvalidInput):
    """Raised when a data file, or what would be made from it, is larger than allowed."""

    code: ClassVar[str] = "table-too-large"


def cell_problem(text: str) -> str | None:
    """Return what is wrong with the text of a cell, or None."""
    if len(text) > LONGEST_CELL:
        return f"a cell has {len(text)} characters; at most {LONGEST_CELL} are allowed"
    if "\0" in text:
        return "a cell holds a NUL character"
    return None
