"""Merging of line pieces into long strokes, which saves pen lifts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from libraries.geometry.arrays import Integers, Polyline, end_points
from libraries.geometry.joining.euler import walks
from libraries.geometry.joining.pairing import straightest_pairs


def merge_strokes(pieces: Sequence[Polyline]) -> Iterator[Polyline]:
    """Yield `pieces`, arrays of shape (n, 2) in mm with n of at least 2, merged into long strokes.

    Ends within 0.0001 mm are the same point. The straightest pairs are joined first.
    """
    if not pieces:
        return
    ends = end_points(pieces)
    inner = np.array([point for piece in pieces for point in (piece[1], piece[-2])])
    partners = _partners(ends, inner - ends)
    entries, starts = walks(partners)
    for run in np.split(entries, starts[1:]):
        yield _join([pieces[end >> 1][:: -1 if end & 1 else 1] for end in run.tolist()])


def _join(run: list[Polyline]) -> Polyline:
    return np.concatenate([run[0], *(piece[1:] for piece in run[1:])])


def _partners(ends: Polyline, away: Polyline) -> Integers:
    """Return the end that each end is joined to, or NONE; `away` leads into its piece."""
    # The cell size in mm is not a round number, so that round coordinates are inside cells.
    cells = np.round(ends / 1.37e-4).astype(np.int64)
    # The stride is larger than the number of cells in a row of a page.
    _, inverse = np.unique(cells[:, 0] * (1 << 31) + cells[:, 1], return_inverse=True)
    away = away / np.maximum(np.hypot(away[:, 0], away[:, 1]), 1e-300)[:, None]
    return straightest_pairs(inverse, away)
