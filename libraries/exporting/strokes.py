"""JSON of strokes with their times, for programs that show how a drawing is plotted."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import orjson

from libraries.exporting.catalogue import export
from libraries.fields import Params, choice, flag
from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.document import Document
from libraries.geometry.strokes import Strokes
from libraries.json_types import JsonObject
from libraries.plotting import DEFAULT_PROFILE, PLOTTERS, PlotTime, plan, statistics
from libraries.plotting.checks import PlotChecks
from libraries.plotting.density import CELL, HALF
from libraries.plotting.planner import stroke_seconds


@export(media_type="application/vnd.vector-api.strokes+json", suffix=".json")
class StrokesJson(Params):
    """Write the strokes in drawing order with the seconds that a machine takes, and checks, as JSON.

    Lengths are mm; `counts` are the vertices of each stroke in `coordinates`, `pens` has its pen.
    """

    profile: str = choice(
        "Machine; `GET /plotters` lists all.", list(PLOTTERS), default=DEFAULT_PROFILE
    )
    coordinates: bool = flag(
        "Whether the strokes are included; without them only figures, seconds and checks.",
        default=True,
    )

    def write(self, document: Document) -> Iterator[bytes]:
        yield orjson.dumps(self._record(document), option=orjson.OPT_SERIALIZE_NUMPY)

    def _record(self, document: Document) -> JsonObject:
        plotter, strokes = PLOTTERS[self.profile], _in_order(document)
        used, which = np.unique(strokes.layers, return_inverse=True)
        seconds = stroke_seconds(strokes, document.pens, plotter.profile)
        checks = PlotChecks(document, plotter)
        # The way to a stroke belongs to its pen; the way home and pen changes belong to none.
        profile = plotter.profile
        each = seconds.drawing + seconds.travelling[: len(strokes)] + profile.drop_time
        of_pens = np.bincount(which, weights=each + profile.lift_time, minlength=len(used))
        ink = np.bincount(which, weights=strokes.lengths, minlength=len(used))
        counts = np.bincount(which, minlength=len(used))
        layers = [
            {
                "layer": document.layers[layer].name,
                "colour": document.layers[layer].pen.colour,
                "width_mm": document.layers[layer].pen.width,
                "strokes": int(counts[number]),
                "mm": round(float(ink[number]), 3),
                "seconds": round(float(of_pens[number]), 3),
            }
            for number, layer in enumerate(used.tolist())
        ]
        return {
            "version": 1,
            "title": document.title,
            "width": document.width,
            "height": document.height,
            "metadata": document.metadata,
            "profile": plotter.name,
            "motion": plotter.profile.as_record(),
            "plot": statistics(strokes, document.pens, page=document.page).as_record(),
            "times": _times(strokes, document),
            "checks": [one.as_record() for one in checks.all()],
            "ink_map": _ink_map(checks.ink),
            "layers": layers,
            **(_lines(strokes, which.ravel()) if self.coordinates else {}),
            "drawing_seconds": _rounded(seconds.drawing, 4),
            "travel_seconds": _rounded(seconds.travelling, 4),
        }


def _lines(strokes: Strokes, pens: Integers) -> JsonObject:
    return {
        "pens": pens,
        "counts": np.diff(strokes.offsets),
        "coordinates": _rounded(strokes.coordinates.ravel(), 3),
    }


def _times(strokes: Strokes, document: Document) -> dict[str, Any]:
    """Return the plotting time on each plotter; those with equal profiles share a calculation."""
    found: dict[object, PlotTime] = {}
    times: dict[str, Any] = {}
    for name, plotter in PLOTTERS.items():
        profile = replace(plotter.profile, name="")
        if profile not in found:
            found[profile] = plan(strokes, document.pens, profile)
        times[name] = replace(found[profile], profile=name).as_record()
    return times


def _in_order(document: Document) -> Strokes:
    """Return the strokes layer by layer, as they are plotted."""
    parts = [part for _, part in document.drawn_layers()]
    if not parts:
        return document.strokes()
    offsets = np.concatenate([[0], *(np.diff(part.offsets) for part in parts)]).cumsum()
    coordinates = np.concatenate([part.coordinates for part in parts])
    return Strokes(coordinates, offsets, np.concatenate([part.layers for part in parts]))


def _ink_map(ink: Floats | None) -> JsonObject | None:
    """Return the mm² per cm² in overlapping squares, row by row; see `density.ink_map`."""
    if ink is None:
        return None
    rows, columns = ink.shape
    return {
        "square_mm": CELL,
        "step_mm": HALF,
        "rows": rows,
        "columns": columns,
        "mm2": _rounded(ink.ravel(), 1),
    }


def _rounded(numbers: Floats, decimals: int) -> Floats:
    # Adding zero turns -0.0 into 0.0.
    rounded: Floats = numbers.round(decimals) + 0.0
    return rounded
