"""Stipples: a picture in dots."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from marshmallow.validate import Range

from libraries.fields import WholeNumber, millimetres, tolerance_field
from libraries.geometry.area import Area
from libraries.geometry.curves import arc_chords
from libraries.geometry.tours import closed_tour
from libraries.imaging.controls import PictureSchema, lay
from libraries.imaging.stipples import stipple
from libraries.imaging.tones import Box
from libraries.patterns.catalogue import Polyline, pattern, tell

# A touch of the pen is a stroke of this length, in mm: plotters pass over strokes without any.
TOUCH = 0.1
# The lightest dots have this share of the diameter of the darkest.
SMALLEST = 0.45
# Without a wish there are so many dots to a square mm, ten thousand on A4 with its margin. A small page gets as many smaller ones
# as a picture needs, a large one fewer and larger ones: the ink to a square mm, and so the tone, is the same on every page.
DENSITY, DOT = 0.19, 0.5
FEWEST, MOST = 4_000, 24_000
# Dots get at least so many times their own width of room, in each direction, on average.
ROOM = 3
NARROWEST, WIDEST = 0.4, 5.0

# The rounds are about so much of all the work.
ROUNDS = 0.8


class StippleSchema(PictureSchema):
    """What stipples may be told."""

    points = WholeNumber(
        load_default=None,
        allow_none=True,
        validate=Range(1, MOST),
        metadata={
            "description": "How many dots; fewer on a page that has no room for so many. "
            "If not given, as many as the area of the page asks for: about 10,000 on A4."
        },
    )
    iterations = WholeNumber(
        load_default=8,
        validate=Range(0, 20),
        metadata={
            "description": "How often the dots are evened out; 0 leaves them as chance put them."
        },
    )
    dot = millimetres(
        "Diameter of the circle that the pen draws for a dot in the dark, half of that in the light; 0 makes a touch of the pen. "
        f"If not given, {DOT:g} for the number of dots that the page asks for, larger for fewer, smaller for more",
        least=0,
        most=WIDEST,
        load_default=None,
        allow_none=True,
    )
    tolerance = tolerance_field("the true circle of a dot")


def cost(
    area: Area, *, points: int | None, dot: float | None, tolerance: float, **_: object
) -> float:
    """Return how many points the dots have. The rounds are bounded by the ranges of `points` and `iterations`: some seconds."""
    count, dot = _sizes(area, points, dot)
    return count * (_steps(dot, tolerance) + 1.0)


@pattern(StippleSchema, cost)
def draw(
    area: Area,
    rng: np.random.Generator,
    *,
    image: str,
    fit: str,
    gamma: float,
    equalise: float,
    detail: float,
    points: int | None,
    iterations: int,
    dot: float | None,
    tolerance: float,
) -> Iterator[Polyline]:
    """A picture in thousands of small dots, closer where it is darker.

    The dots keep even distances among themselves and let the forms of the picture appear by their density alone, as engravers
    of stipples did it. In the dark they are a little larger than in the light. The pen goes from each to one that is near.

    Send a picture of your own as `image`; high contrast and a plain background do best. The seed varies pictures that are made by
    formula, and where the dots are in one that was sent.

    Yields:
        Arrays of shape (n, 2), in mm: a closed circle for each dot, or a touch of the pen.

    The places are those of weighted Voronoi stippling, see `libraries.imaging.stipples`.
    """
    box = Box(area.left, area.top, area.inner_width, area.inner_height)
    tones = lay(box, rng, image=image, fit=fit, gamma=gamma, equalise=equalise, detail=detail)
    count, dot = _sizes(area, points, dot)
    places = stipple(tones, count, iterations, rng, lambda part: tell(ROUNDS * part))
    ordered = places[closed_tour(places)]
    # A dot of the darkest tone has all of the diameter. None is larger than the room.
    share = SMALLEST + (1 - SMALLEST) * tones.at(*ordered.T) if dot else np.ones(len(ordered))
    size = np.minimum(share * max(dot, TOUCH), min(box.width, box.height))[:, None]
    mark = _mark(dot, tolerance)
    # A dot at the edge of the room is drawn beside it, whole.
    reach = size / 2 * np.abs(mark).max(axis=0)
    low, high = np.array((area.left, area.top)), np.array((area.right, area.bottom))
    for centre, radius in zip(np.clip(ordered, low + reach, high - reach), size / 2, strict=True):
        yield np.clip(centre + radius * mark, low, high)


def _mark(dot: float, tolerance: float) -> Polyline:
    """Return the shape of a dot of radius 1."""
    if not dot:
        return np.array([[-1.0, 0.0], [1.0, 0.0]])
    turn = np.linspace(0, 2 * math.pi, _steps(dot, tolerance) + 1)
    circle = np.column_stack((np.cos(turn), np.sin(turn)))
    circle[-1] = circle[0]
    return circle


def _sizes(area: Area, points: int | None, dot: float | None) -> tuple[int, float]:
    """Return how many dots are drawn, those asked for or as many as the room takes, and their diameter in mm."""
    room = area.inner_width * area.inner_height
    asked = min(max(room * DENSITY, FEWEST), MOST) if points is None else points
    own = (ROOM * max(dot or 0.0, NARROWEST)) ** 2
    count = max(1, min(round(asked), int(room / own)))
    return count, min(DOT * room * DENSITY / count, WIDEST) if dot is None else dot


def _steps(dot: float, tolerance: float) -> int:
    """Return how many chords a dot has."""
    return max(8, int(arc_chords(dot / 2, 2 * math.pi, tolerance))) if dot else 1
