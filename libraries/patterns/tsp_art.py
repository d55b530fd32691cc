"""TSP art: a picture drawn by one closed line."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from libraries.declarations import Preset
from libraries.fields import number, whole
from libraries.geometry.area import Area
from libraries.geometry.tours import closed_tour
from libraries.imaging.controls import PictureParams
from libraries.imaging.stipples import stipple, stipple_work
from libraries.imaging.tones import Box
from libraries.patterns.catalogue import Polyline, pattern, report_progress

MIN_POINTS = 4


@pattern
class TspArt(PictureParams):
    """A picture drawn by one closed line that never crosses itself.

    The line is densest where the picture is darkest; the pen is lifted only at the end. It is a
    short tour through stipples, an approximate solution of the travelling salesman problem (Robert
    Bosch and Craig Kaplan, 2005).

    Send your own picture as `image`; faces need about ten thousand vertices. The seed varies
    generated pictures, and the path of the line.
    """

    gamma: float = number(
        "Exponent of the tones: 2 makes the length of the line proportional to them, more makes "
        "the drawing lighter.",
        0.2,
        5,
        default=1.8,
    )
    points: int = whole(
        "Number of vertices; fewer if they do not fit.", MIN_POINTS, 20_000, default=12_000
    )
    iterations: int = whole(
        "Rounds that even out the vertices; 0 leaves them at random.", 0, 20, default=8
    )

    presets = (
        Preset("sphere", "Sphere in thread", {"image": "sphere", "points": 6000}),
        Preset("sketch", "Light sketch", {"points": 5000, "gamma": 2.4}),
    )

    def cost(self, area: Area) -> float:
        """Return the number of points, whose range also bounds the rest of the work."""
        return self._count(area) + 1.0

    def work(self, area: Area) -> float:
        return stipple_work(self._count(area), self.iterations)

    def draw(self, area: Area, rng: np.random.Generator) -> Iterator[Polyline]:
        """Yield one closed line.

        See `libraries.imaging.stipples` for its vertices and `libraries.geometry.tours` for their
        order.
        """
        tones = self.tones(Box(area.left, area.top, area.inner_width, area.inner_height), rng)
        count = self._count(area)
        # The rounds are about 0.8 of the work.
        points = stipple(
            tones, count, self.iterations, rng, lambda part: report_progress(0.8 * part)
        )
        if len(points):
            tour = closed_tour(points)
            yield points[np.append(tour, tour[0])]

    def _count(self, area: Area) -> int:
        """Return the number of vertices; closer than 1.2 mm on average, ink would run together."""
        fit = int(area.inner_width * area.inner_height / 1.2**2)
        return max(MIN_POINTS, min(self.points, fit))
