"""The strokes of a drawing as flat arrays, in the order in which a plotter draws them."""

from __future__ import annotations

from collections.abc import Sequence
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
# A kilometre: far beyond every plotter, and near enough that sums of lengths stay exact to a
# micrometre.
MAX_COORDINATE_MM = 1_000_000.0
MAX_PEN_WIDTH_MM = 50.0
MAX_PEN_SPEED = 10_000.0


@dataclass(frozen=True)
class Pen:
    """A pen: its name, its colour, the `width` of its line in mm, and its `speed` in mm/s.

    Without a speed the pen moves as fast as the plotter draws.

    Raises:
        InvalidInput: the width is not more than 0 and at most 50 mm, or the speed not more than 0
            and at most 10,000 mm/s.
    """

    name: str
    colour: str = "#000000"
    width: float = 0.3
    speed: float | None = None

    def __post_init__(self) -> None:
        """Check the numbers; comparisons are worded so that NaN fails them."""
        if not 0 < self.width <= MAX_PEN_WIDTH_MM:
            raise InvalidInput(
                f"the width of a pen must be more than 0 and at most {MAX_PEN_WIDTH_MM:.0f} mm",
                code="bad-pen",
                field="width",
            )
        if self.speed is not None and not 0 < self.speed <= MAX_PEN_SPEED:
            raise InvalidInput(
                f"the speed of a pen must be more than 0 and at most {MAX_PEN_SPEED:,.0f} mm/s",
                code="bad-pen",
                field="speed",
            )


class Strokes:
    """The strokes of a drawing; y points down.

    Stroke `i` runs through `coordinates[offsets[i]:offsets[i + 1]]` and lies on layer `layers[i]`.
    Strokes without a vertex are left out, as nothing of them is drawn. A stroke of one vertex is a
    dot.

    Attributes:
        coordinates: float array of shape (n, 2) in mm.
        offsets: integer array of shape (k + 1,), from 0 to n, never falling.
        layers: integer array of shape (k,), the index of each stroke's layer.

    Raises:
        InvalidInput: the arrays do not fit together, or a coordinate is not finite or more than a
            kilometre away.
    """

    def __init__(self, coordinates: ArrayLike, offsets: ArrayLike, layers: ArrayLike) -> None:
        """Take the arrays as they are where their types allow it: they are read, never written."""
        places = _coordinates(coordinates)
        bounds, levels = _integers(offsets, "offsets"), _integers(layers, "layers")
        if (
            len(bounds) != len(levels) + 1
            or bounds[0] != 0
            or bounds[-1] != len(places)
            or (np.diff(bounds) < 0).any()
        ):
            raise InvalidInput(
                "offsets must rise from 0 to the number of vertices, with one more offset than layers",
                code="bad-strokes",
                field="offsets",
            )
        if (levels < 0).any():
            raise InvalidInput("layers are counted from 0", code="bad-strokes", field="layers")
        drawn = np.diff(bounds) > 0
        self.coordinates: Floats = places
        self.offsets: Integers = np.append(bounds[:-1][drawn], len(places))
        self.layers: Integers = levels[drawn]

    def __len__(self) -> int:
        """Return the number of strokes that have a vertex."""
        return len(self.layers)

    @cached_property
    def steps(self) -> Floats:
        """Return the distance in mm of each vertex from the one before in its stroke, or 0."""
        steps = np.zeros(len(self.coordinates))
        moved = np.diff(self.coordinates, axis=0)
        np.hypot(moved[:, 0], moved[:, 1], out=steps[1:])
        steps[self.offsets[:-1]] = 0.0
        return steps

    @cached_property
    def lengths(self) -> Floats:
        """Return the length of each stroke: shape (k,), mm."""
        return np.add.reduceat(self.steps, self.offsets[:-1]) if len(self) else np.zeros(0)

    def travels(self, origin: Point | None) -> Floats:
        """Return the lengths in mm of the moves with the pen up, in drawing order.

        The layers are drawn one after another by rising index, and the strokes of each in the order
        given. With an `origin` in mm, the first move comes from there and the last one goes back;
        with None the pen starts at the first stroke and stays at the last.

        Raises:
            InvalidInput: the origin is not finite or more than a kilometre away.
        """
        order = np.argsort(self.layers, kind="stable")
        starts, ends = (
            self.coordinates[self.offsets[:-1][order]],
            self.coordinates[self.offsets[1:][order] - 1],
        )
        if origin is not None and len(self):
            home = _coordinates([origin])
            starts, ends = np.vstack([starts, home]), np.vstack([home, ends])
        else:
            starts, ends = starts[1:], ends[:-1]
        moved = starts - ends
        return np.hypot(moved[:, 0], moved[:, 1])

    def pen_changes(self, pens: Sequence[Pen]) -> int:
        """Return the number of pen changes between drawn layers; `pens` has the pen of each.

        Raises:
            InvalidInput: a layer has no pen.
        """
        self.check_pens(pens)
        used = [pens[layer] for layer in np.unique(self.layers)]
        return sum(before != after for before, after in pairwise(used))

    def check_pens(self, pens: Sequence[Pen]) -> None:
        """See that every layer has its pen.

        Raises:
            InvalidInput: one has none.
        """
        if len(self) and self.layers.max() >= len(pens):
            raise InvalidInput(
                f"layer {self.layers.max()} has no pen; {len(pens)} are known",
                code="bad-strokes",
                field="pens",
            )


def _coordinates(given: ArrayLike) -> Floats:
    try:
        places = np.asarray(given, dtype=np.float64)
    except (TypeError, ValueError, OverflowError):
        raise InvalidInput(
            "coordinates must be numbers", code="bad-strokes", field="coordinates"
        ) from None
    if places.size == 0:
        return places.reshape(0, 2)
    if places.ndim != 2 or places.shape[1] != 2:  # noqa: PLR2004 - x and y
        raise InvalidInput(
            "coordinates must be pairs of x and y", code="bad-strokes", field="coordinates"
        )
    # The largest value of an array with NaN is NaN, and NaN is not within anything.
    if not max(-float(places.min()), float(places.max())) <= MAX_COORDINATE_MM:
        raise InvalidInput(
            f"coordinates must be finite and within {MAX_COORDINATE_MM:,.0f} mm of the origin",
            code="bad-strokes",
            field="coordinates",
        )
    return places


def _integers(given: ArrayLike, name: str) -> Integers:
    try:
        numbers: NDArray[Any] = np.asarray(given)
    except (TypeError, ValueError, OverflowError):
        raise InvalidInput(
            f"{name} must be whole numbers", code="bad-strokes", field=name
        ) from None
    if numbers.ndim != 1 or (numbers.size and numbers.dtype.kind not in "iu"):
        raise InvalidInput(f"{name} must be a row of whole numbers", code="bad-strokes", field=name)
    return numbers.astype(np.int64, copy=False)
