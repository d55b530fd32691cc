"""Coordinates of HP-GL: scaling points, user units and the turn of the axes."""

from __future__ import annotations

import math

import numpy as np

from libraries.geometry.arrays import Floats

Numbers = list[float]
Point = tuple[float, float]


class Axes:
    """Transforms user units to units of the plotter, y up."""

    # Corners of the area that is scaled, and of the area that the pen reaches, on A4.
    CORNERS = (250.0, 596.0, 10250.0, 7796.0)
    REACH = (11040.0, 7721.0)
    MAX_FACTOR = 1e8

    def __init__(self) -> None:
        self._corners = self.CORNERS
        # Factors and offsets of user units, for x and y.
        self._scale = (1.0, 0.0, 1.0, 0.0)
        self.turn = 0

    @property
    def factors(self) -> tuple[float, float]:
        """Return the lengths of user units, which may be negative."""
        return self._scale[0], self._scale[2]

    @property
    def spans(self) -> tuple[float, float]:
        """Return the distances of the scaling points along x and y."""
        left, bottom, right, top = self._corners
        return right - left, top - bottom

    def scaled(self, points: Floats) -> Floats:
        across, right, up, above = self._scale
        scaled: Floats = points * (across, up) + (right, above)
        return scaled

    def turned(self, points: Floats) -> Floats:
        for _ in range(self.turn):
            points = np.column_stack([-points[:, 1], points[:, 0]])
        return points

    def placed(self, points: Floats) -> Floats:
        """Return points in user units as units of the plotter, turned."""
        return self.turned(self.scaled(points))

    def in_user_units(self, point: Floats) -> tuple[float, float]:
        """Return a point that `scaled` returned in user units."""
        across, right, up, above = self._scale
        return (float(point[0]) - right) / across, (float(point[1]) - above) / up

    def rotate(self, numbers: Numbers) -> None:
        self.turn = int(numbers[0] // 90) % 4 if numbers else 0

    def input_corners(self, numbers: Numbers) -> None:
        """Set the scaling points; a single one moves the other."""
        if len(numbers) >= 4:  # noqa: PLR2004 - two corners
            self._corners = (numbers[0], numbers[1], numbers[2], numbers[3])
        elif len(numbers) >= 2:  # noqa: PLR2004 - a corner
            across, up = self.spans
            self._corners = (numbers[0], numbers[1], numbers[0] + across, numbers[1] + up)
        elif not numbers:
            self._corners = self.CORNERS

    def input_relative(self, numbers: Numbers) -> None:
        """Set the scaling points in percent of what the pen reaches."""
        shares = numbers or [0.0, 0.0, 100.0, 100.0]
        places = [share * self.REACH[axis % 2] / 100 for axis, share in enumerate(shares)]
        self.input_corners(places)

    def set_user_units(self, numbers: Numbers) -> bool:
        """Give the corners coordinates in user units; return whether that is possible."""
        self._scale = (1.0, 0.0, 1.0, 0.0)
        if len(numbers) < 4:  # noqa: PLR2004 - ranges of x and y
            return not numbers
        left, bottom, _, _ = self._corners
        wide, tall = self.spans
        first, last, low, high = numbers[:4]
        kind = int(numbers[4]) if len(numbers) > 4 else 0  # noqa: PLR2004
        if kind == 2:  # noqa: PLR2004 - factors instead of the second corner
            across, up = last, high
        elif last == first or high == low:
            return False
        else:
            across, up = wide / (last - first), tall / (high - low)
        if kind == 1:
            # Equal lengths on both axes; the rest is shared by percentages.
            size = min(abs(across), abs(up))
            across, up = math.copysign(size, across), math.copysign(size, up)
            shares = numbers[5:7] if len(numbers) > 6 else [50.0, 50.0]  # noqa: PLR2004
            left += (wide - across * (last - first)) * shares[0] / 100
            bottom += (tall - up * (high - low)) * shares[1] / 100
        most = self.MAX_FACTOR
        if not (1 / most <= abs(across) <= most and 1 / most <= abs(up) <= most):
            return False
        self._scale = (across, left - first * across, up, bottom - low * up)
        return True


def centre_of(start: Point, middle: Floats, end: Floats) -> tuple[Point, float] | None:
    """Return the centre and the angle in degrees of the arc through three points, None for a line."""
    (ax, ay), (bx, by), (cx, cy) = start, middle.tolist(), end.tolist()
    if (ax, ay) == (cx, cy):
        return (((ax + bx) / 2, (ay + by) / 2), 360.0) if (ax, ay) != (bx, by) else None
    # From the middle of the chord, along its normal.
    bx, by, cx, cy = bx - ax, by - ay, cx - ax, cy - ay
    twice = 2 * (bx * cy - by * cx)
    size = max(abs(bx), abs(by), abs(cx), abs(cy))
    if abs(twice) <= 1e-9 * size * size:
        return None
    x = (cy * (bx * bx + by * by) - by * (cx * cx + cy * cy)) / twice
    y = (bx * (cx * cx + cy * cy) - cx * (bx * bx + by * by)) / twice
    first, last = math.atan2(-y, -x), math.atan2(cy - y, cx - x)
    sweep = math.degrees(last - first) % 360
    # Counterclockwise if the middle is to the right of the chord.
    return (ax + x, ay + y), sweep if twice > 0 else sweep - 360
