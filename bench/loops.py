"""Patterns in plain Python loops, the baseline for the vectorised ones; both draw the same lines.

Each function takes the arguments of the pattern's `draw`. Choices that are made once per drawing are taken from the pattern;
everything that is computed per point is computed here without NumPy.
"""

# ruff: noqa: SLF001 - the loops use the private helpers of the patterns that they are compared with

from __future__ import annotations

import cmath
import math
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from typing import Any

import numpy as np

from libraries.geometry.area import Area
from libraries.geometry.curves import SAMPLES_PER_PERIOD
from libraries.geometry.noise import GradientNoise
from libraries.patterns import (
    grid,
    guilloche,
    harmonograph,
    noise_lines,
    phyllotaxis,
    space_filling,
    spiral,
)

Point = tuple[float, float]
Line = list[Point]
Loop = Callable[..., Iterator[Line]]
# Shorter pieces are dropped by noise_lines.
MIN_PIECE_MM = 1.5


def draw_spiral(
    area: Area,
    _rng: np.random.Generator,
    *,
    params: spiral.Spiral,
    **_: Any,
) -> Iterator[Line]:
    """Draw an Archimedean spiral of one arm, as `spiral` with its defaults."""
    inner, outer, pitch = params._radii(area)
    drift = pitch / math.pi
    steps = params._steps(area)[1]
    count = math.ceil(steps + 2)
    first, last = (inner + drift) ** 1.5, (outer + drift) ** 1.5
    x, y = area.centre
    line = []
    for number in range(count):
        radius = (first + (last - first) * number / (count - 1)) ** (2 / 3) - drift
        radius = min(max(radius, inner), outer)
        angle = math.radians(-90) + (radius - inner) * 2 * math.pi / pitch
        line.append((x + radius * math.cos(angle), y + radius * math.sin(angle)))
    yield line


def draw_grid(
    area: Area,
    _rng: np.random.Generator,
    *,
    params: grid.Grid,
    tolerance: float,
    **_: Any,
) -> Iterator[Line]:
    """Draw the two serpentine lines of a square grid, as `grid`."""
    columns, rows, turn_x, turn_y = params._plan(area)
    yield _to_and_fro(rows.tolist(), columns[0], columns[-1], turn_x, tolerance)
    yield [(x, y) for y, x in _to_and_fro(columns.tolist(), rows[0], rows[-1], turn_y, tolerance)]


def _to_and_fro(
    levels: Sequence[float], first: float, last: float, depth: float, tolerance: float
) -> Line:
    half = (levels[1] - levels[0]) / 2
    steps = max(math.ceil(math.pi / math.sqrt(8 * tolerance / max(depth, half))), 2)
    line: Line = []
    for number, level in enumerate(levels):
        start, end, sign = (first, last, 1) if number % 2 == 0 else (last, first, -1)
        line += [(start, level), (end, level)]
        if number < len(levels) - 1:
            for step in range(1, steps):
                angle = math.pi * (step / steps - 0.5)
                line.append(
                    (end + sign * depth * math.cos(angle), level + half + half * math.sin(angle))
                )
    return line


def _sample(
    curve: Callable[[float], complex], end: float, periods: float, tolerance: float
) -> list[complex]:
    """Sample a curve as `libraries.geometry.curves`."""
    count = max(SAMPLES_PER_PERIOD, math.ceil(SAMPLES_PER_PERIOD * periods))
    step = end / count
    known = [curve(step * number) for number in range(count + 1)]
    needed = []
    for number in range(1, count):
        bend = abs(known[number + 1] - 2 * known[number] + known[number - 1]) / step**2
        needed.append(math.sqrt(bend / (8 * tolerance)))
    needed = [needed[0], *needed, needed[-1]]
    least = sum(needed) / len(needed) / 4
    needed = [max(each, least) for each in needed]
    sums = [0.0]
    for number in range(count):
        sums.append(sums[-1] + (needed[number] + needed[number + 1]) * step / 2)
    pieces, index, points = max(2, math.ceil(sums[-1])), 0, []
    for number in range(pieces + 1):
        wanted = sums[-1] * number / pieces
        while index < count - 1 and sums[index + 1] < wanted:
            index += 1
        points.append(
            curve(step * (index + (wanted - sums[index]) / (sums[index + 1] - sums[index])))
        )
    return points


