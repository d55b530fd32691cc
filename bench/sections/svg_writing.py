"""Writing SVG: a section of the run; `python -m bench.svg_writing` measures it alone and holds it to its goals."""

from __future__ import annotations

from bench.machinery import Bench
from bench.report import Table
from bench.svg_writing import POLYLINES, QUICK_POLYLINES
from bench.svg_writing import measure as measure_writing


def measure(bench: Bench) -> Table:
    """Write a million vertices in turns; vpype and svgwrite only where peers are asked for."""
    quick = bench.scale.rounds == 1
    table, _ = measure_writing(
        rounds=bench.scale.rounds,
        polylines=QUICK_POLYLINES if quick else POLYLINES,
        peers=bench.peers,
    )
    return table
