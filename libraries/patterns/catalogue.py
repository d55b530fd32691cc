"""Registration, validation and drawing of patterns."""

from __future__ import annotations

import inspect
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any, Protocol, Self, TypeVar

import numpy as np
from marshmallow import Schema
from numpy.typing import NDArray

from libraries.declarations import Preset, check_method, check_params, check_presets, check_summary
from libraries.errors import InvalidInput, UnknownName
from libraries.fields import InvalidFields
from libraries.geometry.area import Area
from libraries.loading import LoadError
from libraries.registry import Registry

# A document of about 30 MB; a plotter needs days for more.
MAX_POINTS = 2_000_000
MAX_PARAMS = 64
# One array operation per line would take longer than drawing many short lines.
LINES_PER_CHECK = 1024
# Tolerance for rounding errors at the edge of the area.
MAX_OUTSIDE_MM = 1e-6

Polyline = NDArray[np.float64]
Progress = Callable[[float], None]

_progress: ContextVar[Progress | None] = ContextVar("progress", default=None)


class TooComplex(InvalidInput):
    """Raised when a drawing would have too many points; `estimate` is their number."""

    code = "too-complex"

    def __init__(self, estimate: float, *, reason: str = "", hint: str = "") -> None:
        super().__init__(
            f"the drawing would have about {estimate:,.0f} points; "
            f"{reason or f'at most {MAX_POINTS:,} are drawn'}",
            field="params",
            hint=hint or "use wider spacing or a smaller page",
        )
        self.estimate = estimate


class BadDrawing(Exception):
    """Raised when a pattern yields an invalid stroke, which is a bug in the pattern."""


class PatternParams(Protocol):
    """The parameters of a pattern: a subclass of `Params` that also estimates and draws it."""

    @classmethod
    def schema(cls) -> type[Schema]: ...

    @classmethod
    def load(cls, values: Mapping[str, Any], *, inside: str = "") -> Self: ...

    def values(self) -> dict[str, Any]: ...

    def cost(self, area: Area) -> float:
        """Return an upper estimate of the number of points, within milliseconds."""

    def draw(self, area: Area, rng: np.random.Generator) -> Iterator[Polyline]:
        """Yield polylines inside `area`: arrays of float64 of shape (n, 2), in mm."""


@dataclass(frozen=True)
class Pattern:
    """A registered pattern; `summary` and `description` are the docstring of its class.

    `presets` are its class attribute of that name, or ().
    """

    name: str
    summary: str
    description: str
    params: type[PatternParams]
    presets: tuple[Preset, ...] = ()

    @property
    def schema(self) -> type[Schema]:
        return self.params.schema()


PATTERNS: Registry[Pattern] = Registry("pattern")
P = TypeVar("P", bound=PatternParams)


def pattern(cls: type[P]) -> type[P]:
    """Register the decorated class under the name of its module.

    Raises:
        LoadError: the class breaks a rule of patterns; the text says which.
    """
    draw_form = "(self, area: Area, rng: Generator) -> Iterator[Polyline]"
    check_method(cls, "cost", ("self", "area"), "(self, area: Area) -> float")
    check_method(cls, "draw", ("self", "area", "rng"), draw_form)
    check_params(cls)
    presets = check_presets(cls)
    summary = check_summary(cls)
    description = (inspect.getdoc(cls) or "").partition("\n\n")[2]
    if not description:
        raise LoadError(f"{cls.__name__} needs a description after the first line of its docstring")
    name = cls.__module__.rpartition(".")[2]
    PATTERNS.add(name, Pattern(name, summary, description, cls, presets))
    return cls


def find_pattern(name: str) -> Pattern:
    """Return the pattern called `name`.

    Raises:
        UnknownName: no pattern has that name (code `unknown-pattern`); the error lists all names.
    """
    if not isinstance(name, str) or name not in PATTERNS:
        raise UnknownName("pattern", name, PATTERNS, field="pattern", code="unknown-pattern")
    return PATTERNS[name]


def check_pattern(name: str, area: Area, params: Mapping[str, Any] | None = None) -> PatternParams:
    """Validate a pattern without drawing it, and return its parameters with defaults filled in.

    Takes milliseconds, plus the time to read an image.

    Raises:
        UnknownName: no pattern has that name.
        InvalidFields: parameters are unknown or out of range; lists all, as `params.<name>`.
        TooComplex: the drawing would have too many points.
    """
    return _checked(find_pattern(name), area, params)[0]


def cost_of_pattern(name: str, area: Area, params: Mapping[str, Any] | None = None) -> float:
    """Return the estimated number of points on `area`; raises the errors of `check_pattern`."""
    return _checked(find_pattern(name), area, params)[1]


def work_of_pattern(name: str, area: Area, params: Mapping[str, Any] | None = None) -> float:
    """Return the estimated work of a drawing, in points of a plain line of about 5 microseconds.

    It is what the method `work(self, area)` of the pattern returns, and the number of points for a
    pattern without one. Raises the errors of `check_pattern`.
    """
    loaded, estimate = _checked(find_pattern(name), area, params)
    work: Callable[[Area], float] | None = getattr(loaded, "work", None)
    return estimate if work is None else max(estimate, work(area))


def _checked(
    chosen: Pattern, area: Area, params: Mapping[str, Any] | None
) -> tuple[PatternParams, float]:
    loaded = load_params(chosen, params)
    estimate = loaded.cost(area)
    # Not `>`: a comparison with NaN is false.
    if not estimate <= MAX_POINTS:
        raise TooComplex(estimate)
    return loaded, estimate


