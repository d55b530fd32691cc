"""One closed line that draws a picture."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from libraries.fields import number, whole
from libraries.geometry.area import Area
from libraries.geometry.tours import closed_tour
from libraries.imaging.controls import PictureParams
from libraries.imaging.stipples import stipple
from libraries.imaging.tones import Box
from libraries.patterns.catalogue import Polyline, pattern, report_progress

MIN_POINTS = 4


@pattern
class TspArt(PictureParams):
    """A picture drawn by one closed line that never crosses itself.

    The line wanders through every part of the picture and is densest where it is darkest; the pen
    is lifted only at the end. It is a short tour through stipples, the problem of the travelling
    salesman; hence the name that this kind of drawing got from Robert Bosch and Craig Kaplan
    (2005).

    Send a picture of your own as `image`; faces need about ten thousand bends. The seed varies
    pictures that are made by formula, and the way of the line through one that was sent.
    """

    gamma: float = number(
        "Exponent of the tones: 2 gives the line its length in proportion to them, more leaves "
        "them lighter.",
        0.2,
        5,
        default=1.8,
    )
    points: int = whole(
        "How many bends the line has; fewer on a page that has no room for so many.",
        MIN_POINTS,
        20_000,
        default=12_000,
    )
    iterations: int = whole(
        "How often the bends are evened out before the line is laid; 0 leaves them as chance put "
        "them.",
        0,
        20,
        default=8,
    )

    def cost(self, area: Area) -> float:
        """Return how many points the line has.

        The range of `points` bounds the work on it to some seconds.
        """
        return self._count(area) + 1.0

    def draw(self, area: Area, rng: np.random.Generator) -> Iterator[Polyline]:
        """Yield one line that ends where it begins.

        For the places see `libraries.imaging.stipples`, for the tour `libraries.geometry.tours`.
        """
        box = Box(area.left, area.top, area.inner_width, area.inner_height)
        tones = self.tones(box, rng)
        # The rounds are about 0.8 of all the work.
        places = stipple(
            tones,
            self._count(area),
            self.iterations,
            rng,
            lambda part: report_progress(0.8 * part),
        )
        if len(places):
            tour = closed_tour(places)
            yield places[np.append(tour, tour[0])]

    def _count(self, area: Area) -> int:
        """Return how many bends are drawn, at most as many as fit.

        Bends that are closer than 1.2 mm on average would run together in ink.
        """
        fit = int(area.inner_width * area.inner_height / 1.2**2)
        return max(MIN_POINTS, min(self.points, fit))
