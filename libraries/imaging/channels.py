"""Colour separation: a picture as four pictures in grey, one for each of the inks cyan, magenta, yellow and black."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from libraries.imaging.reading import Greys

# Shape (rows, columns, 3): red, green and blue, from 0 for none to 1 for all of it.
Colours = NDArray[np.float32]

GREY, BLACK = "grey", "black"
# Each ink takes away one of red, green and blue.
TAKEN = {"cyan": 0, "magenta": 1, "yellow": 2}
CHANNELS = (GREY, *TAKEN, BLACK)
LEVELS = 255


def separated(colours: Colours, channel: str) -> Greys:
    """Return how much of one ink a picture has: shape (rows, columns), from 0 for all of it to 1 for none.

    Full grey-component replacement: K = 1 - max(R, G, B), and then C = (1 - R - K) / (1 - K), M and
    Y likewise. Black takes over all that is grey in a colour, so at most two of the others lie
    beside it. Where lines of two inks cross at an angle, the paper that is left of one is shared
    out by the other (Demichel), so that (1 - C) * (1 - K) gives R again.

    Levels are whole steps of 1/255, as those of every picture.

    Args:
        colours: shape (rows, columns, 3).
        channel: one of `CHANNELS`; grey is the luma, which is no ink.
    """
    if channel == GREY:
        # The shares of red, green and blue in the luma of ITU-R BT.601.
        red, green, blue = (
            share * colours[..., part].astype(np.float64)
            for part, share in enumerate((0.299, 0.587, 0.114))
        )
        return _in_steps(red + green + blue)
    light = colours.max(axis=2).astype(np.float64)
    if channel == BLACK:
        return _in_steps(light)
    # Where there is no light there is no colour either.
    return _in_steps(
        np.where(light > 0, colours[..., TAKEN[channel]] / np.where(light > 0, light, 1), 1)
    )


def coloured(greys: Greys) -> Colours:
    """Return a picture in grey as one in colour."""
    return np.repeat(greys[..., None], 3, axis=2)


def _in_steps(values: NDArray[np.float64]) -> Greys:
    return np.asarray(np.round(np.clip(values, 0, 1) * LEVELS) / LEVELS, dtype=np.float32)
