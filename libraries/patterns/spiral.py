"""The spiral of Archimedes, in one stroke."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from marshmallow import Schema, fields
from marshmallow.validate import OneOf

from libraries.drawing.area import Area
from libraries.drawing.fields import degrees, millimetres
from libraries.patterns.catalogue import Polyline, pattern

CLOCKWISE, COUNTER_CLOCKWISE = "clockwise", "counter-clockwise"


class SpiralSchema(Schema):
    """What a spiral may be told."""

    pitch = millimetres("Distance between neighbouring turns; at least one turn is drawn", least=0.3, most=200, load_default=1.8)
    inner_radius = millimetres(
        "Radius of the empty centre, which keeps the pen from tearing the paper; at most half of the outer radius",
        least=0.1,
        most=500,
        load_default=2.5,
    )
    direction = fields.String(
        load_default=CLOCKWISE,
        validate=OneOf([CLOCKWISE, COUNTER_CLOCKWISE]),
        metadata={"description": "Which way the line turns on its way outwards."},
    )
    start_angle = degrees("Where the line begins, clockwise from three o'clock", load_default=-90.0)
    tolerance = millimetres("Farthest that the line may lie from the true curve", least=0.005, most=1, load_default=0.02)


def cost(area: Area, *, pitch: float, inner_radius: float, tolerance: float, **_: object) -> float:
    """Return how many points the spiral has. See `draw` for the formula."""
    inner, outer, pitch = _radii(area, pitch, inner_radius)
    drift = pitch / math.pi
    span = math.pow(outer + drift, 1.5) - math.pow(inner + drift, 1.5)
    return 2 + 4 * math.pi * span / (3 * pitch * math.sqrt(8 * tolerance))


@pattern(SpiralSchema, cost)
def draw(
    area: Area,
    _rng: np.random.Generator,
    *,
    pitch: float,
    inner_radius: float,
    direction: str,
    start_angle: float,
    tolerance: float,
) -> Iterator[Polyline]:
    """One line from the centre to the largest circle that fits, its turns evenly apart.

    The line is followed as closely as `tolerance` asks, with points where the curve needs them: a wide turn gets more than a
    narrow one, and no turn shows corners.

    Yields:
        One array of shape (n, 2), in mm.

    A chord over the angle `a` leaves a circle of radius `r` by r * a**2 / 8 at most. There the spiral leaves its chords
    by no more than a circle of radius r + pitch / pi does, so a step of sqrt(8 * tolerance / (r + pitch / pi)) is short enough.
    The count of such steps has a closed form in (r + pitch / pi) ** 1.5: even steps in that are the right ones and need no loop.
    """
    inner, outer, pitch = _radii(area, pitch, inner_radius)
    drift = pitch / math.pi
    count = math.ceil(cost(area, pitch=pitch, inner_radius=inner_radius, tolerance=tolerance))
    radius = np.linspace((inner + drift) ** 1.5, (outer + drift) ** 1.5, count) ** (2 / 3) - drift
    # The powers are exact to the last digits only, and the edge of the room is a promise.
    radius = np.clip(radius, inner, outer)
    turn = (radius - inner) * (2 * math.pi / pitch)
    angle = math.radians(start_angle) + (turn if direction == CLOCKWISE else -turn)
    x, y = area.centre
    yield np.column_stack((x + radius * np.cos(angle), y + radius * np.sin(angle)))


def _radii(area: Area, pitch: float, inner_radius: float) -> tuple[float, float, float]:
    """Return the inner radius, the outer radius and the pitch that fit the room."""
    outer = min(area.inner_width, area.inner_height) / 2
    inner = min(inner_radius, outer / 2)
    return inner, outer, min(pitch, outer - inner)
