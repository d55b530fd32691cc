"""Transforms of elements, by the attribute of SVG and by the property of CSS."""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from functools import lru_cache

import numpy as np

from libraries.errors import InvalidInput
from libraries.geometry.transforms import Matrix, identity
from libraries.svg_reader.appearance import PIXELS, Lengths
from libraries.svg_syntax.attributes import transform_matrix

Viewport = tuple[float, float]


class _Syntax:
    """Regular expressions of transforms, and their limits."""

    MAX_CHARS = 20_000
    LARGEST = 1e12
    FUNCTION = re.compile(r"\s*,?\s*([A-Za-z][A-Za-z0-9]*)\s*\(([^()]*)\)", re.ASCII)
    NUMBER = re.compile(
        r"([+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][+-]?[0-9]+)?)\s*(%|[a-zA-Z]*)", re.ASCII
    )
    DEGREES: Mapping[str, float] = {
        "": 1.0,
        "deg": 1.0,
        "rad": 180 / math.pi,
        "grad": 0.9,
        "turn": 360.0,
    }


def transform_of(
    attributes: Mapping[str, str], viewport: Viewport, corner: tuple[float, float] | None = None
) -> Matrix | None:
    """Return the transform of an element, or None without one.

    Percentages and `transform-origin` refer to the viewport, or to a box of this size at `corner`.

    Raises:
        ValueError: the transform is malformed.
    """
    text = attributes.get("transform", "")
    if "transform-origin" not in attributes and corner is None:
        if not text:
            return None
        try:
            return _known_transform(text)
        except InvalidInput:
            return _product(text, viewport)
    if not text:
        return None
    x, y = _origin(attributes.get("transform-origin", "0 0"), viewport)
    left, top = corner or (0.0, 0.0)
    x, y = x + left, y + top
    there, back = _moved(x, y), _moved(-x, -y)
    return _multiplied(_multiplied(there, _product(text, viewport)), back)


# The same few transforms are frequent, such as those of letters.
_known_transform = lru_cache(maxsize=1024)(transform_matrix)


def _product(text: str, viewport: Viewport) -> Matrix:
    text = text.strip()
    made = identity()
    if text.lower() in {"", "none", "inherit", "initial", "unset"}:
        return made
    position = 0
    while position < len(text):
        found = _Syntax.FUNCTION.match(text, position)
        if found is None or len(text) > _Syntax.MAX_CHARS:
            raise ValueError(text[:40])
        made = _multiplied(made, _function(found[1], found[2], viewport))
        position = found.end()
    if not np.isfinite(made).all():
        raise ValueError(text[:40])
    return made


def _function(name: str, text: str, viewport: Viewport) -> Matrix:
    values = _Syntax.NUMBER.findall(text)
    if not values or _Syntax.NUMBER.sub("", text).replace(",", "").strip():
        raise ValueError(text[:40])
    try:
        if name.startswith("translate"):
            arguments = [
                _length(value, viewport[1 if name == "translateY" or place else 0])
                for place, value in enumerate(values)
            ]
        elif name.startswith(("rotate", "skew")):
            arguments = [
                float(number)
                * (_Syntax.DEGREES[unit.lower()] if place == 0 or len(values) < 3 else 1.0)  # noqa: PLR2004 - angle, x, y
                for place, (number, unit) in enumerate(values)
            ]
        else:
            arguments = [float(number) / (100 if unit == "%" else 1) for number, unit in values]
        if not all(abs(argument) <= _Syntax.LARGEST for argument in arguments):
            raise ValueError(text[:40])
        return _FUNCTIONS[name](*arguments)
    except (KeyError, TypeError, OverflowError):
        raise ValueError(text[:40]) from None


def _length(value: tuple[str, str], whole: float) -> float:
    number, unit = value
    return float(number) * (whole / 100 if unit == "%" else PIXELS[unit.lower()])


def _origin(text: str, viewport: Viewport) -> tuple[float, float]:
    """Return the origin of a transform; words and percentages are of the viewport."""
    words = {"left": 0.0, "right": 1.0, "top": 0.0, "bottom": 1.0, "center": 0.5}
    parts = text.lower().split()[:2]
    if len(parts) == 1:
        parts = ["center", parts[0]] if parts[0] in {"top", "bottom"} else [parts[0], "center"]
    if len(parts) < 2 or parts[0] in {"top", "bottom"} or parts[1] in {"left", "right"}:  # noqa: PLR2004 - x and y
        parts = parts[::-1]
    values = [
        words[part] * whole if part in words else Lengths.read(part, whole)
        for part, whole in zip(parts, viewport, strict=False)
    ]
    if len(values) < 2 or None in values:  # noqa: PLR2004 - x and y
        raise ValueError(text[:40])
    return float(values[0] or 0.0), float(values[1] or 0.0)


def _moved(across: float, down: float = 0.0) -> Matrix:
    return np.array([[1.0, 0.0, across], [0.0, 1.0, down]])


def _scaled(across: float, down: float | None = None) -> Matrix:
    return np.array([[across, 0.0, 0.0], [0.0, across if down is None else down, 0.0]])


def _turned(degrees: float, x: float = 0.0, y: float = 0.0) -> Matrix:
    sine, cosine = math.sin(math.radians(degrees)), math.cos(math.radians(degrees))
    turn = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0]])
    return _multiplied(_multiplied(_moved(x, y), turn), _moved(-x, -y))


def _skewed(across: float, down: float = 0.0) -> Matrix:
    tangents = math.tan(math.radians(across)), math.tan(math.radians(down))
    return np.array([[1.0, tangents[0], 0.0], [tangents[1], 1.0, 0.0]])


def _multiplied(outer: Matrix, inner: Matrix) -> Matrix:
    """Return the product of two transforms without a limit of their numbers."""
    square = outer[:, :2] @ inner[:, :2]
    return np.column_stack([square, outer[:, :2] @ inner[:, 2] + outer[:, 2]])


_FUNCTIONS: Mapping[str, Callable[..., Matrix]] = {
    "translate": _moved,
    "translateX": _moved,
    "translateY": lambda down: _moved(0.0, down),
    "scale": _scaled,
    "scaleX": lambda across: _scaled(across, 1.0),
    "scaleY": lambda down: _scaled(1.0, down),
    "rotate": _turned,
    "rotateZ": _turned,
    "skew": _skewed,
    "skewX": _skewed,
    "skewY": lambda down: _skewed(0.0, down),
    "matrix": lambda a, b, c, d, e, f: np.array([[a, c, e], [b, d, f]], dtype=np.float64),
}
