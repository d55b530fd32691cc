"""Reaction-diffusion simulation of Gray and Scott, for organic patterns."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from libraries.geometry.arrays import Floats

Singles = NDArray[np.float32]

# Distance of stripes or spots in cells. It follows from the diffusion and hardly from the regime.
CELLS = 11
# Side of the initial squares in cells.
SEED_CELLS = 4


@dataclass(frozen=True)
class Regime:
    """Feed and kill rates per step, and whether the pattern has stripes or dots."""

    feed: float
    kill: float
    striped: bool


# Rates of stable patterns from Pearson, "Complex patterns in a simple system", Science 261 (1993).
REGIMES = {
    "coral": Regime(0.0545, 0.062, striped=True),
    "maze": Regime(0.029, 0.057, striped=True),
    "spots": Regime(0.030, 0.062, striped=False),
    "holes": Regime(0.039, 0.058, striped=False),
}


def seed_state(rng: np.random.Generator, rows: int, columns: int) -> NDArray[np.bool_]:
    """Return the initial mask of the second substance: random squares, (`rows`, `columns`)."""
    # More squares would consume all of the first substance, and the reaction would stop.
    number = max(2, rows * columns // 400)
    corners = (rows - SEED_CELLS, columns - SEED_CELLS)
    points = rng.integers(0, corners, (number, 2), endpoint=True)
    sown = np.zeros((rows, columns), dtype=np.bool_)
    for row, column in points.tolist():
        sown[row : row + SEED_CELLS, column : column + SEED_CELLS] = True
    return sown


def simulate(
    sown: NDArray[np.bool_], regime: Regime, steps: int, progress: Callable[[float], None]
) -> Floats:
    """Return the concentration of the second substance in each cell after `steps`.

    The reaction is from Gray and Scott, Chemical Engineering Science 39 (1984). Each step adds
    `spread * laplacian(u) - u * v**2 + feed * (1 - u)` to u, and `spread * laplacian(v) + u * v**2
    - (feed + kill) * v` to v. Nothing crosses the edge. Only single-precision sums and products are
    used, so results are equal on all processors.
    """
    first, second = (
        np.pad(np.where(sown, *pair), 1).astype(np.float32) for pair in ((0.5, 1.0), (0.5, 0.0))
    )
    # Diffusion rates in squared cells per step, for the longest stable step.
    spread_first, spread_second = 0.16, 0.08
    keep = (
        np.float32(1 - regime.feed - 4 * spread_first),
        np.float32(1 - regime.feed - regime.kill - 4 * spread_second),
    )
    spread, feed = (np.float32(spread_first), np.float32(spread_second)), np.float32(regime.feed)
    u, v = first[1:-1, 1:-1], second[1:-1, 1:-1]
    around_u, around_v, reacted = (np.empty(sown.shape, np.float32) for _ in range(3))
    for step in range(steps):
        _add_inflow(first, spread[0], around_u)
        _add_inflow(second, spread[1], around_v)
        np.multiply(v, v, out=reacted)
        reacted *= u
        u *= keep[0]
        u += around_u
        u -= reacted
        u += feed
        v *= keep[1]
        v += around_v
        v += reacted
        if step % 100 == 0:
            progress(step / steps)
    return v.astype(np.float64)


def _add_inflow(padded: Singles, spread: np.float32, out: Singles) -> None:
    """Write the inflow from the four neighbours of each cell to `out`; edges mirror."""
    padded[0], padded[-1] = padded[1], padded[-2]
    padded[:, 0], padded[:, -1] = padded[:, 1], padded[:, -2]
    np.add(padded[:-2, 1:-1], padded[2:, 1:-1], out=out)
    out += padded[1:-1, :-2]
    out += padded[1:-1, 2:]
    out *= spread


def refined(grid: Floats, rows: int, columns: int) -> Floats:
    """Resample `grid` to other rows and columns by Catmull-Rom splines (1974)."""
    return _refined_down(_refined_down(grid, rows).T, columns).T


def _refined_down(grid: Floats, rows: int) -> Floats:
    at = np.linspace(0, len(grid) - 1, rows)
    first = np.minimum(at.astype(np.int64), len(grid) - 2)
    t = (at - first)[:, None]
    weights = (
        ((2 - t) * t - 1) * t / 2,
        ((3 * t - 5) * t * t + 2) / 2,
        ((4 - 3 * t) * t + 1) * t / 2,
        (t - 1) * t * t / 2,
    )
    total: Floats = np.zeros((rows, grid.shape[1]))
    for step, weight in enumerate(weights):
        total += weight * grid[np.clip(first + step - 1, 0, len(grid) - 1)]
    return total
