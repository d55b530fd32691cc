"""What passes from the reader of one format to the writer of another: blocks of rows, as lists or as Arrow's columns."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from decimal import Decimal
from typing import TYPE_CHECKING, Any, Protocol

import orjson

if TYPE_CHECKING:
    import pyarrow as pa

    from libraries.tables.reports import Report

Cell = Any


class Missing:
    """The cell of an object that does not have the name of the column; not the same as null."""


MISSING = Missing()


@dataclass(frozen=True)
class Rows:
    """Rows as lists, as long as there are columns.

    A cell is text; in formats that know more it may also be None, `MISSING`, a number, a boolean, a
    date, a time, a list, a mapping, or an `orjson.Fragment`, the JSON text that it was.
    """

    values: list[list[Cell]]

    def __len__(self) -> int:
        """Return the number of rows."""
        return len(self.values)

    def rows(self) -> Iterator[list[Cell]]:
        """Return the rows."""
        return iter(self.values)


@dataclass(frozen=True)
class Columns:
    """Rows as a batch of Arrow columns.

    Attributes:
        batch: the columns.
        raw: the lines that they were read from, if these were plain text: nothing quoted, no
            control characters, every line whole. The columns are all text then.
        delimiter: what stands between the cells of `raw`.
    """

    batch: pa.RecordBatch
    raw: bytes = b""
    delimiter: bytes = b""

    def __len__(self) -> int:
        """Return the number of rows."""
        return int(self.batch.num_rows)

    def rows(self) -> Iterator[list[Cell]]:
        """Return the rows as lists of Python's values."""
        return map(list, zip(*(column.to_pylist() for column in self.batch.columns), strict=True))


Block = Rows | Columns


class Table(Protocol):
    """A data file that can be read from its beginning more than once.

    Attributes:
        columns: the names of the columns, without doubles.
        kinds: what the columns hold, where the format says so; None where only reading tells.
        textual: whether all cells are text, so that what a column holds is seen from its texts.
    """

    @property
    def columns(self) -> list[str]: ...
    @property
    def kinds(self) -> list[str] | None: ...
    @property
    def textual(self) -> bool: ...

    def blocks(self, report: Report) -> Iterator[Block]:
        """Yield all rows that can be kept, and tell the report about the others."""

    def position(self) -> int:
        """Return how many bytes of the file have been read, about."""


def as_text(value: Cell) -> str:
    """Return a cell as text: numbers keep their digits, dates are ISO 8601, lists and mappings are JSON, None is empty."""
    if isinstance(value, str):
        return value
    if value is None or value is MISSING:
        return ""
    if isinstance(value, orjson.Fragment):
        return orjson.dumps(value).decode()
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, date | time):
        return value.isoformat()
    return _rarer_text(value)


def _rarer_text(value: Cell) -> str:
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, timedelta):
        return str(value.total_seconds())
    return orjson.dumps(value, default=for_json).decode()


def for_json(value: Cell) -> Cell:
    """Return what JSON has no form for as something that it has one for.

    For `orjson.dumps(..., default=for_json)`.
    """
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value)) if value.is_finite() else None
    if isinstance(value, tuple):
        return list(value)
    return as_text(value)


def midnight_as_date(value: Cell) -> Cell:
    """Return a date for a moment at midnight, which is how spreadsheets keep dates.

    Anything else as it is.
    """
    if isinstance(value, datetime) and value.time() == time():
        return value.date()
    return value
