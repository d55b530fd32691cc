"""Limits of data files and of their parts."""

from __future__ import annotations

from collections.abc import Iterable

# The result may have this many bytes, or 20 times the size of a larger file: JSON repeats the column
# names in every row, and compressed formats expand. `DATA_FILE_LIMIT` limits the source.
MAX_RESULT_BYTES = 100_000_000
MAX_COLUMNS = 1_000
MAX_CELL_CHARS = 131_072
# A row of text, which must fit in memory.
MAX_RECORD_CHARS = 12_000_000


def cell_problem(text: str) -> str | None:
    """Return the error in the text of a cell, or None."""
    if len(text) > MAX_CELL_CHARS:
        return f"a cell has {len(text)} characters; at most {MAX_CELL_CHARS} are allowed"
    if "\0" in text:
        return "a cell contains a NUL character"
    return None


def first_problem(cells: Iterable[str]) -> str | None:
    """Return the first error in the texts of cells, or None."""
    return next(filter(None, map(cell_problem, cells)), None)


def largest_result(size: int) -> int:
    """Return the maximum result in bytes for a file of `size` bytes."""
    return max(MAX_RESULT_BYTES, 20 * size)


def in_mb(size: int) -> str:
    """Return a number of bytes for error texts."""
    return f"{size / 1_000_000:,.0f} MB" if size >= 1_000_000 else f"{size:,} bytes"  # noqa: PLR2004 - a million is the unit
