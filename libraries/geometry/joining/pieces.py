"""Strokes as flat arrays: selecting, cutting, and joining them end to end."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from libraries.geometry.arrays import Floats, Integers, ranges
from libraries.geometry.routing.route import distances
from libraries.geometry.strokes import MAX_COORDINATE_MM


class Pieces(NamedTuple):
    """Strokes as in `Strokes`. The stroke i has the ends 2i, its first vertex, and 2i + 1."""

    coordinates: Floats
    offsets: Integers

    @property
    def counts(self) -> Integers:
        return np.diff(self.offsets)

    @property
    def owners(self) -> Integers:
        """Return the stroke of each vertex."""
        return np.repeat(np.arange(len(self.offsets) - 1), self.counts)

    @property
    def ends(self) -> Floats:
        """Return the points of all ends: shape (2n, 2)."""
        return self.coordinates[self.end_rows]

    @property
    def end_rows(self) -> Integers:
        return np.column_stack((self.offsets[:-1], self.offsets[1:] - 1)).ravel()

    @property
    def closed(self) -> NDArray[np.bool_]:
        """Return which strokes end where they begin; a dot does not."""
        ends = self.ends
        closed: NDArray[np.bool_] = (ends[::2] == ends[1::2]).all(axis=1) & (self.counts > 1)
        return closed

    @property
    def away(self) -> Floats:
        """Return the direction from each end into its stroke as unit vectors; (0, 0) for dots."""
        rows = self.end_rows
        inward = np.where(np.arange(len(rows)) & 1, -1, 1) * np.repeat(self.counts > 1, 2)
        way = self.coordinates[rows + inward] - self.coordinates[rows]
        length = distances(way)
        unit: Floats = way / np.where(length > 0, length, 1.0)[:, None]
        return unit

    @property
    def steps(self) -> Floats:
        """Return the distance of each vertex from the previous one in its stroke, or 0."""
        moved = np.diff(self.coordinates, axis=0, prepend=self.coordinates[:1])
        moved[self.offsets[:-1]] = 0.0
        return distances(moved)

    @property
    def lengths(self) -> Floats:
        count = len(self.offsets) - 1
        return np.bincount(self.owners, weights=self.steps, minlength=count).astype(np.float64)


def pieces_of(coordinates: Floats, counts: Integers) -> Pieces:
    """Return consecutive strokes of `counts` vertices each; strokes without any are left out."""
    return Pieces(coordinates, np.concatenate(([0], np.cumsum(counts[counts > 0]))))


def rounded(coordinates: Floats) -> Floats:
    """Return coordinates as a file has them, without negative zeros."""
    return micrometres(coordinates) / 1000.0


def micrometres(coordinates: Floats) -> Integers:
    """Return coordinates in the steps in which files have them."""
    return np.rint(coordinates * 1000.0).astype(np.int64)


def keys_of(points: Floats) -> Integers:
    """Return one integer per point; equal points, to the decimals of files, have equal ones."""
    grid = micrometres(points)
    keys: Integers = grid[:, 0] * int(2200 * MAX_COORDINATE_MM) + grid[:, 1]
    return keys


def selected(pieces: Pieces, strokes: Integers) -> Pieces:
    """Return the strokes with these indices, in that order."""
    counts = pieces.counts[strokes]
    rows = np.repeat(pieces.offsets[strokes], counts) + ranges(counts)
    return pieces_of(pieces.coordinates[rows], counts)


def together(*parts: Pieces) -> Pieces:
    """Return the strokes of all `parts`, one after another."""
    return pieces_of(
        np.concatenate([part.coordinates for part in parts]),
        np.concatenate([part.counts for part in parts]),
    )


def cut_at(pieces: Pieces, rows: Integers) -> Pieces:
    """Return the strokes cut at the vertices `rows`; those at an end of a stroke have no effect."""
    inner = np.setdiff1d(rows, pieces.end_rows)
    times = np.ones(len(pieces.coordinates), dtype=np.int64)
    times[inner] = 2
    # The second of the two copies begins a stroke.
    before = np.concatenate(([0], np.cumsum(times)))
    starts = np.sort(np.concatenate((before[pieces.offsets], before[inner] + 1)))
    return Pieces(np.repeat(pieces.coordinates, times, axis=0), starts)


def end_to_end(pieces: Pieces, entries: Integers, starts: Integers) -> Pieces:
    """Return strokes made of the pieces that are entered at `entries`, in that order.

    `starts` has the positions in `entries` at which a stroke begins. A stroke passes the point at
    which two of its pieces meet once.
    """
    which, is_reversed = entries >> 1, (entries & 1).astype(np.bool_)
    counts = pieces.counts[which]
    first = np.where(is_reversed, pieces.offsets[which + 1] - 1, pieces.offsets[which])
    steps = ranges(counts)
    rows = np.repeat(first, counts) + np.repeat(np.where(is_reversed, -1, 1), counts) * steps
    begins = np.zeros(len(entries), dtype=np.bool_)
    begins[starts] = True
    points = pieces.coordinates[rows]
    # Pieces that do not touch keep both ends: the line between them is drawn.
    again = np.zeros(len(rows), dtype=np.bool_)
    again[1:] = (points[1:] == points[:-1]).all(axis=1)
    kept = ~(again & (steps == 0) & ~np.repeat(begins, counts))
    strokes = np.repeat(np.cumsum(begins) - 1, counts)[kept]
    return pieces_of(points[kept], np.bincount(strokes, minlength=len(starts)))
