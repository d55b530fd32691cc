"""Halftone strokes: waves on lines or a spiral, dots and hatches."""

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

# Lighter tones and shorter strokes are not drawn.
MIN_TONE = 0.04
MIN_STROKE_MM = 1.5

# Returns points of a line and its unit normals, both of shape (n, 2), by distances along the line.
Path = Callable[[Floats], tuple[Floats, Floats]]


def look_mm(spacing: float) -> float:
    """Return the sampling distance of tones along lines that are `spacing` mm apart."""
    return max(0.1, spacing * 0.2)


@dataclass(frozen=True, kw_only=True)
class Halftone:
    """Strokes for the tones of an image in `box`; lengths in mm, `angle` in radians.

    `reach` is the amplitude of the waves of the darkest tone and the radius of the largest dots.
    `fill` is the distance of the turns of the spiral that fills a dot.
    """

    # Directions of cross-hatches in degrees from the angle, and the minimum tone of each.
    HATCHES = ((0, 0.06), (90, 0.3), (45, 0.52), (-45, 0.74))

    # Safety factor of estimates for random variation and fine details.
    SLACK = 1.3

    tones: Tones
    box: Box
    angle: float
    spacing: float
    reach: float
    wavelength: float
    fill: float
    tolerance: float

    def squiggles(self, rng: np.random.Generator) -> Iterator[Polyline]:
        """Yield wavy lines in alternating directions, joined where they are close."""
        reach, spacing = self.reach, self.spacing
        starts, ends, across = _rows(_inside(self.box, reach), spacing, self.angle)
        joined: list[Polyline] = []
        forward = True
        for start, end in zip(starts, ends, strict=True):
            path, length = _straight(*((start, end) if forward else (end, start)), across)
            # The pen is lifted over white gaps of more than four spacings.
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
        """Yield an Archimedean spiral with waves, up to the largest circle in the box."""
        outer, pitch = self.box.width / 2 - self.reach, self.spacing / (2 * math.pi)
        inner = min(self.spacing / 2, outer / 2)
        length = (outer**2 - inner**2) / (2 * pitch)
        centre = self._centre()
        start = self.angle + 2 * math.pi * rng.random()

        # The radius at the angle a is inner + pitch * a, the length inner * a + pitch / 2 * a**2.
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
        """Yield filled dots in staggered rows of alternating directions."""
        centres, radius = self._dot_sizes()
        for centre, size in zip(centres, radius.tolist(), strict=True):
            yield centre + _filled(size, self.fill, self.tolerance)

    def hatches(self) -> Iterator[Polyline]:
        """Yield the strokes of all hatches in alternating directions."""
        for turn, threshold in self.HATCHES:
            starts, ends, _ = _rows(self.box, self.spacing, self.angle + math.radians(turn + 45))
            forward = True
            for start, end in zip(starts, ends, strict=True):
                strokes = self._dark_runs(start, end, threshold)
                for stroke in strokes if forward else strokes[::-1]:
                    yield stroke if forward else stroke[::-1]
                forward ^= bool(len(strokes))

    def squiggle_points(self) -> float:
        """Return an upper bound of the points of `squiggles`."""
        box = self.box
        lines = (box.width + box.height) / self.spacing + 2
        per_mm = self._density(self._samples()).mean()
        return float(float(per_mm) * self.SLACK * box.width * box.height / self.spacing + 8 * lines)

    def spiral_points(self) -> float:
        """Return an upper bound of the points of `spiral`: of its waves and of the curve itself."""
        radius, spacing = self.box.width / 2, self.spacing
        itself = 4 / 3 * math.pi / spacing * math.sqrt(radius**3 / (8 * self.tolerance))
        return float(self.squiggle_points() + itself + 8)

    def dot_points(self) -> float:
        box = self.box
        radius = self.reach * np.sqrt(self._samples())
        around, inside = _dot_steps(radius, self.fill, self.tolerance)
        each = around + inside + 1
        rows = box.height / (self.spacing * math.sqrt(3) / 2) + 2
        columns = box.width / self.spacing + 2
        return float(
            np.where(radius > 0, each, 0).mean() * self.SLACK * rows * columns + each.max()
        )

    def hatch_points(self) -> float:
        """Return an upper bound of the points of `hatches`, for strokes of minimum length."""
        box = self.box
        tone = self._samples()
        dark = sum(float((tone > threshold).mean()) for _, threshold in self.HATCHES)
        lines = (box.width + box.height) / self.spacing + 2
        return float(
            dark * self.SLACK * box.width * box.height / self.spacing / MIN_STROKE_MM
            + 2 * len(self.HATCHES) * lines
        )

    def _centre(self) -> Floats:
        return np.array([self.box.left + self.box.width / 2, self.box.top + self.box.height / 2])

    def _frequency(self, tone: Floats) -> Floats:  # waves per mm
        # Ratio of the wavelengths of the lightest and the darkest tone.
        stretch = 2.5
        return np.asarray((1 / stretch + (1 - 1 / stretch) * tone) / self.wavelength)

    def _density(self, tone: Floats, bend: Floats | float = 0.0) -> Floats:
        """Return the points per mm that the waves of a tone need on a line of curvature `bend`."""
        wave = tone * self.reach * (2 * math.pi * self._frequency(tone)) ** 2
        return np.asarray(np.sqrt((wave + bend) / (8 * self.tolerance)))

    def _course(
        self,
        path: Path,
        length: float,
        bend: Callable[[Floats], Floats] | None = None,
    ) -> _Course:
        """Sample the tones along a line of `length` mm and curvature `bend`."""
        along = np.linspace(0, length, max(3, math.ceil(length / look_mm(self.spacing)) + 1))
        tone = _inked(self.tones, *path(along)[0].T)
        return _Course(path, along, tone, self._density(tone, bend(along) if bend else 0.0))

    def _waved(self, course: _Course, phase: float) -> Polyline:
        """Return a line with waves for its tones; `phase` is from 0 to 1."""
        along, points = course.along, course.points
        # Neighbouring samples count too, so that rising waves have enough points.
        near = np.maximum(
            points, np.maximum(np.append(points[1:], 0), np.insert(points[:-1], 0, 0))
        )
        count = _cumulated(near, along)
        kept = np.interp(np.linspace(0, count[-1], max(1, math.ceil(count[-1])) + 1), count, along)
        cycles = phase + _cumulated(self._frequency(course.tone), along)
        height = self.reach * np.interp(kept, along, course.tone)
        positions, across = course.path(kept)
        return np.asarray(
            positions
            + (height * np.sin(2 * math.pi * np.interp(kept, along, cycles)))[:, None] * across
        )

    def _dot_sizes(self) -> tuple[Floats, Floats]:
        """Return the centres of the dots, shape (n, 2), and their radii."""
        spacing = self.spacing
        widest = self.reach
        starts, ends, _ = _rows(_inside(self.box, widest), spacing * math.sqrt(3) / 2, self.angle)
        along = np.array([math.cos(self.angle), math.sin(self.angle)])
        rows = []
        for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
            # Odd rows are shifted by half a spacing.
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
        radius = widest * np.sqrt(tone)
        # Smaller dots are dropped.
        kept = radius > min(0.1, widest / 8)
        return centres[kept], radius[kept]

    def _dark_runs(self, start: Floats, end: Floats, threshold: float) -> Floats:
        """Return the parts of a line that are darker than `threshold`: shape (n, 2, 2)."""
        length = math.hypot(*(end - start))
        along = np.linspace(0, length, max(3, math.ceil(length / look_mm(self.spacing)) + 1))
        unit = (end - start) / length
        points = start + along[:, None] * unit
        dark = _inked(self.tones, *points.T) - threshold
        inside = np.concatenate(([False], dark > 0, [False]))
        edges = np.flatnonzero(inside[1:] != inside[:-1])
        first, last = edges[::2], edges[1::2] - 1
        begin = _crossing(along, dark, first - 1, first)
        stop = _crossing(along, dark, last + 1, last)
        kept = stop - begin >= min(MIN_STROKE_MM, length / 2)
        return np.asarray(start + np.stack((begin, stop), axis=1)[kept][:, :, None] * unit)

    def _samples(self) -> Floats:
        """Return at most 160 x 160 evenly distributed tones."""
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
    """Positions along a line in mm with the tone and the required points per mm at each."""

    path: Path
    along: Floats
    tone: Floats
    points: Floats

    def part(self, run: slice) -> _Course:
        return _Course(self.path, self.along[run], self.tone[run], self.points[run])


