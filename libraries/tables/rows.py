"""Blocks of rows that readers produce and writers consume, as lists or as Arrow columns."""

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
    """The cell of an object that lacks the key of the column; unlike None, which is null."""


MISSING = Missing()


@dataclass(frozen=True)
class Rows:
    """Rows as lists, one cell per column.

    A cell is text; in formats with types also None, `MISSING`, a number, a boolean, a date, a time, a
    list, a mapping, or an `orjson.Fragment` with its JSON text.
    """

    values: list[list[Cell]]

    def __len__(self) -> int:
        return len(self.values)

    def rows(self) -> Iterator[list[Cell]]:
        return iter(self.values)


@dataclass(frozen=True)
class Columns:
    """Rows as a batch of Arrow columns.

    `raw` are the source lines if they were plain text (no quotes, no control characters, only
    complete lines), with cells separated by `delimiter`; all columns are text then.
    """

    batch: pa.RecordBatch
    raw: bytes = b""
    delimiter: bytes = b""

    def __len__(self) -> int:
        return int(self.batch.num_rows)

    def rows(self) -> Iterator[list[Cell]]:
        return map(list, zip(*(column.to_pylist() for column in self.batch.columns), strict=True))


Block = Rows | Columns


class Table(Protocol):
    """A data file that can be read repeatedly.

    `kinds` are the kinds of the columns if the format defines them, else None; `textual` says that
    all cells are text, so that kinds are detected from the texts.
    """

    @property
    def columns(self) -> list[str]: ...
    @property
    def kinds(self) -> list[str] | None: ...
    @property
    def textual(self) -> bool: ...

    def blocks(self, report: Report) -> Iterator[Block]:
        """Yield the valid rows; add the others to the report."""

    def position(self) -> int:
        """Return the approximate number of bytes read."""


def as_text(value: Cell) -> str:
    """Return a cell as text: numbers with all digits, ISO 8601 dates, JSON for lists and mappings, '' for None."""
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
    return _uncommon_as_text(value)


def _uncommon_as_text(value: Cell) -> str:
    if isinstance(value, int | float | Decimal):
        return str(value)
    if isinstance(value, bytes):
        return base64.b64encode(value).decode()
    if isinstance(value, timedelta):
        return str(value.total_seconds())
    return orjson.dumps(value, default=for_json).decode()


def for_json(value: Cell) -> Cell:
    """Return a JSON-serializable value, for `orjson.dumps(..., default=for_json)`."""
    if isinstance(value, Decimal):
        return orjson.Fragment(str(value)) if value.is_finite() else None
    if isinstance(value, tuple):
        return list(value)
    return as_text(value)


def midnight_as_date(value: Cell) -> Cell:
    """Return a date for a datetime at midnight, as spreadsheets store dates; other values unchanged."""
    if isinstance(value, datetime) and value.time() == time():
        return value.date()
    return value
