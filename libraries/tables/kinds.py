"""Kinds of columns, detected from their cells: integers, numbers, booleans, dates, datetimes or text.

A kind is only detected if no digit is lost: `007` and numbers of twenty digits are text. The regular
expressions mean the same in Python and in Arrow, so that both readers give the same result.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import date, datetime
from typing import TYPE_CHECKING, Any

from libraries.tables.rows import MISSING, Block, Cell, Columns, as_text

if TYPE_CHECKING:
    import pyarrow as pa

EMPTY, TEXT = "empty", "text"
DAY = "[12][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12][0-9]|3[01])"
PATTERNS = {
    "integer": "-?(?:0|[1-9][0-9]{0,14})",
    "long": "-?(?:0|[1-9][0-9]{0,17})",
    "number": r"-?(?:0|[1-9][0-9]{0,14})(?:\.[0-9]{1,17})?(?:[eE][+-]?[0-9]{1,2})?",
    "boolean": "true|false|True|False|TRUE|FALSE",
    "date": DAY,
    "datetime": f"{DAY}(?:[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\\.[0-9]{{1,6}})?)?",
}
COMPILED = {kind: re.compile(pattern, re.ASCII) for kind, pattern in PATTERNS.items()}
# The common kind of two kinds. A `long` is not a `number`, which would lose digits.
WIDER = {
    frozenset(("integer", "long")): "long",
    frozenset(("integer", "number")): "number",
    frozenset(("date", "datetime")): "datetime",
}


class ColumnKinds:
    """The kinds of all columns of a table, updated with each block of rows."""

    def __init__(self, count: int, *, textual: bool) -> None:
        """Start with `count` empty columns; `textual` says that all cells are text."""
        self.kinds = [EMPTY] * count
        self._textual = textual

    def named(self) -> list[str]:
        """Return the public names of the kinds."""
        return ["integer" if kind == "long" else kind for kind in self.kinds]

    def update(self, block: Block) -> None:
        if isinstance(block, Columns):
            for number, column in enumerate(block.batch.columns):
                if self.kinds[number] != TEXT:
                    self.kinds[number] = _joined(self.kinds[number], column, kind_of_column)
            return
        for number, kind in enumerate(self.kinds):
            if kind != TEXT:
                cells = [row[number] for row in block.values]
                self.kinds[number] = _joined(
                    kind, cells, kind_of_texts if self._textual else kind_of_cells
                )


def _joined(known: str, cells: Any, kind_of: Any) -> str:
    seen = kind_of(cells, known)
    if EMPTY in (known, seen) or known == seen:
        return seen if known == EMPTY else known
    return WIDER.get(frozenset((known, seen)), TEXT)


def kind_of_texts(cells: Sequence[str], likely: str = EMPTY) -> str:
    """Return the narrowest kind that matches all non-empty texts; `likely` is tried first."""
    filled = [cell for cell in cells if cell]
    if not filled:
        return EMPTY
    for kind in _order(likely):
        if all(map(COMPILED[kind].fullmatch, filled)) and (
            kind not in {"date", "datetime"} or _all_exist(filled)
        ):
            return kind
    return TEXT


def kind_of_cells(cells: Iterable[Cell], likely: str = EMPTY) -> str:
    """Return the narrowest kind of cells that have types; a JSON string is always text."""
    filled = [cell for cell in cells if cell is not None and cell is not MISSING]
    if any(isinstance(cell, str | list | dict | tuple | bytes) for cell in filled):
        return TEXT
    return kind_of_texts([_digits(cell) for cell in filled], likely)


def _digits(cell: Cell) -> str:
    if isinstance(cell, float):
        # 5.0 in a spreadsheet is a number, not an integer.
        return "0.5" if cell == cell and abs(cell) != float("inf") else "nan"  # noqa: PLR0124 - NaN differs from itself
    return as_text(cell)


def _order(likely: str) -> list[str]:
    # A text may only be called a number after the integers have been ruled out.
    tried = [kind for kind in PATTERNS if kind != likely]
    return [likely, *tried] if likely in {"integer", "long", "boolean", "date"} else list(PATTERNS)


def _all_exist(cells: Iterable[str]) -> bool:
    """Return whether all dates exist in the calendar."""
    try:
        for cell in cells:
            date.fromisoformat(cell[:10])
            datetime.fromisoformat(cell)
    except ValueError:
        return False
    return True


def kind_of_column(column: pa.Array, likely: str = EMPTY) -> str:
    """Return the same as `kind_of_texts` for an Arrow array of texts."""
    import pyarrow.compute as pc  # noqa: PLC0415 - heavy, and only needed for large files and Parquet

    filled = column.filter(pc.not_equal(column, ""))
    if not len(filled):
        return EMPTY
    # One cell rules out most kinds at low cost.
    first = filled[0].as_py()
    for kind in _order(likely):
        if COMPILED[kind].fullmatch(first) and _all_match(filled, kind):
            return kind
    return TEXT


def _all_match(filled: pa.Array, kind: str) -> bool:
    import pyarrow.compute as pc  # noqa: PLC0415

    matching = pc.all(pc.match_substring_regex(filled, rf"\A(?:{PATTERNS[kind]})\z")).as_py()
    return bool(matching) and (kind not in {"date", "datetime"} or _casts(filled, kind))


def _casts(filled: pa.Array, kind: str) -> bool:
    import pyarrow as pa  # noqa: PLC0415

    try:
        filled.cast(pa.date32() if kind == "date" else pa.timestamp("us"))
    except pa.ArrowInvalid:
        return False
    return True
