"""Section SVG writing; `python -m bench.svg_writing` runs it alone and checks its goals."""

from __future__ import annotations

from bench.machinery import Bench
from bench.report import Table
from bench.svg_writing import POLYLINES, QUICK_POLYLINES
from bench.svg_writing import measure as measure_writing


def measure(bench: Bench) -> Table:
    """Write a million vertices; with `--peers`, compare with vpype and svgwrite."""
    quick = bench.scale.is_quick
    table, _ = measure_writing(
        rounds=bench.scale.rounds,
        polylines=QUICK_POLYLINES if quick else POLYLINES,
        peers=bench.peers,
    )
    return table
