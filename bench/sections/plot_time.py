"""Section plot time; `python -m bench.plot_time` runs it alone and checks its goal."""

from __future__ import annotations

from bench.machinery import Bench, BenchError
from bench.plot_time import measure as measure_with_saxi
from bench.plot_time import measure_alone
from bench.report import Table


def measure(bench: Bench) -> Table:
    """Plan drawings of all kinds; with `--peers`, compare with saxi's planner if it is available."""
    bench.progress("plot time")
    if not bench.peers:
        return measure_alone()
    try:
        return measure_with_saxi()[0]
    except BenchError as error:
        table = measure_alone()
        table.notes.append(f"saxi was skipped: {error}")
        return table