def draw_harmonograph(
    area: Area,
    rng: np.random.Generator,
    *,
    swings: float,
    decay: float,
    stretch: float,
    tolerance: float,
    **_: Any,
) -> Iterator[Line]:
    """Draw two rotary pendulums, as `harmonograph` with its defaults."""
    pairs = harmonograph.CHOICES["rotary"]
    first, second = pairs[int(rng.integers(len(pairs)))]
    off = rng.uniform(harmonograph.MIN_DETUNING, harmonograph.MAX_DETUNING) * rng.choice((-1, 1))
    phase_x, phase_y = rng.uniform(0, 2 * math.pi, 2).tolist()
    mix = float(rng.uniform(0.58, 0.75))
    second *= 1 + off
    duration, fading = harmonograph._duration(first, second, swings, decay)
    wide, high = harmonograph._half_sides(area, stretch).tolist()
    one, two = 2 * math.pi * first, 2 * math.pi * second

    def at(time: float) -> complex:
        x = mix * math.cos(one * time + phase_x) + (1 - mix) * math.cos(two * time + phase_y)
        y = mix * math.cos(one * time + phase_x - math.pi / 2) + (1 - mix) * math.cos(
            two * time + phase_y + math.pi / 2
        )
        return complex(wide * x, high * y) * math.exp(-fading * time)

    yield [
        _inside(area, point)
        for point in _sample(at, duration, max(first, second) * duration, tolerance)
    ]


def _inside(area: Area, point: complex) -> Point:
    x, y = area.centre
    return min(max(x + point.real, area.left), area.right), min(
        max(y + point.imag, area.top), area.bottom
    )


def draw_guilloche(
    area: Area,
    rng: np.random.Generator,
    *,
    params: guilloche.Guilloche,
    bands: int,
    spacing: float,
    wave_depth: float,
    tolerance: float,
    **_: Any,
) -> Iterator[Line]:
    """Draw rosettes, as `guilloche` with its defaults."""
    choices = guilloche.CHOICES["rosette"]
    outer = area.shorter_side / 2
    centre = complex(area.centre[0], area.top + outer + (area.inner_height - 2 * outer) * 0.46)
    order = rng.permutation(len(choices))
    waves = int(rng.choice(guilloche.WAVES))
    radii, heights = guilloche._edges(rng, outer, bands, waves, wave_depth)
    start = rng.uniform(0, 2 * math.pi)
    for band in range(bands):
        teeth = choices[order[band % len(order)]]
        figure = params._figure(teeth, radii[band : band + 2], heights[band : band + 2], waves)
        count = guilloche._copies(figure, spacing)
        for copy in range(count):
            curve = _rosette(figure, 2 * math.pi * copy / (count * figure.rounds), start)
            line = [
                centre + point for point in _sample(curve, 2 * math.pi, figure.periods, tolerance)
            ]
            yield [
                (min(max(p.real, area.left), area.right), min(max(p.imag, area.top), area.bottom))
                for p in [*line[:-1], line[0]]
            ]


def _rosette(figure: guilloche.Figure, shift: float, start: float) -> Callable[[float], complex]:
    least = abs(1 - 2 * figure.swing)

    def at(u: float) -> complex:
        swing = math.cos(figure.lobes * u + shift)
        point = cmath.exp(1j * figure.rounds * u) * (1 - figure.swing + figure.swing * swing)
        if not figure.waves:
            return point * figure.outer
        radius = abs(point)
        wave = math.cos(figure.waves * (cmath.phase(point) - start))
        part = (radius - least) / (1 - least)
        moved = (
            figure.inner
            + figure.dip * wave
            + part * (figure.outer - figure.inner + (figure.rise - figure.dip) * wave)
        )
        return point / max(radius, 1e-12) * moved

    return at


def draw_noise_lines(
    area: Area,
    rng: np.random.Generator,
    *,
    params: noise_lines.NoiseLines,
    lines: int,
    amplitude: float,
    width: float,
    gap: float,
    **_: Any,
) -> Iterator[Line]:
    """Draw lines with hills and hidden line removal, as `noise_lines` with `roughness` 0."""
    amplitude = min(amplitude, area.inner_height * 2 / 3)
    samples = params._samples(area, amplitude)
    heights = _hills(rng, area, lines=lines, samples=samples, width=width, amplitude=amplitude)
    base = [number / (lines - 1) for number in range(lines)]
    top = max(
        (max(row) - part * area.inner_height) / (1 - part)
        for row, part in zip(heights[:-1], base[:-1], strict=True)
    )
    top = min(max(top, 0.0), area.inner_height)
    gap = min(gap, 0.6 * (area.inner_height - top) / (lines - 1))
    x = [area.left + area.inner_width * number / (samples - 1) for number in range(samples)]
    horizon = [math.inf] * samples
    for number in range(lines - 1, -1, -1):
        level = area.top + top + base[number] * (area.inner_height - top)
        y = [min(max(level - height, area.top), area.bottom) for height in heights[number]]
        forward = (lines - number) % 2 == 0
        runs = list(_seen(x, y, horizon))
        for run in runs if forward else runs[::-1]:
            yield run if forward else run[::-1]
        horizon = [min(old, new - gap) for old, new in zip(horizon, y, strict=True)]


