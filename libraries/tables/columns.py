"""Some columns of a data file as arrays, for whoever draws or counts them."""

from __future__ import annotations

import io
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from libraries.errors import InvalidInput, UnknownName
from libraries.settings import UploadSettings
from libraries.storage import open_input
from libraries.tables.conversion import OnProgress, Passes
from libraries.tables.formats import Reading, open_table
from libraries.tables.limits import in_mb
from libraries.tables.reports import Report
from libraries.tables.rows import Block, Cell, Columns, as_text

# Numbers of all columns together: 8 bytes each.
MAX_VALUES = 16_000_000


@dataclass(frozen=True)
class Column:
    """A column: its name, what it holds, and its cells.

    Attributes:
        name: its name.
        kind: `number`, `date` or `text`.
        values: floats of shape (n,), NaN where a cell is not of the kind; dates are seconds since 1970 in UTC. Of texts the
            place of each in `texts`.
        texts: the different texts, in the order of their first appearance; empty for other kinds.
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

    A column is of numbers or dates if all of its cells are, apart from empty ones.

    Raises:
        BadFileName, FileMissing, BadFile: the file cannot be opened.
        UnknownName: there is no such column; the error lists those that exist.
        UnreadableText, BadTable, InvalidInput: the file cannot be used, or has too many rows.
    """
    report = Report()
    with open_input(path) as source:
        size, most = source.seek(0, io.SEEK_END), UploadSettings.current().data_file_limit
        if size > most:
            raise InvalidInput(f"the file is larger than {in_mb(most)}", code="table-too-large")
        table = open_table(source, size, report, reading or Reading(), path)
        report.columns = table.columns
        for name in names:
            if name not in table.columns:
                raise UnknownName("column", name, table.columns, field="columns")
        places = [table.columns.index(name) for name in names]
        passes = Passes(table, size, on_progress)
        kinds = table.kinds or passes.look_through()
        found = [_Gathering(_kind_of(kinds[place])) for place in places]
        for block in passes.rows(report, kinds):
            if report.rows * len(places) > MAX_VALUES:
                raise InvalidInput(
                    f"a chart takes at most {MAX_VALUES // len(places):,} rows of {len(places)} columns",
                    code="table-too-large",
                )
            for place, column in zip(places, found, strict=True):
                column.add(_cells(block, place))
    return [column.as_column(name) for name, column in zip(names, found, strict=True)], report


def _kind_of(kind: str) -> str:
    return {
        "integer": "number",
        "long": "number",
        "number": "number",
        "date": "date",
        "datetime": "date",
    }.get(kind, "text")


def _cells(block: Block, place: int) -> list[Cell]:
    return (
        block.batch.column(place).to_pylist()
        if isinstance(block, Columns)
        else [row[place] for row in block.values]
    )


class _Gathering:
    """The cells of one column, as they come."""

    def __init__(self, kind: str) -> None:
        self._kind = kind
        self._parts: list[NDArray[np.float64]] = []
        self._texts: dict[str, int] = {}

    def add(self, cells: list[Cell]) -> None:
        """Take the cells of a block."""
        texts = [as_text(cell) for cell in cells]
        if self._kind == "text":
            numbers = np.array(
                [self._texts.setdefault(text, len(self._texts)) for text in texts], dtype=np.float64
            )
        else:
            numbers = _each(texts, _number if self._kind == "number" else _moment)
        self._parts.append(numbers)

    def as_column(self, name: str) -> Column:
        """Return what was gathered."""
        values = np.concatenate(self._parts) if self._parts else np.zeros(0)
        return Column(name, self._kind, values, tuple(self._texts))


def _each(texts: list[str], of: Callable[[str], float]) -> NDArray[np.float64]:
    return np.fromiter(map(of, texts), np.float64, len(texts))


def _number(text: str) -> float:
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def _moment(text: str) -> float:
    try:
        return float(
            np.datetime64(text.removesuffix("+00:00").replace(" ", "T"), "s").astype(np.int64)
        )
    except ValueError:
        return math.nan
