"""Noise lines: a range of hills drawn line by line, near ones hiding what lies behind."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

import numpy as np

from libraries.fields import Params, choice, flag, mm, number, tolerance, whole
from libraries.geometry.area import Area
from libraries.geometry.arrays import Floats
from libraries.geometry.noise import GradientNoise
from libraries.patterns.catalogue import Polyline, pattern

MIN_HILL_MM = 2.0

Envelope = Literal["bell", "hills", "flat"]


@pattern
class NoiseLines(Params):
    """Lines from side to side that rise into hills, as a pulsar's signal once did on a record sleeve.

    Each hill is a bump that wanders from line to line, grows and fades, with a little noise on it;
    the sum of a dozen makes the ridges. What lies behind a nearer hill is not drawn, so that the
    range stands in depth. Lines are drawn to and fro from the lowest to the highest. The seed
    places the hills and lets them wander.
    """

    lines: int = whole("How many lines, from the top to the bottom.", 2, 600, default=78)
    amplitude: float = mm(
        "Height of the highest hill, at most two thirds of the room's height", 0, 1000, default=48.0
    )
    width: float = mm("Width of a typical hill", MIN_HILL_MM, 1000, default=17.0)
    roughness: float = number(
        "How much fine noise lies on the hills: 0 is smooth, 1 is rugged.", 0, 1, default=0.22
    )
    envelope: Envelope = choice(
        "Where there are hills: in the middle, dying out at the sides (bell), in a few places on "
        "the sheet (hills), or everywhere (flat).",
        Envelope,
        default="bell",
    )
    occlude: bool = flag("Whether near hills hide the lines behind them.", default=True)
    gap: float = mm(
        "Free space that a hill leaves between its ridge and what it hides; at most 0.6 of the "
        "distance between lines",
        0,
        10,
        default=0.35,
    )
    tolerance: float = tolerance(default=0.03)

    def cost(self, area: Area) -> float:
        """Return a bound of the points: samples for each line, and the ends of what is hidden."""
        return self.lines * (self._samples(area, self.amplitude) * 1.25 + 8)

    def draw(self, area: Area, rng: np.random.Generator) -> Iterator[Polyline]:
        """Yield the parts of each line that can be seen.

        A line is seen where it is higher than all nearer ones; the point where it comes out of
        hiding is found between samples.
        """
        amplitude = min(self.amplitude, area.inner_height * 2 / 3)
        samples = self._samples(area, amplitude)
        x = np.linspace(area.left, area.right, samples)
        heights = self._hills(area, rng, x - area.left) * amplitude
        # The first line needs room for its hills; as much is left as they really take.
        base = np.linspace(0, 1, self.lines)
        tops = heights.max(axis=1)
        top = _headroom(base, tops, area.inner_height)
        # A wider gap would hide lines on flat ground.
        gap = min(self.gap, 0.6 * (area.inner_height - top) / (self.lines - 1))
        nothing = np.full(samples, np.inf)
        horizon = nothing
        for index in range(self.lines - 1, -1, -1):
            y = np.clip(
                area.top + top + base[index] * (area.inner_height - top) - heights[index],
                area.top,
                area.bottom,
            )
            forward = (self.lines - index) % 2 == 0
            runs = list(_seen(x, y, horizon if self.occlude else nothing))
            for run in runs if forward else reversed(runs):
                yield run if forward else run[::-1]
            horizon = np.minimum(horizon, y - gap)

    def _samples(self, area: Area, amplitude: float) -> int:
        """Return how many samples a line needs.

        A chord of length `c` leaves a curve of curvature `k` by k * c**2 / 8. The curvature at the
        top of a bump of half width `w` is 2 * amplitude / w**2.
        """
        width = max(min(self.width, area.inner_width), MIN_HILL_MM)
        finest = width / (1.6 + 2.4 * self.roughness)
        bend = 2 * max(amplitude, self.tolerance) * 0.5
        chord = math.sqrt(8 * self.tolerance / bend) * finest
        return max(16, math.ceil(area.inner_width / max(min(chord, finest / 4), 0.02)))

    def _hills(self, area: Area, rng: np.random.Generator, x: Floats) -> Floats:
        """Return the heights of all lines, from 0 to 1, in an array of shape (lines, len(x)).

        `x` is in mm from the left.
        """
        wide, high = area.inner_width, area.inner_height
        down = np.linspace(0, high, self.lines)
        wander, size, grain = GradientNoise(rng), GradientNoise(rng), GradientNoise(rng)
        mask, spread = _mask(area, rng, x, down, self.envelope)
        count = max(12, math.ceil(spread * wide / self.width * 1.6))
        width = max(self.width, MIN_HILL_MM)
        total = np.zeros((self.lines, len(x)))
        for bump in range(min(count, 60)):
            home = wide * (0.5 + spread * (rng.uniform(0, 1) - 0.5))
            row = np.full(self.lines, 7.31 * bump + 0.5)
            centre = home + self.width * 1.5 * wander.at(down / (0.16 * high), row)
            tall = np.clip(0.34 + 0.95 * size.at(down / (0.07 * high), row), 0, None)
            half = width * rng.uniform(0.35, 0.8)
            total += tall[:, None] * np.exp(-(((x[None, :] - centre[:, None]) / half) ** 2))
        fine = grain.fractal(x[None, :] / (0.22 * width), down[:, None] / (0.022 * high), 2)
        total = total * (1 + self.roughness * fine) + 0.10 * self.roughness * (fine + 1)
        total = np.clip(total, 0, None) * mask + 0.012 * self.roughness * (fine + 1)
        return total / max(float(total.max()), 1e-9)


def _headroom(base: Floats, tops: Floats, height: float) -> float:
    """Return how far below the upper edge the first line has to be for all `tops` to fit.

    `base` goes from 0 to 1.
    """
    over = base * height - tops
    return float(np.clip((-over[:-1] / (1 - base[:-1])).max(), 0, height))


def _mask(
    area: Area, rng: np.random.Generator, x: Floats, down: Floats, envelope: Envelope
) -> tuple[Floats, float]:
    """Return how high hills may be at each place, and over which part of the width they spread."""
    if envelope == "flat":
        return np.ones((1, 1)), 1.05
    if envelope == "bell":
        middle = area.inner_width * (0.5 + rng.uniform(-0.1, 0.1))
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
        # Pieces shorter than 1.5 mm look like stray dots.
        if len(line) > 1 and (line[-1, 0] - line[0, 0] >= 1.5 or len(edges) == 0):  # noqa: PLR2004
            yield line


def _crossing(x: Floats, y: Floats, above: Floats, hidden: int, seen: int) -> Polyline:
    """Return where a line meets the horizon between two samples, as an array of shape (1, 2)."""
    part = above[seen] / (above[seen] - above[hidden])
    return np.array(
        [[x[seen] + part * (x[hidden] - x[seen]), y[seen] + part * (y[hidden] - y[seen])]]
    )
