"""Rays from the middle of the page to the largest circle that fits."""

from collections.abc import Iterator

import numpy as np
from marshmallow import Schema, fields
from marshmallow.validate import Range

from libraries.geometry.area import Area
from libraries.patterns.catalogue import Polyline, pattern


class RaysSchema(Schema):
    """What rays may be told."""

    count = fields.Integer(
        load_default=72, validate=Range(3, 720), metadata={"description": "How many rays."}
    )


def cost(_area: Area, *, count: int) -> float:
    """Return how many points the rays have."""
    return 2 * count


@pattern(RaysSchema, cost)
def draw(area: Area, _rng: np.random.Generator, *, count: int) -> Iterator[Polyline]:
    """Rays around an empty centre.

    The pen draws outwards and inwards in turn, which saves travel.
    """
    radius = 0.99 * min(area.inner_width, area.inner_height) / 2
    for number, angle in enumerate(np.linspace(0, 2 * np.pi, count, endpoint=False)):
        ends = (radius / 6, radius) if number % 2 == 0 else (radius, radius / 6)
        yield np.outer(ends, (np.cos(angle), np.sin(angle))) + area.centre
