"""Strokes that make the tones of a picture: waves on lines or a spiral, dots, and hatches."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from libraries.geometry.arrays import Floats, Polyline
from libraries.geometry.curves import arc_chords
from libraries.imaging.tones import Box, Tones

# What estimates add for what they cannot see: the chance in pictures made by formula, and details
# finer than their samples.
SLACK = 1.3
# Shorter strokes look like mistakes.
MIN_STROKE_MM = 1.5
# The directions of crossed hatches, in degrees from the angle, and the tone from which on each is
# drawn.
HATCHES = ((0, 0.06), (90, 0.3), (45, 0.52), (-45, 0.74))

# Gives for distances along a line its places and the unit vectors across it, both of shape (n, 2).
Path = Callable[[Floats], tuple[Floats, Floats]]


def look_mm(spacing: float) -> float:
    """Return how far apart tones are sampled along lines that are `spacing` mm apart."""
    return max(0.1, spacing * 0.2)


@dataclass(frozen=True, kw_only=True)
class Halftone:
    """How the tones of a picture in `box` are drawn; lengths in mm, `angle` in radians.

    `reach` is how far the waves of the darkest tone leave their line, and the radius of the largest
    dots. `fill` is the distance of the turns that fill a dot.
    """

    tones: Tones
    box: Box
    angle: float
    spacing: float
    reach: float
    wavelength: float
    fill: float
    tolerance: float

    def squiggles(self, rng: np.random.Generator) -> Iterator[Polyline]:
        """Yield the waved lines to and fro, joined where they follow each other closely."""
        reach, spacing = self.reach, self.spacing
        starts, ends, across = _rows(_inside(self.box, reach), spacing, self.angle)
        joined: list[Polyline] = []
        forward = True
        for start, end in zip(starts, ends, strict=True):
            path, length = _straight(*((start, end) if forward else (end, start)), across)
            # Where paper is white for longer than four spacings, the pen is lifted.
            phase, lines = rng.random(), list(_runs(self._course(path, length), 4 * spacing))
            for line in (self._waved(run, phase) for run in lines):
                if joined and math.dist(joined[-1][-1], line[0]) > 1.7 * spacing + reach:
                    yield np.concatenate(joined)
                    joined = []
                joined.append(line)
            forward ^= bool(lines)
        if joined:
            yield np.concatenate(joined)

    def spiral(self, rng: np.random.Generator) -> Iterator[Polyline]:
        """Yield one spiral of Archimedes with waves across it, up to the largest circle in the box.

        Its radius after the angle `a` is inner + pitch * a, and its length until there is near
        inner * a + pitch / 2 * a**2, which gives the angle for every distance along it.
        """
        outer, pitch = self.box.width / 2 - self.reach, self.spacing / (2 * math.pi)
        inner = min(self.spacing / 2, outer / 2)
        length = (outer**2 - inner**2) / (2 * pitch)
        centre = self._centre()
        start = self.angle + 2 * math.pi * rng.random()

        def path(along: Floats) -> tuple[Floats, Floats]:
            radius = np.sqrt(inner * inner + 2 * pitch * along)
            turn = start + (radius - inner) / pitch
            out = np.column_stack((np.cos(turn), np.sin(turn)))
            return centre + radius[:, None] * out, out

        course = self._course(
            path, length, lambda along: 1 / np.sqrt(inner * inner + 2 * pitch * along)
        )
        yield self._waved(course, rng.random())

    def dots(self) -> Iterator[Polyline]:
        """Yield filled dots in rows that lie askew, row by row to and fro."""
        centres, radius = self._dot_sizes()
        for centre, size in zip(centres, radius.tolist(), strict=True):
            yield centre + _filled(size, self.fill, self.tolerance)

    def hatches(self) -> Iterator[Polyline]:
        """Yield the strokes of all hatches, each hatch to and fro."""
        for turn, threshold in HATCHES:
            starts, ends, _ = _rows(self.box, self.spacing, self.angle + math.radians(turn + 45))
            forward = True
            for start, end in zip(starts, ends, strict=True):
                strokes = self._dark_runs(start, end, threshold)
                for stroke in strokes if forward else strokes[::-1]:
                    yield stroke if forward else stroke[::-1]
                forward ^= bool(len(strokes))

    def squiggle_points(self) -> float:
        """Return a bound of the points of `squiggles`."""
        box = self.box
        lines = (box.width + box.height) / self.spacing + 2
        per_mm = self._density(self._samples()).mean()
        return float(float(per_mm) * SLACK * box.width * box.height / self.spacing + 8 * lines)

    def spiral_points(self) -> float:
        """Return a bound of the points of `spiral`: of its waves, and of the curve itself.

        The curve needs sqrt(1 / (8 * tolerance * r)) points a mm at the radius r.
        """
        radius, spacing = self.box.width / 2, self.spacing
        itself = 4 / 3 * math.pi / spacing * math.sqrt(radius**3 / (8 * self.tolerance))
        return float(self.squiggle_points() + itself + 8)

    def dot_points(self) -> float:
        """Return a bound of the points of `dots`."""
        box = self.box
        radius = self.reach * np.sqrt(self._samples())
        around, inside = _dot_steps(radius, self.fill, self.tolerance)
        each = around + inside + 1
        rows, columns = (
            box.height / (self.spacing * math.sqrt(3) / 2) + 2,
            box.width / self.spacing + 2,
        )
        return float(np.where(radius > 0, each, 0).mean() * SLACK * rows * columns + each.max())

    def hatch_points(self) -> float:
        """Return a bound of the points of `hatches`: of strokes and gaps of the least length."""
        box = self.box
        tone = self._samples()
        dark = sum(float((tone > threshold).mean()) for _, threshold in HATCHES)
        lines = (box.width + box.height) / self.spacing + 2
        return float(
            dark * SLACK * box.width * box.height / self.spacing / MIN_STROKE_MM
            + 2 * len(HATCHES) * lines
        )

    def _centre(self) -> Floats:
        return np.array([self.box.left + self.box.width / 2, self.box.top + self.box.height / 2])

    def _frequency(self, tone: Floats) -> Floats:
        """Return waves per mm."""
        # A wave of the lightest tone is so many times longer than one of the darkest.
        stretch = 2.5
        return np.asarray((1 / stretch + (1 - 1 / stretch) * tone) / self.wavelength)

    def _density(self, tone: Floats, bend: Floats | float = 0.0) -> Floats:
        """Return points per mm that the waves of a tone need on a line of the curvature `bend`."""
        wave = tone * self.reach * (2 * math.pi * self._frequency(tone)) ** 2
        return np.asarray(np.sqrt((wave + bend) / (8 * self.tolerance)))

    def _course(
        self,
        path: Path,
        length: float,
        bend: Callable[[Floats], Floats] | None = None,
    ) -> _Course:
        """Look at the tones along a line of `length` mm of the curvature `bend`."""
        along = np.linspace(0, length, max(3, math.ceil(length / look_mm(self.spacing)) + 1))
        tone = _inked(self.tones, *path(along)[0].T)
        return _Course(path, along, tone, self._density(tone, bend(along) if bend else 0.0))

    def _waved(self, course: _Course, phase: float) -> Polyline:
        """Return a line with waves for the tones along it, which begin at `phase`, 0 to 1."""
        along, points = course.along, course.points
        # The neighbouring samples count too, so that a wave that rises has its points in time.
        near = np.maximum(
            points, np.maximum(np.append(points[1:], 0), np.insert(points[:-1], 0, 0))
        )
        count = _cumulated(near, along)
        kept = np.interp(np.linspace(0, count[-1], max(1, math.ceil(count[-1])) + 1), count, along)
        cycles = phase + _cumulated(self._frequency(course.tone), along)
        height = self.reach * np.interp(kept, along, course.tone)
        place, across = course.path(kept)
        return np.asarray(
            place
            + (height * np.sin(2 * math.pi * np.interp(kept, along, cycles)))[:, None] * across
        )

    def _dot_sizes(self) -> tuple[Floats, Floats]:
        """Return the middles of the dots, shape (n, 2), and their radii.

        The area of a dot is in proportion to its tone.
        """
        spacing = self.spacing
        widest = self.reach
        starts, ends, _ = _rows(_inside(self.box, widest), spacing * math.sqrt(3) / 2, self.angle)
        along = np.array([math.cos(self.angle), math.sin(self.angle)])
        rows = []
        for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
            # Every second row is placed between the dots of the one before; all rows are counted
            # from the same line.
            first, last = start @ along, end @ along
            step = np.arange(
                math.ceil(first / spacing - number % 2 / 2),
                math.floor(last / spacing - number % 2 / 2) + 1,
            )
            at = (step + number % 2 / 2) * spacing
            row = start + (at - first)[:, None] * along
            rows.append(row if number % 2 == 0 else row[::-1])
        centres = np.concatenate(rows) if rows else np.zeros((0, 2))
        if not len(centres):
            centres = self._centre()[None]
        tone = _inked(self.tones, *centres.T)
        # Smaller dots look like mistakes.
        radius = widest * np.sqrt(tone)
        kept = radius > min(0.1, widest / 8)
        return centres[kept], radius[kept]

    def _dark_runs(self, start: Floats, end: Floats, threshold: float) -> Floats:
        """Return the parts of a line that are darker than `threshold`: shape (n, 2, 2)."""
        length = math.hypot(*(end - start))
        along = np.linspace(0, length, max(3, math.ceil(length / look_mm(self.spacing)) + 1))
        unit = (end - start) / length
        places = start + along[:, None] * unit
        dark = _inked(self.tones, *places.T) - threshold
        inside = np.concatenate(([False], dark > 0, [False]))
        edges = np.flatnonzero(inside[1:] != inside[:-1])
        first, last = edges[::2], edges[1::2] - 1
        begin, stop = (
            _crossing(along, dark, first - 1, first),
            _crossing(along, dark, last + 1, last),
        )
        kept = stop - begin >= min(MIN_STROKE_MM, length / 2)
        return np.asarray(start + np.stack((begin, stop), axis=1)[kept][:, :, None] * unit)

    def _samples(self) -> Floats:
        """Return the tones at 160 x 160 places at most, evenly over the box."""
        box, most = self.box, 160
        rough = self.tones.averaged(max(box.width, box.height) / most)
        rows, columns = (
            max(1, min(most, round(most * side / max(box.width, box.height))))
            for side in (box.height, box.width)
        )
        x = box.left + (np.arange(columns) + 0.5) * box.width / columns
        y = box.top + (np.arange(rows) + 0.5) * box.height / rows
        return _inked(rough, *np.meshgrid(x, y))


class _Course(NamedTuple):
    """Distances along a line in mm, the tone at each, and how many points a mm needs there."""

    path: Path
    along: Floats
    tone: Floats
    points: Floats

    def part(self, run: slice) -> _Course:
        """Return a part of the line."""
        return _Course(self.path, self.along[run], self.tone[run], self.points[run])


def _inked(tones: Tones, x: Floats, y: Floats) -> Floats:
    """Return the tone at each place, 0 outside of the picture and where it is too light to show."""
    box = tones.box
    inside = (
        (x >= box.left) & (x <= box.left + box.width) & (y >= box.top) & (y <= box.top + box.height)
    )
    tone = tones.at(x, y)
    is_paper = tone < 0.04  # noqa: PLR2004
    return np.where(inside & ~is_paper, tone, 0.0)


def _runs(course: _Course, gap: float) -> Iterator[_Course]:
    """Yield the parts of a line that are not white, with white parts shorter than `gap` mm."""
    along, inked = course.along, np.flatnonzero(course.tone)
    if not len(inked):
        return
    breaks = np.flatnonzero(np.diff(along[inked]) > gap)
    firsts, lasts = inked[np.append(0, breaks + 1)], inked[np.append(breaks, len(inked) - 1)]
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        run = course.part(slice(max(first - 1, 0), min(last + 2, len(along))))
        if run.along[-1] - run.along[0] >= min(MIN_STROKE_MM, along[-1] / 2):
            yield run


def _cumulated(rate: Floats, along: Floats) -> Floats:
    """Return the integral of `rate` from the beginning up to each place."""
    return np.concatenate(([0], np.cumsum((rate[1:] + rate[:-1]) / 2 * np.diff(along))))


def _rows(box: Box, spacing: float, angle: float) -> tuple[Floats, Floats, Floats]:
    """Return the starts and ends of lines that fill the box, and the unit vector across them."""
    along = np.array([math.cos(angle), math.sin(angle)])
    across = np.array([-along[1], along[0]])
    half = np.array([box.width, box.height]) / 2
    reach = float((np.abs(across) * half).sum())
    count = max(1, int(2 * reach / spacing))
    level = (np.arange(count) - (count - 1) / 2) * spacing
    through = level[:, None] * across
    # A line along an edge never meets it.
    slope = np.where(np.abs(along) < 1e-12, 1e-12, along)  # noqa: PLR2004
    one, two = (-half - through) / slope, (half - through) / slope
    enter, leave = np.minimum(one, two).max(axis=1), np.maximum(one, two).min(axis=1)
    kept = leave - enter > min(MIN_STROKE_MM, float((leave - enter).max()) / 2)
    middle = np.array([box.left, box.top]) + half
    starts, ends = (through + side[:, None] * along + middle for side in (enter, leave))
    return starts[kept], ends[kept], across


def _straight(first: Floats, last: Floats, across: Floats) -> tuple[Path, float]:
    """Return the path from `first` to `last`, and its length."""
    length = math.dist(first, last)
    unit = (last - first) / length

    def path(along: Floats) -> tuple[Floats, Floats]:
        return first + along[:, None] * unit, np.broadcast_to(across, (len(along), 2))

    return path, length


def _inside(box: Box, edge: float) -> Box:
    return Box(box.left + edge, box.top + edge, box.width - 2 * edge, box.height - 2 * edge)


def _filled(radius: float, fill: float, tolerance: float) -> Polyline:
    """Return a dot around (0, 0): a spiral whose turns are about `fill` apart, and its circle.

    The steps grow shorter outwards: an angle that is the power 2/3 of the count of steps keeps the
    chords' error even.
    """
    around, steps = (int(count) for count in _dot_steps(np.array(radius), fill, tolerance))
    circle = np.linspace(0, 2 * math.pi, around + 1)
    turns = steps and 2 * math.pi * _turns(radius, fill)
    inward = turns * (np.arange(steps) / max(steps, 1)) ** (2 / 3)
    turn = np.concatenate((inward - turns, circle))
    away = radius * np.concatenate((inward / max(turns, 1), np.ones(around + 1)))
    return np.column_stack((away * np.cos(turn), away * np.sin(turn)))


def _turns(radius: Floats | float, fill: float) -> Floats:
    """Return how many turns fill a dot; none does where the circle around it is narrow."""
    return np.maximum(0, np.floor(np.asarray(radius) / fill - 0.25))


def _dot_steps(radius: Floats, fill: float, tolerance: float) -> tuple[Floats, Floats]:
    """Return how many chords the circle of a dot has, and how many the spiral in it.

    Along the spiral the mean of the steps is two thirds of the outermost.
    """
    around = np.maximum(arc_chords(radius, 2 * math.pi, tolerance), 8.0)
    return around, np.ceil(around * _turns(radius, fill) * 2 / 3)


def _crossing(
    along: Floats, dark: Floats, outside: NDArray[np.int64], inside: NDArray[np.int64]
) -> Floats:
    """Return where `dark` is 0 between two neighbours, or the inner one at an end of the line."""
    at_end = (outside < 0) | (outside >= len(along))
    outside = np.where(at_end, inside, outside)
    rise = dark[inside] - dark[outside]
    share = np.where(at_end | (rise == 0), 0.0, dark[inside] / np.where(rise == 0, 1, rise))
    return np.asarray(along[inside] + share * (along[outside] - along[inside]))
