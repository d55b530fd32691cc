"""Stipples: a picture in dots."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np

from libraries.fields import mm, tolerance, whole
from libraries.geometry.area import Area
from libraries.geometry.curves import arc_chords
from libraries.geometry.tours import closed_tour
from libraries.imaging.controls import PictureParams
from libraries.imaging.stipples import stipple
from libraries.imaging.tones import Box
from libraries.patterns.catalogue import Polyline, pattern, report_progress

# By default there are so many dots to a square mm, ten thousand on A4 with its margin. A small page
# gets as many smaller ones as a picture needs, a large one fewer and larger ones: the ink to a
# square mm, and so the tone, is the same on every page.
DENSITY = 0.19
MIN_POINTS, MAX_POINTS = 4_000, 24_000
MAX_DOT_MM = 5.0


@pattern
class Stipple(PictureParams):
    """A picture in thousands of small dots, closer where it is darker.

    The dots keep even distances among themselves and let the forms of the picture appear by their
    density alone, as engravers of stipples did it. In the dark they are a little larger than in the
    light. The pen goes from each to one that is near.

    Send a picture of your own as `image`; high contrast and a plain background do best. The seed
    varies pictures that are made by formula, and where the dots are in one that was sent.
    """

    points: int | None = whole(
        "How many dots; fewer on a page that has no room for so many. If not given, as many as "
        "the area of the page asks for: about 10,000 on A4.",
        1,
        MAX_POINTS,
        default=None,
    )
    iterations: int = whole(
        "How often the dots are evened out; 0 leaves them as chance put them.", 0, 20, default=8
    )
    dot: float | None = mm(
        "Diameter of the circle that the pen draws for a dot in the dark, half of that in the "
        "light; 0 makes a touch of the pen. If not given, 0.5 for the number of dots that the "
        "page asks for, larger for fewer, smaller for more",
        0,
        MAX_DOT_MM,
        default=None,
    )
    tolerance: float = tolerance("the true circle of a dot", default=0.02)

    def cost(self, area: Area) -> float:
        """Return how many points the dots have.

        The ranges of `points` and `iterations` bound the work on their places to some seconds.
        """
        count, dot = self._sizes(area)
        return count * (_steps(dot, self.tolerance) + 1.0)

    def draw(self, area: Area, rng: np.random.Generator) -> Iterator[Polyline]:
        """Yield a closed circle for each dot, or a touch of the pen.

        The places are those of weighted Voronoi stippling, see `libraries.imaging.stipples`.
        """
        box = Box(area.left, area.top, area.inner_width, area.inner_height)
        tones = self.tones(box, rng)
        count, dot = self._sizes(area)
        # The rounds are about 0.8 of all the work.
        places = stipple(
            tones, count, self.iterations, rng, lambda part: report_progress(0.8 * part)
        )
        ordered = places[closed_tour(places)]
        # A dot of the darkest tone has all of the diameter, the lightest 0.45 of it. None is larger
        # than the area. A touch of the pen is a stroke of 0.1 mm: plotters pass over shorter ones.
        share = 0.45 + (1 - 0.45) * tones.at(*ordered.T) if dot else np.ones(len(ordered))
        size = np.minimum(share * max(dot, 0.1), min(box.width, box.height))[:, None]
        mark = _mark(dot, self.tolerance)
        # A dot at the edge of the area is moved inwards, so that it is whole.
        reach = size / 2 * np.abs(mark).max(axis=0)
        low, high = np.array((area.left, area.top)), np.array((area.right, area.bottom))
        centres = np.clip(ordered, low + reach, high - reach)
        for centre, radius in zip(centres, size / 2, strict=True):
            yield np.clip(centre + radius * mark, low, high)

    def _sizes(self, area: Area) -> tuple[int, float]:
        """Return how many dots are drawn, at most as many as fit, and their diameter in mm."""
        room = area.inner_width * area.inner_height
        by_default = min(max(room * DENSITY, MIN_POINTS), MAX_POINTS)
        count = by_default if self.points is None else self.points
        # On average dots get at least three times their own width, in each direction.
        own = (3 * max(self.dot or 0.0, 0.4)) ** 2
        count = max(1, min(round(count), int(room / own)))
        if self.dot is not None:
            return count, self.dot
        return count, min(0.5 * room * DENSITY / count, MAX_DOT_MM)


def _mark(dot: float, tolerance: float) -> Polyline:
    """Return the shape of a dot of radius 1."""
    if not dot:
        return np.array([[-1.0, 0.0], [1.0, 0.0]])
    turn = np.linspace(0, 2 * math.pi, _steps(dot, tolerance) + 1)
    circle = np.column_stack((np.cos(turn), np.sin(turn)))
    circle[-1] = circle[0]
    return circle


def _steps(dot: float, tolerance: float) -> int:
    """Return how many chords a dot has."""
    return max(8, int(arc_chords(dot / 2, 2 * math.pi, tolerance))) if dot else 1
