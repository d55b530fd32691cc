"""Path data and basic shapes of SVG as polylines."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import numpy as np

from libraries.errors import InvalidInput
from libraries.geometry.arrays import Floats, Polyline
from libraries.svg_syntax.curves import (
    FLATNESS,
    MAX_VERTICES,
    arc_lines,
    corner_lines,
    cubic_lines,
    elevated,
    endpoint_arc_lines,
    too_many_vertices,
)
from libraries.svg_syntax.path_data import commands_of
from libraries.svg_syntax.tracing import flattened_paths, trace


def path_outline(data: str, tolerance: float = FLATNESS) -> list[Polyline]:
    """Return a polyline for each subpath of path data, flattened to `tolerance`.

    Raises:
        InvalidInput: the data is malformed, a number is too large, or there are too many vertices.
    """
    traced = trace(data)
    return flattened_paths([traced], [tolerance]) if traced else lines_of_path(data, tolerance)


def lines_of_path(data: str, tolerance: float) -> list[Polyline]:
    """Return the same as `path_outline`; faster for long commands."""
    pen = _Pen(tolerance)
    for command, arguments in commands_of(data):
        pen.draw(command, arguments)
    return pen.lines()


def lines_up_to_error(
    data: str, tolerance: float, largest: float
) -> tuple[list[Polyline], InvalidInput | None]:
    """Return the polylines before the first error of path data, and the error, if there is one.

    Numbers above `largest` are errors.

    Raises:
        InvalidInput: there are too many vertices.
    """
    pen, error = _Pen(tolerance), None
    commands = commands_of(data, largest)
    while True:
        try:
            command, arguments = next(commands, ("", np.zeros((0, 0))))
        except InvalidInput as found:
            error = found
            break
        if not command:
            break
        pen.draw(command, arguments)
    return pen.lines(), error


def rectangle_outline(
    corner: tuple[float, float],
    size: tuple[float, float],
    radii: tuple[float, float],
    tolerance: float,
) -> Polyline:
    """Return a rectangle from its upper left corner, clockwise, with rounded corners."""
    (left, top), (width, height) = corner, size
    across, down = min(radii[0], width / 2), min(radii[1], height / 2)
    right, bottom = left + width, top + height
    if across <= 0 or down <= 0:
        return np.array([(left, top), (right, top), (right, bottom), (left, bottom), (left, top)])
    middles = [
        (right - across, top + down),
        (right - across, bottom - down),
        (left + across, bottom - down),
        (left + across, top + down),
    ]
    corners = corner_lines((across, down), tolerance)
    points = corners + np.repeat(np.array(middles), len(corners) // 4, axis=0)
    return np.concatenate([points, points[:1]])


def ellipse_outline(
    centre: tuple[float, float], radii: tuple[float, float], tolerance: float
) -> Polyline:
    """Return an ellipse as one closed line, clockwise from three o'clock."""
    line = arc_lines(centre, radii, 0, 360, tolerance=tolerance)
    line[-1] = line[0]
    return line


