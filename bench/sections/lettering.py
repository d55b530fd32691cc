"""Lettering: a section of the run; `python -m bench.lettering` measures it alone."""

from __future__ import annotations

from bench.lettering import measure as measure_lettering
from bench.machinery import Bench
from bench.report import Table

QUICK_SECONDS = 0.02


def measure(bench: Bench) -> Table:
    """Write in turns with hershey-fonts, and with vpype where peers are asked for."""
    bench.say("lettering")
    if bench.scale.rounds == 1:
        table, trouble = measure_lettering(rounds=1, seconds=QUICK_SECONDS, peers=bench.peers)
    else:
        table, trouble = measure_lettering(peers=bench.peers)
    table.notes += [trouble] if trouble else []
    return table
