"""Statistics of drawings: lengths, ink and out-of-bounds strokes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from libraries.geometry.rectangle import Rectangle, bounding_box, out_of_bounds
from libraries.geometry.strokes import HOME, Pen, Point, Strokes
from libraries.plotting.density import DensestSpot, densest_spot


@dataclass(frozen=True)
class PenInk:
    """The strokes of one pen, their length in mm, and length times width in mm²."""

    pen: Pen
    strokes: int
    mm: float
    mm2: float

    def as_record(self) -> dict[str, Any]:
        pen = {"pen": self.pen.name, "colour": self.pen.colour, "width_mm": self.pen.width}
        return pen | _rounded({"strokes": self.strokes, "mm": self.mm, "mm2": self.mm2})


@dataclass(frozen=True)
class PlotStatistics:
    """Statistics of a drawing; fields that cannot be measured are None.

    Moves with the pen up include those from and to the origin. The pen is lifted after each stroke.
    `ink` has one entry per pen, in the order of layers.
    """

    pen_down_mm: float
    pen_up_mm: float
    lifts: int
    strokes: int
    vertices: int
    pen_changes: int
    ink: tuple[PenInk, ...]
    bounding_box: Rectangle | None
    out_of_bounds_mm: float | None
    out_of_bounds_strokes: int | None
    densest: DensestSpot | None

    def as_record(self) -> dict[str, Any]:
        """Return the statistics for JSON, lengths rounded to 0.001 mm."""
        box, spot = self.bounding_box, self.densest
        return _rounded(vars(self)) | {
            "ink": [ink.as_record() for ink in self.ink],
            "bounding_box": box and _rounded(asdict(box)),
            "densest": spot and _rounded(spot._asdict()),
        }


def _rounded(record: Mapping[str, Any]) -> dict[str, Any]:
    return {
        name: round(value, 3) if isinstance(value, float) else value
        for name, value in record.items()
    }


def statistics(
    strokes: Strokes,
    pens: Sequence[Pen],
    *,
    page: Rectangle | None = None,
    origin: Point | None = HOME,
) -> PlotStatistics:
    """Return the statistics of a drawing; `pens` has the pen of each layer.

    The pen starts and ends at `origin` in mm, or stays on the drawing if it is None.
    """
    changes = strokes.pen_changes(pens)
    strayed_mm, strayed = out_of_bounds(strokes, page) if page else (None, None)
    return PlotStatistics(
        pen_down_mm=float(strokes.steps.sum()),
        pen_up_mm=float(strokes.travels(origin).sum()),
        lifts=len(strokes),
        strokes=len(strokes),
        vertices=len(strokes.coordinates),
        pen_changes=changes,
        ink=_ink(strokes, pens),
        bounding_box=bounding_box(strokes),
        out_of_bounds_mm=strayed_mm,
        out_of_bounds_strokes=strayed,
        densest=densest_spot(strokes, page),
    )


def _ink(strokes: Strokes, pens: Sequence[Pen]) -> tuple[PenInk, ...]:
    layers, where = np.unique(strokes.layers, return_inverse=True)
    counts, lengths = np.bincount(where), np.bincount(where, weights=strokes.lengths)
    drawn: dict[Pen, tuple[int, float]] = {}
    for layer, count, length in zip(layers, counts, lengths, strict=True):
        before = drawn.get(pens[layer], (0, 0.0))
        drawn[pens[layer]] = (before[0] + int(count), before[1] + float(length))
    return tuple(PenInk(pen, count, mm, mm * pen.width) for pen, (count, mm) in drawn.items())
