"""Merging: pieces of line whose ends meet become long strokes, for fewer pen lifts."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import numpy as np

from libraries.geometry.arrays import Integers, Polyline

NONE = -1
# Where more ends than this meet, comparing each with each would take too long and too much memory.
MAX_COMPARED = 32


def merge_strokes(pieces: Sequence[Polyline]) -> Iterator[Polyline]:
    """Yield `pieces` joined into long strokes; every piece is used once, and none is drawn twice.

    Ends within a ten thousandth of a mm are the same place. Where more than two pieces meet, the
    two that run on most smoothly are joined first. Strokes begin at open ends; what is left over
    closes.

    Args:
        pieces: arrays of shape (n, 2) in mm, two points or more each.
    """
    if not pieces:
        return
    ends = np.array([place for piece in pieces for place in (piece[0], piece[-1])])
    inner = np.array([place for piece in pieces for place in (piece[1], piece[-2])])
    partners = _partners(ends, inner - ends)
    used = bytearray(len(pieces))
    # Open ends first: from them a stroke runs its full length.
    for end in (*np.flatnonzero(partners == NONE).tolist(), *range(0, 2 * len(pieces), 2)):
        if not used[end >> 1]:
            yield _join(
                [pieces[step >> 1][:: -1 if step & 1 else 1] for step in _walk(end, partners, used)]
            )


def _walk(end: int, partners: Integers, used: bytearray) -> list[int]:
    """Return the ends by which pieces are entered, one after another, from `end` on.

    Piece `i` has the ends 2i and 2i + 1.
    """
    steps = []
    while end != NONE and not used[end >> 1]:
        used[end >> 1] = 1
        steps.append(end)
        end = int(partners[end ^ 1])
    return steps


def _join(run: list[Polyline]) -> Polyline:
    return np.concatenate([run[0], *(piece[1:] for piece in run[1:])])


def _partners(ends: Polyline, away: Polyline) -> Integers:
    """Return the end that each end is joined to, or NONE; `away` leads from it into its piece."""
    # Ends in one cell of this size, in mm, are the same place. It is no round number: ends at round
    # ones lie inside the cells.
    cells = np.round(ends / 1.37e-4).astype(np.int64)
    # A row has more numbers than a page has cells in it.
    _, place, count = np.unique(
        cells[:, 0] * (1 << 31) + cells[:, 1], return_inverse=True, return_counts=True
    )
    away = away / np.maximum(np.hypot(away[:, 0], away[:, 1]), 1e-300)[:, None]
    partners = np.full(len(ends), NONE)
    order = np.argsort(place, kind="stable")
    first = np.concatenate(([0], np.cumsum(count)[:-1]))
    for meeting in np.unique(count[count > 1]).tolist():
        starts = first[count == meeting]
        if len(starts):
            pair = _pair_straightest if meeting <= MAX_COMPARED else _pair_across
            pair(order[starts[:, None] + np.arange(meeting)], away, partners)
    return partners


def _pair_straightest(meeting: Integers, away: Polyline, partners: Integers) -> None:
    """Pair the ends that meet: in each row those first whose directions are most opposite.

    `meeting` has a row for each place and a column for each end there.
    """
    one, two = np.triu_indices(meeting.shape[1], 1)
    here, there = meeting[:, one], meeting[:, two]
    # Rounded, so that the last digits of a cosine do not decide between equals.
    bend = np.round((away[here] * away[there]).sum(axis=2), 6)
    row = np.arange(len(meeting))
    for _ in range(meeting.shape[1] // 2):
        best = bend.argmin(axis=1)
        left, right = here[row, best], there[row, best]
        partners[left], partners[right] = right, left
        for end in (left[:, None], right[:, None]):
            bend[(here == end) | (there == end)] = np.inf


def _pair_across(meeting: Integers, away: Polyline, partners: Integers) -> None:
    """Pair the ends that meet, each with the one half way round: about straight on.

    `meeting` has a row for each place and a column for each end there. This takes hardly longer
    than sorting them.
    """
    half = meeting.shape[1] // 2
    # Rounded, so that the last digits of an angle do not decide between equals.
    angle = np.round(np.arctan2(away[meeting, 1], away[meeting, 0]), 6)
    around = np.take_along_axis(meeting, np.argsort(angle, axis=1, kind="stable"), axis=1)
    left, right = around[:, :half], around[:, half : 2 * half]
    partners[left], partners[right] = right, left
