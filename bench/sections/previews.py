"""Previews: a section of the run; `python -m bench.previews` measures it alone."""

from __future__ import annotations

from bench.machinery import Bench
from bench.previews import measure as measure_previews
from bench.report import Table

QUICK_SIZES = (2000,)


def measure(bench: Bench) -> Table:
    """Draw previews; resvg and CairoSVG only where peers are asked for."""
    bench.say("previews")
    if bench.scale.rounds == 1:
        table, troubles = measure_previews(sizes=QUICK_SIZES, rounds=1, peers=bench.peers)
    else:
        table, troubles = measure_previews(peers=bench.peers)
    table.notes += [f"Left out: {trouble}" for trouble in troubles]
    return table
