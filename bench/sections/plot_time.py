"""Plot time: a section of the run; `python -m bench.plot_time` measures it alone and holds it to its goal."""

from __future__ import annotations

from bench.machinery import Bench, BenchTrouble
from bench.plot_time import measure as measure_beside_saxi
from bench.plot_time import measure_alone
from bench.report import Table


def measure(bench: Bench) -> Table:
    """Plan drawings of every kind; beside saxi's planner where peers are asked for and it can be had."""
    bench.say("plot time")
    if not bench.peers:
        return measure_alone()
    try:
        return measure_beside_saxi()[0]
    except BenchTrouble as trouble:
        table = measure_alone()
        table.notes.append(f"saxi is left out: {trouble}")
        return table
