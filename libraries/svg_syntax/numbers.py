"""How numbers are written: finite, at most three decimals, no zeros at the end."""

from __future__ import annotations

import numbers
from collections.abc import Iterable
from typing import Any

import numpy as np
import orjson
from numpy.typing import ArrayLike, NDArray

from libraries.errors import InvalidInput

# A kilometre: far beyond any paper, and near enough that a micrometre still counts in a double.
MAX_NUMBER = 1_000_000.0
DECIMALS = 3
MIN_POINTS = 2


def written(value: object, name: str) -> str:
    """Return the number `value` as it is written in a document; `name` stands for it in errors.

    Raises:
        InvalidInput: `value` is not a number (truth values and text are not), not finite, or beyond
            a kilometre in mm.
    """
    number: Any = value
    if isinstance(value, bool) or not isinstance(value, numbers.Real):
        raise InvalidInput(f"{name} must be a number", code="bad-number", field=name)
    # A comparison with NaN is false as well; an integer too long for a double is compared before it
    # is converted.
    if not abs(number) <= MAX_NUMBER:
        raise InvalidInput(
            f"{name} must be a finite number between -{MAX_NUMBER:.0f} and {MAX_NUMBER:.0f}",
            code="bad-number",
            field=name,
        )
    text = f"{float(number):.{DECIMALS}f}".rstrip("0").rstrip(".")
    return "0" if text == "-0" else text


def written_positive(value: object, name: str) -> str:
    """Return the number `value` as it is written in a document, if it is at least a micrometre.

    Raises:
        InvalidInput: see `written`; or it would be written as zero or below.
    """
    text = written(value, name)
    if text == "0" or text.startswith("-"):
        raise InvalidInput(f"{name} must be more than zero", code="bad-number", field=name)
    return text


def as_points(points: ArrayLike | Iterable[object], name: str = "points") -> NDArray[np.float64]:
    """Return `points` as an array of shape (n, 2) with n of at least 2.

    Raises:
        InvalidInput: they are not pairs of numbers, or too few.
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


def check_points(places: NDArray[np.float64], name: str = "points") -> NDArray[np.float64]:
    """Return `places`, an array of shape (n, 2), if all of them can stand in a drawing.

    Raises:
        InvalidInput: a number is not finite or beyond a kilometre in mm.
    """
    # The largest value of an array with NaN is NaN, and NaN is not within anything.
    if not max(-float(places.min()), float(places.max())) <= MAX_NUMBER:
        raise InvalidInput(
            f"{name} must be finite numbers between -{MAX_NUMBER:.0f} and {MAX_NUMBER:.0f}",
            code="bad-number",
            field=name,
        )
    return places


def written_points(lines: list[NDArray[np.float64]], name: str = "points") -> list[bytes]:
    """Return each array of shape (n, 2) written as `x,y x,y ...`; see `stroke_blocks` for many.

    Raises:
        InvalidInput: a number is not finite or beyond a kilometre in mm.
    """
    # Adding zero turns -0.0 into 0.0.
    return [_dump(np.round(check_points(line, name), DECIMALS) + 0.0) for line in lines]


def _dump(points: NDArray[np.float64]) -> bytes:
    pairs = (
        orjson.dumps(points, option=orjson.OPT_SERIALIZE_NUMPY)
        .replace(b".0,", b",")
        .replace(b".0]", b"]")
    )
    return pairs[2:-2].replace(b"],[", b" ")
