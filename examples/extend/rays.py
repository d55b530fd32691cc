"""Rays from the centre of the page to the largest circle that fits."""

from collections.abc import Iterator

import numpy as np

from libraries.fields import Params, whole
from libraries.geometry.area import Area
from libraries.patterns.catalogue import Polyline, pattern


@pattern
class Rays(Params):
    """Rays around an empty centre.

    Rays are drawn outwards and inwards in turn, which reduces travel.
    """

    count: int = whole("Number of rays.", 3, 720, default=72)

    def cost(self, area: Area) -> float:
        """Return the number of points."""
        return 2 * self.count

    def draw(self, area: Area, rng: np.random.Generator) -> Iterator[Polyline]:
        """Yield the rays."""
        radius = 0.99 * min(area.inner_width, area.inner_height) / 2
        for number, angle in enumerate(np.linspace(0, 2 * np.pi, self.count, endpoint=False)):
            ends = (radius / 6, radius) if number % 2 == 0 else (radius, radius / 6)
            yield np.outer(ends, (np.cos(angle), np.sin(angle))) + area.centre
