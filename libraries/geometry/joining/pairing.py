"""Pairs of stroke ends that meet at a point, the smoothest first."""

from __future__ import annotations

import numpy as np

from libraries.geometry.arrays import Floats, Integers

NONE = -1


def straightest_pairs(nodes: Integers, away: Floats, *, max_compared: int = 32) -> Integers:
    """Return the partner of each end at its node, or NONE; of an odd number one has no partner.

    `nodes` has the node of each end, and `away` the direction from there into its stroke. All pairs
    of at most `max_compared` ends at a node are compared, others are paired with the end halfway
    round.
    """
    partners = np.full(len(nodes), NONE)
    order = np.argsort(nodes, kind="stable")
    first = np.flatnonzero(np.diff(nodes[order], prepend=nodes[order[:1]] - 1))
    count = np.diff(first, append=len(nodes))
    for meeting in np.unique(count[count > 1]).tolist():
        starts = first[count == meeting]
        pair = _pair_straightest if meeting <= max_compared else _pair_across
        pair(order[starts[:, None] + np.arange(meeting)], away, partners)
    return partners


def _pair_straightest(meeting: Integers, away: Floats, partners: Integers) -> None:
    """Pair the ends in each row of `meeting` by the most opposite directions."""
    one, two = np.triu_indices(meeting.shape[1], 1)
    here, there = meeting[:, one], meeting[:, two]
    # Rounded so that the last digits do not break ties.
    bend = np.round((away[here] * away[there]).sum(axis=2), 6)
    row = np.arange(len(meeting))
    for _ in range(meeting.shape[1] // 2):
        best = bend.argmin(axis=1)
        left, right = here[row, best], there[row, best]
        partners[left], partners[right] = right, left
        for end in (left[:, None], right[:, None]):
            bend[(here == end) | (there == end)] = np.inf


def _pair_across(meeting: Integers, away: Floats, partners: Integers) -> None:
    """Pair each end with the one halfway round, in about the time of sorting them."""
    half = meeting.shape[1] // 2
    # Rounded so that the last digits do not break ties.
    angle = np.round(np.arctan2(away[meeting, 1], away[meeting, 0]), 6)
    around = np.take_along_axis(meeting, np.argsort(angle, axis=1, kind="stable"), axis=1)
    left, right = around[:, :half], around[:, half : 2 * half]
    partners[left], partners[right] = right, left
