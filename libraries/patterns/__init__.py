"""Drawing patterns. Each module of this package defines one and is loaded automatically."""

from libraries.loading import load_modules
from libraries.patterns.catalogue import (
    MAX_POINTS,
    PATTERNS,
    BadDrawing,
    Pattern,
    PatternParams,
    Polyline,
    TooComplex,
    check_pattern,
    cost_of_pattern,
    draw_pattern,
    find_pattern,
    mistake_of_pattern,
    trial_drawing,
    work_of_pattern,
)

__all__ = [
    "MAX_POINTS",
    "PATTERNS",
    "BadDrawing",
    "Pattern",
    "PatternParams",
    "Polyline",
    "TooComplex",
    "check_pattern",
    "cost_of_pattern",
    "draw_pattern",
    "find_pattern",
    "mistake_of_pattern",
    "trial_drawing",
    "work_of_pattern",
]

load_modules(__name__, discard=PATTERNS.discard)
