"""Section previews; `python -m bench.previews` runs it alone."""

from __future__ import annotations

from bench.machinery import Bench
from bench.previews import measure as measure_previews
from bench.report import Table


def measure(bench: Bench) -> Table:
    """Draw previews; with `--peers`, compare with resvg and CairoSVG."""
    bench.progress("previews")
    if bench.scale.is_quick:
        table, problems = measure_previews(sizes=(2000,), rounds=1, peers=bench.peers)
    else:
        table, problems = measure_previews(peers=bench.peers)
    table.notes += [f"Skipped: {problem}" for problem in problems]
    return table
