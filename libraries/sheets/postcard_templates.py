"""Templates of postcards: decorations around the message."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from libraries.geometry.curves import arc_chords
from libraries.registry import Registry

WIDTH, HEIGHT = 210.0, 148.0
# Maximum distance of a chord from its arc.
TOLERANCE_MM = 0.02

Stroke = NDArray[np.float64]
Decoration = Callable[[], list[Stroke]]

TEMPLATES: Registry[Decoration] = Registry("template")


def template(decoration: Decoration) -> Decoration:
    """Register a function that returns strokes, in mm, as the template of its name."""
    return TEMPLATES.add(decoration.__name__, decoration)


@template
def plain() -> list[Stroke]:
    """Two fine frames, the inner one with its corners turned in."""
    return [_frame(8.0, 0.0), _frame(11.0, 6.0)]


@template
def birthday() -> list[Stroke]:
    """Bunting along the upper edge and balloons at the sides."""
    strokes = _bunting()
    for x, y, size, lean in (
        (20.0, 112.0, 6.5, 1.6),
        (36.0, 119.0, 5.2, -1.4),
        (190.0, 112.0, 6.5, -1.6),
        (174.0, 119.0, 5.2, 1.4),
    ):
        strokes += _balloon(x, y, size, lean)
    return strokes


@template
def thank_you() -> list[Stroke]:
    """A sprig of leaves in each corner."""
    sprig = _sprig()
    return [
        np.where([mirror_x, mirror_y], (WIDTH, HEIGHT) - stroke, stroke)
        for mirror_x in (False, True)
        for mirror_y in (False, True)
        for stroke in sprig
    ]


def _arc(
    centre: tuple[float, float], radii: tuple[float, float], start: float, end: float
) -> Stroke:
    """Return an arc of an ellipse; angles are degrees, clockwise from three o'clock."""
    steps = int(arc_chords(max(radii), abs(math.radians(end - start)), TOLERANCE_MM))
    angle = np.radians(np.linspace(start, end, steps + 1))
    return np.column_stack(
        (centre[0] + radii[0] * np.cos(angle), centre[1] + radii[1] * np.sin(angle))
    )


def _frame(inset: float, corner: float) -> Stroke:
    """Return a closed frame `inset` mm from the edges; corners are concave arcs of `corner` mm."""
    left, top, right, bottom = inset, inset, WIDTH - inset, HEIGHT - inset
    corners = (
        (left, top, 90.0, 0.0),
        (right, top, 180.0, 90.0),
        (right, bottom, 270.0, 180.0),
        (left, bottom, 360.0, 270.0),
    )
    if not corner:
        return np.array([(x, y) for x, y, *_ in (*corners, corners[0])])
    parts = [_arc((x, y), (corner, corner), start, end) for x, y, start, end in corners]
    return np.concatenate([*parts, parts[0][:1]])


def _bunting() -> list[Stroke]:
    """Return three swags with pennants, every second one hatched."""
    swags, strokes = 3, []
    string = [
        _swag(8 + 194 * number / swags, 8 + 194 * (number + 1) / swags, 9.0, 13.0)
        for number in range(swags)
    ]
    strokes.append(np.concatenate([string[0], *(swag[1:] for swag in string[1:])]))
    flags = [corners for swag in string for corners in _pennants(swag, 7)]
    for number, (left, right, tip) in enumerate(flags):
        strokes.append(np.array([left, tip, right]))
        if number % 2 == 0:
            strokes.append(_hatching(left, right, tip))
    return strokes


def _swag(start: float, end: float, height: float, sag: float) -> Stroke:
    """Return a parabola that sags `sag` mm between two points at `height`."""
    along = np.linspace(-1, 1, 61)
    return np.column_stack((np.linspace(start, end, 61), height + sag * (1 - along**2)))


