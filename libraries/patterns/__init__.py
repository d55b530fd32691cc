"""The patterns: one generator a file, listed by being there."""

import importlib
import pkgutil

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

for _module in pkgutil.iter_modules(__path__):
    importlib.import_module(f"{__name__}.{_module.name}")
