"""Halftone: a picture in the tones of lines, waves, a spiral, dots, or crossed hatches."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import numpy as np
from marshmallow import fields
from marshmallow.validate import OneOf, Range
from numpy.typing import NDArray

from libraries.fields import degrees, millimetres, tolerance_field
from libraries.geometry.area import Area
from libraries.geometry.curves import arc_chords
from libraries.imaging.channels import CHANNELS, GREY
from libraries.imaging.controls import PictureSchema, lay, lay_roughly
from libraries.imaging.tones import Box, Tones
from libraries.patterns.catalogue import MOST_POINTS, Polyline, pattern

SQUIGGLE, SPIRAL, DOTS, CROSS_HATCH = "squiggle", "spiral", "dots", "cross-hatch"

# Tones below this are paper.
LIGHTEST = 0.04
# A wave of the lightest tone is so many times longer than one of the darkest.
STRETCH = 2.5
# Tones are looked at in steps of this share of the spacing, in mm at least the second.
LOOK, FINEST_LOOK = 0.2, 0.1
# Estimates look at the tones in so many places each way.
PLACES = 160
# What estimates add for what they cannot see: the chance in pictures made by formula, and details finer than their look.
SLACK = 1.3
# Where paper is white for longer than so many spacings, the pen is lifted; lines whose ends are nearer than that are joined.
GAP = 4
JOINED = 1.7
# Strokes shorter than this, and dots of a smaller radius, in mm, look like mistakes.
STUB, SPECK = 1.5, 0.1
# The directions of crossed hatches, in degrees from the angle, and the tone from which on each is drawn.
HATCHES = ((0, 0.06), (90, 0.3), (45, 0.52), (-45, 0.74))

Floats = NDArray[np.float64]
# Gives for distances along a line its places and the unit vectors across it, both of shape (n, 2).
Path = Callable[[Floats], tuple[Floats, Floats]]


class HalftoneLinesSchema(PictureSchema):
    """What a halftone may be told."""

    style = fields.String(
        load_default=SQUIGGLE,
        validate=OneOf([SQUIGGLE, SPIRAL, DOTS, CROSS_HATCH]),
        metadata={
            "description": "How tones are made: waves on parallel lines (squiggle) or on one spiral (spiral), filled dots that "
            "grow (dots), or up to four hatches over each other (cross-hatch)."
        },
    )
    channel = fields.String(
        load_default=GREY,
        validate=OneOf(CHANNELS),
        metadata={
            "description": "What of the picture is drawn: its greys, or what one ink has to print of its colours, so that four "
            "halftones, each with its own pen and angle, make one picture in colour. Black takes over what is grey in a colour: "
            "K = 1 - max(R, G, B), C = (1 - R - K) / (1 - K), M and Y likewise. An ink that the picture does not need draws "
            "nothing. Give all four the same seed, and an equalise of 0."
        },
    )
    spacing = millimetres(
        "Distance of the lines, turns or dots", least=0.4, most=50, load_default=2.2
    )
    amplitude = fields.Float(
        load_default=0.95,
        validate=Range(0, 1.5),
        metadata={
            "description": "How far the waves of the darkest tone, or its dots, fill the spacing; at more than 1 they overlap."
        },
    )
    wavelength = millimetres(
        "Length of the waves of the darkest tone; those of lighter ones are longer",
        least=0.3,
        most=50,
        load_default=1.0,
    )
    fill = millimetres(
        "Distance of the turns that fill a dot; as wide as the pen makes it solid",
        least=0.15,
        most=5,
        load_default=0.35,
    )
    angle = degrees(
        "Direction of the lines, or of the rows of dots, clockwise from three o'clock",
        load_default=0.0,
    )
    tolerance = tolerance_field("the true wave")


def cost(area: Area, *, style: str, **params: Any) -> float:
    """Return how many points the halftone has, not too low. The picture is looked at in a bounded number of places."""
    box = _room(area, style)
    spacing = params["spacing"]
    # Every line looks at the tones under it; where that alone is too much, nothing is looked at.
    looks = box.width * box.height / spacing / _look(spacing)
    if looks > MOST_POINTS:
        return float(looks)
    tones = lay_roughly(box, **_controls(params))
    return ESTIMATES[style](tones, box, params | {"reach": _reach(box, params)})


@pattern(HalftoneLinesSchema, cost)
def draw(
    area: Area,
    rng: np.random.Generator,
    *,
    image: str,
    fit: str,
    gamma: float,
    equalise: float,
    detail: float,
    style: str,
    channel: str,
    spacing: float,
    amplitude: float,
    wavelength: float,
    fill: float,
    angle: float,
    tolerance: float,
) -> Iterator[Polyline]:
    """A picture in evenly spaced lines that make its tones by waves, or in dots that grow, or in hatches that cross.

    Where the picture is darker, waves are higher and shorter. Neighbouring lines are joined at their ends, and a spiral is one
    stroke from its middle to its rim. Dots are spirals that the pen fills from the middle. Hatches lie in up to four directions
    over each other, one more for each step into the dark. White paper stays empty, but for the spiral.

    Send a picture of your own as `image`. The seed varies pictures that are made by formula, and where the waves begin.

    Yields:
        Arrays of shape (n, 2), in mm.

    A wave of amplitude A and length L has a curvature of A * (2 pi / L)**2 at its crests, and a chord of length c leaves a curve
    of curvature k by k * c**2 / 8: points are set as closely as the larger of the two next ones asks.
    """
    controls = {"fit": fit, "gamma": gamma, "equalise": equalise, "detail": detail}
    params = {
        "spacing": spacing,
        "amplitude": amplitude,
        "wavelength": wavelength,
        "fill": fill,
        "tolerance": tolerance,
    }
    box = _room(area, style)
    params["reach"] = _reach(box, params)
    tones = lay(box, rng, image=image, channel=channel, **controls).averaged(spacing / 3)
    low, high = (area.left, area.top), (area.right, area.bottom)
    for line in STYLES[style](tones, box, math.radians(angle), rng, params):
        yield np.clip(line, low, high)


def _room(area: Area, style: str) -> Box:
    """Return where the picture lies: all of the room, or the square around the spiral."""
    width, height = area.inner_width, area.inner_height
    if style == SPIRAL:
        width = height = min(width, height)
    return Box(area.width / 2 - width / 2, area.height / 2 - height / 2, width, height)


def _controls(params: dict[str, Any]) -> dict[str, Any]:
    return {
        name: params[name] for name in ("image", "channel", "fit", "gamma", "equalise", "detail")
    }


def _look(spacing: float) -> float:
    return max(FINEST_LOOK, spacing * LOOK)


def _inked(tones: Tones, x: Floats, y: Floats) -> Floats:
    """Return the tone at each place, none outside of the picture and where it is too light to show."""
    box = tones.box
    inside = (
        (x >= box.left) & (x <= box.left + box.width) & (y >= box.top) & (y <= box.top + box.height)
    )
    tone = tones.at(x, y)
    return np.where(inside & (tone >= LIGHTEST), tone, 0.0)


def _frequency(tone: Floats, params: dict[str, Any]) -> Floats:
    """Return waves per mm."""
    return np.asarray((1 / STRETCH + (1 - 1 / STRETCH) * tone) / params["wavelength"])


def _reach(box: Box, params: dict[str, Any]) -> float:
    """Return in mm how far the waves of the darkest tone leave their line; in a small room less than asked."""
    return float(min(params["amplitude"] * params["spacing"] / 2, box.width / 4, box.height / 4))


def _density(tone: Floats, params: dict[str, Any], bend: Floats | float = 0.0) -> Floats:
    """Return points per mm that the waves of a tone need on a line that has the curvature `bend` itself."""
    wave = tone * params["reach"] * (2 * math.pi * _frequency(tone, params)) ** 2
    return np.asarray(np.sqrt((wave + bend) / (8 * params["tolerance"])))


class _Course(NamedTuple):
    """What lies under a line: distances along it in mm, the tone at each, and how many points a mm needs there."""

    path: Path
    along: Floats
    tone: Floats
    points: Floats

    def part(self, run: slice) -> _Course:
        """Return a part of the line."""
        return _Course(self.path, self.along[run], self.tone[run], self.points[run])


def _course(
    path: Path,
    length: float,
    tones: Tones,
    params: dict[str, Any],
    bend: Callable[[Floats], Floats] | None = None,
) -> _Course:
    """Look at the tones along a line of `length` mm that has the curvature `bend` itself."""
    along = np.linspace(0, length, max(3, math.ceil(length / _look(params["spacing"])) + 1))
    tone = _inked(tones, *path(along)[0].T)
    return _Course(path, along, tone, _density(tone, params, bend(along) if bend else 0.0))


def _runs(course: _Course, gap: float) -> Iterator[_Course]:
    """Yield the parts of a line that are not white; white parts shorter than `gap` mm belong to them."""
    along, inked = course.along, np.flatnonzero(course.tone)
    if not len(inked):
        return
    breaks = np.flatnonzero(np.diff(along[inked]) > gap)
    firsts, lasts = inked[np.append(0, breaks + 1)], inked[np.append(breaks, len(inked) - 1)]
    for first, last in zip(firsts.tolist(), lasts.tolist(), strict=True):
        run = course.part(slice(max(first - 1, 0), min(last + 2, len(along))))
        if run.along[-1] - run.along[0] >= min(STUB, along[-1] / 2):
            yield run


def _waved(course: _Course, params: dict[str, Any], phase: float) -> Polyline:
    """Return a line with the waves of the tones along it, the first of which begins at `phase`, from 0 to 1."""
    along, points = course.along, course.points
    # The looks before and behind count too, so that a wave that rises has its points in time.
    near = np.maximum(points, np.maximum(np.append(points[1:], 0), np.insert(points[:-1], 0, 0)))
    count = _cumulated(near, along)
    kept = np.interp(np.linspace(0, count[-1], max(1, math.ceil(count[-1])) + 1), count, along)
    cycles = phase + _cumulated(_frequency(course.tone, params), along)
    height = params["reach"] * np.interp(kept, along, course.tone)
    place, across = course.path(kept)
    return np.asarray(
        place + (height * np.sin(2 * math.pi * np.interp(kept, along, cycles)))[:, None] * across
    )


def _cumulated(rate: Floats, along: Floats) -> Floats:
    """Return the integral of `rate` from the beginning up to each place."""
    return np.concatenate(([0], np.cumsum((rate[1:] + rate[:-1]) / 2 * np.diff(along))))


def _rows(box: Box, spacing: float, angle: float) -> tuple[Floats, Floats, Floats]:
    """Return parallel lines that fill the box: their starts and ends, of shape (n, 2), and the unit vector across them."""
    along = np.array([math.cos(angle), math.sin(angle)])
    across = np.array([-along[1], along[0]])
    half = np.array([box.width, box.height]) / 2
    reach = float((np.abs(across) * half).sum())
    count = max(1, int(2 * reach / spacing))
    level = (np.arange(count) - (count - 1) / 2) * spacing
    through = level[:, None] * across
    slope = np.where(np.abs(along) < 1e-12, 1e-12, along)  # noqa: PLR2004 - a line along an edge never meets it
    one, two = (-half - through) / slope, (half - through) / slope
    enter, leave = np.minimum(one, two).max(axis=1), np.maximum(one, two).min(axis=1)
    kept = leave - enter > min(STUB, float((leave - enter).max()) / 2)
    middle = np.array([box.left, box.top]) + half
    starts, ends = (through + side[:, None] * along + middle for side in (enter, leave))
    return starts[kept], ends[kept], across


def _squiggles(
    tones: Tones, box: Box, angle: float, rng: np.random.Generator, params: dict[str, Any]
) -> Iterator[Polyline]:
    """Yield the waved lines to and fro, joined where they follow each other closely."""
    reach, spacing = params["reach"], params["spacing"]
    starts, ends, across = _rows(_inside(box, reach), spacing, angle)
    joined: list[Polyline] = []
    forward = True
    for start, end in zip(starts, ends, strict=True):
        path, length = _straight(*((start, end) if forward else (end, start)), across)
        phase, lines = (
            rng.random(),
            list(_runs(_course(path, length, tones, params), GAP * spacing)),
        )
        for line in (_waved(run, params, phase) for run in lines):
            if joined and math.dist(joined[-1][-1], line[0]) > JOINED * spacing + reach:
                yield np.concatenate(joined)
                joined = []
            joined.append(line)
        forward ^= bool(lines)
    if joined:
        yield np.concatenate(joined)


def _straight(first: Floats, last: Floats, across: Floats) -> tuple[Path, float]:
    """Return the path from `first` to `last`, and its length."""
    length = math.dist(first, last)
    unit = (last - first) / length

    def path(along: Floats) -> tuple[Floats, Floats]:
        return first + along[:, None] * unit, np.broadcast_to(across, (len(along), 2))

    return path, length


def _inside(box: Box, edge: float) -> Box:
    return Box(box.left + edge, box.top + edge, box.width - 2 * edge, box.height - 2 * edge)


def _spiral(
    tones: Tones, box: Box, angle: float, rng: np.random.Generator, params: dict[str, Any]
) -> Iterator[Polyline]:
    """Yield one spiral of Archimedes with waves across it, from its middle to the largest circle in the box.

    Its radius after the angle `a` is inner + pitch * a, and its length until there is near inner * a + pitch / 2 * a**2, which
    gives the angle for every distance along it.
    """
    outer, pitch = box.width / 2 - params["reach"], params["spacing"] / (2 * math.pi)
    inner = min(params["spacing"] / 2, outer / 2)
    length = (outer**2 - inner**2) / (2 * pitch)
    centre = np.array([box.left + box.width / 2, box.top + box.height / 2])
    start = angle + 2 * math.pi * rng.random()

    def path(along: Floats) -> tuple[Floats, Floats]:
        radius = np.sqrt(inner * inner + 2 * pitch * along)
        turn = start + (radius - inner) / pitch
        out = np.column_stack((np.cos(turn), np.sin(turn)))
        return centre + radius[:, None] * out, out

    course = _course(
        path, length, tones, params, lambda along: 1 / np.sqrt(inner * inner + 2 * pitch * along)
    )
    yield _waved(course, params, rng.random())


def _dots(
    tones: Tones, box: Box, angle: float, rng: np.random.Generator, params: dict[str, Any]
) -> Iterator[Polyline]:
    """Yield filled dots in rows that lie askew, row by row to and fro."""
    del rng
    centres, radius = _dot_sizes(tones, box, angle, params)
    for centre, size in zip(centres, radius.tolist(), strict=True):
        yield centre + _filled(size, params["fill"], params["tolerance"])


def _dot_sizes(
    tones: Tones, box: Box, angle: float, params: dict[str, Any]
) -> tuple[Floats, Floats]:
    """Return the middles of the dots, shape (n, 2), and their radii: the area of a dot is in proportion to its tone."""
    spacing = params["spacing"]
    widest = params["reach"]
    starts, ends, _ = _rows(_inside(box, widest), spacing * math.sqrt(3) / 2, angle)
    along = np.array([math.cos(angle), math.sin(angle)])
    rows = []
    for number, (start, end) in enumerate(zip(starts, ends, strict=True)):
        # Every second row stands between the dots of the one before; all rows are counted from the same line.
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
        centres = np.array([[box.left + box.width / 2, box.top + box.height / 2]])
    tone = _inked(tones, *centres.T)
    radius = widest * np.sqrt(tone)
    kept = radius > min(SPECK, widest / 8)
    return centres[kept], radius[kept]


def _filled(radius: float, fill: float, tolerance: float) -> Polyline:
    """Return a dot around (0, 0): a spiral from its middle, its turns about `fill` apart, and the circle around it.

    The steps grow shorter outwards: an angle that is the power 2/3 of the count of steps keeps the chords' error even.
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


