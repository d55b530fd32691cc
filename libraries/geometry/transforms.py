"""Affine transforms of points in mm as arrays of shape (2, 3); y points down, angles are clockwise.

The array `[[a, c, e], [b, d, f]]` corresponds to `matrix(a b c d e f)` in SVG.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from functools import lru_cache
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
VerticalPosition = Literal["top", "middle", "bottom"]

# The share of the free space before the drawing.
ACROSS: Mapping[str, float] = {"left": 0.0, "center": 0.5, "right": 1.0}
DOWN: Mapping[str, float] = {"top": 0.0, "middle": 0.5, "bottom": 1.0}
FITS = ("contain", "cover", "fill", "none")
# Transforms that scale a kilometre to a nanometre are treated as singular.
MIN_DETERMINANT = 1e-18


def identity() -> Matrix:
    return np.array([[1.0, 0.0, 0.0], [0.0, 1.0, 0.0]])


def matrix(a: float, b: float, c: float, d: float, e: float, f: float) -> Matrix:  # noqa: PLR0917 - as SVG has them
    """Return SVG's `matrix(a b c d e f)`: x' = a x + c y + e, y' = b x + d y + f."""
    # Faster than a comparison of the array; NaN fails these comparisons.
    most = MAX_COORDINATE_MM
    if not (
        abs(a) <= most
        and abs(b) <= most
        and abs(c) <= most
        and abs(d) <= most
        and abs(e) <= most
        and abs(f) <= most
    ):
        raise _bad_transform(
            f"the numbers of a transform must be finite and within {MAX_COORDINATE_MM:,.0f}"
        )
    return np.array([[a, c, e], [b, d, f]], dtype=np.float64)


def _bad_transform(text: str, field: str = "transform") -> InvalidInput:
    return InvalidInput(text, code="bad-transform", field=field)


def translation(across: float, down: float) -> Matrix:
    """Return the translation by `across` and `down` in mm."""
    return matrix(1, 0, 0, 1, across, down)


def rotation(degrees: float, centre: tuple[float, float] = (0.0, 0.0)) -> Matrix:
    """Return the rotation by `degrees` clockwise around `centre` in mm."""
    if not math.isfinite(degrees):
        raise _bad_transform("an angle must be finite")
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
    """Return `inner` with `centre` as its origin."""
    x, y = centre
    return combined(translation(x, y), inner, translation(-x, -y))


def combined(*steps: Matrix) -> Matrix:
    """Return the product of transforms; the last one is applied first, as in SVG."""
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
    """Return the inverse of `transform`; raise `InvalidInput` if it is singular or nearly so."""
    if not abs(determinant(transform)) > MIN_DETERMINANT:
        raise _bad_transform("the transform is singular: it cannot be inverted")
    (a, c, e), (b, d, f) = transform.tolist()
    area = determinant(transform)
    return matrix(
        d / area, -b / area, -c / area, a / area, (c * f - d * e) / area, (b * e - a * f) / area
    )


def determinant(transform: Matrix) -> float:
    """Return the factor of areas; negative if `transform` mirrors."""
    (a, c, _), (b, d, _) = transform.tolist()
    return float(a * d - c * b)


def magnification(transform: Matrix) -> float:
    """Return the largest factor of lengths."""
    (a, c, _), (b, d, _) = transform.tolist()
    return _magnification(a, b, c, d)


@lru_cache(maxsize=1024)
def _magnification(a: float, b: float, c: float, d: float) -> float:
    return float(np.linalg.norm(np.array([[a, c], [b, d]]), 2))


def applied(transform: Matrix, points: Floats) -> Floats:
    """Return `points`, an array of shape (n, 2) in mm, transformed."""
    # A matrix product may round differently on other machines, and even from row to row.
    x, y = points[:, 0], points[:, 1]
    return np.column_stack([row[0] * x + row[1] * y + row[2] for row in transform])


def fitting(
    source: Rectangle,
    box: Rectangle,
    fit: Fit = "contain",
    *,
    align: HorizontalAlign = "center",
    vertical: VerticalPosition = "middle",
) -> Matrix:
    """Return the transform that moves the rectangle `source` into `box`.

    `contain` shows all of the source, `cover` fills all of the box, `fill` stretches, and `none`
    keeps the size. An unknown word raises `UnknownName`, a size of 0 `InvalidInput`.
    """
    given = ("fit", fit, FITS), ("align", align, ACROSS), ("vertical", vertical, DOWN)
    for kind, word, choices in given:
        if word not in choices:
            raise UnknownName(kind, word, choices, field=kind)
    wide, tall = _factors(source, box, fit)
    left = box.left + (box.width - source.width * wide) * ACROSS[align] - source.left * wide
    top = box.top + (box.height - source.height * tall) * DOWN[vertical] - source.top * tall
    return matrix(wide, 0, 0, tall, left, top)


def _factors(source: Rectangle, box: Rectangle, fit: Fit) -> tuple[float, float]:
    if fit == "none":
        return 1.0, 1.0
    sides = (box.width, source.width), (box.height, source.height)
    ratios = [into / size for into, size in sides if size > 0]
    if not ratios or min(ratios) <= 0:
        raise _bad_transform("the drawing and the box must have a size", "box")
    if fit == "fill" and len(ratios) > 1:
        return ratios[0], ratios[1]
    factor = max(ratios) if fit == "cover" else min(ratios)
    return factor, factor
