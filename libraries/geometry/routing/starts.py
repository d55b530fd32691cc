"""Free starts of closed strokes."""

from __future__ import annotations

from array import array
from math import inf, sqrt

import numpy as np

from libraries.geometry.routing.problem import Problem


class Starts:
    """The vertices of closed strokes, of which any may be the start; `vertices` has the chosen."""

    # Vertices that are compared before the search continues near the best of them.
    COARSE = 12

    def __init__(self, problem: Problem) -> None:
        self._x = array("d", np.ascontiguousarray(problem.coordinates[:, 0]).tobytes())
        self._y = array("d", np.ascontiguousarray(problem.coordinates[:, 1]).tobytes())
        self._first = problem.offsets.tolist()
        # The last vertex of a closed stroke is the first again.
        counts = np.diff(problem.offsets) - 1
        # The rest position is listed as a stroke too.
        self._counts = np.append(np.where(problem.closed, counts, 0), 0).tolist()
        self.vertices = [0] * len(self._counts)

    def is_free(self, stroke: int) -> bool:
        return bool(self._counts[stroke] > 1)

    def point(self, stroke: int, vertex: int) -> tuple[float, float]:
        row = self._first[stroke] + vertex
        return self._x[row], self._y[row]

    def move(self, stroke: int, x: float, y: float, to_x: float, to_y: float) -> None:
        """Choose the vertex with the shortest way from (x, y) over it to (to_x, to_y).

        Twelve vertices or more are compared, then the vertices near the best.
        Unknown points are infinite. A vertex that is not better than the present one is not taken.
        """
        if x == to_x == inf:
            return
        if x == inf:
            x, y = to_x, to_y
        elif to_x == inf:
            to_x, to_y = x, y
        count, first = self._counts[stroke], self._first[stroke]
        all_x, all_y = self._x, self._y

        def way(vertex: int) -> float:
            vertex_x, vertex_y = all_x[first + vertex], all_y[first + vertex]
            dx, dy, ex, ey = vertex_x - x, vertex_y - y, vertex_x - to_x, vertex_y - to_y
            return sqrt(dx * dx + dy * dy) + sqrt(ex * ex + ey * ey)

        step = max(count // self.COARSE, 1)
        best = min(range(0, count, step), key=way)
        while step > 1:
            step = (step + 1) // 2
            best = min((best, (best - step) % count, (best + step) % count), key=way)
        # A different vertex has to be better by more than rounding errors.
        if way(best) < way(self.vertices[stroke]) - 1e-7:
            self.vertices[stroke] = best
