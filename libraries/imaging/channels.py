"""Colour separation into cyan, magenta, yellow and black."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from libraries.imaging.reading import Greys

# Shape (rows, columns, 3): red, green and blue from 0 to 1.
Colours = NDArray[np.float32]

GREY, BLACK = "grey", "black"
# The component of RGB that each ink absorbs.
ABSORBED = {"cyan": 0, "magenta": 1, "yellow": 2}
CHANNELS = (GREY, *ABSORBED, BLACK)
LEVELS = 255


def separated(colours: Colours, channel: str) -> Greys:
    """Return one ink, or grey, from 0 for full ink to 1 for none: shape (rows, columns).

    Full grey-component replacement is used: K = 1 - max(R, G, B) and C = (1 - R - K) / (1 - K); M
    and Y likewise. By Demichel's equations (1 - C) * (1 - K) gives R again. Levels are multiples of
    1/255.
    """
    if channel == GREY:
        # The luma of ITU-R BT.601.
        red, green, blue = (
            share * colours[..., part].astype(np.float64)
            for part, share in enumerate((0.299, 0.587, 0.114))
        )
        return _in_steps(red + green + blue)
    light = colours.max(axis=2).astype(np.float64)
    if channel == BLACK:
        return _in_steps(light)
    # Black has no colour.
    is_lit = light > 0
    return _in_steps(
        np.where(is_lit, colours[..., ABSORBED[channel]] / np.where(is_lit, light, 1), 1)
    )


def coloured(greys: Greys) -> Colours:
    return np.repeat(greys[..., None], 3, axis=2)


def _in_steps(values: NDArray[np.float64]) -> Greys:
    return np.asarray(np.round(np.clip(values, 0, 1) * LEVELS) / LEVELS, dtype=np.float32)
