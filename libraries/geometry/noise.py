"""Seeded gradient noise over the plane."""

from __future__ import annotations

import numpy as np

from libraries.geometry.arrays import Floats, Integers


class GradientNoise:
    """Noise from -1 to 1 that is 0 at whole coordinates and varies over about one unit.

    Random unit gradients are blended by the quintic of Perlin, "Improving Noise" (2002). Only
    sums, products and roots are used, so results are equal on all processors.
    """

    # Period in units; a power of two, so that a mask replaces the modulo operation.
    PERIOD = 256

    def __init__(self, rng: np.random.Generator) -> None:
        gradients = rng.uniform(-1, 1, (self.PERIOD, 2))
        # Avoid zero gradients.
        gradients[:, 0] += 1e-9
        # Two-dimensional noise with unit gradients is at most sqrt(1/2).
        self._gradients = gradients / np.sqrt((gradients**2).sum(axis=1, keepdims=True)) / (2**-0.5)
        order = rng.permutation(self.PERIOD)
        self._order = np.concatenate((order, order))

    def at(self, x: Floats, y: Floats) -> Floats:
        """Return the noise at `x` and `y`, arrays that are broadcast together."""
        return self._blend(x, y)[0]

    def slope(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return the partial derivatives along x and along y."""
        _, along_x, along_y = self._blend(x, y)
        return along_x, along_y

    def fractal(self, x: Floats, y: Floats, octaves: int) -> Floats:
        """Return the normalized sum of `octaves` noises of halving size and amplitude."""
        # Offsets keep the zeros of the octaves apart.
        parts = [
            self.at(x * 2**each + 17.3 * each, y * 2**each - 9.1 * each) / 2**each
            for each in range(octaves)
        ]
        total: Floats = np.sum(parts, axis=0) / (2 - 2 ** (1 - octaves))
        return total

    def _blend(self, x: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
        x, y = np.broadcast_arrays(x, y)
        column, row = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
        u, v = x - column, y - row
        ease_u, ease_v = _ease(u), _ease(v)
        corners = []
        for right, below in ((0, 0), (1, 0), (0, 1), (1, 1)):
            gx, gy = self._gradient(column + right, row + below)
            corners.append((gx, gy, gx * (u - right) + gy * (v - below)))
        parts = [
            a + ease_u * (b - a) + ease_v * (c - a) + ease_u * ease_v * (a - b - c + d)
            for a, b, c, d in zip(*corners, strict=True)
        ]
        a, b, c, d = (noise for _, _, noise in corners)
        along_x = parts[0] + _ease_slope(u) * (b - a + ease_v * (a - b - c + d))
        along_y = parts[1] + _ease_slope(v) * (c - a + ease_u * (a - b - c + d))
        return parts[2], along_x, along_y

    def _gradient(self, column: Integers, row: Integers) -> tuple[Floats, Floats]:
        mask = self.PERIOD - 1
        index = self._order[self._order[column & mask] + (row & mask)]
        return self._gradients[index, 0], self._gradients[index, 1]


def _ease(t: Floats) -> Floats:
    return t * t * t * (t * (t * 6 - 15) + 10)


def _ease_slope(t: Floats) -> Floats:
    return 30 * t * t * (t * (t - 2) + 1)
