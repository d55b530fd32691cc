"""One closed line that draws a picture."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from marshmallow import fields
from marshmallow.validate import Range

from libraries.fields import WholeNumber
from libraries.geometry.area import Area
from libraries.geometry.tours import closed_tour
from libraries.imaging.controls import PictureSchema, lay
from libraries.imaging.stipples import stipple
from libraries.imaging.tones import Box
from libraries.patterns.catalogue import Polyline, pattern, tell

# The bends of the line lie so far apart at least, in mm, on average: closer ones would run together in ink.
CLOSEST = 1.2
FEWEST = 4

# The rounds are about so much of all the work.
ROUNDS = 0.8


class TspArtSchema(PictureSchema):
    """What a line through a picture may be told."""

    # A line through evenly spread points is as long as the root of their number: twice the ink takes four times the points.
    gamma = fields.Float(
        load_default=1.8,
        validate=Range(0.2, 5),
        metadata={
            "description": "Exponent of the tones: 2 gives the line its length in proportion to them, more leaves them lighter."
        },
    )
    points = WholeNumber(
        load_default=12_000,
        validate=Range(FEWEST, 20_000),
        metadata={
            "description": "How many bends the line has; fewer on a page that has no room for so many."
        },
    )
    iterations = WholeNumber(
        load_default=8,
        validate=Range(0, 20),
        metadata={
            "description": "How often the bends are evened out before the line is laid; 0 leaves them as chance put them."
        },
    )


def cost(area: Area, *, points: int, **_: object) -> float:
    """Return how many points the line has. The work on it is bounded by the range of `points`: some seconds."""
    return _count(area, points) + 1.0


@pattern(TspArtSchema, cost)
def draw(
    area: Area,
    rng: np.random.Generator,
    *,
    image: str,
    fit: str,
    gamma: float,
    equalise: float,
    detail: float,
    points: int,
    iterations: int,
) -> Iterator[Polyline]:
    """A picture drawn by one closed line that never crosses itself.

    The line wanders through every part of the picture and is densest where it is darkest; the pen is lifted only at the end.
    It is a short tour through stipples, the problem of the travelling salesman; hence the name that this kind of drawing got from
    Robert Bosch and Craig Kaplan (2005).

    Send a picture of your own as `image`; faces need about ten thousand bends. The seed varies pictures that are made by formula,
    and the way of the line through one that was sent.

    Yields:
        One array of shape (n, 2), in mm, that ends where it begins.

    For the places see `libraries.imaging.stipples`, for the tour `libraries.geometry.tours`.
    """
    box = Box(area.left, area.top, area.inner_width, area.inner_height)
    tones = lay(box, rng, image=image, fit=fit, gamma=gamma, equalise=equalise, detail=detail)
    places = stipple(tones, _count(area, points), iterations, rng, lambda part: tell(ROUNDS * part))
    if len(places):
        tour = closed_tour(places)
        yield places[np.append(tour, tour[0])]


def _count(area: Area, points: int) -> int:
    """Return how many bends are drawn: those asked for, or as many as the room takes."""
    return max(FEWEST, min(points, int(area.inner_width * area.inner_height / CLOSEST**2)))
