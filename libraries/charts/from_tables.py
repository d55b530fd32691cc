"""From a data file to a chart: some columns are read, one is across, the others are up."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from libraries.charts.charts import MAX_SERIES, Measure, check_chart, draw_chart
from libraries.errors import InvalidInput
from libraries.geometry.area import Area
from libraries.geometry.document import Document
from libraries.tables import Reading, Report, read_columns


def default_margin(size: tuple[float, float]) -> float:
    """Return the margin of a sheet in mm: a 13th of its shorter side, at most 15 mm."""
    return min(15.0, 0.075 * min(size))


def plot_table(
    path: str,
    chart: str,
    x: str | None,
    y: Sequence[str],
    *,
    size: tuple[float, float],
    title: str = "",
    margin: float | None = None,
    pen_width: float = 0.3,
    reading: Reading | None = None,
    on_progress: Callable[[int, int, str], None] | None = None,
) -> tuple[Document, Report]:
    """Return columns of the data file `path` as a chart, and the report of the file's rows.

    Args:
        path: the file, as `libraries.storage.open_input` takes it.
        chart: `line`, `scatter`, `bars` or `histogram`.
        x: the column of the horizontal axis: numbers, dates, or for bars texts; None for the number
            of the row.
        y: one to eight columns of numbers; bars add up those of the same `x`.
        size: width and height of the sheet in mm.
        title: what stands above.
        margin: empty border in mm.
        pen_width: width of the pens' lines in mm.
        reading: how the file is to be read; by default that is found out.
        on_progress: called now and then with the bytes read, the bytes to read, and words.

    Raises:
        UnknownName: there is no such chart or column.
        InvalidInput: there is nothing to draw, or too much.
        InvalidInput, NotFound: the file cannot be used.
    """
    check_chart(chart)
    if not 1 <= len(y) <= MAX_SERIES:
        raise InvalidInput(f"a chart has 1 to {MAX_SERIES} series", code="bad-chart", field="y")
    area = Area(*size, default_margin(size) if margin is None else margin)
    across = None if chart == "histogram" else x
    names = [*y] if across is None else [across, *y]
    columns, report = read_columns(path, names, reading=reading, on_progress=on_progress)
    measures = [Measure(one.name, one.values, one.kind, one.texts) for one in columns]
    series = measures if across is None else measures[1:]
    return draw_chart(
        chart,
        None if across is None else measures[0],
        series,
        area,
        title=title,
        pen_width=pen_width,
    ), report
