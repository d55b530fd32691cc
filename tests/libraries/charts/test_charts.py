"""Charts: round ticks, strokes inside the sheet, and limited ink."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given
from hypothesis import settings as examples
from hypothesis import strategies as st

from libraries.charts import CHARTS, Measure, date_ticks, draw_chart, number_ticks, plot_table
from libraries.charts.marks import line_strokes, spread_points
from libraries.errors import InvalidInput
from libraries.geometry.area import Area
from libraries.settings import Settings
from libraries.svg_builder import svg_blocks
from tests.errors import raises_code

A5 = Area(210, 148, 11)
numbers = st.floats(-1e12, 1e12)


@examples(deadline=None)
@given(numbers, numbers, st.integers(2, 20), st.booleans())
@example(0.0, 5e-324, 20, False)
@example(0.0, 3e-308, 20, True)
def test_ticks_are_round_cover_the_data_and_are_few(
    first: float, second: float, count: int, zero: bool
) -> None:
    low, high = min(first, second), max(first, second)
    ticks = number_ticks(low, high, count, from_zero=zero)
    step = ticks.positions[1] - ticks.positions[0]
    assert ticks.low <= low + 1e-6 * step
    assert ticks.high >= high - 1e-6 * step
    assert 2 <= len(ticks.positions) <= count + 2
    assert all(math.isfinite(position) for position in ticks.positions)
    digit = step / 10 ** math.floor(math.log10(step) + 1e-9)
    assert min(abs(digit - nice) for nice in (1, 2, 5, 10)) < 1e-3


@pytest.mark.parametrize(
    ("low", "high", "labels"),
    [
        (0, 10, ("0", "2", "4", "6", "8", "10")),
        (0.11, 0.48, ("0.1", "0.2", "0.3", "0.4", "0.5")),
        (-3e6, 2e6, ("-3M", "-2M", "-1M", "0", "1M", "2M")),
        (0, 4800, ("0", "1,000", "2,000", "3,000", "4,000", "5,000")),
    ],
)
def test_labels_have_the_digits_that_they_need(
    low: float, high: float, labels: tuple[str, ...]
) -> None:
    assert number_ticks(low, high, 6).labels == labels


@pytest.mark.parametrize(
    ("days", "labels"),
    [
        (365, ("Jan 2024", "Apr 2024", "Jul 2024", "Oct 2024")),
        (20, ("1 Jan", "8 Jan", "15 Jan")),
        (1, ("1 Jan", "06:00", "12:00", "18:00", "2 Jan")),
        (3650, ("2025", "2030")),
    ],
)
def test_date_ticks_follow_the_calendar(days: int, labels: tuple[str, ...]) -> None:
    start = 1704067200.0  # 2024-01-01
    assert date_ticks(start, start + days * 86400, 5).labels == labels


def wave(count: int) -> Measure:
    return Measure("wave", np.sin(np.arange(count, dtype=np.float64) / 7.0))


@pytest.mark.parametrize("area", [A5, Area(297, 210, 15), Area(105, 148, 8)])
@pytest.mark.parametrize("chart", CHARTS)
def test_a_chart_stays_inside_its_margins_and_has_a_layer_for_each_series(
    chart: str, area: Area
) -> None:
    days = np.linspace(1.7e9, 1.7e9 + 59 * 86400, 60)
    x = (
        Measure("day", days, "date")
        if chart != "bars"
        else Measure("n", np.repeat(np.arange(12, dtype=np.float64), 5))
    )
    names = ("first", "second", "third")
    drawing = draw_chart(
        chart,
        x,
        [Measure(name, np.multiply(wave(60).values, size)) for size, name in enumerate(names, 1)],
        area,
        title="A title",
    )
    box = drawing.bounding_box()
    assert box is not None
    assert box.left >= area.margin - 3
    assert box.top >= area.margin - 3
    assert box.right <= area.width - area.margin + 3
    assert box.bottom <= area.height - area.margin + 3
    assert [layer.name for layer in drawing.layers] == [
        "grid",
        "axes",
        "1 first",
        "2 second",
        "3 third",
    ]
    assert len({pen.colour for pen in drawing.pens}) == 5
    assert set(drawing.store.layers.tolist()) == {0, 1, 2, 3, 4}


def test_the_same_chart_gives_the_same_bytes() -> None:
    first, second = (
        b"".join(svg_blocks(draw_chart("line", None, [wave(99)], A5))) for _ in range(2)
    )
    assert first == second


def test_a_long_line_is_thinned_to_its_lowest_and_highest_places() -> None:
    rng = np.random.default_rng(1)
    points = np.column_stack((np.linspace(20, 190, 500_000), rng.uniform(20, 120, 500_000)))
    points[250_000, 1], points[300_000, 1] = 5, 140
    (line,) = line_strokes(points)
    assert len(line) <= 2 * 170 / 0.5 + 6
    assert (line[:, 1].min(), line[:, 1].max()) == (5, 140)
    assert np.all(np.diff(line[:, 0]) >= 0)


def test_a_short_line_keeps_every_vertex_and_breaks_where_there_is_no_value() -> None:
    points = np.array([[1, 1], [2, 5], [3, np.nan], [4, 2], [5, 2.5]])
    first, second = line_strokes(points)
    assert first.tolist() == [[1, 1], [2, 5]]
    assert second.tolist() == [[4, 2], [5, 2.5]]


def test_points_too_close_to_distinguish_are_drawn_once() -> None:
    rng = np.random.default_rng(1)
    assert len(spread_points(rng.uniform(50, 60, (100_000, 2)))) <= 16**2
    assert len(spread_points(rng.uniform(0, 400, (200_000, 2)))) <= 20_000
    assert len(spread_points(np.array([[1.0, 1.0], [5.0, np.nan], [9.0, 9.0]]))) == 2


@pytest.mark.parametrize(
    "values", [[5.0], [5.0, 5.0], [0.0, 0.0], [-1e300, 1e300], [1e-300], [1.0, math.nan]]
)
@pytest.mark.parametrize("chart", CHARTS)
def test_unusual_values_are_drawn_or_rejected_without_a_crash(
    chart: str, values: list[float]
) -> None:
    try:
        drawing = draw_chart(chart, None, [Measure("a", np.array(values))], A5)
    except InvalidInput:
        return
    assert np.isfinite(drawing.store.coordinates).all()


@pytest.mark.parametrize(
    ("chart", "x", "y", "why"),
    [
        ("line", None, [], "1 to 8 series"),
        ("line", None, [Measure("a", np.array([math.nan]))], "no numbers"),
        ("line", None, [Measure("a", np.array([0.0]), "text", ("x",))], "does not contain numbers"),
        (
            "bars",
            Measure("x", np.arange(500.0)),
            [Measure("a", np.ones(500))],
            "different values of x",
        ),
        ("pie", None, [Measure("a", np.ones(5))], "unknown chart"),
    ],
)
def test_an_unknown_chart_is_refused(
    chart: str, x: Measure | None, y: list[Measure], why: str
) -> None:
    with pytest.raises(InvalidInput, match=why):
        draw_chart(chart, x, y, A5)


def test_a_sheet_without_room_is_refused() -> None:
    with raises_code("bad-chart", match="too small"):
        draw_chart("line", None, [wave(9)], Area(20, 20, 5), title="A title")


def put(settings: Settings, text: str) -> None:
    settings.storage.upload_dir.mkdir(parents=True, exist_ok=True)
    (settings.storage.upload_dir / "data.csv").write_text(text)


def test_columns_of_a_file_become_a_chart(settings: Settings) -> None:
    put(settings, "day;price;shop\n2024-01-01;1.5;A\n2024-01-03;2;B\n2024-01-02;;A\nbad\n")
    drawing, report = plot_table(
        "data.csv", "line", "day", ["price"], size=(210, 148), title="Prices"
    )
    assert (report.rows, report.error_count) == (3, 1)
    assert drawing.title == "Prices"
    unnamed, _ = plot_table("data.csv", "line", "day", ["price"], size=(210, 148))
    assert unnamed.title == "price by day", "a list of drawings has a name for it"
    bars, _ = plot_table("data.csv", "bars", "shop", ["price"], size=(210, 148))
    assert len(bars) > 0


@pytest.mark.parametrize(
    ("given", "why"),
    [
        ({"x": "nothing"}, "unknown column"),
        ({"y": ["shop"]}, "does not contain numbers"),
        ({"y": []}, "series"),
        ({"chart": "pie"}, "chart"),
    ],
)
def test_a_column_that_cannot_be_drawn_is_refused_by_its_name(
    settings: Settings, given: dict[str, Any], why: str
) -> None:
    put(settings, "day,price,shop\n2024-01-01,1.5,A\n")
    request = {"chart": "line", "x": "day", "y": ["price"], **given}
    with raises_code("bad-chart", "unknown-name", match=why):
        plot_table("data.csv", size=(210, 148), **request)
