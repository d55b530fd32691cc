"""Charts for plotters: lines, points, bars and histograms with axes and labels."""

from libraries.charts.charts import CHARTS, MAX_SERIES, Measure, check_chart, draw_chart
from libraries.charts.from_tables import plot_table
from libraries.charts.ticks import Ticks, date_ticks, number_ticks

__all__ = [
    "CHARTS",
    "MAX_SERIES",
    "Measure",
    "Ticks",
    "check_chart",
    "date_ticks",
    "draw_chart",
    "number_ticks",
    "plot_table",
]
