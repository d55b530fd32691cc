"""Differences between two drawings of the same layers: distances in mm, and pixels."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import shapely
from numpy.typing import NDArray

from libraries.geometry.arrays import Floats, Integers, ranges
from libraries.geometry.document import Document
from libraries.geometry.joining.pieces import Pieces, keys_of
from libraries.geometry.routing.route import distances
from libraries.geometry.strokes import Pen
from libraries.plotting.layers import on_layer


class _Difference(NamedTuple):
    """Both drawings of a layer as lines, of shape (n, 2, 2), and which ones only one of them has."""

    lines: tuple[Floats, Floats]
    own: tuple[NDArray[np.bool_], NDArray[np.bool_]]
    width: float


class Comparison:
    """The differences of two drawings; each layer is compared with the same layer."""

    STEP_MM = 0.1
    MAX_SAMPLES = 100_000
    MAX_PIXELS = 20_000_000

    def __init__(self, before: Document, after: Document) -> None:
        self._size = before.width, before.height
        used = np.union1d(before.store.layers, after.store.layers).tolist()
        compared = (
            _difference(on_layer(before, layer), on_layer(after, layer), before.pens[layer])
            for layer in used
        )
        self._parts = [part for part in compared if part.own[0].any() or part.own[1].any()]

    def deviation_mm(self) -> float:
        """Return the largest distance in mm from a point of either drawing to the other.

        Points are 0.1 mm apart, or 100,000 for a layer with longer changes. The result is infinite
        if only one drawing has strokes in a layer.
        """
        return max(
            (_deviation(part, self.STEP_MM, self.MAX_SAMPLES) for part in self._parts), default=0.0
        )

    def changed_ink(self) -> float:
        """Return the share of inked pixels that differ, of the layer in which it is largest.

        Lines are drawn in the width of their pens, at 10 pixels per mm or less on large pages.
        Pixels next to an inked one of the other drawing do not differ.
        """
        scale, size = _raster(*self._size)
        return max((_changed_share(part, scale, size) for part in self._parts), default=0.0)


def lost_and_gained_ink(before: Document, after: Document) -> tuple[float, float]:
    """Return the shares of inked pixels that only `before` and that only `after` has.

    Both are shares of the inked pixels of `before`, whatever the layers; see
    `Comparison.changed_ink`.
    """
    width, height = max(before.width, after.width), max(before.height, after.height)
    scale, size = _raster(width, height)
    first, second = (_whole_picture(document, scale, size) for document in (before, after))
    inked = max(1.0, float(first.sum()))
    lost, gained = first & ~_grown(second), second & ~_grown(first)
    return float(lost.sum()) / inked, float(gained.sum()) / inked


def _raster(width: float, height: float) -> tuple[float, tuple[int, int]]:
    """Return the pixels per mm, and the size in pixels, of a picture of a page."""
    scale = min(10.0, (Comparison.MAX_PIXELS / (width * height)) ** 0.5)
    return scale, (round(width * scale) + 1, round(height * scale) + 1)


def _whole_picture(document: Document, scale: float, size: tuple[int, int]) -> NDArray[np.bool_]:
    ink = np.zeros((size[1], size[0]), dtype=np.bool_)
    for layer in np.unique(document.store.layers).tolist():
        width = document.pens[layer].width
        ink |= _picture(_lines_of(on_layer(document, layer)) * scale, width * scale, size)
    return ink


def _difference(before: Pieces, after: Pieces, pen: Pen) -> _Difference:
    lines = _lines_of(before), _lines_of(after)
    _, nodes = np.unique(
        keys_of(np.concatenate([part.reshape(-1, 2) for part in lines])), return_inverse=True
    )
    ends = nodes.reshape(-1, 2)
    codes = ends.min(axis=1) * len(nodes) + ends.max(axis=1)
    first, second = codes[: len(lines[0])], codes[len(lines[0]) :]
    if len(first) == len(second) and (np.sort(first) == np.sort(second)).all():
        same = np.zeros(len(first), dtype=np.bool_)
        return _Difference(lines, (same, same), pen.width)
    return _Difference(lines, (~np.isin(first, second), ~np.isin(second, first)), pen.width)


def _lines_of(pieces: Pieces) -> Floats:
    """Return the segments of strokes; a dot is one of length 0."""
    follows = np.ones(len(pieces.coordinates), dtype=np.bool_)
    follows[pieces.offsets[:-1]] = False
    rows = np.flatnonzero(follows)
    dots = pieces.offsets[:-1][pieces.counts == 1]
    starts, ends = np.concatenate((rows - 1, dots)), np.concatenate((rows, dots))
    lines: Floats = pieces.coordinates[np.column_stack((starts, ends))]
    return lines


def _deviation(part: _Difference, step_mm: float, max_samples: int) -> float:
    farthest = 0.0
    for lines, own, others in zip(part.lines, part.own, part.lines[::-1], strict=True):
        if own.any():
            if not len(others):
                return float("inf")
            points = _samples(lines[own], step_mm, max_samples)
            tree = shapely.STRtree(np.asarray(shapely.linestrings(others)))
            _, found = tree.query_nearest(
                shapely.points(points), return_distance=True, all_matches=False
            )
            farthest = max(farthest, float(found.max()))
    return farthest


def _samples(lines: Floats, step_mm: float, max_samples: int) -> Floats:
    lengths = distances(lines[:, 1] - lines[:, 0])
    step_mm = max(step_mm, float(lengths.sum()) / max_samples)
    counts: Integers = np.ceil(lengths / step_mm).astype(np.int64) + 1
    share = (ranges(counts) / np.repeat(np.maximum(counts - 1, 1), counts))[:, None]
    which = np.repeat(np.arange(len(lines)), counts)
    points: Floats = lines[which, 0] * (1 - share) + lines[which, 1] * share
    return points


def _changed_share(part: _Difference, scale: float, size: tuple[int, int]) -> float:
    first, second = (_picture(lines * scale, part.width * scale, size) for lines in part.lines)
    differ = (first & ~_grown(second)) | (second & ~_grown(first))
    return float(differ.sum()) / max(1.0, float((first | second).sum()))


def _picture(lines: Floats, width: float, size: tuple[int, int]) -> NDArray[np.bool_]:
    from PIL import Image, ImageDraw  # noqa: PLC0415 - most drawings are not changed

    picture = Image.new("1", size)
    draw = ImageDraw.Draw(picture)
    pixels = max(1, round(width))
    places = np.rint(lines).astype(np.int64)
    begins = np.flatnonzero((places[1:, 0] != places[:-1, 1]).any(axis=1)) + 1
    # One call for each run of lines takes a fourth of the time of one for each line.
    for run in np.split(places, begins) if len(places) else ():
        draw.line([*run[0, 0].tolist(), *run[:, 1].ravel().tolist()], fill=1, width=pixels)
    return np.asarray(picture)


def _grown(ink: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return the pixels that are inked or next to an inked one."""
    grown = ink.copy()
    grown[1:] |= ink[:-1]
    grown[:-1] |= ink[1:]
    wide = grown.copy()
    wide[:, 1:] |= grown[:, :-1]
    wide[:, :-1] |= grown[:, 1:]
    return wide
