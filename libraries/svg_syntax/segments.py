"""The segments of many paths at once, and their flattening.

A segment is a move, a line, a curve or an arc, and has one end. The current point is followed segment by segment, because sums of
relative coordinates depend on their order; everything else is done for all segments together.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from libraries.geometry.arrays import Floats, Integers, ranges
from libraries.svg_syntax.curves import (
    MAX_VERTICES,
    Arcs,
    arc_vertices,
    arcs_between,
    curve_vertices,
    elevated,
    too_many_vertices,
)
from libraries.svg_syntax.path_data import ARGUMENTS
from libraries.svg_syntax.tokens import Tokens, tokenized

Flags = NDArray[np.bool_]


class Flattened(NamedTuple):
    """Strokes of paths: vertices, the number of them and the path of each stroke, and the segments of each path."""

    points: Floats
    counts: Integers
    paths: Integers
    sizes: Integers


class _Letters:
    """Commands by their upper case letters."""

    MOVE, LINE, LEVEL, UPRIGHT, CUBIC, SMOOTH_CUBIC, QUADRATIC, SMOOTH_QUADRATIC, ARC, CLOSE = (
        b"MLHVCSQTAZ"
    )
    # The bit of lower case.
    RELATIVE = 32
    # Numbers of a segment, at least 1.
    SIZES = np.array([max(ARGUMENTS.get(chr(code), 1), 1) for code in range(128)])


class _Steps:
    """Steps from a current point to the next."""

    TO, BY, ACROSS, DOWN, MOVE_TO, MOVE_BY, BACK = range(7)


class _Segments:
    """Segments of paths with their letters in upper case; `first` is the first number of each."""

    def __init__(self, tokens: Tokens) -> None:
        upper = tokens.letters & ~np.uint8(_Letters.RELATIVE)
        sizes = _Letters.SIZES[upper]
        repeats = np.maximum((tokens.ends - tokens.firsts) // sizes, 1)
        command = np.repeat(np.arange(len(upper)), repeats)
        turn = ranges(repeats)
        self.numbers = tokens.numbers
        self.letters = upper[command]
        self.relative = (tokens.letters != upper)[command]
        self.first = tokens.firsts[command] + turn * sizes[command]
        self.paths = tokens.paths[command]
        # Further points of a move are lines.
        self.letters[(self.letters == _Letters.MOVE) & (turn > 0)] = _Letters.LINE
        self._reopen()
        self.moves = self.letters == _Letters.MOVE
        self.closes = self.letters == _Letters.CLOSE
        self.size = (
            sizes[command] if len(self.letters) == len(command) else _Letters.SIZES[self.letters]
        )
        self.ends = self._followed()
        # The point at which each segment begins; of no meaning for moves.
        self.starts = np.concatenate([self.ends[:1], self.ends[:-1]])

    def _reopen(self) -> None:
        """Insert a move to the start after each closing that no move follows."""
        closes = self.letters == _Letters.CLOSE
        after = np.flatnonzero(
            closes[:-1] & (self.letters[1:] != _Letters.MOVE) & (self.paths[1:] == self.paths[:-1])
        )
        if len(after):
            at = after + 1
            # The two numbers of these moves are 0.
            self.numbers = np.append(self.numbers, [0.0, 0.0])
            self.letters = np.insert(self.letters, at, _Letters.MOVE)
            self.relative = np.insert(self.relative, at, True)
            self.first = np.insert(self.first, at, len(self.numbers) - 2)
            self.paths = np.insert(self.paths, at, self.paths[after])

    def pairs(self, some: Integers, offset: int) -> Floats:
        """Return pairs of numbers of segments as points: shape (n, 2)."""
        first = self.first[some] + offset
        return np.column_stack([self.numbers[first], self.numbers[first + 1]])

    def _followed(self) -> Floats:
        """Return the end of each segment."""
        letters, size = self.letters, self.size
        numbers = np.append(self.numbers, 0.0)
        x = numbers[np.minimum(self.first + np.maximum(size - 2, 0), len(numbers) - 1)]
        y = numbers[np.minimum(self.first + size - 1, len(numbers) - 1)]
        level, upright = letters == _Letters.LEVEL, letters == _Letters.UPRIGHT
        along = level | upright
        starts_path = np.append(True, self.paths[1:] != self.paths[:-1])
        relative = self.relative & ~starts_path & ~self.closes
        if not along.any() and not relative.any():
            ends = np.column_stack([x, y])
            move = np.maximum.accumulate(np.where(self.moves, np.arange(len(letters)), 0))
            ends[self.closes] = ends[move[self.closes]]
            return ends
        if along.any():
            y[level] = 0.0
            x[upright] = 0.0
        kinds = np.where(relative, _Steps.BY, _Steps.TO)
        kinds[level & ~relative], kinds[upright & ~relative] = _Steps.ACROSS, _Steps.DOWN
        kinds[self.moves] += _Steps.MOVE_TO
        kinds[self.closes] = _Steps.BACK
        return _walked(kinds.tolist(), x.tolist(), y.tolist())


def _walked(kinds: list[int], across: list[float], down: list[float]) -> Floats:
    """Return the current point after each step."""
    # Local names are faster.
    by, to, level, upright, move_to, back = (
        _Steps.BY, _Steps.TO, _Steps.ACROSS, _Steps.DOWN, _Steps.MOVE_TO, _Steps.BACK
    )  # fmt: skip
    x = y = start_x = start_y = 0.0
    points: list[float] = []
    add = points.append
    for kind, dx, dy in zip(kinds, across, down, strict=True):
        if kind == by:
            x += dx
            y += dy
        elif kind == to:
            x, y = dx, dy
        elif kind == level:
            x = dx
        elif kind == upright:
            y = dy
        elif kind == back:
            x, y = start_x, start_y
        else:
            x, y = (dx, dy) if kind == move_to else (x + dx, y + dy)
            start_x, start_y = x, y
        add(x)
        add(y)
    return np.array(points).reshape(-1, 2)


def flattened_texts(texts: Sequence[str], tolerances: Floats) -> tuple[Flattened, list[int]]:
    """Return the strokes of paths, flattened to tolerances in their units, and the indices of paths that are left out.

    The paths begin with a move, and their arcs have passed `with_flags`. If some are left out, there are no strokes at all.

    Raises:
        InvalidInput: there are too many vertices.
    """
    tokens, left_out = tokenized(texts)
    if left_out:
        none = np.zeros(0, dtype=np.int64)
        return Flattened(np.zeros((0, 2)), none, none, none), left_out
    segments = _Segments(tokens)
    fine = tolerances[segments.paths]
    counts = _points_of(segments)
    bends: list[tuple[Integers, Floats]] = []
    bent, curves = _curves(segments)
    if len(bent):
        found, counts[bent] = curve_vertices(curves, fine[bent])
        bends.append((bent, found))
    bowed, arcs = _arcs(segments)
    if len(bowed):
        found, counts[bowed] = arc_vertices(arcs, fine[bowed])
        bends.append((bowed, found))
    total = int(counts.sum())
    if total > MAX_VERTICES:
        raise too_many_vertices()
    points = segments.ends
    if total != len(counts) or not counts.all():
        points = np.repeat(points, counts, axis=0)
    for some, found in bends:
        own = np.zeros(len(counts), dtype=np.bool_)
        own[some] = True
        points[np.repeat(own, counts)] = found
    moves = np.flatnonzero(segments.moves & (counts > 0))
    return Flattened(
        points,
        np.add.reduceat(counts, moves) if len(moves) else np.zeros(0, dtype=np.int64),
        segments.paths[moves],
        np.bincount(segments.paths, minlength=len(texts)),
    ), []


def _points_of(segments: _Segments) -> Integers:
    """Return the number of vertices of each segment if it is a line: 0 for single moves and closings of no length."""
    counts = np.ones(len(segments.letters), dtype=np.int64)
    moves = segments.moves
    counts[moves & np.append(moves[1:], True)] = 0
    closes = np.flatnonzero(segments.closes)
    if len(closes):
        there = (segments.ends[closes] == segments.starts[closes]).all(axis=1) & ~moves[closes - 1]
        counts[closes[there]] = 0
    return counts


def _curves(segments: _Segments) -> tuple[Integers, Floats]:
    """Return the segments that are Bezier curves, and these as cubic ones: shape (n, 4, 2)."""
    letters = segments.letters
    is_cubic = (letters == _Letters.CUBIC) | (letters == _Letters.SMOOTH_CUBIC)
    is_quadratic = (letters == _Letters.QUADRATIC) | (letters == _Letters.SMOOTH_QUADRATIC)
    bent = np.flatnonzero(is_cubic | is_quadratic)
    curves = np.zeros((len(bent), 4, 2))
    if not len(bent):
        return bent, curves
    starts, ends = segments.starts, segments.ends
    origins = np.where(segments.relative[:, None], starts, 0.0)
    # The last control point of each segment.
    handles = np.zeros((len(letters), 2))
    curves[:, 0], curves[:, 3] = starts[bent], ends[bent]
    if is_cubic.any():
        plain, smooth = (
            np.flatnonzero(letters == one) for one in (_Letters.CUBIC, _Letters.SMOOTH_CUBIC)
        )
        handles[plain] = origins[plain] + segments.pairs(plain, 2)
        handles[smooth] = origins[smooth] + segments.pairs(smooth, 0)
        firsts = np.zeros((len(letters), 2))
        firsts[plain] = origins[plain] + segments.pairs(plain, 0)
        before = np.where(is_cubic[smooth - 1, None], handles[smooth - 1], starts[smooth])
        firsts[smooth] = 2 * starts[smooth] - before
        curves[:, 1], curves[:, 2] = firsts[bent], handles[bent]
    if is_quadratic.any():
        plain = np.flatnonzero(letters == _Letters.QUADRATIC)
        handles[plain] = origins[plain] + segments.pairs(plain, 0)
        # Each depends on the one before.
        for number in np.flatnonzero(letters == _Letters.SMOOTH_QUADRATIC).tolist():
            before = handles[number - 1] if is_quadratic[number - 1] else starts[number]
            handles[number] = 2 * starts[number] - before
        some = np.flatnonzero(is_quadratic)
        own = is_quadratic[bent]
        curves[own] = elevated(np.stack([starts[some], handles[some], ends[some]], axis=1))
    return bent, curves


def _arcs(segments: _Segments) -> tuple[Integers, Arcs]:
    """Return the segments that are arcs and no lines, and these."""
    some = np.flatnonzero(segments.letters == _Letters.ARC)
    if not len(some):
        none = np.zeros(0)
        return some, Arcs(np.zeros((0, 2)), np.zeros((0, 2)), none, none, none, np.zeros((0, 2)))
    parameters = segments.numbers[segments.first[some][:, None] + np.arange(5)]
    arcs, are_lines = arcs_between(segments.starts[some], segments.ends[some], parameters)
    return some[~are_lines], arcs