def load_params(chosen: Pattern, params: Mapping[str, Any] | None) -> PatternParams:
    """Return `params` parsed by the pattern `chosen`, with defaults filled in.

    Raises:
        InvalidFields: parameters are unknown or out of range.
    """
    given = {} if params is None else params
    if not isinstance(given, Mapping) or len(given) > MAX_PARAMS:
        raise InvalidFields({"params": [f"Must be an object with at most {MAX_PARAMS} fields."]})
    return chosen.params.load(given, inside="params")


def draw_pattern(
    name: str,
    area: Area,
    params: Mapping[str, Any] | None = None,
    seed: int = 0,
    *,
    progress: Progress | None = None,
) -> list[Polyline]:
    """Return the pattern `name` drawn on `area`: polylines, arrays of shape (n, 2) in mm.

    The same `seed` produces the same lines. `progress` is called repeatedly with the share of the
    work that is done, from 0 to 1, never decreasing: the value that the pattern reports, or the
    number of points so far divided by the estimate.

    Raises:
        UnknownName, InvalidFields, TooComplex: see `check_pattern`.
        BadDrawing: the pattern yields an invalid stroke.
    """
    chosen = find_pattern(name)
    loaded, estimate = _checked(chosen, area, params)
    token = _progress.set(_increasing(progress) if progress is not None else None)
    try:
        drawn = loaded.draw(area, np.random.default_rng(seed))
        return _collected(chosen, area, drawn, max(estimate, 1.0))
    finally:
        _progress.reset(token)


def trial_drawing(name: str) -> str | None:
    """Draw a pattern with its defaults on a small area; return the error message, if any."""
    try:
        draw_pattern(name, Area(52, 74, 5))
    except Exception as error:
        return mistake_of_pattern(error) or f"{_named(PATTERNS[name])}: {error}"
    return None


def mistake_of_pattern(error: Exception) -> str | None:
    """Return the text of an error in the code of a pattern, with the file; None for other errors."""
    if isinstance(error, BadDrawing):
        return str(error)
    modules = {one.params.__module__: one for _, one in PATTERNS.items()}
    for frame, _ in traceback.walk_tb(error.__traceback__):
        chosen = modules.get(frame.f_globals.get("__name__", ""))
        if chosen is not None:
            return f"{_named(chosen)}: {type(error).__name__}: {error}"
    return None


def report_progress(part: float) -> None:
    """Report from `draw` that `part` of the work is done, from 0 to 1.

    Only patterns that work for long before they yield their first line need to call this.
    """
    progress = _progress.get()
    if progress is not None:
        progress(part)


def _increasing(progress: Progress) -> Progress:
    """Return a function that reports the maximum so far, at most 1."""
    largest = 0.0

    def report(part: float) -> None:
        nonlocal largest
        largest = max(largest, min(1.0, part))
        progress(largest)

    return report


def _collected(
    chosen: Pattern, area: Area, drawn: Iterator[Polyline], estimate: float
) -> list[Polyline]:
    lines: list[Polyline] = []
    points = checked = 0
    for line in drawn:
        if not _is_polyline(line):
            raise _bad_drawing(chosen, len(lines), f"is {_described(line)}")
        points += len(line)
        # A pattern may draw more than it estimated.
        if points > MAX_POINTS:
            raise TooComplex(points)
        lines.append(line)
        if len(lines) % 16 == 1:
            report_progress(points / estimate)
        if len(lines) - checked == LINES_PER_CHECK:
            _check_inside(chosen, area, lines, checked)
            checked = len(lines)
    _check_inside(chosen, area, lines, checked)
    return lines


def _is_polyline(line: object) -> bool:
    if not isinstance(line, np.ndarray) or line.dtype != np.float64:
        return False
    return line.shape[1:] == (2,) and len(line) > 0


def _check_inside(chosen: Pattern, area: Area, lines: list[Polyline], first: int) -> None:
    """Raise `BadDrawing` if `lines[first:]` leave `area` or are not finite."""
    low = np.array((area.left, area.top)) - MAX_OUTSIDE_MM
    high = np.array((area.right, area.bottom)) + MAX_OUTSIDE_MM
    if first == len(lines) or _is_inside(np.concatenate(lines[first:]), low, high):
        return
    number = next(n for n in range(first, len(lines)) if not _is_inside(lines[n], low, high))
    line = lines[number]
    x, y = line[np.flatnonzero(~((line >= low) & (line <= high)).all(axis=1))[0]].tolist()
    raise _bad_drawing(
        chosen,
        number,
        f"has the point ({x:g}, {y:g}), outside the area from ({area.left:g}, {area.top:g}) to "
        f"({area.right:g}, {area.bottom:g})",
    )


def _is_inside(line: Polyline, low: Polyline, high: Polyline) -> bool:
    # The minimum of values with a NaN is NaN, which compares as false.
    return bool((line.min(axis=0) >= low).all() and (line.max(axis=0) <= high).all())


def _described(line: object) -> str:
    found = (
        f"an array of {line.dtype} of shape {line.shape}"
        if isinstance(line, np.ndarray)
        else f"of type {type(line).__name__}"
    )
    return f"{found}, not a non-empty array of float64 of shape (n, 2)"


def _bad_drawing(chosen: Pattern, number: int, mistake: str) -> BadDrawing:
    return BadDrawing(f"{_named(chosen)}: stroke {number} {mistake}")


def _named(chosen: Pattern) -> str:
    return f"pattern {chosen.name!r} ({chosen.params.__module__.replace('.', '/')}.py)"