def _inked(tones: Tones, x: Floats, y: Floats) -> Floats:
    """Return the tones at points, 0 outside the image and where they are too light to draw."""
    box = tones.box
    inside = (x >= box.left) & (x <= box.left + box.width)
    inside &= (y >= box.top) & (y <= box.top + box.height)
    tone = tones.at(x, y)
    return np.where(inside & (tone >= MIN_TONE), tone, 0.0)


def _runs(course: _Course, gap: float) -> Iterator[_Course]:
    """Yield the parts of a line that are not white; white parts shorter than `gap` mm stay."""
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
    """Return the integral of `rate` from the start to each position."""
    return np.concatenate(([0], np.cumsum((rate[1:] + rate[:-1]) / 2 * np.diff(along))))


def _rows(box: Box, spacing: float, angle: float) -> tuple[Floats, Floats, Floats]:
    """Return the starts and ends of lines that fill the box, and their normal vector."""
    along = np.array([math.cos(angle), math.sin(angle)])
    across = np.array([-along[1], along[0]])
    half = np.array([box.width, box.height]) / 2
    reach = float((np.abs(across) * half).sum())
    count = max(1, int(2 * reach / spacing))
    level = (np.arange(count) - (count - 1) / 2) * spacing
    through = level[:, None] * across
    # Avoid dividing by zero for lines along an edge.
    slope = np.where(np.abs(along) < 1e-12, 1e-12, along)  # noqa: PLR2004
    one, two = (-half - through) / slope, (half - through) / slope
    enter, leave = np.minimum(one, two).max(axis=1), np.maximum(one, two).min(axis=1)
    kept = leave - enter > min(MIN_STROKE_MM, float((leave - enter).max()) / 2)
    middle = np.array([box.left, box.top]) + half
    starts, ends = (through + side[:, None] * along + middle for side in (enter, leave))
    return starts[kept], ends[kept], across