def _hills(
    rng: np.random.Generator,
    area: Area,
    *,
    lines: int,
    samples: int,
    width: float,
    amplitude: float,
) -> list[list[float]]:
    wide, high = area.inner_width, area.inner_height
    down = np.linspace(0, high, lines)
    wander, size, _ = GradientNoise(rng), GradientNoise(rng), GradientNoise(rng)
    middle, reach = wide * (0.5 + rng.uniform(-0.1, 0.1)), wide * rng.uniform(0.19, 0.28)
    bumps = []
    for bump in range(min(max(12, math.ceil(0.55 * wide / width * 1.6)), 60)):
        home = wide * (0.5 + 0.55 * (rng.uniform(0, 1) - 0.5))
        row = np.full(lines, 7.31 * bump + 0.5)
        centres = home + width * 1.5 * wander.at(down / (0.16 * high), row)
        tall = np.clip(0.34 + 0.95 * size.at(down / (0.07 * high), row), 0, None)
        bumps.append(
            (
                centres.tolist(),
                tall.tolist(),
                max(width, noise_lines.MIN_HILL_MM) * rng.uniform(0.35, 0.8),
            )
        )
    rows, most = [], 0.0
    for number in range(lines):
        row_heights = []
        for sample in range(samples):
            x = wide * sample / (samples - 1)
            total = 0.0
            for centres, tall, half in bumps:
                total += tall[number] * math.exp(-(((x - centres[number]) / half) ** 2))
            height = total * math.exp(-(abs((x - middle) / reach) ** 3.2))
            row_heights.append(height)
            most = max(most, height)
        rows.append(row_heights)
    return [[height / max(most, 1e-9) * amplitude for height in each] for each in rows]


def _seen(x: Sequence[float], y: Sequence[float], horizon: Sequence[float]) -> Iterator[Line]:
    above = [1.0 if far == math.inf else far - here for far, here in zip(horizon, y, strict=True)]
    whole = all(each >= 0 for each in above) or all(each < 0 for each in above)
    run: Line = []
    for number, over in enumerate(above):
        if over >= 0:
            if not run and number:
                run.append(_crossing(x, y, above, number - 1, number))
            run.append((x[number], y[number]))
        elif run:
            run.append(_crossing(x, y, above, number, number - 1))
            if run[-1][0] - run[0][0] >= MIN_PIECE_MM:
                yield run
            run = []
    if len(run) > 1 and (whole or run[-1][0] - run[0][0] >= MIN_PIECE_MM):
        yield run


def _crossing(
    x: Sequence[float], y: Sequence[float], above: Sequence[float], hidden: int, seen: int
) -> Point:
    part = above[seen] / (above[seen] - above[hidden])
    return x[seen] + part * (x[hidden] - x[seen]), y[seen] + part * (y[hidden] - y[seen])


