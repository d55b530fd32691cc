"""Charts from the columns of a data file."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from libraries.charts.charts import Measure, check_chart, check_series_count, draw_chart
from libraries.geometry.area import Area
from libraries.geometry.document import Document
from libraries.tables import Reading, Report, read_columns


def default_margin(size: tuple[float, float]) -> float:
    """Return the margin of a sheet in mm: 7.5 % of its shorter side, at most 15 mm."""
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
        path: as for `libraries.storage.open_input`.
        chart: see `draw_chart`.
        x: column of the horizontal axis: numbers or dates, for bars also texts; None for the row
            number.
        y: one to eight columns of numbers; bars sum the rows with equal `x`.
        size: width and height of the sheet in mm.
        title: see `draw_chart`.
        margin: in mm, by default `default_margin`.
        pen_width: see `draw_chart`.
        reading: format of the file, by default detected.
        on_progress: called repeatedly with the bytes read, the total, and a message.

    Raises:
        UnknownName: unknown chart or column.
        InvalidInput: no data or too much data, or an invalid file.
        NotFound: the file does not exist.
    """
    check_chart(chart)
    check_series_count(len(y))
    area = Area(*size, default_margin(size) if margin is None else margin)
    across = None if chart == "histogram" else x
    names = [*y] if across is None else [across, *y]
    columns, report = read_columns(path, names, reading=reading, on_progress=on_progress)
    series = [Measure(one.name, one.values, one.kind, one.texts) for one in columns]
    x_axis = None if across is None else series.pop(0)
    return draw_chart(chart, x_axis, series, area, title=title, pen_width=pen_width), report
