"""Patterns as elements."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from libraries.fields import whole
from libraries.geometry.area import Area
from libraries.geometry.rectangle import Rectangle
from libraries.patterns import PATTERNS, cost_of_pattern, draw_pattern
from libraries.sheets.artboard import params_mistakes, pattern_name, pattern_params
from libraries.sheets.elements.base import (
    ElementStrokes,
    OutlinedElement,
    Progress,
    clip_field,
    element,
    kind,
)
from libraries.sheets.page import MAX_SEED


@element
class PatternElement(OutlinedElement):
    """A pattern in a box."""

    type: str = kind("pattern")
    pattern: str = pattern_name("Name of the pattern.", list(PATTERNS), example="spiral")
    params: dict[str, Any] = pattern_params()
    seed: int | None = whole(
        "Seed of the random numbers; by default derived from the seed of the page.",
        0,
        MAX_SEED,
        default=None,
    )
    clip: bool = clip_field()

    @classmethod
    def mistakes(cls, parsed: Mapping[str, Any], given: Mapping[str, Any]) -> Iterator[Any]:
        yield from super().mistakes(parsed, given)
        yield from params_mistakes(parsed)

    @property
    def label(self) -> str:
        return self.pattern

    def strokes(
        self, frame: Rectangle, seed: int, progress: Progress | None = None
    ) -> ElementStrokes:
        chosen = seed if self.seed is None else self.seed
        area = Area(frame.width, frame.height)
        lines = draw_pattern(self.pattern, area, self.params, chosen, progress=progress)
        drawn = ElementStrokes.of_lines(lines)
        return ElementStrokes(np.add(drawn.coordinates, (frame.left, frame.top)), drawn.offsets)

    def cost(self, frame: Rectangle, *, thorough: bool) -> float:
        cost = cost_of_pattern(self.pattern, Area(frame.width, frame.height), self.params)
        self.check_ink(cost)
        return cost
