"""Gradient noise: smooth, seeded randomness over the plane."""

from __future__ import annotations

import numpy as np

from libraries.geometry.arrays import Floats

# The pattern repeats after this many units; a power of two, so that a mask finds the place in the
# table.
PERIOD = 256


class GradientNoise:
    """Noise that is 0 at whole coordinates, varies over about one unit, and lies between -1 and 1.

    The lattice carries random unit gradients, blended by the quintic of Perlin, "Improving Noise"
    (2002). Only sums, products and roots are used, which every processor computes alike.

    Args:
        rng: where the gradients come from; the same state gives the same noise.
    """

    def __init__(self, rng: np.random.Generator) -> None:
        """Draw the gradients and the order in which the lattice uses them."""
        gradients = rng.uniform(-1, 1, (PERIOD, 2))
        # No gradient may have the length 0.
        gradients[:, 0] += 1e-9
        # The highest value that two-dimensional noise with unit gradients can reach is sqrt(1/2).
        self._gradients = gradients / np.sqrt((gradients**2).sum(axis=1, keepdims=True)) / (2**-0.5)
        order = rng.permutation(PERIOD)
        self._order = np.concatenate((order, order))

    def at(self, x: Floats, y: Floats) -> Floats:
        """Return the noise at `x` and `y`, arrays that broadcast to the shape of the result."""
        return self._blend(x, y)[0]

    def slope(self, x: Floats, y: Floats) -> tuple[Floats, Floats]:
        """Return how steeply the noise rises along x and along y, as two arrays."""
        _, along_x, along_y = self._blend(x, y)
        return along_x, along_y

    def fractal(self, x: Floats, y: Floats, octaves: int) -> Floats:
        """Return a sum of `octaves` noises, each finer and lower than the last; within -1 and 1."""
        # Each octave is moved, so that their zeros do not fall on the same places.
        parts = [
            self.at(x * 2**each + 17.3 * each, y * 2**each - 9.1 * each) / 2**each
            for each in range(octaves)
        ]
        total: Floats = np.sum(parts, axis=0) / (2 - 2 ** (1 - octaves))
        return total

    def _blend(self, x: Floats, y: Floats) -> tuple[Floats, Floats, Floats]:
        """Return the noise and its two derivatives."""
        x, y = np.broadcast_arrays(x, y)
        column, row = np.floor(x).astype(np.int64), np.floor(y).astype(np.int64)
        u, v = x - column, y - row
        ease_u, ease_v = _ease(u), _ease(v)
        corners = {}
        for right in (0, 1):
            for below in (0, 1):
                place = self._order[
                    self._order[(column + right) & (PERIOD - 1)] + ((row + below) & (PERIOD - 1))
                ]
                gx, gy = self._gradients[place, 0], self._gradients[place, 1]
                corners[right, below] = gx, gy, gx * (u - right) + gy * (v - below)
        parts = []
        for which in range(3):
            a, b, c, d = (corners[key][which] for key in ((0, 0), (1, 0), (0, 1), (1, 1)))
            parts.append(
                a + ease_u * (b - a) + ease_v * (c - a) + ease_u * ease_v * (a - b - c + d)
            )
        a, b, c, d = (corners[key][2] for key in ((0, 0), (1, 0), (0, 1), (1, 1)))
        along_x = parts[0] + _ease_slope(u) * (b - a + ease_v * (a - b - c + d))
        along_y = parts[1] + _ease_slope(v) * (c - a + ease_u * (a - b - c + d))
        return parts[2], along_x, along_y


def _ease(t: Floats) -> Floats:
    return t * t * t * (t * (t * 6 - 15) + 10)


def _ease_slope(t: Floats) -> Floats:
    return 30 * t * t * (t * (t - 2) + 1)