def draw_phyllotaxis(
    area: Area,
    rng: np.random.Generator,
    *,
    params: phyllotaxis.Phyllotaxis,
    angle: float,
    size: float,
    ramp: float,
    turn: float,
    tolerance: float,
    **_: Any,
) -> Iterator[Line]:
    """Draw marks around a centre, as `phyllotaxis` with its defaults."""
    field = params._field(area)
    step = math.radians(
        angle + float(rng.choice((0.0, 0.02, -0.02, 0.045, -0.045, 0.09, -0.09, 0.16)))
    )
    centre_x, centre_y = phyllotaxis._centre(area, rng, "page").tolist()
    start = rng.uniform(0, 2 * math.pi)
    widest = phyllotaxis._max_diameter(field)
    nearest = phyllotaxis._nearest(field, step, np.arange(1, field.candidates + 1)).tolist()
    marks: dict[int, tuple[float, float, float, float]] = {}
    largest = 0.0
    for number in range(1, field.candidates + 1):
        radius = field.reach * (number / field.within) ** field.growth
        around, part = start + step * number, min(radius / field.reach, 1)
        across = size * (ramp + (1 - ramp) * part) * min(widest, nearest[number - 1])
        x, y = centre_x + radius * math.cos(around), centre_y + radius * math.sin(around)
        largest = max(largest, across)
        if (
            area.left <= x - across / 2
            and x + across / 2 <= area.right
            and area.top <= y - across / 2
            and y + across / 2 <= area.bottom
        ):
            marks[number - 1] = (x, y, across / 2, around + math.radians(turn) * part)
    least = min(0.8, largest / 4)
    kept = np.array([number for number, mark in marks.items() if 2 * mark[2] >= least])
    shape = phyllotaxis._shape(params.marker, size * widest, tolerance).tolist()
    for number in phyllotaxis._along_arms(kept, field, step):
        x, y, half, facing = marks[number]
        cos, sin = half * math.cos(facing), half * math.sin(facing)
        yield [(u * cos - v * sin + x, u * sin + v * cos + y) for u, v in shape]


def draw_space_filling(
    area: Area,
    _rng: np.random.Generator,
    *,
    cell: float,
    rounding: float,
    tolerance: float,
    **_: Any,
) -> Iterator[Line]:
    """Draw the flowsnake with rounded corners, as `space_filling`."""
    turtle = space_filling.TURTLES["gosper"]
    text, rules = turtle.axiom, str.maketrans(turtle.rules)
    for _refinement in range(space_filling._turtle_order(area, turtle, cell)):
        text = text.translate(rules)
    line: Line = [(0.0, 0.0)]
    heading = 0
    for symbol in text:
        if symbol in "FG":
            angle = math.radians(turtle.angle * heading)
            line.append(
                (line[-1][0] + round(math.cos(angle), 12), line[-1][1] + round(math.sin(angle), 12))
            )
        else:
            heading = (heading + (symbol == "+") - (symbol == "-")) % (360 // turtle.angle)
    low_x, high_x, low_y, high_y = (
        limit(point[axis] for point in line) for axis in (0, 1) for limit in (min, max)
    )
    fit = min(area.inner_width / (high_x - low_x), area.inner_height / (high_y - low_y))
    line = [((x - (low_x + high_x) / 2) * fit, (y - (low_y + high_y) / 2) * fit) for x, y in line]
    yield [
        _inside(area, complex(*point)) for point in _rounded(_corners(line), rounding, tolerance)
    ]


def _corners(line: Line) -> Line:
    kept = [line[0]]
    for before, here, after in zip(line[:-2], line[1:-1], line[2:], strict=True):
        a, b, c, d = (
            here[0] - before[0],
            here[1] - before[1],
            after[0] - here[0],
            after[1] - here[1],
        )
        if abs(a * d - b * c) > 1e-9 * (abs(a) + abs(b)) * (abs(c) + abs(d)):
            kept.append(here)
    return [*kept, line[-1]]


def _rounded(line: Line, rounding: float, tolerance: float) -> Line:
    bends = [line[0]]
    for before, here, after in zip(line[:-2], line[1:-1], line[2:], strict=True):
        reach = rounding / 2 * min(math.dist(before, here), math.dist(after, here))
        start, end = (
            [h + (o - h) / math.dist(other, here) * reach for o, h in zip(other, here, strict=True)]
            for other in (before, after)
        )
        bend = math.hypot(*(a - 2 * h + b for a, h, b in zip(start, here, end, strict=True)))
        steps = max(1, math.ceil(round(math.sqrt(bend / (4 * tolerance)), 6)))
        for step in range(steps + 1):
            t = step / steps
            x, y = (
                (1 - t) ** 2 * a + 2 * t * (1 - t) * h + t**2 * b
                for a, h, b in zip(start, here, end, strict=True)
            )
            bends.append((x, y))
    bends.append(line[-1])
    kept = [bends[0]]
    for last, here in pairwise(bends):
        if max(abs(here[0] - last[0]), abs(here[1] - last[1])) > 1e-9:  # noqa: PLR2004
            kept.append(here)
    return kept


LOOPS: dict[str, Loop] = {
    "grid": draw_grid,
    "guilloche": draw_guilloche,
    "harmonograph": draw_harmonograph,
    "noise_lines": draw_noise_lines,
    "phyllotaxis": draw_phyllotaxis,
    "space_filling": draw_space_filling,
    "spiral": draw_spiral,
}
