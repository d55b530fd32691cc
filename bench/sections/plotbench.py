"""Section PlotBench: the product's optimiser, with `--peers` also vpype and saxi, on the same drawings."""

from __future__ import annotations

from bench.machinery import Bench
from bench.plotbench.measuring import measure as measure_plots
from bench.report import Table


def measure(bench: Bench) -> Table:
    """Compare lifts, travel and plot time; the table has a chart."""
    return measure_plots(
        rounds=bench.scale.rounds,
        quick=bench.scale.is_quick,
        peers=bench.peers,
        progress=bench.progress,
    )
