"""Constraints on the order and the direction of strokes."""

from __future__ import annotations

from math import inf

from libraries.geometry.routing.problem import Problem
from libraries.geometry.routing.tour import Run


class Rules:
    """Checks of runs: whether strokes are drawn before others and in their own direction."""

    def __init__(self, problem: Problem) -> None:
        self._later: dict[int, list[int]] = {}
        for one, two in problem.before:
            self._later.setdefault(one, []).append(two)
        self._bound = bytearray(len(problem))
        for pair in problem.before:
            for stroke in pair:
                self._bound[stroke] = 1
        self._one_way = (
            bytes(len(problem)) if problem.one_way is None else problem.one_way.tobytes()
        )

    def allow(self, run: Run) -> bool:
        """Return whether the strokes of `run`, two ends each, may be drawn in that order.

        All other strokes are before or after the run, as they were.
        """
        seen: dict[int, int] = {}
        for index, end in enumerate(run[::2]):
            stroke = end >> 1
            if end & 1 and self._one_way[stroke]:
                return False
            if self._bound[stroke]:
                seen[stroke] = index
        return not any(
            seen.get(other, inf) < index
            for stroke, index in seen.items()
            for other in self._later.get(stroke, ())
        )
