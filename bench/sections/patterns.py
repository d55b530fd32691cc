"""Section patterns; `python -m bench.patterns` runs it alone."""

from __future__ import annotations

from bench.machinery import Bench
from bench.patterns import measure as measure_patterns
from bench.report import Table


def measure(bench: Bench) -> Table:
    """Draw all patterns dense on A3, each in a new process; a quick run draws small ones in one process."""
    bench.progress("patterns")
    return measure_patterns(quick=bench.scale.is_quick)