class _Pen:
    """Draws path data command by command."""

    def __init__(self, tolerance: float) -> None:
        self._tolerance = tolerance
        self._lines: list[list[Floats]] = []
        self._vertices = 0
        self._here = np.zeros(2)
        self._start = np.zeros(2)
        # The last control point, for smooth curves.
        self._handle = np.zeros(2)
        self._last = ""

    def lines(self) -> list[Polyline]:
        return [np.concatenate(parts) for parts in self._lines if len(parts) > 1]

    def draw(self, command: str, arguments: Floats) -> None:
        kind = command.upper()
        if kind != "M" and self._last == "Z":
            self._lines.append([self._start[None]])
        _DRAW[kind](self, arguments, command.islower())
        self._last = kind

    def move(self, arguments: Floats, relative: bool) -> None:
        """Begin a subpath; further points are lines from there."""
        points = self._points(arguments, relative)
        self._here = self._start = points[0]
        self._lines.append([points[:1]])
        self._go(points[1:])

    def line(self, arguments: Floats, relative: bool) -> None:
        self._go(self._points(arguments, relative))

    def level(self, arguments: Floats, relative: bool) -> None:
        self._along(0, arguments[:, 0], relative)

    def upright(self, arguments: Floats, relative: bool) -> None:
        self._along(1, arguments[:, 0], relative)

    def close(self, _: Floats, __: bool) -> None:
        if (self._here != self._start).any() or len(self._lines[-1]) == 1:
            self._go(self._start[None])
        self._here = self._start

    def cubic(self, arguments: Floats, relative: bool) -> None:
        self._bend(self._controls(arguments, relative))

    def smooth_cubic(self, arguments: Floats, relative: bool) -> None:
        controls = self._controls(arguments, relative)
        starts = np.concatenate([self._here[None], controls[:-1, 1]])
        handle = self._handle if self._last in "CS" else self._here
        handles = np.concatenate([handle[None], controls[:-1, 0]])
        self._bend(np.concatenate([(2 * starts - handles)[:, None], controls], axis=1))

    def quadratic(self, arguments: Floats, relative: bool) -> None:
        self._bend_quadratics(self._controls(arguments, relative))

    def smooth_quadratic(self, arguments: Floats, relative: bool) -> None:
        points = self._points(arguments, relative)
        starts = np.concatenate([self._here[None], points[:-1]])
        control = self._handle if self._last in "QT" else self._here
        controls = []
        for start in starts:
            control = 2 * start - control
            controls.append(control)
        self._bend_quadratics(np.stack([np.array(controls), points], axis=1))

    def arc(self, arguments: Floats, relative: bool) -> None:
        for across, down, tilt, longer, clockwise, x, y in arguments.tolist():
            start_x, start_y = self._here.tolist()
            end = (start_x + x, start_y + y) if relative else (x, y)
            arc = (across, down, tilt, longer == 1, clockwise == 1)
            self._go(endpoint_arc_lines((start_x, start_y), end, arc, self._tolerance))

    def _points(self, arguments: Floats, relative: bool) -> Floats:
        return self._here + np.cumsum(arguments, axis=0) if relative else arguments

    def _along(self, axis: int, numbers: Floats, relative: bool) -> None:
        points = np.tile(self._here, (len(numbers), 1))
        points[:, axis] = self._here[axis] + np.cumsum(numbers) if relative else numbers
        self._go(points)

    def _controls(self, arguments: Floats, relative: bool) -> Floats:
        """Return the absolute control points and ends of curves: shape (k, points, 2)."""
        controls = arguments.reshape(len(arguments), -1, 2)
        if not relative:
            return controls
        starts = self._here + np.cumsum(controls[:, -1], axis=0) - controls[:, -1]
        return controls + starts[:, None]

    def _bend(self, controls: Floats) -> None:
        starts = np.concatenate([self._here[None], controls[:-1, -1]])
        self._handle = controls[-1, 1]
        self._go(cubic_lines(np.concatenate([starts[:, None], controls], axis=1), self._tolerance))

    def _bend_quadratics(self, controls: Floats) -> None:
        starts = np.concatenate([self._here[None], controls[:-1, -1]])
        self._handle = controls[-1, 0]
        curves = elevated(np.concatenate([starts[:, None], controls], axis=1))
        self._go(cubic_lines(curves, self._tolerance))

    def _go(self, points: Floats) -> None:
        self._vertices += len(points)
        if self._vertices > MAX_VERTICES:
            raise too_many_vertices()
        if len(points):
            self._lines[-1].append(points)
            self._here = points[-1]


_DRAW: Mapping[str, Callable[[_Pen, Floats, bool], None]] = {
    "M": _Pen.move,
    "L": _Pen.line,
    "H": _Pen.level,
    "V": _Pen.upright,
    "Z": _Pen.close,
    "C": _Pen.cubic,
    "S": _Pen.smooth_cubic,
    "Q": _Pen.quadratic,
    "T": _Pen.smooth_quadratic,
    "A": _Pen.arc,
}


def closed(points: Floats) -> Polyline:
    """Return `points` with the first one repeated at the end, unless it is there already."""
    return points if (points[0] == points[-1]).all() else np.concatenate([points, points[:1]])
