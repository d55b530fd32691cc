"""Stippling: a picture in dots."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from libraries.declarations import Preset
from libraries.fields import mm, tolerance, whole
from libraries.geometry.area import Area
from libraries.geometry.curves import arc_chords
from libraries.imaging.controls import PictureParams
from libraries.imaging.stipples import stipple, stipple_work
from libraries.imaging.tones import Box
from libraries.patterns.catalogue import Polyline, pattern, report_progress

# Dots per square mm by default: 10,000 on A4. A small page gets more and smaller dots, a large one
# fewer and larger ones, so that the tone is the same.
DENSITY = 0.19
MIN_POINTS, MAX_POINTS = 4_000, 24_000
MAX_DOT_MM = 5.0


@pattern
class Stipple(PictureParams):
    """A picture in thousands of small dots, closer where it is darker.

    The dots are evenly spaced and show the picture by their density alone, as in stipple
    engravings. Dark dots are a little larger than light ones. The pen visits them in a short tour.

    Send your own picture as `image`; high contrast and a plain background work best. The seed
    varies generated pictures, and the positions of the dots.
    """

    points: int | None = whole(
        "Number of dots; fewer if they do not fit. If not given, set by the size of the page: "
        "about 10,000 on A4.",
        1,
        MAX_POINTS,
        default=None,
    )
    iterations: int = whole(
        "Rounds that even out the dots; 0 leaves them at random.", 0, 20, default=8
    )
    dot: float | None = mm(
        "Diameter of a dark dot, about half of that for a light one; 0 only touches the paper. If "
        "not given, 0.5 for the default number of dots, larger for fewer, smaller for more",
        0,
        MAX_DOT_MM,
        default=None,
    )
    tolerance: float = tolerance("the true circle of a dot", default=0.02)

    presets = (
        Preset("sphere", "Shaded sphere", {"image": "sphere"}),
        Preset("coarse", "Few large dots", {"points": 2500, "dot": 1.2}),
        Preset("dusk", "Evening sky", {"image": "dusk", "gamma": 1.8}),
    )

    def cost(self, area: Area) -> float:
        """Return the number of points; the ranges of the parameters bound the rest of the work."""
        count, dot = self._sizes(area)
        return count * (_steps(dot, self.tolerance) + 1.0)

    def work(self, area: Area) -> float:
        return stipple_work(self._sizes(area)[0], self.iterations)

    def draw(self, area: Area, rng: np.random.Generator) -> Iterator[Polyline]:
        """Yield a closed circle for each dot, or a touch of the pen.

        The positions are those of weighted Voronoi stippling, see `libraries.imaging.stipples`.
        """
        box = Box(area.left, area.top, area.inner_width, area.inner_height)
        tones = self.tones(box, rng)
        count, dot = self._sizes(area)
        # The rounds are about 0.8 of the work.
        points = stipple(
            tones, count, self.iterations, rng, lambda part: report_progress(0.8 * part)
        )
        # The lightest dots have 0.45 of the diameter. A touch of the pen is a stroke of 0.1 mm,
        # since plotters ignore shorter ones.
        share = 0.45 + (1 - 0.45) * tones.at(*points.T) if dot else np.ones(len(points))
        size = np.minimum(share * max(dot, 0.1), area.shorter_side)[:, None]
        mark = _mark(dot, self.tolerance)
        # A dot at the edge is moved inwards, so that it is whole.
        reach = size / 2 * np.abs(mark).max(axis=0)
        low, high = np.array((area.left, area.top)), np.array((area.right, area.bottom))
        centres = np.clip(points, low + reach, high - reach)
        for centre, radius in zip(centres, size / 2, strict=True):
            yield area.clip(centre + radius * mark)

    def _sizes(self, area: Area) -> tuple[int, float]:
        """Return the number of dots, at most as many as fit, and their diameter in mm."""
        room = area.inner_width * area.inner_height
        by_default = min(max(room * DENSITY, MIN_POINTS), MAX_POINTS)
        count = by_default if self.points is None else self.points
        # On average, the distance between dots is at least three times their width.
        cell = (3 * max(self.dot or 0.0, 0.4)) ** 2
        count = max(1, min(round(count), int(room / cell)))
        if self.dot is not None:
            return count, self.dot
        return count, min(0.5 * room * DENSITY / count, MAX_DOT_MM)


def _mark(dot: float, tolerance: float) -> Polyline:
    if not dot:
        return np.array([[-1.0, 0.0], [1.0, 0.0]])
    turn = np.linspace(0, 2 * math.pi, _steps(dot, tolerance) + 1)
    circle = np.column_stack((np.cos(turn), np.sin(turn)))
    circle[-1] = circle[0]
    return circle


def _steps(dot: float, tolerance: float) -> int:
    return max(8, int(arc_chords(dot / 2, 2 * math.pi, tolerance))) if dot else 1