def _hatches(
    tones: Tones, box: Box, angle: float, rng: np.random.Generator, params: dict[str, Any]
) -> Iterator[Polyline]:
    """Yield the strokes of all hatches, each hatch to and fro."""
    del rng
    for turn, threshold in HATCHES:
        starts, ends, _ = _rows(box, params["spacing"], angle + math.radians(turn + 45))
        forward = True
        for start, end in zip(starts, ends, strict=True):
            strokes = _dark_runs(tones, start, end, threshold, params)
            for stroke in strokes if forward else strokes[::-1]:
                yield stroke if forward else stroke[::-1]
            forward ^= bool(len(strokes))


def _dark_runs(
    tones: Tones, start: Floats, end: Floats, threshold: float, params: dict[str, Any]
) -> Floats:
    """Return the parts of a line that lie where the picture is darker than `threshold`: shape (n, 2, 2)."""
    length = math.hypot(*(end - start))
    along = np.linspace(0, length, max(3, math.ceil(length / _look(params["spacing"])) + 1))
    unit = (end - start) / length
    places = start + along[:, None] * unit
    dark = _inked(tones, *places.T) - threshold
    inside = np.concatenate(([False], dark > 0, [False]))
    edges = np.flatnonzero(inside[1:] != inside[:-1])
    first, last = edges[::2], edges[1::2] - 1
    begin, stop = _crossing(along, dark, first - 1, first), _crossing(along, dark, last + 1, last)
    kept = stop - begin >= min(STUB, length / 2)
    return np.asarray(start + np.stack((begin, stop), axis=1)[kept][:, :, None] * unit)


