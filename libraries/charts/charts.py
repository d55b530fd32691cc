"""Charts on a sheet: axes with ticks, a title, a legend, and a layer and pen for each series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

from libraries.charts.marks import bar_strokes, line_strokes, point_strokes, spread_points
from libraries.charts.ticks import Ticks, date_ticks, number_ticks
from libraries.errors import InvalidInput, UnknownName
from libraries.geometry.area import Area
from libraries.geometry.arrays import Floats
from libraries.geometry.document import Document
from libraries.geometry.strokes import Pen
from libraries.lettering import Align, VerticalAlign, check_text, lay_out

CHARTS = ("line", "scatter", "bars", "histogram")
MAX_SERIES, MAX_BARS, MAX_LABEL_CHARS, MAX_TITLE_CHARS = 8, 400, 40, 120
COLOURS = ("#1a5fb4", "#c01c28", "#26803c", "#a25a00", "#813d9c", "#007a87", "#63452c", "#5e5c64")
# Lengths in mm on A5, scaled for other sheets; see `_Sheet.__init__`.
LABEL, TICK, GAP, SIGN, PITCH = 2.3, 1.6, 2.6, 1.5, 1.5


@dataclass(frozen=True)
class Measure:
    """A column of data of the kind `number`, `date` or `text`.

    `values` have shape (n,), NaN for missing; dates are in seconds since 1970, texts are indexes
    into `texts`.
    """

    name: str
    values: Floats
    kind: str = "number"
    texts: tuple[str, ...] = ()


def check_chart(name: object) -> str:
    """Return `name`; raise `UnknownName` if it is not a kind of chart."""
    if not isinstance(name, str) or name not in CHARTS:
        raise UnknownName("chart", name, CHARTS, field="chart")
    return name


def draw_chart(
    chart: str,
    x: Measure | None,
    series: Sequence[Measure],
    area: Area,
    *,
    title: str = "",
    pen_width: float = 0.3,
) -> Document:
    """Return a chart on its own sheet.

    Args:
        chart: `line`, `scatter`, `bars` or `histogram`.
        x: the horizontal axis, by default the row number; not used by a histogram.
        series: 1 to 8 columns of numbers, as long as `x`.
        area: the sheet and its margin in mm.
        title: heading, at most 120 characters.
        pen_width: line width in mm.

    Raises:
        UnknownName: unknown kind of chart.
        InvalidInput: no data, too much data, or a name or title with invalid characters.
    """
    check_chart(chart)
    _check_series(series, title)
    if chart == "histogram":
        data = _counted(series)
    else:
        x_or_rows = x or Measure("row", np.arange(1, len(series[0].values) + 1, dtype=np.float64))
        if chart == "bars":
            data = _grouped(x_or_rows, series)
        else:
            data = _sorted(x_or_rows, series, by_x=chart == "line")
    document = _Sheet(area, title, pen_width).draw(chart, data)
    # Listings show the title of the document; only an explicit title is drawn.
    document.title = document.title or _default_title(x, series)
    return document


def _default_title(x: Measure | None, series: Sequence[Measure]) -> str:
    names = ", ".join(_one_line(one.name) for one in series)
    return (names if x is None else f"{names} by {_one_line(x.name)}")[:MAX_TITLE_CHARS]


def _one_line(text: str) -> str:
    return " ".join(check_text(text).split())


def _bad_chart(text: str, field: str) -> InvalidInput:
    return InvalidInput(text, code="bad-chart", field=field)


def check_series_count(count: int) -> None:
    if not 1 <= count <= MAX_SERIES:
        raise _bad_chart(f"a chart has 1 to {MAX_SERIES} series", "y")


def _check_series(series: Sequence[Measure], title: str) -> None:
    check_series_count(len(series))
    if len(title) > MAX_TITLE_CHARS:
        raise _bad_chart(f"a title has at most {MAX_TITLE_CHARS} characters", "title")
    for one in series:
        if one.kind != "number":
            raise _bad_chart(f"the column {one.name[:60]!r} does not contain numbers", "y")
        if not np.isfinite(one.values).any():
            raise _bad_chart(f"the column {one.name[:60]!r} has no numbers", "y")


@dataclass(frozen=True)
class _Data:
    """Positions on the horizontal axis in units of the data, and the values of each series."""

    x: Measure
    series: Sequence[Measure]
    widths: Floats | None = None
    counted: bool = False


def _sorted(x: Measure, series: Sequence[Measure], *, by_x: bool) -> _Data:
    rows = np.flatnonzero(np.isfinite(x.values))
    if not len(rows):
        raise _bad_chart(f"the column {x.name[:60]!r} has no values", "x")
    if by_x:
        rows = rows[np.argsort(x.values[rows], kind="stable")]
    x, *sorted_series = (replace(one, values=one.values[rows]) for one in (x, *series))
    return _Data(x, sorted_series)


def _grouped(x: Measure, series: Sequence[Measure]) -> _Data:
    """Return a category for each distinct value of `x`, with the sums of the series."""
    known = np.isfinite(x.values)
    different, inverse = np.unique(x.values[known], return_inverse=True)
    count, most = len(different), MAX_BARS // len(series)
    if not 1 <= count <= most:
        raise _bad_chart(f"bars need 1 to {most} different values of x, not {count}", "x")
    sums = []
    for one in series:
        total = np.bincount(inverse, np.nan_to_num(one.values[known]), count)
        sums.append(Measure(one.name, total.astype(np.float64)))
    labels = tuple(_category(x, value) for value in different.tolist())
    return _Data(Measure(x.name, np.arange(count, dtype=np.float64), "text", labels), sums)


def _category(x: Measure, value: float) -> str:
    if x.kind == "text":
        return x.texts[int(value)]
    if x.kind == "date":
        return str(np.datetime64(int(value), "s").astype("datetime64[D]"))
    return f"{value:g}"


def _counted(series: Sequence[Measure]) -> _Data:
    """Return a histogram with common bins for all series.

    The width of a bin is twice the interquartile range over the cube root of the count (Freedman
    and Diaconis, 1981), rounded, for 5 to 60 bins.
    """
    numbers = [one.values[np.isfinite(one.values)] for one in series]
    whole = np.concatenate(numbers)
    low, high = float(whole.min()), float(whole.max())
    quarter, three = np.percentile(whole, [25, 75])
    width = 2 * (three - quarter) / len(whole) ** (1 / 3)
    bins = int(np.clip((high - low) / width, 5, 60)) if width > 0 else 10
    edges = np.array(number_ticks(low, high, bins + 1).positions)
    counts = [
        Measure(one.name, np.histogram(found, edges)[0].astype(float))
        for one, found in zip(series, numbers, strict=True)
    ]
    name = series[0].name if len(series) == 1 else ""
    return _Data(Measure(name, (edges[:-1] + edges[1:]) / 2), counts, np.diff(edges), counted=True)


class _Sheet:
    MAX_GROUP_SHARE = 0.76

    def __init__(self, area: Area, title: str, pen_width: float) -> None:
        self._area, self._title = area, _one_line(title)
        self._document = Document(area.width, area.height, title=self._title)
        self._pen_width = pen_width
        relative_size = (area.width * area.height / (148.0 * 210.0)) ** 0.5
        self._scale = float(np.clip(relative_size, 0.6, 3.0)) ** 0.7
        self._grid = self._document.layer("grid", Pen("grid", "#b8b8b8", pen_width))
        self._axes = self._document.layer("axes", Pen("axes", "#000000", pen_width))

    def draw(self, chart: str, data: _Data) -> Document:
        self._left, self._right = self._area.left, self._area.width - self._area.margin
        self._top, self._bottom = self._area.top, self._area.height - self._area.margin
        self._write_head(chart, data)
        y_ticks = self._y_ticks(chart, data)
        self._make_room_left(y_ticks)
        x_ticks, slanted = self._x_ticks(data)
        self._make_room_below(x_ticks, data, slanted=slanted)
        y_ticks = self._y_ticks(chart, data)
        if self._right - self._left < 10 or self._bottom - self._top < 10:  # noqa: PLR2004 - mm
            raise _bad_chart("the sheet is too small for a chart with these labels", "paper")
        self._x, self._y = x_ticks, y_ticks
        self._draw_grid()
        self._draw_axes(slanted=slanted)
        for number, one in enumerate(data.series):
            self._document.add(self._strokes(chart, data, number), self._layer(number, one.name))
        return self._document

    def _layer(self, number: int, name: str) -> int:
        pen = Pen(COLOURS[number], COLOURS[number], self._pen_width)
        return self._document.layer(f"{number + 1} {_short(name)}", pen)

    def _write_head(self, chart: str, data: _Data) -> None:
        if self._title:
            height = 4.6 * self._scale
            width = self._right - self._left
            block = lay_out(self._title, cap_height=height, x=self._left, y=self._top, width=width)
            self._document.add(block.strokes, self._axes)
            self._top += height + 1.65 * height * (len(block.lines) - 1) + 1.6 * GAP * self._scale
        cap, x = LABEL * self._scale, self._left
        if data.counted and len(data.series) == 1:
            self._letter("count", x, self._top, "left", "top")
        else:
            for number, one in enumerate(data.series):
                x = self._write_key(chart, number, one.name, x)
        self._top += cap + 1.6 * GAP * self._scale

    def _write_key(self, chart: str, number: int, name: str, x: float) -> float:
        cap = LABEL * self._scale
        block = lay_out(_short(name), cap_height=cap)
        wide = (3 if chart == "scatter" else 6) * self._scale
        if x > self._left and x + wide + block.width > self._right:
            self._top += 1.9 * cap
            x = self._left
        y, end = self._top + cap / 2, x + wide * 0.7
        if chart == "scatter":
            key = point_strokes(np.array([[(x + end) / 2, y]]), number, SIGN * self._scale)
        elif chart == "line":
            key = [np.array([[x, y], [end, y]])]
        else:
            pitch = 0.6 * PITCH * self._scale
            key = bar_strokes(x, end, y + cap / 2, y - cap / 2, hatch=number, pitch=pitch)
        self._document.add(key, self._layer(number, name))
        label = [np.add(stroke, (x + wide, self._top)) for stroke in block.strokes]
        self._document.add(label, self._axes)
        return float(x + wide + block.width + 2.4 * GAP * self._scale)

    def _y_ticks(self, chart: str, data: _Data) -> Ticks:
        low = min(float(np.nanmin(one.values)) for one in data.series)
        high = max(float(np.nanmax(one.values)) for one in data.series)
        count = max(3, int((self._bottom - self._top) / (15.0 * self._scale)) + 1)
        return number_ticks(low, high, count, from_zero=chart in {"bars", "histogram"})

    def _make_room_left(self, ticks: Ticks) -> None:
        self._left += self._widest(ticks) + (TICK + 1.0) * self._scale
        self._right -= 0.6 * LABEL * self._scale

    def _widest(self, ticks: Ticks) -> float:
        cap = LABEL * self._scale
        return max((lay_out(label, cap_height=cap).width for label in ticks.labels), default=0.0)

    def _x_ticks(self, data: _Data) -> tuple[Ticks, bool]:
        """Return the ticks of the horizontal axis, and whether their labels are slanted."""
        width, cap = self._right - self._left, LABEL * self._scale
        count = max(2, int(width / (24.0 * self._scale)) + 1)
        low, high = float(data.x.values.min()), float(data.x.values.max())
        if data.x.kind == "text":
            names = data.x.texts
            step = int(max(1, -(-len(names) * 2 * cap // width)))
            positions = tuple(float(position) for position in range(0, len(names), step))
            ticks = Ticks(positions, tuple(map(_short, names[::step])), -0.5, len(names) - 0.5)
        elif data.widths is not None:
            ticks = number_ticks(
                low - float(data.widths[0] / 2), high + float(data.widths[-1] / 2), count
            )
        else:
            ticks = (date_ticks if data.x.kind == "date" else number_ticks)(low, high, count)
        pitch = width / max(ticks.high - ticks.low, 1e-300)
        nearest = min((b - a for a, b in pairwise(ticks.positions)), default=1.0) * pitch
        return ticks, self._widest(ticks) > 0.92 * nearest

    def _make_room_below(self, ticks: Ticks, data: _Data, *, slanted: bool) -> None:
        cap = LABEL * self._scale
        tall = 0.7 * (self._widest(ticks) + cap) if slanted else cap
        self._bottom -= tall + (TICK + 1.2) * self._scale
        if data.x.name:
            middle, y = (self._left + self._right) / 2, self._area.bottom
            self._letter(_short(data.x.name), middle, y, "center", "baseline")
            self._bottom -= cap + 1.1 * GAP * self._scale

    def _letter(self, text: str, x: float, y: float, align: Align, vertical: VerticalAlign) -> None:
        cap = LABEL * self._scale
        block = lay_out(text, cap_height=cap, x=x, y=y, align=align, vertical=vertical)
        self._document.add(block.strokes, self._axes)

    def _across(self, values: Floats) -> Floats:
        part = (values - self._x.low) / (self._x.high - self._x.low)
        return self._left + part * (self._right - self._left)

    def _up(self, values: Floats) -> Floats:
        part = (values - self._y.low) / (self._y.high - self._y.low)
        return self._bottom - part * (self._bottom - self._top)

    def _draw_grid(self) -> None:
        levels = self._up(np.array(self._y.positions))
        lines = [
            np.array([[self._left, y], [self._right, y]])
            for y in levels
            if abs(y - self._bottom) > 0.2  # noqa: PLR2004
        ]
        lines[1::2] = [line[::-1] for line in lines[1::2]]
        self._document.add(lines, self._grid)

    def _draw_axes(self, *, slanted: bool) -> None:
        tick = TICK * self._scale
        zero = float(np.clip(self._up(np.zeros(1))[0], self._top, self._bottom))
        corner = (self._left, self._bottom)
        axes = [np.array([(self._left, self._top), corner, (self._right, self._bottom)])]
        if self._bottom - zero > 0.2 and self._y.low < 0 < self._y.high:  # noqa: PLR2004
            axes.append(np.array([[self._left, zero], [self._right, zero]]))
        for y, label in zip(self._up(np.array(self._y.positions)), self._y.labels, strict=True):
            axes.append(np.array([[self._left - tick, y], [self._left, y]]))
            self._letter(label, self._left - tick - self._scale, y, "right", "middle")
        for x, label in zip(self._across(np.array(self._x.positions)), self._x.labels, strict=True):
            axes.append(np.array([[x, self._bottom], [x, self._bottom + tick]]))
            if slanted:
                self._letter_slanted(label, x, self._bottom + tick + self._scale)
            else:
                self._letter(label, x, self._bottom + tick + self._scale, "center", "top")
        self._document.add(axes, self._axes)

    def _letter_slanted(self, label: str, x: float, y: float) -> None:
        """Write a label at 45 degrees that ends at (`x`, `y`)."""
        cap = LABEL * self._scale
        block = lay_out(label, cap_height=cap, align="right")
        turn = np.array([[1.0, -1.0], [1.0, 1.0]]) / 2**0.5
        strokes = [stroke @ turn + (x + cap / 2, y) for stroke in block.strokes]
        self._document.add(strokes, self._axes)

    def _strokes(self, chart: str, data: _Data, number: int) -> list[Floats]:
        values = data.series[number].values
        points = np.column_stack((self._across(data.x.values), self._up(values)))
        if chart == "line":
            return line_strokes(points)
        if chart == "scatter":
            return point_strokes(spread_points(points), number, SIGN * self._scale)
        return self._bars(data, number)

    def _bars(self, data: _Data, number: int) -> list[Floats]:
        values = data.series[number].values
        left, right = self._bar_sides(data, number)
        sides = np.column_stack((left, right, self._up(values)))[values != 0]
        base, pitch = float(self._up(np.zeros(1))[0]), PITCH * self._scale
        strokes: list[Floats] = []
        for start, end, top in sides.tolist():
            strokes += bar_strokes(start, end, base, top, hatch=number, pitch=pitch)
        return strokes

    def _bar_sides(self, data: _Data, number: int) -> tuple[Floats, Floats]:
        count, centre = len(data.series), self._across(data.x.values)
        unit = (self._right - self._left) / (self._x.high - self._x.low)
        if data.widths is not None:
            half = data.widths[0] * unit / 2
            return centre - half, centre - half + 2 * half
        wide = self.MAX_GROUP_SHARE * unit / count
        left = centre - self.MAX_GROUP_SHARE * unit / 2 + number * wide
        # A gap between neighbours, so that two pens do not draw the same line.
        return (left + 0.06 * wide, left + 0.94 * wide) if count > 1 else (left, left + wide)


def _short(text: str) -> str:
    plain = " ".join("".join(filter(str.isprintable, text)).split())
    return plain if len(plain) <= MAX_LABEL_CHARS else f"{plain[: MAX_LABEL_CHARS - 3]}..."
