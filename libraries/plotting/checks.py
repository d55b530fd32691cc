"""What to look at before a drawing is plotted: on the page, in reach, not too dense, no specks.

The limits of ink and of specks are those of drawings that were judged by eye: one full coat of ink
is 100 mm² per cm², paper tears from about 125, and open strokes under 1.5 mm look like mistakes.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any, ClassVar, Literal

import numpy as np

from libraries.geometry.arrays import Floats
from libraries.geometry.document import Document
from libraries.geometry.rectangle import TOUCHING_MM, out_of_bounds
from libraries.geometry.strokes import Strokes
from libraries.plotting.close_lines import CloseLines
from libraries.plotting.density import HALF, ink_map
from libraries.plotting.plotters import Plotter

Level = Literal["ok", "note", "warning", "unknown"]


@dataclass(frozen=True)
class Check:
    """A check: its name, its outcome, and figures; `places` are points in mm, the worst first."""

    MAX_PLACES: ClassVar = 50

    name: str
    level: Level
    figures: dict[str, Any] = field(default_factory=dict)
    places: Floats = field(default_factory=lambda: np.zeros((0, 2)))

    def as_record(self) -> dict[str, Any]:
        """Return the check for JSON; `count` is the number of places, also of those left out."""
        places = self.places[: self.MAX_PLACES].round(2).tolist()
        return {"check": self.name, "level": self.level, **self.figures, "places": places}


class PlotChecks:
    """The checks of a drawing that a plotter shall draw."""

    # mm² per cm²: a full coat, and a coat that is declared to be solid.
    FULL_INK: ClassVar = 100.0
    SOLID_INK: ClassVar = 125.0
    SPECK_MM: ClassVar = (0.15, 1.5)
    # Less than this share of close lines is a crossing or a corner.
    CLOSE_SHARE: ClassVar = 0.02
    # Places this near to each other are one.
    PLACE_MM: ClassVar = 10.0

    def __init__(self, document: Document, plotter: Plotter) -> None:
        self.document, self.plotter = document, plotter
        self.strokes = document.strokes()
        self.ink = ink_map(document)

    def all(self) -> list[Check]:
        return [
            self.off_page(),
            self.reach(),
            self.too_dense(),
            self.close_lines(),
            self.specks(),
            self.pen_changes(),
            self.metres(),
        ]

    def off_page(self) -> Check:
        """Check for ink outside of the page."""
        page = self.document.page
        mm, count = out_of_bounds(self.strokes, page)
        points = self.strokes.coordinates
        outside = (
            (points < -TOUCHING_MM) | (points > np.array([page.right, page.bottom]) + TOUCHING_MM)
        ).any(axis=1)
        figures = {"strokes": count, "mm": round(mm, 3)}
        return Check(
            "off-page", "warning" if count else "ok", figures, self._places(points[outside])
        )

    def reach(self) -> Check:
        """Check whether the page, upright or turned, is within the reach of the plotter."""
        page, bed = self.document.page, self.plotter.bed
        sides, reach = sorted((page.width, page.height)), sorted((bed.width, bed.height))
        # A plotter's table may be a little smaller than the paper, on which the margin is empty.
        box = self.document.bounding_box()
        drawn = sorted((box.width, box.height)) if box else [0.0, 0.0]
        fits = all(one <= other + TOUCHING_MM for one, other in zip(sides, reach, strict=True))
        ink_fits = all(one <= other + TOUCHING_MM for one, other in zip(drawn, reach, strict=True))
        figures = {"width": bed.width, "height": bed.height, "ink_fits": ink_fits}
        level: Level = "ok" if fits else "note" if ink_fits else "warning"
        return Check("reach", level, figures)

    def too_dense(self) -> Check:
        """Check for square centimetres with more ink than a full coat."""
        limit = self.FULL_INK
        if self.ink is None:
            return Check("too-dense", "unknown", {"limit": limit})
        most = float(self.ink.max())
        rows, columns = np.nonzero(self.ink.round(3) > limit)
        order = np.argsort(-self.ink[rows, columns], kind="stable")
        centres: Floats = np.column_stack((columns[order] + 1.0, rows[order] + 1.0)) * HALF
        figures = {"mm2_per_cm2": round(most, 1), "limit": limit, "tears": self.SOLID_INK}
        return Check("too-dense", "warning" if len(rows) else "ok", figures, self._apart(centres))

    def close_lines(self) -> Check:
        """Check for lines that are closer to each other than the pen is wide."""
        found = [
            (
                layer,
                CloseLines(Strokes(part.coordinates, part.offsets, part.layers), layer.pen.width),
            )
            for layer, part in self.document.drawn_layers()
        ]
        layer, worst = max(found, key=lambda one: one[1].share or 0.0, default=(None, None))
        if layer is None or worst is None or any(one.share is None for _, one in found):
            return Check("close-lines", "unknown" if found else "ok")
        share = worst.share or 0.0
        figures = {"share": round(share, 4), "layer": layer.name, "width_mm": layer.pen.width}
        if share < self.CLOSE_SHARE:
            return Check("close-lines", "ok", figures)
        return Check("close-lines", "warning", figures, self._places(worst.points))

    def specks(self) -> Check:
        """Check for open strokes that are longer than a dot, and short enough to look like mistakes."""
        least, most = self.SPECK_MM
        strokes = self.strokes
        points, firsts, lasts = strokes.coordinates, strokes.offsets[:-1], strokes.offsets[1:] - 1
        is_open = (np.abs(points[firsts] - points[lasts]) > TOUCHING_MM).any(axis=1)
        is_speck = is_open & (strokes.lengths >= least) & (strokes.lengths < most)
        count = int(is_speck.sum())
        places = self._places(points[firsts[is_speck]])
        return Check(
            "specks", "note" if count else "ok", {"count": count, "below_mm": most}, places
        )

    def pen_changes(self) -> Check:
        """Report the pen changes, and whether a person has to make them."""
        changes, holders = self.strokes.pen_changes(self.document.pens), self.plotter.pens.count
        by_hand = changes if holders <= changes else 0
        figures = {"count": changes, "by_hand": by_hand}
        return Check("pen-changes", "note" if by_hand else "ok", figures)

    def metres(self) -> Check:
        """Report the length that is drawn."""
        return Check("ink", "ok", {"metres": round(float(self.strokes.steps.sum()) / 1000, 3)})

    def _places(self, points: Floats) -> Floats:
        """Return the middle of the points in each square of `PLACE_MM`, most points first."""
        if not len(points):
            return points
        cells = np.floor(points / self.PLACE_MM).astype(np.int64)
        _, where, counts = np.unique(cells, axis=0, return_inverse=True, return_counts=True)
        middles = np.column_stack([np.bincount(where.ravel(), weights=axis) for axis in points.T])
        return (middles / counts[:, np.newaxis])[np.argsort(-counts, kind="stable")]

    def _apart(self, points: Floats) -> Floats:
        """Return the points without those near an earlier one."""
        return np.array(list(self._far(points))).reshape(-1, 2)

    def _far(self, points: Floats) -> Iterator[Floats]:
        kept = np.zeros((0, 2))
        for point in points[: 40 * Check.MAX_PLACES]:
            if not (np.abs(kept - point) < self.PLACE_MM).all(axis=1).any():
                kept = np.vstack([kept, point])
                yield point
                if len(kept) >= Check.MAX_PLACES:
                    return
