"""Columns of a data file as NumPy arrays."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from libraries.errors import InvalidInput, UnknownName
from libraries.storage import open_input
from libraries.tables.conversion import OnProgress, Passes
from libraries.tables.formats import Reading, open_table
from libraries.tables.reports import Report
from libraries.tables.rows import Block, Cell, Columns, as_text

# Numbers of all columns together: 8 bytes each.
MAX_VALUES = 16_000_000


@dataclass(frozen=True)
class Column:
    """One column of a data file; `kind` is `number`, `date` or `text`.

    `values` are floats of shape (n,), NaN for empty or invalid cells; dates are seconds since 1970 in
    UTC, texts are indices into `texts`, the distinct texts in the order of their first appearance.
    """

    name: str
    kind: str
    values: NDArray[np.float64]
    texts: tuple[str, ...] = ()


def read_columns(
    path: str,
    names: Sequence[str],
    *,
    reading: Reading | None = None,
    on_progress: OnProgress | None = None,
) -> tuple[list[Column], Report]:
    """Return the columns called `names` of the data file `path`, and the report of its rows.

    A column consists of numbers or dates if all non-empty cells do.
    """
    report = Report()
    with open_input(path) as source:
        table, size = open_table(source, report, reading or Reading(), path)
        for name in names:
            if name not in table.columns:
                raise UnknownName("column", name, table.columns, field="columns")
        indices = [table.columns.index(name) for name in names]
        passes = Passes(table, size, on_progress)
        kinds = table.kinds or passes.detect_kinds()
        found = [_ColumnBuilder(_kind_of(kinds[index])) for index in indices]
        for block in passes.rows(report, kinds):
            if report.rows * len(indices) > MAX_VALUES:
                raise InvalidInput(
                    f"charts are limited to {MAX_VALUES // len(indices):,} rows for {len(indices)} columns",
                    code="table-too-large",
                )
            for index, column in zip(indices, found, strict=True):
                column.add(_cells(block, index))
    return [column.as_column(name) for name, column in zip(names, found, strict=True)], report


def _kind_of(kind: str) -> str:
    if kind in {"integer", "long", "number"}:
        return "number"
    return "date" if kind in {"date", "datetime"} else "text"


def _cells(block: Block, index: int) -> list[Cell]:
    return (
        block.batch.column(index).to_pylist()
        if isinstance(block, Columns)
        else [row[index] for row in block.values]
    )


class _ColumnBuilder:
    """Collects the cells of one column."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._parts: list[NDArray[np.float64]] = []
        self._texts: dict[str, int] = {}

    def add(self, cells: list[Cell]) -> None:
        texts = [as_text(cell) for cell in cells]
        if self._kind == "text":
            numbers = np.array(
                [self._texts.setdefault(text, len(self._texts)) for text in texts], dtype=np.float64
            )
        else:
            convert = _number if self._kind == "number" else _timestamp
            numbers = np.fromiter(map(convert, texts), np.float64, len(texts))
        self._parts.append(numbers)

    def as_column(self, name: str) -> Column:
        values = np.concatenate(self._parts) if self._parts else np.zeros(0)
        return Column(name, self._kind, values, tuple(self._texts))


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def _timestamp(text: str) -> float:
    try:
        return float(
            np.datetime64(text.removesuffix("+00:00").replace(" ", "T"), "s").astype(np.int64)
        )
    except ValueError:
        return math.nan
