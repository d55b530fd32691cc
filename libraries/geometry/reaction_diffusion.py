"""Reaction and diffusion: two substances that make corals, mazes and spots."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from libraries.geometry.arrays import Floats

Singles = NDArray[np.float32]

# From one stripe or spot to the next, in cells: about the same for all regimes, as it follows from
# the spreading.
CELLS = 11
# The eater begins in squares of this side, one for 400 cells on average. More would eat all the
# food at once, and starve.
SOWN = 4


@dataclass(frozen=True)
class Regime:
    """The shares of food added and of the eater removed in a step; `striped` or dotted."""

    feed: float
    kill: float
    striped: bool


# Places in the map of Pearson, "Complex patterns in a simple system", Science 261 (1993), where
# patterns come to rest.
REGIMES = {
    "coral": Regime(0.0545, 0.062, striped=True),
    "maze": Regime(0.029, 0.057, striped=True),
    "spots": Regime(0.030, 0.062, striped=False),
    "holes": Regime(0.039, 0.058, striped=False),
}


def seed_state(rng: np.random.Generator, rows: int, columns: int) -> NDArray[np.bool_]:
    """Return where the eater begins: small random squares, of shape (`rows`, `columns`)."""
    number = max(2, rows * columns // 400)
    places = rng.integers(0, (rows - SOWN, columns - SOWN), (number, 2), endpoint=True)
    sown = np.zeros((rows, columns), dtype=np.bool_)
    for down in range(SOWN):
        for across in range(SOWN):
            sown[places[:, 0] + down, places[:, 1] + across] = True
    return sown


def simulate(
    sown: NDArray[np.bool_], regime: Regime, steps: int, told: Callable[[float], None]
) -> Floats:
    """Return how much of the eater there is in each cell after some steps.

    The reaction is that of Gray and Scott, Chemical Engineering Science 39 (1984): U + 2V becomes
    3V, U is fed and V decays. With u for the food and v for the eater, each step adds `spread *
    laplacian(u) - u * v**2 + feed * (1 - u)` to u, and `spread * laplacian(v) + u * v**2 - (feed +
    kill) * v` to v. Nothing passes the edge.

    Only sums and products of single precision are used, which every processor computes alike.

    Args:
        sown: where the eater is at first, of shape (rows, columns).
        regime: how much is fed and taken away.
        steps: how many steps.
        told: called with the part of the steps that is done, now and then.
    """
    # How much food and how much of the eater there is in these squares.
    food, eater = (
        np.pad(np.where(sown, *pair), 1).astype(np.float32) for pair in ((0.5, 1.0), (0.5, 0.0))
    )
    # How fast the two substances spread, in cells squared for each step; with the longest step that
    # is stable all the same.
    spread_food, spread_eater = 0.16, 0.08
    keep = (
        np.float32(1 - regime.feed - 4 * spread_food),
        np.float32(1 - regime.feed - regime.kill - 4 * spread_eater),
    )
    spread, feed = (np.float32(spread_food), np.float32(spread_eater)), np.float32(regime.feed)
    u, v = food[1:-1, 1:-1], eater[1:-1, 1:-1]
    around_u, around_v, eaten = (np.empty(sown.shape, np.float32) for _ in range(3))
    for step in range(steps):
        _arrive(food, spread[0], around_u)
        _arrive(eater, spread[1], around_v)
        np.multiply(v, v, out=eaten)
        eaten *= u
        u *= keep[0]
        u += around_u
        u -= eaten
        u += feed
        v *= keep[1]
        v += around_v
        v += eaten
        # Steps between two reports.
        if step % 100 == 0:
            told(step / steps)
    return v.astype(np.float64)


def _arrive(padded: Singles, spread: np.float32, out: Singles) -> None:
    """Write to `out` the inflow of each cell from its four neighbours; edges mirror."""
    padded[0], padded[-1] = padded[1], padded[-2]
    padded[:, 0], padded[:, -1] = padded[:, 1], padded[:, -2]
    np.add(padded[:-2, 1:-1], padded[2:, 1:-1], out=out)
    out += padded[1:-1, :-2]
    out += padded[1:-1, 2:]
    out *= spread


def refined(grid: Floats, rows: int, columns: int) -> Floats:
    """Return `grid` resampled to other rows and columns by the cubic of Catmull and Rom (1974)."""
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
