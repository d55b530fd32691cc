"""Noise lines: a range of hills drawn line by line, near ones hiding what lies behind."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from marshmallow import Schema, fields
from marshmallow.validate import OneOf, Range
from numpy.typing import NDArray

from libraries.fields import WholeNumber, millimetres, tolerance_field
from libraries.geometry.area import Area
from libraries.geometry.noise import GradientNoise
from libraries.patterns.catalogue import Polyline, pattern

BELL, HILLS, FLAT = "bell", "hills", "flat"
# Pieces of a line shorter than this, in mm, look like stray dots.
STUB = 1.5
# Narrowest hill in mm.
NARROWEST = 2.0
BUMPS = 12
# A gap wider than this part of the distance between lines would hide lines on flat ground.
WIDEST_GAP = 0.6
HALF = 0.5

Floats = NDArray[np.float64]


class NoiseLinesSchema(Schema):
    """What noise lines may be told."""

    lines = WholeNumber(
        load_default=78,
        validate=Range(2, 600),
        metadata={"description": "How many lines, from the top to the bottom."},
    )
    amplitude = millimetres(
        "Height of the highest hill, at most two thirds of the room's height",
        least=0,
        most=1000,
        load_default=48.0,
    )
    width = millimetres("Width of a typical hill", least=NARROWEST, most=1000, load_default=17.0)
    roughness = fields.Float(
        load_default=0.22,
        validate=Range(0, 1),
        metadata={
            "description": "How much fine noise lies on the hills: 0 is smooth, 1 is rugged."
        },
    )
    envelope = fields.String(
        load_default=BELL,
        validate=OneOf([BELL, HILLS, FLAT]),
        metadata={
            "description": "Where there are hills: in the middle, dying out at the sides (bell), in a few places on the sheet "
            "(hills), or everywhere (flat)."
        },
    )
    occlude = fields.Boolean(
        load_default=True,
        metadata={"description": "Whether near hills hide the lines behind them."},
    )
    gap = millimetres(
        "Free space that a hill leaves between its ridge and what it hides; at most 0.6 of the distance between lines",
        least=0,
        most=10,
        load_default=0.35,
    )
    tolerance = tolerance_field(load_default=0.03)


def cost(
    area: Area,
    *,
    lines: int,
    amplitude: float,
    width: float,
    roughness: float,
    tolerance: float,
    **_: object,
) -> float:
    """Return how many points the lines have, without hidden ones: samples for each line, and the ends of what is hidden."""
    return lines * (_samples(area, amplitude, width, roughness, tolerance) * 1.25 + 8)


@pattern(NoiseLinesSchema, cost)
def draw(
    area: Area,
    rng: np.random.Generator,
    *,
    lines: int,
    amplitude: float,
    width: float,
    roughness: float,
    envelope: str,
    occlude: bool,
    gap: float,
    tolerance: float,
) -> Iterator[Polyline]:
    """Lines from side to side that rise into hills, as a pulsar's signal once did on a record sleeve.

    Each hill is a bump that wanders from line to line, grows and fades, with a little noise on it; the sum of a dozen makes
    the ridges. What lies behind a nearer hill is not drawn, so that the range stands in depth. Lines are drawn to and fro from
    the lowest to the highest. The seed places the hills and lets them wander.

    Yields:
        Arrays of shape (n, 2), in mm: the parts of each line that can be seen.

    A line is seen where it is higher than all nearer ones; the point where it comes out of hiding is found between samples.
    """
    amplitude = min(amplitude, area.inner_height * 2 / 3)
    samples = _samples(area, amplitude, width, roughness, tolerance)
    x = np.linspace(area.left, area.right, samples)
    heights = (
        _hills(
            rng,
            x - area.left,
            area,
            lines=lines,
            width=width,
            roughness=roughness,
            envelope=envelope,
        )
        * amplitude
    )
    # The first line needs room for its hills; as much is left as they really take.
    base = np.linspace(0, 1, lines)
    tops = heights.max(axis=1)
    top = _headroom(base, tops, area.inner_height)
    gap = min(gap, WIDEST_GAP * (area.inner_height - top) / (lines - 1))
    horizon = np.full(samples, np.inf)
    for number in range(lines - 1, -1, -1):
        y = np.clip(
            area.top + top + base[number] * (area.inner_height - top) - heights[number],
            area.top,
            area.bottom,
        )
        forward = (lines - number) % 2 == 0
        for run in list(_seen(x, y, horizon if occlude else np.full(samples, np.inf)))[
            :: 1 if forward else -1
        ]:
            yield run if forward else run[::-1]
        horizon = np.minimum(horizon, y - gap)


def _headroom(base: Floats, tops: Floats, height: float) -> float:
    """Return how far under the upper edge the first line must lie for all `tops` to fit; `base` goes from 0 to 1."""
    over = base * height - tops
    return float(np.clip((-over[:-1] / (1 - base[:-1])).max(), 0, height))


def _samples(area: Area, amplitude: float, width: float, roughness: float, tolerance: float) -> int:
    """Return how many samples a line needs.

    A chord of length `c` leaves a curve of curvature `k` by k * c**2 / 8. The curvature at the top of a bump of half width `w`
    is 2 * amplitude / w**2.
    """
    finest = max(min(width, area.inner_width), NARROWEST) / (1.6 + 2.4 * roughness)
    chord = math.sqrt(8 * tolerance / (2 * max(amplitude, tolerance) * 0.5)) * finest
    return max(16, math.ceil(area.inner_width / max(min(chord, finest / 4), 0.02)))


def _hills(
    rng: np.random.Generator,
    x: Floats,
    area: Area,
    *,
    lines: int,
    width: float,
    roughness: float,
    envelope: str,
) -> Floats:
    """Return the heights of all lines at `x` mm from the left, shape (lines, len(x)), between 0 and 1."""
    wide, high = area.inner_width, area.inner_height
    down = np.linspace(0, high, lines)
    wander, size, grain = GradientNoise(rng), GradientNoise(rng), GradientNoise(rng)
    mask, spread = _envelope(rng, x, down, area, envelope)
    count = max(BUMPS, math.ceil(spread * wide / width * 1.6))
    total = np.zeros((lines, len(x)))
    for bump in range(min(count, 60)):
        home = wide * (HALF + spread * (rng.uniform(0, 1) - HALF))
        row = np.full(lines, 7.31 * bump + 0.5)
        centre = home + width * 1.5 * wander.at(down / (0.16 * high), row)
        tall = np.clip(0.34 + 0.95 * size.at(down / (0.07 * high), row), 0, None)
        half = max(width, NARROWEST) * rng.uniform(0.35, 0.8)
        total += tall[:, None] * np.exp(-(((x[None, :] - centre[:, None]) / half) ** 2))
    fine = grain.fractal(
        x[None, :] / (0.22 * max(width, NARROWEST)), down[:, None] / (0.022 * high), 2
    )
    total = total * (1 + roughness * fine) + 0.10 * roughness * (fine + 1)
    total = np.clip(total, 0, None) * mask + 0.012 * roughness * (fine + 1)
    return total / max(float(total.max()), 1e-9)


def _envelope(
    rng: np.random.Generator, x: Floats, down: Floats, area: Area, kind: str
) -> tuple[Floats, float]:
    """Return how high hills may be at each place, and over which part of the width they are spread."""
    if kind == FLAT:
        return np.ones((1, 1)), 1.05
    if kind == BELL:
        middle = area.inner_width * (HALF + rng.uniform(-0.1, 0.1))
        reach = area.inner_width * rng.uniform(0.19, 0.28)
        return np.exp(-(np.abs((x - middle) / reach) ** 3.2))[None, :], 0.55
    noise, shift = GradientNoise(rng), rng.uniform(0, 64, 2)
    size = 0.42 * math.hypot(area.inner_width, area.inner_height)
    field = noise.at(x[None, :] / size + shift[0], down[:, None] / size + shift[1])
    sides = np.clip(np.minimum(x, area.inner_width - x) / (0.16 * area.inner_width), 0, 1)
    return np.clip(field * 1.6 + 0.45, 0, 1) ** 1.5 * (sides * sides * (3 - 2 * sides)), 1.0


def _seen(x: Floats, y: Floats, horizon: Floats) -> Iterator[Polyline]:
    """Yield the parts of a line that lie above `horizon`; y points down."""
    above = np.where(np.isfinite(horizon), horizon - y, 1.0)
    seen = above >= 0
    edges = np.flatnonzero(seen[1:] != seen[:-1])
    starts = [0, *(edges + 1).tolist()]
    ends = [*edges.tolist(), len(x) - 1]
    for start, end in zip(starts, ends, strict=True):
        if not seen[start]:
            continue
        points = np.column_stack((x[start : end + 1], y[start : end + 1]))
        parts = [_crossing(x, y, above, start - 1, start)] if start else []
        parts += [points] + ([_crossing(x, y, above, end + 1, end)] if end < len(x) - 1 else [])
        line = np.concatenate(parts)
        if len(line) > 1 and (line[-1, 0] - line[0, 0] >= STUB or len(edges) == 0):
            yield line


def _crossing(x: Floats, y: Floats, above: Floats, hidden: int, seen: int) -> Polyline:
    """Return the point between two neighbouring samples where the line meets the horizon, as an array of shape (1, 2)."""
    part = above[seen] / (above[seen] - above[hidden])
    return np.array(
        [[x[seen] + part * (x[hidden] - x[seen]), y[seen] + part * (y[hidden] - y[seen])]]
    )
