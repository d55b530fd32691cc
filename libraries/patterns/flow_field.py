"""Flow fields: evenly spaced lines that follow an invisible current."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
from marshmallow import Schema, fields, validates_schema
from marshmallow.validate import OneOf, Range
from numpy.typing import NDArray

from libraries.fields import WholeNumber, check_order, millimetres, tolerance_field
from libraries.geometry.area import Area
from libraries.geometry.curves import decimated
from libraries.geometry.gaps import join_gaps
from libraries.geometry.noise import GradientNoise
from libraries.geometry.ordering import nearest_neighbour_order
from libraries.geometry.streamlines import Field, Streamlines
from libraries.imaging.controls import lay
from libraries.imaging.field import image_field
from libraries.imaging.tones import COVER, Box
from libraries.patterns.catalogue import Polyline, pattern, tell

NOISE, CURL, VORTICES, IMAGE = "noise", "curl", "vortices", "image"
# Samples of the field to one `scale`.
SAMPLES = 20
# A step is at most this part of the separation, and of the scale on which the field turns.
STEP, BEND = 0.5, 1 / 30
# Of small pages, steps and samples of pictures are no finer, in mm. Half a step may not lead out of the sample beyond the room.
FINEST = 0.15
# The points of the closest lines on all of the room, times this, stand for the work of growing them.
WORK = 2
# Growing the lines is so much of all the work.
GROWN = 0.9
# Directions are rounded, so that the last digits of a sine do not decide where a line goes.
DIGITS = 9
HALF = 0.5
# A line less than so many separations wide is wound up if it is so many times longer than wide and high: once around is 2.
WOUND, ROUND = 3.0, 2.1
# Forms of a picture are followed down to this part of the root of the room's area, by samples so many times finer, which are
# smoothed by so many rounds.
FORM, FINER, ROUNDS = 1 / 90, 3, 12
# How strong the swirls are beside a form whose edge is steeper than most, so that lines find their way where nothing is seen.
UNDERTOW, STEEP = 0.1, 0.8

Floats = NDArray[np.float64]
Circle = tuple[float, float, float]


class FlowFieldSchema(Schema):
    """What a flow field may be told."""

    field = fields.String(
        load_default=CURL,
        validate=OneOf([NOISE, CURL, VORTICES, IMAGE]),
        metadata={
            "description": "The current: directions that drift (noise), one that swirls around hills and valleys (curl), a "
            "stream with a few whirls (vortices), or one that follows the forms of a picture (image)."
        },
    )
    image = image_field(only="field: image", load_default="portrait")
    scale = millimetres("Size of the swirls", least=5, most=2000, load_default=110.0)
    swirl = fields.Float(
        load_default=1.0,
        validate=Range(0, 5),
        metadata={
            "description": "How much the current turns: 0 is a straight stream, 1 is lively, 5 is wild."
        },
    )
    separation = millimetres(
        "Distance between lines where they are closest", least=0.5, most=50, load_default=1.5
    )
    taper = fields.Float(
        load_default=2.2,
        validate=Range(1, 6),
        metadata={
            "description": "How many times wider apart the lines are where they are farthest; 1 is even everywhere."
        },
    )
    shortest = millimetres(
        "Lines shorter than this are left out; never under three separations",
        least=1,
        most=200,
        load_default=5.0,
    )
    longest = millimetres(
        "Lines are ended at this length", least=10, most=20_000, load_default=2000.0
    )
    obstacles = WholeNumber(
        load_default=None,
        allow_none=True,
        validate=Range(0, 9),
        metadata={
            "description": "How many empty circles the lines part around; if not given, 1, and none with an image."
        },
    )
    obstacle_radius = millimetres(
        "Radius of the largest circle, at most a quarter of the shorter side; the others are smaller",
        least=1,
        most=500,
        load_default=30.0,
    )
    tolerance = tolerance_field("the one that follows the current")

    @validates_schema(pass_original=True)
    def check_sizes(self, data: Mapping[str, Any], original: Mapping[str, Any], **_: Any) -> None:
        """Refuse a `shortest` beyond the `longest`."""
        check_order(data, original, "shortest", "longest")


def cost(area: Area, *, field: str, scale: float, separation: float, **_: object) -> float:
    """Return how many points the lines have at most; the growing of lines is counted as some points for each."""
    separation, cell, step = _sizes(area, separation, scale, field)
    room = (area.inner_width + separation) * (area.inner_height + separation)
    samples = (area.inner_width / cell + 4) * (area.inner_height / cell + 4)
    return WORK * room / (separation * step) + samples / 10


@pattern(FlowFieldSchema, cost)
def draw(
    area: Area,
    rng: np.random.Generator,
    *,
    field: str,
    image: str,
    scale: float,
    swirl: float,
    separation: float,
    taper: float,
    shortest: float,
    longest: float,
    obstacles: int | None,
    obstacle_radius: float,
    tolerance: float,
) -> Iterator[Polyline]:
    """Long lines that follow a current, evenly apart, and part around circles that stay empty.

    Each line is grown both ways until it would come too near another, so that the tone is even and nothing is drawn twice.
    Two that come towards each other are joined. Where the current is slow the lines open up. The seed decides which way the
    current runs, where it swirls and where the circles lie.

    With `field: image` the lines run around what is dark and what is light in a picture, and so trace its forms; where it is of
    one tone they swirl a little. A small `separation` and a `taper` of 1 show most of it.

    Yields:
        Arrays of shape (n, 2), in mm.

    The spacing follows Jobard and Lefer (1997). The swirling current is the curl of a sum of two octaves of gradient noise,
    which has no sources and no sinks (Bridson, "Curl-Noise for Procedural Fluid Flow", 2007). Near a circle the part of the
    current that points at it fades out.
    """
    short = min(area.inner_width, area.inner_height)
    separation, cell, step = _sizes(area, separation, scale, field)
    if obstacles is None:
        obstacles = 0 if field == IMAGE else 1
    circles = _circles(area, rng, obstacles, min(obstacle_radius, short / 4), separation)
    source = partial(_tracing, image=image, cell=cell) if field == IMAGE else _CURRENTS[field]
    current = _field(
        area, rng, circles, source=source, cell=cell, scale=scale, swirl=swirl, taper=taper
    )
    room = (area.left, area.top, area.right, area.bottom)
    shortest = min(shortest, short / 2)
    lines = Streamlines(
        current, room, separation=separation, step=step, shortest=shortest, longest=longest
    )
    for circle in circles:
        lines.block(*circle)
    grown = list(
        _told(lines, _seeds(area, rng, separation), area.inner_width * area.inner_height / step)
    )
    kept = [line for line in grown if not _is_wound(line, separation)]
    if field != IMAGE:
        # Forms of a picture turn so sharply that the bends which mend gaps would cross other lines.
        kept = join_gaps(
            kept, lines.lanes, longest=longest, allowed=partial(_is_free, area, circles)
        )
    yield from nearest_neighbour_order(decimated(kept, tolerance))


def _told(lines: Streamlines, seeds: Polyline, room: float) -> Iterator[Polyline]:
    """Yield the lines that grow from `seeds`, and tell what part of the `room`, in steps along lanes, they fill by now."""
    filled = 0.0
    for line in lines.grow(seeds):
        filled += float(lines.lanes(line).sum())
        tell(GROWN * filled / room)
        yield line


def _is_wound(line: Polyline, separation: float) -> bool:
    """Return whether a line runs round and round in an eddy that has no room for two rounds: it would be a blot."""
    wide, high = np.ptp(line, axis=0).tolist()
    length = float(np.hypot(*np.diff(line, axis=0).T).sum())
    return bool(max(wide, high) < WOUND * separation and length > ROUND * (wide + high))


def _is_free(area: Area, circles: list[Circle], places: Polyline) -> bool:
    """Return whether all places lie in the room and outside of the circles."""
    inside = (places >= (area.left, area.top)).all() and (places <= (area.right, area.bottom)).all()
    x, y = places.T
    return bool(inside) and all(
        ((x - circle[0]) ** 2 + (y - circle[1]) ** 2 > circle[2] ** 2).all() for circle in circles
    )


def _sizes(area: Area, separation: float, scale: float, field: str) -> tuple[float, float, float]:
    """Return the separation as the room allows it, the distance between samples of the field, and the step, in mm."""
    short = min(area.inner_width, area.inner_height)
    separation = min(separation, short / 5)
    cell, bend = scale / SAMPLES, scale * BEND
    if field == IMAGE:
        form = FORM * math.sqrt(area.inner_width * area.inner_height)
        cell, bend = max(min(cell, form / FINER), FINEST), min(bend, form / 2)
    return separation, cell, min(separation * STEP, max(bend, FINEST))


def _seeds(area: Area, rng: np.random.Generator, separation: float) -> Polyline:
    """Return one place in each cell of a grid, in an order of chance, so that no corner stays empty."""
    columns, rows = (
        max(1, math.floor(length / separation / 2))
        for length in (area.inner_width, area.inner_height)
    )
    order = rng.permutation(columns * rows)
    row, column = np.divmod(order, columns)
    jitter = rng.uniform(0.1, 0.9, (2, len(order)))
    x = area.left + (column + jitter[0]) * (area.inner_width / columns)
    return np.column_stack((x, area.top + (row + jitter[1]) * (area.inner_height / rows)))


def _circles(
    area: Area, rng: np.random.Generator, count: int, radius: float, separation: float
) -> list[Circle]:
    """Return the x, y and radius of circles that keep a distance from each other, as far as room is found for them."""
    circles: list[Circle] = []
    for number in range(count):
        each = radius / (1 + 0.45 * number)
        chances = rng.uniform(0, 1, (30, 2))
        if number == 0:
            # The first one lies where a picture likes its subject, about a third from an edge.
            chances = HALF + 0.36 * np.where(chances < HALF, -1, 1) * (
                0.35 + np.abs(chances - HALF)
            )
        for u, v in chances.tolist():
            x = area.left + each + u * (area.inner_width - 2 * each)
            y = area.top + each + v * (area.inner_height - 2 * each)
            if all(
                math.hypot(x - other[0], y - other[1]) > each + other[2] + 6 * separation
                for other in circles
            ):
                circles.append((x, y, each))
                break
    return circles


def _field(
    area: Area,
    rng: np.random.Generator,
    circles: list[Circle],
    *,
    source: Callable[..., tuple[Floats, Floats]],
    cell: float,
    scale: float,
    swirl: float,
    taper: float,
) -> Field:
    """Return the current of the `source` sampled over the room and a cell beyond."""
    columns, rows = (
        math.ceil(length / cell) + 4 for length in (area.inner_width, area.inner_height)
    )
    row, column = np.mgrid[:rows, :columns].astype(np.float64)
    x: Floats = area.left + cell * (column - 1)
    y: Floats = area.top + cell * (row - 1)
    along_x, along_y = source(rng, (x, y), scale, swirl, area)
    speed = np.sqrt(along_x**2 + along_y**2)
    calm = GradientNoise(rng).at(x / (2.2 * scale) + 3.7, y / (2.2 * scale) + 8.1) * 0.5 + 0.5
    slow = 1 / (1 + (speed / max(float(np.median(speed)), 1e-9)) ** 2)
    sparse = 1 + (taper - 1) * np.clip(1.3 * (0.55 * calm + 0.75 * slow) - 0.45, 0, 1)
    for circle in circles:
        along_x, along_y = _part((along_x, along_y), (x, y), circle)
    return Field(
        area.left - cell,
        area.top - cell,
        cell,
        np.round(along_x, DIGITS),
        np.round(along_y, DIGITS),
        np.round(sparse, 4),
    )


def _part(
    along: tuple[Floats, Floats], at: tuple[Floats, Floats], circle: Circle
) -> tuple[Floats, Floats]:
    """Return the current with its part towards or away from a circle faded out near it."""
    (along_x, along_y), (x, y) = along, at
    away_x, away_y = x - circle[0], y - circle[1]
    distance = np.maximum(np.sqrt(away_x**2 + away_y**2), 1e-6)
    away_x, away_y = away_x / distance, away_y / distance
    # The flow around a cylinder fades with the square of the distance.
    fading = np.minimum((circle[2] / distance) ** 2, 1)
    inward = (along_x * away_x + along_y * away_y) * fading
    around = (along_y * away_x - along_x * away_y) * fading
    return along_x - inward * away_x - around * away_y, along_y - inward * away_y + around * away_x


def _drifting(
    rng: np.random.Generator, at: tuple[Floats, Floats], scale: float, swirl: float, _area: Area
) -> tuple[Floats, Floats]:
    drift = rng.uniform(0, 2 * math.pi)
    shift = rng.uniform(0, 64, 2)
    angle = drift + 2.4 * swirl * GradientNoise(rng).fractal(
        at[0] / scale + shift[0], at[1] / scale + shift[1], 2
    )
    return np.cos(angle), np.sin(angle)


def _swirling(
    rng: np.random.Generator, at: tuple[Floats, Floats], scale: float, swirl: float, _area: Area
) -> tuple[Floats, Floats]:
    drift = rng.uniform(0, 2 * math.pi)
    noise, shift = GradientNoise(rng), rng.uniform(0, 64, 2)
    along_x, along_y = (
        np.full(at[0].shape, 0.55 * math.cos(drift)),
        np.full(at[0].shape, 0.55 * math.sin(drift)),
    )
    for octave, weight in ((1, 1.0), (2, 0.22)):
        down_x, down_y = noise.slope(
            at[0] * octave / scale + shift[0], at[1] * octave / scale + shift[1]
        )
        along_x, along_y = along_x + swirl * weight * down_y, along_y - swirl * weight * down_x
    return along_x, along_y


def _tracing(
    rng: np.random.Generator,
    at: tuple[Floats, Floats],
    scale: float,
    swirl: float,
    area: Area,
    *,
    image: str,
    cell: float,
) -> tuple[Floats, Floats]:
    """Return the current around what is dark and what is light in a picture: across the slope of its tones.

    A weak swirling one is added, which is all that there is where the tones are even. Tones are not equalised: that would make
    slopes of the steps between greys that look the same.
    """
    box = Box(area.left, area.top, area.inner_width, area.inner_height)
    tones = lay(box, rng, image=image, fit=COVER, gamma=1.0, equalise=0.0, detail=0.6)
    dark = _smoothed(tones.averaged(cell).at(*at), ROUNDS)
    down, right = np.gradient(dark)
    slope = np.sqrt(down**2 + right**2)
    steep = float(np.quantile(slope[slope > 0], STEEP)) if slope.any() else 1.0
    along_x, along_y = _swirling(rng, at, scale, swirl, area)
    return UNDERTOW * along_x + down / steep, UNDERTOW * along_y - right / steep


def _smoothed(values: Floats, rounds: int) -> Floats:
    """Return samples blended with their neighbours, a quarter of each, so many times; they spread by the root of half of it."""
    for _ in range(rounds):
        wide = np.pad(values, 1, mode="edge")
        rows = (wide[:-2] + 2 * wide[1:-1] + wide[2:]) / 4
        values = (rows[:, :-2] + 2 * rows[:, 1:-1] + rows[:, 2:]) / 4
    return values


def _whirling(
    rng: np.random.Generator, at: tuple[Floats, Floats], scale: float, swirl: float, area: Area
) -> tuple[Floats, Floats]:
    drift = rng.uniform(0, 2 * math.pi)
    along_x, along_y = np.full(at[0].shape, math.cos(drift)), np.full(at[0].shape, math.sin(drift))
    for number in range(int(rng.integers(3, 7))):
        x, y = (
            area.left + rng.uniform(0.1, 0.9) * area.inner_width,
            area.top + rng.uniform(0.1, 0.9) * area.inner_height,
        )
        away_x, away_y = at[0] - x, at[1] - y
        strength = swirl * scale * rng.uniform(0.3, 0.8) * (1 if number % 2 else -1)
        # A whirl with a calm core, so that its middle is no knot.
        whirl = strength / (away_x**2 + away_y**2 + (0.12 * scale) ** 2) ** 0.5
        reach = np.exp(-(away_x**2 + away_y**2) / (1.2 * scale) ** 2)
        distance = np.sqrt(away_x**2 + away_y**2 + 1)
        along_x, along_y = (
            along_x - 3 * whirl * reach * away_y / distance,
            along_y + 3 * whirl * reach * away_x / distance,
        )
    return along_x, along_y


_CURRENTS = {NOISE: _drifting, CURL: _swirling, VORTICES: _whirling}
