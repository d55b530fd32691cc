"""Affine transforms of places in mm, y down, as arrays of shape (2, 3); angles clockwise.

A matrix `[[a, c, e], [b, d, f]]` is what SVG writes as `matrix(a b c d e f)`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from libraries.errors import InvalidInput, UnknownName
from libraries.geometry.arrays import Floats
from libraries.geometry.rectangle import Rectangle
from libraries.geometry.strokes import MAX_COORDINATE_MM

Matrix = NDArray[np.float64]
Fit = Literal["contain", "cover", "fill", "none"]
HorizontalAlign = Literal["left", "center", "right"]
VerticalPlace = Literal["top", "middle", "bottom"]

# Which part of the room that is left over goes before the drawing.
ACROSS: Mapping[str, float] = {"left": 0.0, "center": 0.5, "right": 1.0}
DOWN: Mapping[str, float] = {"top": 0.0, "middle": 0.5, "bottom": 1.0}
FITS = ("contain", "cover", "fill", "none")
# A drawing is never smaller than a nanometre per kilometre; beyond it nothing can be turned back.
MIN_DETERMINANT = 1e-18


def identity() -> Matrix:
    """Return the transform that leaves everything where it is."""
    return np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


def matrix(a: float, b: float, c: float, d: float, e: float, f: float) -> Matrix:  # noqa: PLR0917 - as SVG has them
    """Return SVG's `matrix(a b c d e f)`: x' = a x + c y + e, y' = b x + d y + f.

    Raises:
        InvalidInput: a number is not finite, or beyond a million.
    """
    made = np.array([[a, c, e], [b, d, f]], dtype=np.float64)
    if not (np.abs(made) <= MAX_COORDINATE_MM).all():
        raise InvalidInput(
            f"the numbers of a transform must be finite and within {MAX_COORDINATE_MM:,.0f}",
            code="bad-transform",
            field="transform",
        )
    return made


def translation(across: float, down: float) -> Matrix:
    """Return the move by `across` and `down` in mm."""
    return matrix(1, 0, 0, 1, across, down)


def rotation(degrees: float, centre: tuple[float, float] = (0.0, 0.0)) -> Matrix:
    """Return the turn by `degrees`, clockwise as y points down, around `centre` in mm."""
    if not math.isfinite(degrees):
        raise InvalidInput("an angle must be finite", code="bad-transform", field="transform")
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    return around(centre, matrix(cosine, sine, -sine, cosine, 0, 0))


def scaling(
    across: float, down: float | None = None, centre: tuple[float, float] = (0.0, 0.0)
) -> Matrix:
    """Return the scaling by `across` and `down`, by default the same, around `centre` in mm."""
    return around(centre, matrix(across, 0, 0, across if down is None else down, 0, 0))


def skewing(across: float = 0.0, down: float = 0.0) -> Matrix:
    """Return the skew by angles in degrees: of x along y by `across`, of y along x by `down`."""
    return matrix(1, math.tan(math.radians(down)), math.tan(math.radians(across)), 1, 0, 0)


def around(centre: tuple[float, float], inner: Matrix) -> Matrix:
    """Return `inner` done with `centre` as its origin."""
    x, y = centre
    return combined(translation(x, y), inner, translation(-x, -y))


def combined(*steps: Matrix) -> Matrix:
    """Return one transform for several; the last one is applied first, as in SVG.

    Raises:
        InvalidInput: the numbers grow beyond a million.
    """
    a, b, c, d, e, f = 1.0, 0.0, 0.0, 1.0, 0.0, 0.0
    for step in steps:
        (p, r, t), (q, s, u) = step.tolist()
        a, b, c, d, e, f = (
            a * p + c * q,
            b * p + d * q,
            a * r + c * s,
            b * r + d * s,
            a * t + c * u + e,
            b * t + d * u + f,
        )
    return matrix(a, b, c, d, e, f)


def inverse(transform: Matrix) -> Matrix:
    """Return the transform that undoes `transform`.

    Raises:
        InvalidInput: it presses the plane into a line, or nearly so, and cannot be undone.
    """
    if not abs(determinant(transform)) > MIN_DETERMINANT:
        raise InvalidInput(
            "this transform presses everything into a line and cannot be undone",
            code="bad-transform",
            field="transform",
        )
    (a, c, e), (b, d, f) = transform.tolist()
    area = determinant(transform)
    return matrix(
        d / area, -b / area, -c / area, a / area, (c * f - d * e) / area, (b * e - a * f) / area
    )


def determinant(transform: Matrix) -> float:
    """Return by how much `transform` enlarges areas; negative where it mirrors."""
    return float(transform[0, 0] * transform[1, 1] - transform[0, 1] * transform[1, 0])


def magnification(transform: Matrix) -> float:
    """Return the largest factor by which `transform` stretches a length."""
    return float(np.linalg.norm(transform[:, :2], 2))


def applied(transform: Matrix, places: Floats) -> Floats:
    """Return `places`, an array of shape (n, 2) in mm, moved by `transform`."""
    # Written out, because a matrix product may round differently on another machine, and even from
    # row to row.
    x, y = places[:, 0], places[:, 1]
    return np.column_stack([row[0] * x + row[1] * y + row[2] for row in transform])


def fitting(
    source: Rectangle,
    box: Rectangle,
    fit: Fit = "contain",
    *,
    align: HorizontalAlign = "center",
    vertical: VerticalPlace = "middle",
) -> Matrix:
    """Return the transform that brings the rectangle `source` into `box`.

    Args:
        source: the rectangle to bring, in mm.
        box: where to, in mm.
        fit: `contain` shows all of it as large as it can be, `cover` leaves nothing of the box
            empty, `fill` stretches it, `none` keeps its size.
        align: where it stands in the box, from left to right: `left`, `center` or `right`.
        vertical: where it stands from top to bottom: `top`, `middle` or `bottom`.

    Raises:
        UnknownName: a word is not one of these.
        InvalidInput: the source or the box has no size in a direction that has to be scaled.
    """
    for kind, word, choices in (
        ("fit", fit, FITS),
        ("align", align, ACROSS),
        ("vertical", vertical, DOWN),
    ):
        if word not in choices:
            raise UnknownName(kind, word, choices, field=kind)
    wide, tall = _factors(source, box, fit)
    left = box.left + (box.width - source.width * wide) * ACROSS[align] - source.left * wide
    top = box.top + (box.height - source.height * tall) * DOWN[vertical] - source.top * tall
    return matrix(wide, 0, 0, tall, left, top)


def _factors(source: Rectangle, box: Rectangle, fit: Fit) -> tuple[float, float]:
    if fit == "none":
        return 1.0, 1.0
    ratios = [
        into / size
        for into, size in ((box.width, source.width), (box.height, source.height))
        if size > 0
    ]  # fmt: skip
    if not ratios or min(ratios) <= 0:
        raise InvalidInput(
            "what has no size cannot be fitted into a box, nor can anything into a box without size",
            code="bad-transform",
            field="box",
        )
    if fit == "fill" and len(ratios) > 1:
        return ratios[0], ratios[1]
    factor = max(ratios) if fit == "cover" else min(ratios)
    return factor, factor