def _crossing(
    along: Floats, dark: Floats, outside: NDArray[np.int64], inside: NDArray[np.int64]
) -> Floats:
    """Return where `dark` is 0 between two neighbouring looks, or the inner look at an end of the line."""
    at_end = (outside < 0) | (outside >= len(along))
    outside = np.where(at_end, inside, outside)
    rise = dark[inside] - dark[outside]
    share = np.where(at_end | (rise == 0), 0.0, dark[inside] / np.where(rise == 0, 1, rise))
    return np.asarray(along[inside] + share * (along[outside] - along[inside]))


def _looked(tones: Tones, box: Box) -> Floats:
    """Return the tones in a bounded number of places, evenly over the box."""
    rough = tones.averaged(max(box.width, box.height) / PLACES)
    rows, columns = (
        max(1, min(PLACES, round(PLACES * side / max(box.width, box.height))))
        for side in (box.height, box.width)
    )
    x = box.left + (np.arange(columns) + 0.5) * box.width / columns
    y = box.top + (np.arange(rows) + 0.5) * box.height / rows
    return _inked(rough, *np.meshgrid(x, y))


def _squiggle_points(tones: Tones, box: Box, params: dict[str, Any]) -> float:
    lines = (box.width + box.height) / params["spacing"] + 2
    per_mm = _density(_looked(tones, box), params).mean()
    return float(float(per_mm) * SLACK * box.width * box.height / params["spacing"] + 8 * lines)


