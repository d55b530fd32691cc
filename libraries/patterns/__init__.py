"""The patterns: one generator a file, listed by being there."""

from libraries.loading import load_modules
from libraries.patterns.catalogue import (
    MOST_POINTS,
    PATTERNS,
    Pattern,
    Polyline,
    TooComplex,
    UnknownPattern,
    check_pattern,
    cost_of_pattern,
    draw_pattern,
    find_pattern,
    load_params,
)

__all__ = [
    "MOST_POINTS",
    "PATTERNS",
    "Pattern",
    "Polyline",
    "TooComplex",
    "UnknownPattern",
    "check_pattern",
    "cost_of_pattern",
    "draw_pattern",
    "find_pattern",
    "load_params",
]

load_modules(__name__, discard=PATTERNS.discard)
