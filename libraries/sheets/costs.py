"""What a drawing costs on a plotter: ink, lifts and seconds, as they are kept with its file."""

from __future__ import annotations

from typing import Any

from libraries.geometry.document import Document
from libraries.geometry.rectangle import Rectangle
from libraries.plotting import PROFILES, plan, statistics
from libraries.svg_builder import SVGBuilder


def plot_costs(drawing: SVGBuilder | Document, width: float, height: float) -> dict[str, Any]:
    """Return the statistics of a drawing on a page of `width` x `height` mm, and in `time` how long each plotter takes.

    Lengths are mm, times are seconds. The pen comes from the upper left corner and goes back there.
    """
    strokes, pens = drawing.strokes(), drawing.pens
    times = {name: plan(strokes, pens, profile).as_record() for name, profile in PROFILES.items()}
    return {
        **statistics(strokes, pens, page=Rectangle(0, 0, width, height)).as_record(),
        "time": times,
    }