def _spiral_points(tones: Tones, box: Box, params: dict[str, Any]) -> float:
    """Return the points of the waves and those of the spiral itself, sqrt(1 / (8 * tolerance * r)) a mm at the radius r."""
    radius, spacing = box.width / 2, params["spacing"]
    itself = 4 / 3 * math.pi / spacing * math.sqrt(radius**3 / (8 * params["tolerance"]))
    return float(_squiggle_points(tones, box, params) + itself + 8)


def _dot_points(tones: Tones, box: Box, params: dict[str, Any]) -> float:
    radius = params["reach"] * np.sqrt(_looked(tones, box))
    around, inside = _dot_steps(radius, params["fill"], params["tolerance"])
    each = around + inside + 1
    rows, columns = (
        box.height / (params["spacing"] * math.sqrt(3) / 2) + 2,
        box.width / params["spacing"] + 2,
    )
    return float(np.where(radius > 0, each, 0).mean() * SLACK * rows * columns + each.max())


def _hatch_points(tones: Tones, box: Box, params: dict[str, Any]) -> float:
    """Return what strokes of the least length would have, with gaps as long as they are between them."""
    tone = _looked(tones, box)
    dark = sum(float((tone > threshold).mean()) for _, threshold in HATCHES)
    lines = (box.width + box.height) / params["spacing"] + 2
    return float(
        dark * SLACK * box.width * box.height / params["spacing"] / STUB + 2 * len(HATCHES) * lines
    )


Style = Callable[[Tones, Box, float, np.random.Generator, dict[str, Any]], Iterator[Polyline]]
STYLES: dict[str, Style] = {
    SQUIGGLE: _squiggles,
    SPIRAL: _spiral,
    DOTS: _dots,
    CROSS_HATCH: _hatches,
}
ESTIMATES: dict[str, Callable[[Tones, Box, dict[str, Any]], float]] = {
    SQUIGGLE: _squiggle_points,
    SPIRAL: _spiral_points,
    DOTS: _dot_points,
    CROSS_HATCH: _hatch_points,
}