def _straight(first: Floats, last: Floats, across: Floats) -> tuple[Path, float]:
    length = math.dist(first, last)
    unit = (last - first) / length

    def path(along: Floats) -> tuple[Floats, Floats]:
        return first + along[:, None] * unit, np.broadcast_to(across, (len(along), 2))

    return path, length


def _inside(box: Box, edge: float) -> Box:
    return Box(box.left + edge, box.top + edge, box.width - 2 * edge, box.height - 2 * edge)


def _filled(radius: float, fill: float, tolerance: float) -> Polyline:
    """Return a dot around (0, 0): a spiral with turns about `fill` apart, and its circle.

    The angle is the power 2/3 of the step number, which keeps the error of the chords constant.
    """
    around, steps = (int(count) for count in _dot_steps(np.array(radius), fill, tolerance))
    circle = np.linspace(0, 2 * math.pi, around + 1)
    turns = steps and 2 * math.pi * _turns(radius, fill)
    inward = turns * (np.arange(steps) / max(steps, 1)) ** (2 / 3)
    turn = np.concatenate((inward - turns, circle))
    away = radius * np.concatenate((inward / max(turns, 1), np.ones(around + 1)))
    return np.column_stack((away * np.cos(turn), away * np.sin(turn)))


def _turns(radius: Floats | float, fill: float) -> Floats:
    """Return the number of turns that fill dots; narrow circles need none."""
    return np.maximum(0, np.floor(np.asarray(radius) / fill - 0.25))


def _dot_steps(radius: Floats, fill: float, tolerance: float) -> tuple[Floats, Floats]:
    """Return the number of chords of a dot's circle and of the spiral inside."""
    around = np.maximum(arc_chords(radius, 2 * math.pi, tolerance), 8.0)
    return around, np.ceil(around * _turns(radius, fill) * 2 / 3)


def _crossing(
    along: Floats, dark: Floats, outside: NDArray[np.int64], inside: NDArray[np.int64]
) -> Floats:
    """Return where `dark` is 0 between neighbours, or the inner one at an end of the line."""
    at_end = (outside < 0) | (outside >= len(along))
    outside = np.where(at_end, inside, outside)
    rise = dark[inside] - dark[outside]
    share = np.where(at_end | (rise == 0), 0.0, dark[inside] / np.where(rise == 0, 1, rise))
    return np.asarray(along[inside] + share * (along[outside] - along[inside]))
