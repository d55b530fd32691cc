"""Random drawings for tests of routes; as a program it prints the digest of a route."""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from functools import cache
from itertools import pairwise

import numpy as np

from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.routing import Route, shortest_route
from libraries.geometry.routing.route import Flags, travel_mm
from libraries.geometry.strokes import Point


@dataclass(frozen=True, eq=False)
class Drawing:
    """Strokes, which of them are closed, and the rest positions of the pen."""

    coordinates: Floats
    offsets: Integers
    closed: Flags
    start: Point | None = None
    end: Point | None = None

    def __len__(self) -> int:
        return len(self.closed)

    def travel_mm(self, order: Integers, entry: Integers) -> float:
        return travel_mm(
            self.coordinates,
            self.offsets,
            order,
            entry,
            closed=self.closed,
            start=self.start,
            end=self.end,
        )

    def given_mm(self) -> float:
        return self.travel_mm(np.arange(len(self)), np.zeros(len(self), dtype=np.int64))

    def least_mm(self) -> float:
        """Return the travel of the best of all orders, directions and starts."""
        lines = [self.coordinates[a:b].tolist() for a, b in pairwise(self.offsets.tolist())]
        ways = [
            [(point, point) for point in line]
            if is_closed
            else [(line[0], line[-1]), (line[-1], line[0])]
            for line, is_closed in zip(lines, self.closed, strict=True)
        ]

        @cache
        def least(left: int, stroke: int, way: int) -> float:
            point = ways[stroke][way][1] if stroke >= 0 else self.start
            if not left:
                return 0.0 if point is None or self.end is None else math.dist(point, self.end)
            return min(
                least(left & ~(1 << other), other, number)
                + (0.0 if point is None else math.dist(point, entry))
                for other in range(len(self))
                if left >> other & 1
                for number, (entry, _) in enumerate(ways[other])
            )

        return least((1 << len(self)) - 1, -1, 0)


def random_drawing(strokes: int, *, closed: float = 0.0) -> Drawing:
    """Return short strokes, a part of them closed, at random places of a square of 100 mm."""
    rng = np.random.default_rng(strokes)
    lines = rng.random((strokes, 1, 2)) * 100 + rng.normal(0, 2, (strokes, 5, 2))
    is_closed = rng.random(strokes) < closed
    lines[is_closed, -1] = lines[is_closed, 0]
    return Drawing(
        lines.reshape(-1, 2), np.arange(strokes + 1) * 5, is_closed, (0.0, 0.0), (0.0, 0.0)
    )


def digest() -> str:
    """Return the SHA-256 of a route through random strokes."""
    drawing = random_drawing(60, closed=0.3)
    route = shortest_route(
        drawing.coordinates,
        drawing.offsets,
        closed=drawing.closed,
        start=drawing.start,
        end=drawing.end,
        moves=2_000,
        is_over=lambda: False,
    )
    return hashlib.sha256(_bytes(route)).hexdigest()


def _bytes(route: Route) -> bytes:
    return route.order.tobytes() + route.entry.tobytes()


if __name__ == "__main__":
    print(digest())  # noqa: T201
