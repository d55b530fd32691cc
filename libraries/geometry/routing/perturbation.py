"""Improvement of a tour by small random changes that are kept if they shorten it."""

from __future__ import annotations

import hashlib
import random
from collections.abc import Callable
from dataclasses import dataclass

from libraries.geometry.routing.local import settle
from libraries.geometry.routing.neighbours import Neighbours
from libraries.geometry.routing.problem import Problem
from libraries.geometry.routing.tour import Tour


def random_numbers(problem: Problem) -> Callable[[], float]:
    """Return a source of numbers in [0, 1) that depends on the vertices only."""
    seed = hashlib.sha256(problem.coordinates.tobytes() + problem.offsets.tobytes()).digest()
    return random.Random(int.from_bytes(seed)).random  # noqa: S311 - not for security


@dataclass(frozen=True)
class RandomChange:
    """A source of random exchanges of parts of up to `longest` strokes."""

    numbers: Callable[[], float]
    longest: int

    def apply(self, tour: Tour) -> float | None:
        """Put three parts in the opposite order; return what this costs in mm, or None."""
        total, numbers = len(tour.ends), self.numbers
        longest = min(self.longest, (total // 2 - 1) // 3)
        place = 2 * int(numbers() * (total // 2)) + 1
        sizes = [2 * int(numbers() * longest) + 2 for _ in range(3)]
        count = sum(sizes)
        if tour.allows is not None and place + count >= total:
            return None
        run = tour.read(place, count)
        first, second, third = run[: sizes[0]], run[sizes[0] : -sizes[2]], run[-sizes[2] :]
        left, right = tour.ends[place - 1], tour.ends[(place + count) % total]
        old = (left, first[0], first[-1], second[0], second[-1], third[0], third[-1], right)
        new = (left, third[0], third[-1], second[0], second[-1], first[0], first[-1], right)
        gaps = tour.gaps
        before = sum(gaps[end] for end in old[::2])
        if not tour.replace(place, run, third + second + first, (*old, *new)):
            return None
        tour.wait(old)
        return sum(gaps[end] for end in old[::2]) - before


def perturb(tour: Tour, near: Neighbours, change: RandomChange, reach: int, visits: int) -> int:
    """Exchange parts at one random place and settle the tour; return the visits that are left.

    Three parts in a row are put in the opposite order (a local double bridge: Martin, Otto and
    Felten, "Large-Step Markov Chains for the Traveling Salesman Problem", 1991). The change is
    taken back unless the tour is shorter or equal after settling.
    """
    tour.keep()
    lost = change.apply(tour)
    if lost is None:
        return visits - 1
    saved, visits = settle(tour, near, reach, visits)
    if tour.waiting or saved < lost:
        tour.undo()
    return visits