def _pennants(swag: Stroke, count: int) -> list[tuple[Stroke, Stroke, Stroke]]:
    """Return left end, right end and tip of `count` pennants on a string."""
    width, drop, flags = 6.4, 9.5, []
    for x in np.linspace(swag[0, 0], swag[-1, 0], count + 2)[1:-1]:
        left, right = (
            np.array([at, np.interp(at, *swag.T)]) for at in (x - width / 2, x + width / 2)
        )
        slope = (right - left) / np.linalg.norm(right - left)
        flags.append((left, right, (left + right) / 2 + drop * np.array([-slope[1], slope[0]])))
    return flags


def _hatching(left: Stroke, right: Stroke, tip: Stroke) -> Stroke:
    """Return a zigzag stroke that fills a pennant, inset from its edges."""
    depth = np.linspace(0.14, 0.78, 9)[:, None]
    inset = 0.09
    starts, ends = left + (tip - left) * depth, right + (tip - right) * depth
    starts, ends = starts + (ends - starts) * inset, ends - (ends - starts) * inset
    rows = np.stack((starts, ends), axis=1)
    rows[1::2] = rows[1::2, ::-1]
    zigzag: Stroke = rows.reshape(-1, 2)
    return zigzag


def _balloon(x: float, y: float, size: float, lean: float) -> list[Stroke]:
    """Return a balloon of half width `size` mm: outline, knot and string, and a highlight.

    The string swings `lean` mm sideways.
    """
    turn = np.linspace(math.pi, 3 * math.pi, 73)
    # A circle elongated towards the knot.
    outline = np.column_stack(
        (x + size * np.sin(turn) * (1 + 0.08 * np.cos(turn)), y - 1.18 * size * np.cos(turn))
    )
    knot_y = y + 1.18 * size
    knot = np.array(
        [(x - 1.1, knot_y + 1.6), (x + 1.1, knot_y + 1.6), (x, knot_y), (x, knot_y + 1.6)]
    )
    fall = np.linspace(0, 1, 41)[1:]
    string = np.column_stack(
        (x + lean * np.sin(2.2 * math.pi * fall) * fall, knot_y + 1.6 + 2.6 * size * fall)
    )
    glint = _arc((x, y), (size * 0.68, size * 0.8), 190.0, 245.0)
    return [np.concatenate((outline, knot, string)), glint]


def _sprig() -> list[Stroke]:
    """Return the sprig of the upper left corner: two stems with leaves on both sides."""
    return [
        *_branch((17.0, 17.0), (42.0, 20.0), (70.0, 12.5), leaves=9),
        *_branch((17.0, 17.0), (20.0, 38.0), (12.5, 60.0), leaves=8),
    ]


def _branch(
    start: tuple[float, float], bend: tuple[float, float], end: tuple[float, float], *, leaves: int
) -> list[Stroke]:
    """Return a stem, a quadratic Bezier curve, and its leaves, smaller towards the tip."""
    from_start, to_bend, to_end = np.array(start), np.array(bend), np.array(end)

    def at(t: float) -> tuple[Stroke, float]:
        point = (1 - t) ** 2 * from_start + 2 * t * (1 - t) * to_bend + t**2 * to_end
        ahead = 2 * (1 - t) * (to_bend - from_start) + 2 * t * (to_end - to_bend)
        return point, math.atan2(ahead[1], ahead[0])

    strokes = [np.array([at(t)[0] for t in np.linspace(0, 1, 41).tolist()])]
    for number, t in enumerate(np.linspace(0.13, 0.91, leaves).tolist()):
        point, direction = at(t)
        aside = math.radians(52.0 if number % 2 else -52.0)
        strokes.append(_leaf(point, direction + aside, 8.6 - 3.8 * t))
    return [*strokes, _leaf(*at(1.0), 5.0)]


def _leaf(base: Stroke, direction: float, length: float) -> Stroke:
    """Return a pointed leaf of `length` mm from its `base`; `direction` is in radians."""
    along = np.linspace(0, 1, 17)
    belly = 0.21 * np.sin(math.pi * along**0.85)
    there = np.column_stack((along, belly))
    back = np.column_stack((along, -belly))[-2::-1]
    turned = np.array(
        [[math.cos(direction), math.sin(direction)], [-math.sin(direction), math.cos(direction)]]
    )
    leaf: Stroke = base + length * np.concatenate((there, back)) @ turned
    return leaf
