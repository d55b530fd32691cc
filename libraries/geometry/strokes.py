"""Strokes as flat arrays in drawing order, and pens."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from libraries.errors import InvalidInput
from libraries.geometry.arrays import Floats, Integers

Point = tuple[float, float]

HOME: Point = (0.0, 0.0)
# A kilometre; sums of lengths stay exact to a micrometre.
MAX_COORDINATE_MM = 1_000_000.0


@dataclass(frozen=True)
class Pen:
    """A pen with the `width` of its line in mm, and how a plotter handles it.

    Attributes:
        speed: with the pen down, in mm/s (None: that of the plotter).
        height: with the pen down, in percent of the range of the servo (None: that of the plotter).
        delay: before its first stroke, in seconds.
        pause: whether the plotter waits for a person before its first stroke.

    Raises:
        InvalidInput: the width is not in (0, 50], the speed not in (0, 10,000], the height not in
            [0, 100], or the delay not in [0, 100].
    """

    MAX_PEN_SPEED = 10_000.0

    MAX_PEN_WIDTH_MM = 50.0

    MAX_DELAY_S = 100.0

    name: str
    colour: str = "#000000"
    width: float = 0.3
    speed: float | None = None
    height: float | None = None
    delay: float = 0.0
    pause: bool = False

    def __post_init__(self) -> None:
        # NaN fails these comparisons.
        if not 0 < self.width <= self.MAX_PEN_WIDTH_MM:
            raise InvalidInput(
                f"the width of a pen must be more than 0 and at most {self.MAX_PEN_WIDTH_MM:.0f} mm",
                code="bad-pen",
                field="width",
            )
        if self.speed is not None and not 0 < self.speed <= self.MAX_PEN_SPEED:
            raise InvalidInput(
                f"the speed of a pen must be more than 0 and at most {self.MAX_PEN_SPEED:,.0f} mm/s",
                code="bad-pen",
                field="speed",
            )
        if self.height is not None and not 0 <= self.height <= 100:  # noqa: PLR2004 - percent
            raise InvalidInput(
                "the height of a pen must be from 0 to 100 percent", code="bad-pen", field="height"
            )
        if not 0 <= self.delay <= self.MAX_DELAY_S:
            raise InvalidInput(
                f"the delay of a pen must be from 0 to {self.MAX_DELAY_S:.0f} seconds",
                code="bad-pen",
                field="delay",
            )


class Strokes:
    """The strokes of a drawing in mm; y points down.

    Stroke `i` consists of `coordinates[offsets[i]:offsets[i + 1]]`, on layer `layers[i]`. Strokes
    without a vertex are removed; a stroke of one vertex is a dot. Arrays are not copied or changed.

    Raises:
        InvalidInput: the arrays do not match, or a coordinate is not finite or too large.
    """

    def __init__(self, coordinates: ArrayLike, offsets: ArrayLike, layers: ArrayLike) -> None:
        points = _coordinates(coordinates)
        bounds, levels = _integers(offsets, "offsets"), _integers(layers, "layers")
        if (
            len(bounds) != len(levels) + 1
            or bounds[0] != 0
            or bounds[-1] != len(points)
            or (np.diff(bounds) < 0).any()
        ):
            raise bad_strokes(
                "offsets must ascend from 0 to the number of vertices and be one more than layers",
                "offsets",
            )
        if (levels < 0).any():
            raise bad_strokes("layers must be 0 or more", "layers")
        drawn = np.diff(bounds) > 0
        self.coordinates: Floats = points
        self.offsets: Integers = np.append(bounds[:-1][drawn], len(points))
        self.layers: Integers = levels[drawn]

    def __len__(self) -> int:
        return len(self.layers)

    @cached_property
    def steps(self) -> Floats:
        """Return the distance in mm of each vertex from the previous one in its stroke, or 0."""
        steps = np.zeros(len(self.coordinates))
        moved = np.diff(self.coordinates, axis=0)
        np.hypot(moved[:, 0], moved[:, 1], out=steps[1:])
        steps[self.offsets[:-1]] = 0.0
        return steps

    @cached_property
    def lengths(self) -> Floats:
        """Return the length of each stroke: shape (k,), mm."""
        return np.add.reduceat(self.steps, self.offsets[:-1]) if len(self) else np.zeros(0)

    def without_repetitions(self) -> Strokes:
        """Return the strokes without vertices that are equal to the previous one."""
        kept = np.ones(len(self.coordinates), dtype=np.bool_)
        kept[1:] = (self.coordinates[1:] != self.coordinates[:-1]).any(axis=1)
        kept[self.offsets[:-1]] = True
        offsets = np.concatenate([[0], np.cumsum(kept)])[self.offsets]
        return Strokes(self.coordinates[kept], offsets, self.layers)

    def travels(self, origin: Point | None) -> Floats:
        """Return the lengths in mm of the moves with the pen up, layer by layer.

        The pen starts and ends at `origin`; with None it stays on the drawing.
        """
        order = np.argsort(self.layers, kind="stable")
        starts = self.coordinates[self.offsets[:-1][order]]
        ends = self.coordinates[self.offsets[1:][order] - 1]
        if origin is not None and len(self):
            home = _coordinates([origin])
            starts, ends = np.vstack([starts, home]), np.vstack([home, ends])
        else:
            starts, ends = starts[1:], ends[:-1]
        moved = starts - ends
        return np.hypot(moved[:, 0], moved[:, 1])

    def pen_changes(self, pens: Sequence[Pen]) -> int:
        """Return the number of pen changes; `pens` has the pen of each layer."""
        self.check_pens(pens)
        used = [pens[layer] for layer in np.unique(self.layers)]
        return sum(before != after for before, after in pairwise(used))

    def check_pens(self, pens: Sequence[Pen]) -> None:
        """Raise `InvalidInput` if a layer has no pen."""
        if len(self) and self.layers.max() >= len(pens):
            raise bad_strokes(
                f"layer {self.layers.max()} has no pen; {len(pens)} are known", "pens"
            )


def bad_strokes(text: str, field: str) -> InvalidInput:
    return InvalidInput(text, code="bad-strokes", field=field)


def stroke_ranges(offsets: Integers, vertices: int) -> Iterator[tuple[int, int]]:
    """Yield ranges of strokes with about `vertices` vertices, or of one longer stroke."""
    first, count = 0, len(offsets) - 1
    while first < count:
        upto = int(np.searchsorted(offsets, offsets[first] + vertices, side="right")) - 1
        upto = max(upto, first + 1)
        yield first, upto
        first = upto


def _coordinates(given: ArrayLike) -> Floats:
    try:
        points = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise bad_strokes("coordinates must be numbers", "coordinates") from None
    if points.size == 0:
        return points.reshape(0, 2)
    if points.ndim != 2 or points.shape[1] != 2:  # noqa: PLR2004 - x and y
        raise bad_strokes("coordinates must be pairs of x and y", "coordinates")
    # NaN fails this comparison.
    if not max(-float(points.min()), float(points.max())) <= MAX_COORDINATE_MM:
        raise bad_strokes(
            f"coordinates must be finite and within {MAX_COORDINATE_MM:,.0f} mm of the origin",
            "coordinates",
        )
    return points


def _integers(given: ArrayLike, name: str) -> Integers:
    try:
        numbers: NDArray[Any] = np.asarray(given)
    except (TypeError, ValueError, OverflowError):
        raise bad_strokes(f"{name} must be whole numbers", name) from None
    if numbers.ndim != 1 or (numbers.size and numbers.dtype.kind not in "iu"):
        raise bad_strokes(f"{name} must be a one-dimensional array of whole numbers", name)
    return numbers.astype(np.int64, copy=False)
