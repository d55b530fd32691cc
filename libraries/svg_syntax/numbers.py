"""Numbers in SVG: finite, at most three decimals, no trailing zeros."""

from __future__ import annotations

import numbers
from collections.abc import Iterable
from typing import Any

import numpy as np
import orjson
from numpy.typing import ArrayLike, NDArray

from libraries.errors import InvalidInput

# A kilometre in mm.
MAX_NUMBER = 1_000_000.0
DECIMALS = 3
MIN_POINTS = 2


def written(value: object, name: str) -> str:
    """Return the number `value` as text; errors call it `name`.

    Raises:
        InvalidInput: `value` is not a number (booleans and text are not) or more than a kilometre.
    """
    number: Any = value
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise InvalidInput(f"{name} must be a number", code="bad-number", field=name)
    # NaN fails this comparison. Integers too large for a float are compared before the conversion.
    if not abs(number) <= MAX_NUMBER:
        raise InvalidInput(
            f"{name} must be a finite number between -{MAX_NUMBER:.0f} and {MAX_NUMBER:.0f}",
            code="bad-number",
            field=name,
        )
    text = f"{float(number):.{DECIMALS}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def written_positive(value: object, name: str) -> str:
    """Return the number `value` as text; raise `InvalidInput` below a micrometre."""
    text = written(value, name)
    if text == "0" or text.startswith("-"):
        raise InvalidInput(f"{name} must be more than zero", code="bad-number", field=name)
    return text


def as_points(points: ArrayLike | Iterable[object], name: str = "points") -> NDArray[np.float64]:
    """Return `points` as an array of shape (n, 2) with n of at least 2.

    Raises:
        InvalidInput: the points are not pairs of numbers, or too few.
    """
    try:
        array = np.asarray(
            points if isinstance(points, np.ndarray | list | tuple) else list(points)  # type: ignore[arg-type]
        )
    except (TypeError, ValueError):
        raise InvalidInput(
            f"{name} must be pairs of numbers", code="bad-number", field=name
        ) from None
    if array.dtype.kind not in "iuf" or array.shape[1:] != (2,) or len(array) < MIN_POINTS:
        raise InvalidInput(
            f"{name} must be at least two pairs of numbers", code="bad-number", field=name
        )
    return array.astype(np.float64, copy=False)


def check_points(points: NDArray[np.float64], name: str = "points") -> NDArray[np.float64]:
    """Return `points`; raise `InvalidInput` if a number is not finite or out of range."""
    # NaN fails this comparison.
    if not max(-float(points.min()), float(points.max())) <= MAX_NUMBER:
        raise InvalidInput(
            f"{name} must be finite numbers between -{MAX_NUMBER:.0f} and {MAX_NUMBER:.0f}",
            code="bad-number",
            field=name,
        )
    return points


def written_points(lines: list[NDArray[np.float64]], name: str = "points") -> list[bytes]:
    """Return each array of shape (n, 2) as `x,y x,y ...`; `stroke_blocks` is faster for many."""
    # Adding zero turns -0.0 into 0.0.
    return [_dump(np.round(check_points(line, name), DECIMALS) + 0.0) for line in lines]


def _dump(points: NDArray[np.float64]) -> bytes:
    pairs = (
        orjson.dumps(points, option=orjson.OPT_SERIALIZE_NUMPY)
        .replace(b".0,", b",")
        .replace(b".0]", b"]")
    )
    return pairs[2:-2].replace(b"],[", b" ")
