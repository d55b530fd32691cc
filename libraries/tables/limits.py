"""How large a data file and its parts may be, and the errors that refuse a file as a whole."""

from __future__ import annotations

from libraries.errors import InvalidInput

# Every file may become this many bytes; a large one twenty times its own, because JSON repeats the column names in every row and
# packed formats unfold. How large a file may be at all is the setting DATA_FILE_LIMIT.
MAX_RESULT_BYTES = 100_000_000
MAX_COLUMNS = 1_000
MAX_CELL_CHARS = 131_072
# Characters from the beginning of a row to its end, in formats of text: what has to be in memory at once.
MAX_RECORD_CHARS = 12_000_000


class UnreadableText(InvalidInput):
    """Raised when the bytes of a data file are not text in an encoding that can be told for sure."""

    code = "unreadable-text"


class BadTable(InvalidInput):
    """Raised when a data file as a whole is not a table: it is empty, has no usable columns, or is not in its format at all."""

    code = "bad-table"


def cell_problem(text: str) -> str | None:
    """Return what is wrong with the text of a cell, or None."""
    if len(text) > MAX_CELL_CHARS:
        return f"a cell has {len(text)} characters; at most {MAX_CELL_CHARS} are allowed"
    if "\0" in text:
        return "a cell holds a NUL character"
    return None


def largest_result(size: int) -> int:
    """Return how many bytes may be made from a file of `size` bytes: 100 MB, or 20 times its size."""
    return max(MAX_RESULT_BYTES, 20 * size)


def in_mb(size: int) -> str:
    """Return a number of bytes for an error text."""
    return f"{size / 1_000_000:,.0f} MB" if size >= 1_000_000 else f"{size:,} bytes"  # noqa: PLR2004 - a million is the unit
