"""Joining strokes that meet into the fewest strokes."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from libraries.geometry.joining.clusters import clustered
from libraries.geometry.joining.euler import fewest_strokes
from libraries.geometry.joining.pieces import (
    Pieces,
    cut_at,
    end_to_end,
    keys_of,
    selected,
    together,
)
from libraries.geometry.joining.splices import shared_vertices


class Joined(NamedTuple):
    """Joined strokes, and the widest gap in mm between ends that were joined."""

    pieces: Pieces
    widest_mm: float = 0.0


def join_strokes(pieces: Pieces, tolerance: float = 0.0) -> Joined:
    """Return the strokes joined where they share points; dots are moved to the end.

    The result is the fewest strokes that draw the same lines, each once: see `fewest_strokes`. Ends
    that are then within `tolerance` mm of each other are moved to one point and joined too.
    """
    dots = pieces.counts == 1
    drawn = pieces if not dots.any() else selected(pieces, np.flatnonzero(~dots))
    widest_mm = 0.0
    if len(drawn.offsets) > 1:
        drawn = _joined(drawn)
        if tolerance > 0:
            drawn, widest_mm = _with_near_ends_moved(drawn, tolerance)
            drawn = _joined(drawn)
        cuts = shared_vertices(drawn)
        if len(cuts):
            drawn = _joined(cut_at(drawn, cuts))
    if dots.any():
        drawn = together(drawn, selected(pieces, np.flatnonzero(dots)))
    return Joined(drawn, widest_mm)


def _joined(pieces: Pieces) -> Pieces:
    keys = keys_of(pieces.ends)
    if len(np.unique(keys)) == len(keys):
        return pieces
    return end_to_end(pieces, *fewest_strokes(keys, pieces.away))


def _with_near_ends_moved(pieces: Pieces, tolerance: float) -> tuple[Pieces, float]:
    closed = pieces.closed
    moved, widest_mm = clustered(selected(pieces, np.flatnonzero(~closed)), tolerance)
    whole = together(moved, selected(pieces, np.flatnonzero(closed)))
    return selected(whole, np.argsort(np.argsort(closed, kind="stable"))), widest_mm


def join_consecutive(pieces: Pieces) -> Pieces:
    """Return the strokes in the given order, joined where one begins at the end of the one before.

    This never makes the travel longer, unlike joining strokes that are drawn at other times.
    """
    keys = keys_of(pieces.ends)
    meets = (keys[1:-1:2] == keys[2::2]) & (pieces.counts[:-1] > 1) & (pieces.counts[1:] > 1)
    starts = np.flatnonzero(np.concatenate(([True], ~meets)))
    return end_to_end(pieces, np.arange(0, len(keys), 2), starts)


def in_passes(pieces: Pieces, count: int) -> Pieces:
    """Return each stroke drawn `count` times, to and fro without lifting the pen."""
    strokes = np.arange(len(pieces.counts))
    entries = 2 * np.repeat(strokes, count) + np.tile(np.arange(count) & 1, len(strokes))
    return end_to_end(pieces, entries, strokes * count)
