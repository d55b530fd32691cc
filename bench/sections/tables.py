"""Data files: a section of the run; `python -m bench.tables` measures it alone, with all peers."""

from __future__ import annotations

from bench.machinery import Bench
from bench.report import Table
from bench.tables import MEGABYTES, QUICK_MEGABYTES
from bench.tables import measure as measure_tables


def measure(bench: Bench) -> Table:
    """Convert a gigabyte; pandas, polars and csvkit only where peers are asked for."""
    quick = bench.scale.rounds == 1
    table, troubles = measure_tables(
        megabytes=QUICK_MEGABYTES if quick else MEGABYTES, peers=bench.peers
    )
    for trouble in troubles:
        bench.say(trouble)
    return table
