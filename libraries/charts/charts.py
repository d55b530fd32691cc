"""Charts on a sheet: axes with ticks, a title, a legend, and a layer and pen for each series."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from libraries.charts.marks import bar_strokes, line_strokes, point_strokes, spread_points
from libraries.charts.ticks import Ticks, date_ticks, number_ticks
from libraries.errors import InvalidInput, UnknownName
from libraries.geometry.area import Area
from libraries.geometry.arrays import Floats
from libraries.geometry.document import Document
from libraries.geometry.strokes import Pen
from libraries.lettering import check_text, lay_out

CHARTS = ("line", "scatter", "bars", "histogram")
MAX_SERIES, MAX_BARS = 8, 400
MAX_LABEL_CHARS, MAX_TITLE_CHARS = 40, 120
COLOURS = ("#1a5fb4", "#c01c28", "#26803c", "#a25a00", "#813d9c", "#007a87", "#63452c", "#5e5c64")
# Lengths in mm on A5; other sheets scale them by the square root of their size.
LABEL, TICK, GAP, SIGN, PITCH = 2.3, 1.6, 2.6, 1.5, 1.5
MAX_GROUP_SHARE = 0.76


@dataclass(frozen=True)
class Measure:
    """What is measured: a name, and one value for each row.

    Attributes:
        name: its name.
        values: floats of shape (n,), NaN where there is none; dates are seconds since 1970, texts
            the place of each in `texts`.
        kind: `number`, `date` or `text`.
        texts: the different texts of a measure of texts.
    """

    name: str
    values: Floats
    kind: str = "number"
    texts: tuple[str, ...] = ()


def check_chart(name: object) -> str:
    """Return `name` if it is a kind of chart.

    Raises:
        UnknownName: it is not; the error lists those that exist.
    """
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
    """Return a chart on a sheet of its own.

    Args:
        chart: `line`, `scatter`, `bars` or `histogram`.
        x: what the horizontal axis shows; without it the number of the row. A histogram has none.
        series: 1 to 8 measures of numbers, as long as `x`.
        area: the sheet and its margin in mm.
        title: what stands above, at most 120 characters; the file's own title names the measures if
            there is none.
        pen_width: width of the pens' lines in mm.

    Raises:
        UnknownName: there is no such chart.
        InvalidInput: there is nothing to draw, or too much.
        BadText: a name or the title cannot be written.
    """
    check_chart(chart)
    _check_series(series, title)
    if chart == "histogram":
        data = _counted(series)
    elif chart == "bars":
        data = _grouped(_rows_if_none(x, series), series)
    else:
        data = _sorted(_rows_if_none(x, series), series, by_x=chart == "line")
    document = _Sheet(area, title, pen_width).draw(chart, data)
    # Lists and searches of drawings show it; only a title that was asked for is drawn.
    document.title = document.title or _in_words(x, series)
    return document


def _in_words(x: Measure | None, series: Sequence[Measure]) -> str:
    across = "" if x is None else f" by {' '.join(check_text(x.name).split())}"
    return f"{', '.join(' '.join(check_text(one.name).split()) for one in series)}{across}"[
        :MAX_TITLE_CHARS
    ]


def _check_series(series: Sequence[Measure], title: str) -> None:
    if not 1 <= len(series) <= MAX_SERIES:
        raise InvalidInput(f"a chart has 1 to {MAX_SERIES} series", code="bad-chart", field="y")
    if len(title) > MAX_TITLE_CHARS:
        raise InvalidInput(
            f"a title has at most {MAX_TITLE_CHARS} characters", code="bad-chart", field="title"
        )
    for one in series:
        if one.kind != "number":
            raise InvalidInput(
                f"the column {one.name[:60]!r} is not of numbers", code="bad-chart", field="y"
            )
        if not np.isfinite(one.values).any():
            raise InvalidInput(
                f"the column {one.name[:60]!r} has no numbers", code="bad-chart", field="y"
            )


@dataclass(frozen=True)
class _Data:
    """Places along the horizontal axis in units of the data, and the values of each series."""

    x: Measure
    series: Sequence[Measure]
    widths: Floats | None = None
    counted: bool = False


def _rows_if_none(x: Measure | None, series: Sequence[Measure]) -> Measure:
    return x or Measure("row", np.arange(1, len(series[0].values) + 1, dtype=np.float64))


def _sorted(x: Measure, series: Sequence[Measure], *, by_x: bool) -> _Data:
    rows = np.flatnonzero(np.isfinite(x.values))
    if not len(rows):
        raise InvalidInput(f"the column {x.name[:60]!r} has no values", code="bad-chart", field="x")
    if by_x:
        rows = rows[np.argsort(x.values[rows], kind="stable")]
    return _Data(_at(x, rows), [_at(one, rows) for one in series])


def _at(measure: Measure, rows: NDArray[np.int64]) -> Measure:
    return Measure(measure.name, measure.values[rows], measure.kind, measure.texts)


def _grouped(x: Measure, series: Sequence[Measure]) -> _Data:
    """Return one place for each different value of `x`, and the sums of the series there."""
    known = np.isfinite(x.values)
    different, place = np.unique(x.values[known], return_inverse=True)
    if not 1 <= len(different) <= MAX_BARS // len(series):
        raise InvalidInput(
            f"{len(different)} different values of x are no bars; at most {MAX_BARS // len(series)} are",
            code="bad-chart",
            field="x",
        )
    sums = []
    for one in series:
        total = np.bincount(place, np.nan_to_num(one.values[known]), len(different))
        sums.append(Measure(one.name, total.astype(np.float64)))
    texts = x.texts if x.kind == "text" else _plain_labels(x.kind, different)
    names = tuple(texts[int(number)] for number in different) if x.kind == "text" else texts
    return _Data(Measure(x.name, np.arange(len(different), dtype=np.float64), "text", names), sums)


def _plain_labels(kind: str, values: Floats) -> tuple[str, ...]:
    if kind == "date":
        return tuple(
            str(np.datetime64(int(value), "s").astype("datetime64[D]")) for value in values
        )
    return tuple(f"{value:g}" for value in values)


def _counted(series: Sequence[Measure]) -> _Data:
    """Return the bins that the values of all series fall into, and how many of each series do.

    Their width is the rule of Freedman and Diaconis (1981), twice the interquartile range over the
    cube root of the count, made round, for 5 to 60 bins.
    """
    numbers = [one.values[np.isfinite(one.values)] for one in series]
    whole = np.concatenate(numbers)
    low, high = float(whole.min()), float(whole.max())
    quarter, three = np.percentile(whole, [25, 75])
    width = 2 * (three - quarter) / len(whole) ** (1 / 3)
    bins = int(np.clip((high - low) / width, 5, 60)) if width > 0 else 10
    edges = np.array(number_ticks(low, high, bins + 1).places)
    counts = [
        Measure(one.name, np.histogram(found, edges)[0].astype(float))
        for one, found in zip(series, numbers, strict=True)
    ]
    name = series[0].name if len(series) == 1 else ""
    return _Data(Measure(name, (edges[:-1] + edges[1:]) / 2), counts, np.diff(edges), counted=True)


class _Sheet:
    """A sheet that a chart is drawn on."""

    def __init__(self, area: Area, title: str, pen_width: float) -> None:
        self._area, self._title = area, " ".join(check_text(title).split())
        self._document = Document(area.width, area.height, title=self._title)
        self._pen_width = pen_width
        self._scale = (
            float(np.clip((area.width * area.height / (148.0 * 210.0)) ** 0.5, 0.6, 3.0)) ** 0.7
        )
        self._grid = self._document.layer("grid", Pen("grid", "#b8b8b8", pen_width))
        self._axes = self._document.layer("axes", Pen("axes", "#000000", pen_width))

    def draw(self, chart: str, data: _Data) -> Document:
        """Draw it, and return the drawing."""
        self._left, self._right = self._area.left, self._area.width - self._area.margin
        self._top, self._bottom = self._area.top, self._area.height - self._area.margin
        self._write_head(chart, data)
        y_ticks = self._y_ticks(chart, data)
        self._make_room_left(y_ticks)
        x_ticks, slanted = self._x_ticks(chart, data)
        self._make_room_below(x_ticks, data, slanted=slanted)
        y_ticks = self._y_ticks(chart, data)
        if self._right - self._left < 10 or self._bottom - self._top < 10:  # noqa: PLR2004 - mm
            raise InvalidInput(
                "the sheet is too small for a chart with these labels",
                code="bad-chart",
                field="paper",
            )
        self._x, self._y = x_ticks, y_ticks
        self._draw_grid()
        self._draw_axes(data, slanted=slanted)
        for number, one in enumerate(data.series):
            self._document.add(self._strokes(chart, data, number), self._layer(number, one.name))
        return self._document

    def _layer(self, number: int, name: str) -> int:
        """Return the layer of a series; its pen is named for its colour."""
        pen = Pen(COLOURS[number], COLOURS[number], self._pen_width)
        return self._document.layer(f"{number + 1} {_short(name)}", pen)

    def _write_head(self, chart: str, data: _Data) -> None:
        """Write the title, and the legend or the name of the single series below it."""
        if self._title:
            height = 4.6 * self._scale
            block = lay_out(
                self._title,
                cap_height=height,
                x=self._left,
                y=self._top,
                width=self._right - self._left,
            )
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
        """Write a legend entry after a sample of its series; return the place of the next."""
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
            key = bar_strokes(
                x, end, y + cap / 2, y - cap / 2, hatch=number, pitch=0.6 * PITCH * self._scale
            )
        self._document.add(key, self._layer(number, name))
        self._document.add(
            [np.add(stroke, (x + wide, self._top)) for stroke in block.strokes], self._axes
        )
        return float(x + wide + block.width + 2.4 * GAP * self._scale)

    def _y_ticks(self, chart: str, data: _Data) -> Ticks:
        low = min(float(np.nanmin(one.values)) for one in data.series)
        high = max(float(np.nanmax(one.values)) for one in data.series)
        count = max(3, int((self._bottom - self._top) / (15.0 * self._scale)) + 1)
        return number_ticks(low, high, count, from_zero=chart in {"bars", "histogram"})

    def _make_room_left(self, ticks: Ticks) -> None:
        cap = LABEL * self._scale
        widest = max(lay_out(label, cap_height=cap).width for label in ticks.labels)
        self._left += widest + (TICK + 1.0) * self._scale
        self._right -= 0.6 * cap

    def _x_ticks(self, chart: str, data: _Data) -> tuple[Ticks, bool]:
        """Return the ticks of the horizontal axis, and whether their labels are rotated."""
        values, cap = data.x.values, LABEL * self._scale
        count = max(2, int((self._right - self._left) / (24.0 * self._scale)) + 1)
        if data.x.kind == "text":
            low, high = -0.5, len(data.x.texts) - 0.5
            step = max(1, -(-len(data.x.texts) * 2 * cap // (self._right - self._left)))
            places = np.arange(0, len(data.x.texts), step)
            ticks = Ticks(
                tuple(places.tolist()),
                tuple(_short(data.x.texts[int(p)]) for p in places),
                low,
                high,
            )
        elif data.widths is not None:
            ticks = number_ticks(
                float(values[0] - data.widths[0] / 2),
                float(values[-1] + data.widths[-1] / 2),
                count,
            )
        else:
            ticks = (date_ticks if data.x.kind == "date" else number_ticks)(
                float(values.min()), float(values.max()), count
            )
        pitch = (self._right - self._left) / max(ticks.high - ticks.low, 1e-300)
        nearest = (
            min((b - a for a, b in zip(ticks.places, ticks.places[1:], strict=False)), default=1.0)
            * pitch
        )
        widest = max((lay_out(label, cap_height=cap).width for label in ticks.labels), default=0.0)
        # A label longer than this part of its room is written aslant.
        return ticks, widest > 0.92 * nearest

    def _make_room_below(self, ticks: Ticks, data: _Data, *, slanted: bool) -> None:
        cap = LABEL * self._scale
        tall = cap
        if slanted:
            tall = 0.7 * (max(lay_out(label, cap_height=cap).width for label in ticks.labels) + cap)
        self._bottom -= tall + (TICK + 1.2) * self._scale
        if data.x.name:
            self._letter(
                _short(data.x.name),
                (self._left + self._right) / 2,
                self._area.height - self._area.margin,
                "center",
                "baseline",
            )
            self._bottom -= cap + 1.1 * GAP * self._scale

    def _letter(self, text: str, x: float, y: float, align: str, vertical: str) -> None:
        block = lay_out(
            text,
            cap_height=LABEL * self._scale,
            x=x,
            y=y,
            align=align,  # type: ignore[arg-type]
            vertical=vertical,  # type: ignore[arg-type]
        )
        self._document.add(block.strokes, self._axes)

    def _across(self, values: Floats) -> Floats:
        return self._left + (values - self._x.low) / (self._x.high - self._x.low) * (
            self._right - self._left
        )

    def _up(self, values: Floats) -> Floats:
        return self._bottom - (values - self._y.low) / (self._y.high - self._y.low) * (
            self._bottom - self._top
        )

    def _draw_grid(self) -> None:
        levels = self._up(np.array(self._y.places))
        lines = [
            np.array([[self._left, y], [self._right, y]])
            for y in levels
            if abs(y - self._bottom) > 0.2  # noqa: PLR2004
        ]
        self._document.add(
            [line[:: -1 if number % 2 else 1] for number, line in enumerate(lines)], self._grid
        )

    def _draw_axes(self, data: _Data, *, slanted: bool) -> None:
        tick = TICK * self._scale
        zero = float(np.clip(self._up(np.zeros(1))[0], self._top, self._bottom))
        axes = [
            np.array(
                [[self._left, self._top], [self._left, self._bottom], [self._right, self._bottom]]
            )
        ]
        if self._bottom - zero > 0.2 and self._y.low < 0 < self._y.high:  # noqa: PLR2004
            axes.append(np.array([[self._left, zero], [self._right, zero]]))
        for y, label in zip(self._up(np.array(self._y.places)), self._y.labels, strict=True):
            axes.append(np.array([[self._left - tick, y], [self._left, y]]))
            self._letter(label, self._left - tick - self._scale, y, "right", "middle")
        for x, label in zip(self._across(np.array(self._x.places)), self._x.labels, strict=True):
            axes.append(np.array([[x, self._bottom], [x, self._bottom + tick]]))
            if slanted:
                self._letter_aslant(label, x, self._bottom + tick + self._scale)
            else:
                self._letter(label, x, self._bottom + tick + self._scale, "center", "top")
        self._document.add(axes, self._axes)

    def _letter_aslant(self, label: str, x: float, y: float) -> None:
        """Write a label that rises to its tick: its end stands below it."""
        block = lay_out(label, cap_height=LABEL * self._scale, align="right")
        turn = np.array([[1.0, -1.0], [1.0, 1.0]]) / 2**0.5
        self._document.add(
            [stroke @ turn + (x + LABEL * self._scale / 2, y) for stroke in block.strokes],
            self._axes,
        )

    def _strokes(self, chart: str, data: _Data, number: int) -> list[Floats]:
        values = data.series[number].values
        places = np.column_stack((self._across(data.x.values), self._up(values)))
        if chart == "line":
            return line_strokes(places)
        if chart == "scatter":
            return point_strokes(spread_points(places), number, SIGN * self._scale)
        return self._bars(data, number)

    def _bars(self, data: _Data, number: int) -> list[Floats]:
        count = len(data.series)
        unit = (self._right - self._left) / (self._x.high - self._x.low)
        base = float(self._up(np.zeros(1))[0])
        strokes: list[Floats] = []
        for place, value in zip(
            data.x.values.tolist(), data.series[number].values.tolist(), strict=True
        ):
            if not value:
                continue
            centre, top = (
                float(self._across(np.array([place]))[0]),
                float(self._up(np.array([value]))[0]),
            )
            if data.widths is not None:
                half, left = data.widths[0] * unit / 2, centre - data.widths[0] * unit / 2
                sides, hatch = (left, left + 2 * half), 0 if count == 1 else number
            else:
                wide = MAX_GROUP_SHARE * unit / count
                left = centre - MAX_GROUP_SHARE * unit / 2 + number * wide
                # A hair between neighbours, so that two pens do not draw one line.
                sides, hatch = (
                    (left + 0.06 * wide, left + 0.94 * wide) if count > 1 else (left, left + wide),
                    number,
                )
            strokes += bar_strokes(*sides, base, top, hatch=hatch, pitch=PITCH * self._scale)
        return strokes


def _short(text: str) -> str:
    """Return a name that a chart has room for, with what no pen writes left out."""
    plain = " ".join(
        "".join(
            character for character in text if character.isprintable() or character == " "
        ).split()
    )
    return plain if len(plain) <= MAX_LABEL_CHARS else f"{plain[: MAX_LABEL_CHARS - 3]}..."
