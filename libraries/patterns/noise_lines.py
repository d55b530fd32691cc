"""Noise lines: a range of hills as horizontal lines, with hidden parts removed."""

from __future__ import annotations

import math
from collections.abc import Iterator
from typing import Literal

import numpy as np

from libraries.declarations import Preset
from libraries.fields import Params, choice, flag, mm, number, tolerance, whole
from libraries.geometry.area import Area
from libraries.geometry.arrays import Floats
from libraries.geometry.noise import GradientNoise
from libraries.patterns.catalogue import Polyline, pattern

MIN_HILL_MM = 2.0

Envelope = Literal["bell", "hills", "flat"]


@pattern
class NoiseLines(Params):
    """Horizontal lines that rise into hills, like the pulsar signals on a famous record sleeve.

    Each hill is a bump that drifts, grows and shrinks from line to line, with a little noise; the
    sum of many makes the ridges. Parts that a nearer hill hides are not drawn. Lines are drawn from
    bottom to top in alternating directions. The seed chooses the positions of the hills and their
    drift.
    """

    lines: int = whole("Number of lines.", 2, 600, default=78)
    amplitude: float = mm(
        "Height of the highest hill, at most two thirds of the area's height", 0, 1000, default=48.0
    )
    width: float = mm("Width of a typical hill", MIN_HILL_MM, 1000, default=17.0)
    roughness: float = number(
        "Amount of fine noise on the hills: 0 is smooth, 1 is rugged.", 0, 1, default=0.22
    )
    envelope: Envelope = choice(
        "Position of the hills: in the middle, fading towards the sides (bell), in a few regions "
        "(hills), or everywhere (flat).",
        Envelope,
        default="bell",
    )
    occlude: bool = flag("Remove the parts of lines that nearer hills hide.", default=True)
    gap: float = mm(
        "Free space above a ridge; at most 0.6 of the distance between lines", 0, 10, default=0.35
    )
    tolerance: float = tolerance(default=0.03)

    presets = (
        Preset(
            "sea",
            "Quiet sea",
            {"amplitude": 16.0, "envelope": "flat", "lines": 80, "width": 30.0, "roughness": 0.05},
        ),
        Preset(
            "range",
            "Mountain range",
            {"envelope": "hills", "amplitude": 70.0, "roughness": 0.6, "lines": 64},
        ),
        Preset(
            "peaks", "Sharp peaks", {"amplitude": 80.0, "width": 9.0, "lines": 60, "roughness": 0.1}
        ),
    )

    def cost(self, area: Area) -> float:
        """Return a bound of the points: samples for each line, and the ends of hidden parts."""
        return self.lines * (self._samples(area, self.amplitude) * 1.25 + 8)

    def draw(self, area: Area, rng: np.random.Generator) -> Iterator[Polyline]:
        """Yield the visible parts of each line: those above all nearer lines."""
        amplitude = min(self.amplitude, area.inner_height * 2 / 3)
        samples = self._samples(area, amplitude)
        x = np.linspace(area.left, area.right, samples)
        heights = self._hills(area, rng, x - area.left) * amplitude
        base = np.linspace(0, 1, self.lines)
        top = _headroom(base, heights.max(axis=1), area.inner_height)
        # A wider gap would hide lines on flat ground.
        gap = min(self.gap, 0.6 * (area.inner_height - top) / (self.lines - 1))
        nothing = np.full(samples, np.inf)
        horizon = nothing
        for index in range(self.lines - 1, -1, -1):
            level = area.top + top + base[index] * (area.inner_height - top)
            y = np.clip(level - heights[index], area.top, area.bottom)
            forward = (self.lines - index) % 2 == 0
            runs = list(_visible(x, y, horizon if self.occlude else nothing))
            for run in runs if forward else reversed(runs):
                yield run if forward else run[::-1]
            horizon = np.minimum(horizon, y - gap)

    def _samples(self, area: Area, amplitude: float) -> int:
        """Return the number of samples for a line.

        A chord of length `c` deviates from a curve of curvature `k` by k * c**2 / 8. The curvature
        at the top of a bump of half width `w` is 2 * amplitude / w**2.
        """
        width = max(min(self.width, area.inner_width), MIN_HILL_MM)
        finest = width / (1.6 + 2.4 * self.roughness)
        bend = 2 * max(amplitude, self.tolerance) * 0.5
        chord = math.sqrt(8 * self.tolerance / bend) * finest
        return max(16, math.ceil(area.inner_width / max(min(chord, finest / 4), 0.02)))

    def _hills(self, area: Area, rng: np.random.Generator, x: Floats) -> Floats:
        """Return the heights of all lines, from 0 to 1, of shape (lines, len(x))."""
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
    """Return the space above the first line that all `tops` need, in mm; `base` is 0 to 1."""
    over = base * height - tops
    return float(np.clip((-over[:-1] / (1 - base[:-1])).max(), 0, height))


def _mask(
    area: Area, rng: np.random.Generator, x: Floats, down: Floats, envelope: Envelope
) -> tuple[Floats, float]:
    """Return the factor of heights at each point, and the part of the width with hills."""
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


def _visible(x: Floats, y: Floats, horizon: Floats) -> Iterator[Polyline]:
    above = np.where(np.isfinite(horizon), horizon - y, 1.0)
    visible = above >= 0
    edges = np.flatnonzero(visible[1:] != visible[:-1])
    starts = [0, *(edges + 1).tolist()]
    ends = [*edges.tolist(), len(x) - 1]
    for start, end in zip(starts, ends, strict=True):
        if not visible[start]:
            continue
        parts = [np.column_stack((x[start : end + 1], y[start : end + 1]))]
        if start:
            parts.insert(0, _crossing(x, y, above, start - 1, start))
        if end < len(x) - 1:
            parts.append(_crossing(x, y, above, end + 1, end))
        line = np.concatenate(parts)
        # Pieces shorter than 1.5 mm look like stray dots.
        if len(line) > 1 and (line[-1, 0] - line[0, 0] >= 1.5 or len(edges) == 0):  # noqa: PLR2004
            yield line


def _crossing(x: Floats, y: Floats, above: Floats, hidden: int, shown: int) -> Polyline:
    """Return where a line crosses the horizon between two samples, of shape (1, 2)."""
    part = above[shown] / (above[shown] - above[hidden])
    return np.array(
        [[x[shown] + part * (x[hidden] - x[shown]), y[shown] + part * (y[hidden] - y[shown])]]
    )
