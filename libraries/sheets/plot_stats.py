"""Plotting statistics of a drawing: ink, pen lifts and seconds, stored with its file."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from libraries.errors import InvalidInput
from libraries.geometry.document import Document
from libraries.geometry.rectangle import Rectangle
from libraries.json_types import JsonObject
from libraries.plotting import PLOTTERS, plan, statistics
from libraries.svg_builder import SVGBuilder
from libraries.svg_reader import read_svg


def plot_stats(drawing: SVGBuilder | Document, width: float, height: float) -> dict[str, Any]:
    """Return the statistics of a drawing on a page of `width` x `height` mm, as JSON.

    Lengths are mm, times seconds; `time` has an entry for each of the two
    usual plotter profiles. The pen starts and ends
    in the upper left corner.
    """
    strokes, pens = drawing.strokes(), drawing.pens
    times = {
        name: plan(strokes, pens, plotter.profile).as_record()
        for name, plotter in PLOTTERS.items()
        if plotter.in_statistics
    }
    return {
        **statistics(strokes, pens, page=Rectangle(0, 0, width, height)).as_record(),
        "time": times,
    }


def off_page(before_mm: float, after_mm: float, count: int = 1) -> list[JsonObject]:
    """Return the ink that is cut off as a problem with its length and share, or none."""
    least_mm = 0.01
    if before_mm - after_mm < least_mm:
        return []
    mm, share = round(before_mm - after_mm, 3), round(1 - after_mm / before_mm, 4)
    problem = {"kind": "off-page", "action": "cropped", "count": count, "lines": []}
    return [{**problem, "mm": mm, "share": share}]


def off_page_note(problems: Iterable[JsonObject]) -> str:
    """Return the end of a message if most of a drawing is off the page, else an empty string."""
    share = max((one.get("share", 0.0) for one in problems if one["kind"] == "off-page"), default=0)
    half = 0.5
    return f"; {share:.0%} of the drawing is off the page" if share > half else ""


def describe_svg(data: bytes) -> JsonObject:
    """Return the statistics of a stored SVG as a field of its artifact; {} if it cannot be read."""
    try:
        document = read_svg(data).document
        return {"plot": plot_stats(document, document.width, document.height)}
    except InvalidInput:
        return {}
