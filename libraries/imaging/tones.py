"""Tones: the darkness of an image at each point of a page."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from libraries.geometry.arrays import Floats
from libraries.imaging.reading import Greys

Fit = Literal["cover", "contain"]
LEVELS = 256
# Tones are multiples of this, so that rounding differences of processors disappear.
STEP = 1 / 1024


@dataclass(frozen=True)
class Box:
    """A rectangle in mm: its upper left corner and its size."""

    left: float
    top: float
    width: float
    height: float


class Tones:
    """The tones of an image in `box`: shape (rows, columns), from 0 for paper to 1 for full ink."""

    def __init__(self, dark: Floats, box: Box) -> None:
        self.dark, self.box = dark, box

    @property
    def pixel(self) -> tuple[float, float]:
        """Return the width and height of a pixel in mm."""
        return self.box.width / self.dark.shape[1], self.box.height / self.dark.shape[0]

    def at(self, x: Floats, y: Floats) -> Floats:
        """Return the tones at `x` and `y` in mm by bilinear interpolation, clamped to the edges."""
        rows, columns = self.dark.shape
        u = np.clip((x - self.box.left) / self.box.width * columns - 0.5, 0, columns - 1)
        v = np.clip((y - self.box.top) / self.box.height * rows - 0.5, 0, rows - 1)
        left, top = u.astype(np.int64), v.astype(np.int64)
        right, below = np.minimum(left + 1, columns - 1), np.minimum(top + 1, rows - 1)
        u, v = u - left, v - top
        upper = self.dark[top, left] * (1 - u) + self.dark[top, right] * u
        return np.asarray(
            upper * (1 - v) + (self.dark[below, left] * (1 - u) + self.dark[below, right] * u) * v
        )

    def averaged(self, cell: float) -> Tones:
        """Return the tones averaged over squares of about `cell` mm, if pixels are smaller."""
        rows, columns = (
            max(1, min(count, round(length / cell)))
            for count, length in zip(
                self.dark.shape, (self.box.height, self.box.width), strict=True
            )
        )
        sums = _cumulated(_cumulated(self.dark, rows).T, columns).T
        means = np.diff(np.diff(sums, axis=0), axis=1) * (rows * columns / self.dark.size)
        return Tones(np.asarray(np.clip(means, 0, 1)), self.box)


def place(
    greys: Greys,
    box: Box,
    *,
    fit: Fit,
    gamma: float,
    equalise: float,
    detail: float = 0.0,
    stretch: bool = True,
) -> Tones:
    """Return the tones of an image in the centre of `box`.

    `cover` fills the box and crops the image; `contain` shows all of it. A `gamma` of more than 1
    lightens the midtones. `equalise`, from 0 to 1, and `detail` are the amounts of histogram
    equalisation and sharpening. With `stretch` the darkest greys become black and the lightest
    white.
    """
    seen, room = _fitted(greys, box, fit)
    level = np.round(seen * (LEVELS - 1)).astype(np.int64)
    count = np.bincount(level.ravel(), minlength=LEVELS)
    dark = _curve(count, gamma, equalise, stretch=stretch)[level]
    return Tones(_sharpened(dark, room, detail) if detail else dark, room)


def _sharpened(dark: Floats, room: Box, detail: float) -> Floats:
    """Sharpen tones by an unsharp mask with means over squares."""
    rows, columns = dark.shape
    # The size of the squares is a share of the shorter side.
    coarse = Tones(dark, room).averaged(min(room.width, room.height) * (1 / 16))
    x = room.left + (np.arange(columns) + 0.5) * room.width / columns
    y = room.top + (np.arange(rows) + 0.5) * room.height / rows
    sharp = dark + detail * (dark - coarse.at(x[None, :], y[:, None]))
    # White stays white.
    return np.asarray(np.where(dark > 0, np.round(np.clip(sharp, 0, 1) / STEP) * STEP, 0.0))


def _fitted(greys: Greys, box: Box, fit: Fit) -> tuple[Greys, Box]:
    """Return the visible part of the image and its box."""
    rows, columns = greys.shape
    across, down = box.width / columns, box.height / rows
    if fit == "contain":
        scale = min(across, down)
        width, height = columns * scale, rows * scale
        return greys, Box(
            box.left + (box.width - width) / 2, box.top + (box.height - height) / 2, width, height
        )
    scale = max(across, down)
    wide, high = max(1, round(box.width / scale)), max(1, round(box.height / scale))
    left, top = (columns - wide) // 2, (rows - high) // 2
    return greys[top : top + high, left : left + wide], box


def _curve(count: NDArray[np.int64], gamma: float, equalise: float, *, stretch: bool) -> Floats:
    """Return the tone of each grey level from the histogram `count`."""
    total = count.sum()
    below = np.cumsum(count)
    # The share of pixels that may be clipped to black and to white.
    clipped = 0.005
    low, high = (int(np.searchsorted(below, total * share)) for share in (clipped, 1 - clipped))
    level = np.arange(LEVELS)
    # Images of one grey are not stretched.
    even = high - low < LEVELS // 64
    stretched = (
        level / (LEVELS - 1) if even or not stretch else np.clip((level - low) / (high - low), 0, 1)
    )
    ranked = stretched if even else (below - count / 2) / total
    dark = 1 - ((1 - equalise) * stretched + equalise * ranked)
    return np.asarray(np.round(np.clip(dark, 0, 1) ** gamma / STEP) * STEP)


def _cumulated(values: Floats, parts: int) -> Floats:
    """Return the sums of the rows of `values` above each of `parts` + 1 equidistant cuts."""
    sums = np.vstack((np.zeros(values.shape[1]), np.cumsum(values, axis=0)))
    cut = np.linspace(0, len(values), parts + 1)
    row = np.minimum(cut.astype(np.int64), len(values) - 1)
    share = (cut - row)[:, None]
    return np.asarray(sums[row] * (1 - share) + sums[row + 1] * share)
