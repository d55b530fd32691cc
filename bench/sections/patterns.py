"""Patterns: a section of the run; `python -m bench.patterns` measures it alone."""

from __future__ import annotations

from bench.machinery import Bench
from bench.patterns import measure as measure_patterns
from bench.report import Table


def measure(bench: Bench) -> Table:
    """Draw every pattern dense on A3, each in a process of its own; a quick run draws small ones in a single process."""
    bench.say("patterns")
    return measure_patterns(quick=bench.scale.rounds == 1)
