"""Section data files; `python -m bench.tables` runs it alone, with all peers."""

from __future__ import annotations

from bench.machinery import Bench
from bench.report import Table
from bench.tables import MEGABYTES, QUICK_MEGABYTES
from bench.tables import measure as measure_tables


def measure(bench: Bench) -> Table:
    """Convert half a gigabyte; with `--peers`, compare with pandas, polars and csvkit."""
    quick = bench.scale.is_quick
    table, problems = measure_tables(
        megabytes=QUICK_MEGABYTES if quick else MEGABYTES, peers=bench.peers
    )
    for problem in problems:
        bench.progress(problem)
    return table
