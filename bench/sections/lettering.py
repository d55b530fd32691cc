"""Section lettering; `python -m bench.lettering` runs it alone."""

from __future__ import annotations

from bench.lettering import measure as measure_lettering
from bench.machinery import Bench
from bench.report import Table


def measure(bench: Bench) -> Table:
    """Compare with hershey-fonts and, with `--peers`, with vpype."""
    bench.progress("lettering")
    if bench.scale.is_quick:
        table, problem = measure_lettering(rounds=1, seconds=0.02, peers=bench.peers)
    else:
        table, problem = measure_lettering(peers=bench.peers)
    table.notes += [problem] if problem else []
    return table
