"""The catalogue of patterns: how a pattern declares itself, and the one way to check and to draw one."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterator, Mapping
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import numpy as np
from marshmallow import Schema
from numpy.typing import NDArray

from libraries.errors import InvalidInput, UnknownName
from libraries.fields import InvalidFields, load_fields
from libraries.geometry.area import Area
from libraries.registry import Registry

# A document of about 30 MB; a plotter needs days for more.
MOST_POINTS = 2_000_000
MOST_PARAMS = 64
# Lines between two reports of how far a drawing is: together they take microseconds.
WATCHED_LINES = 16
SECTION = re.compile(r"^(Args|Yields|Returns|Raises|Example|Note):$", re.MULTILINE)

Polyline = NDArray[np.float64]
Draw = Callable[..., Iterator[Polyline]]
Cost = Callable[..., float]

# Told of the part that is done by `tell`, while a pattern is drawn.
_listener: ContextVar[Callable[[float], None] | None] = ContextVar("listener", default=None)


class UnknownPattern(UnknownName):
    """Raised when no pattern has the name that was asked for."""

    code = "unknown-pattern"


class TooComplex(InvalidInput):
    """Raised when a drawing would have more points than the service draws."""

    code = "too-complex"

    def __init__(self, estimate: float) -> None:
        """Name the `estimate` of points beside the limit."""
        super().__init__(
            f"the drawing would have about {estimate:,.0f} points; at most {MOST_POINTS:,} are drawn",
            field="params",
            hint="use wider spacing or a smaller page",
        )
        self.estimate = estimate


@dataclass(frozen=True)
class Pattern:
    """A pattern of the catalogue.

    `draw(area, rng, **params)` yields polylines, arrays of shape (n, 2) in mm; `cost(area, **params)` estimates their points, not
    too low. `params` are the fields of `schema`. `summary` and `description` are the words of `draw`'s docstring.
    """

    name: str
    summary: str
    description: str
    schema: type[Schema]
    draw: Draw
    cost: Cost


PATTERNS: Registry[Pattern] = Registry("pattern")


def pattern(schema: type[Schema], cost: Cost) -> Callable[[Draw], Draw]:
    """Register the decorated function as the pattern that its module is named after."""

    def register(draw: Draw) -> Draw:
        name = draw.__module__.rpartition(".")[2]
        summary, _, rest = (inspect.getdoc(draw) or "").partition("\n\n")
        PATTERNS.add(
            name, Pattern(name, summary, SECTION.split(rest)[0].strip(), schema, draw, cost)
        )
        return draw

    return register


def find_pattern(name: str) -> Pattern:
    """Return the pattern called `name`.

    Raises:
        UnknownPattern: there is none; the error lists those that exist.
    """
    if not isinstance(name, str) or name not in PATTERNS:
        raise UnknownPattern("pattern", name, PATTERNS, field="pattern")
    return PATTERNS[name]


def check_pattern(name: str, area: Area, params: Mapping[str, Any] | None = None) -> dict[str, Any]:
    """Return the parameters of the pattern `name` with defaults filled in, if it can be drawn on `area` with `params`.

    Nothing is drawn. This takes milliseconds, whatever is asked; an image that is sent along has to be read, which takes longer.

    Raises:
        UnknownPattern: there is no such pattern.
        InvalidFields: parameters are unknown or out of their range; `errors` has a text for each, as `params.<name>`.
        TooComplex: the drawing would have too many points.
    """
    return _checked(find_pattern(name), area, params)[0]


def cost_of_pattern(name: str, area: Area, params: Mapping[str, Any] | None = None) -> float:
    """Return how many points the pattern `name` is estimated to have on `area` with `params`; raises as `check_pattern`."""
    return _checked(find_pattern(name), area, params)[1]


def _checked(
    chosen: Pattern, area: Area, params: Mapping[str, Any] | None
) -> tuple[dict[str, Any], float]:
    """Return the parameters of a pattern and the estimate of its points, if it can be drawn."""
    loaded = load_params(chosen, params)
    estimate = chosen.cost(area, **loaded)
    # Not `>`: a comparison with NaN is false.
    if not estimate <= MOST_POINTS:
        raise TooComplex(estimate)
    return loaded, estimate


def load_params(chosen: Pattern, params: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return `params` parsed by the schema of the pattern `chosen`, with defaults filled in.

    Raises:
        InvalidFields: parameters are unknown or out of their range.
    """
    given = {} if params is None else params
    if not isinstance(given, Mapping) or len(given) > MOST_PARAMS:
        raise InvalidFields({"params": [f"Must be an object with at most {MOST_PARAMS} fields."]})
    return load_fields(chosen.schema(), given, inside="params")


def draw_pattern(
    name: str,
    area: Area,
    params: Mapping[str, Any] | None = None,
    seed: int = 0,
    *,
    watch: Callable[[float], None] | None = None,
) -> list[Polyline]:
    """Return the pattern `name` drawn on `area`: polylines, arrays of shape (n, 2) in mm. The same `seed` gives the same lines.

    `watch` is called now and then with the part that is drawn by now, from 0 to 1: what the pattern tells, or points so far by
    estimated points. It never falls.

    Raises:
        UnknownPattern, InvalidFields, TooComplex: see `check_pattern`; nothing was drawn.
    """
    chosen = find_pattern(name)
    loaded, estimate = _checked(chosen, area, params)
    token = _listener.set(_rising(watch) if watch is not None else None)
    try:
        return _collected(
            chosen.draw(area, np.random.default_rng(seed), **loaded), max(estimate, 1.0)
        )
    finally:
        _listener.reset(token)


def tell(part: float) -> None:
    """Say that this part of the pattern that is drawn now is done, from 0 to 1; for work before the first line is there."""
    listener = _listener.get()
    if listener is not None:
        listener(part)


def _rising(watch: Callable[[float], None]) -> Callable[[float], None]:
    """Return a listener that passes on to `watch` the most that it was told so far, at most 1."""
    most = 0.0

    def listen(part: float) -> None:
        nonlocal most
        most = max(most, min(1.0, part))
        watch(most)

    return listen


def _collected(drawn: Iterator[Polyline], estimate: float) -> list[Polyline]:
    lines, points = [], 0
    for line in drawn:
        points += len(line)
        # The estimate was within the limit; a pattern that draws more than it said is stopped all the same.
        if points > MOST_POINTS:
            raise TooComplex(points)
        lines.append(line)
        if len(lines) % WATCHED_LINES == 1:
            tell(points / estimate)
    return lines
