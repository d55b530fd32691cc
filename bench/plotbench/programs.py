"""Figures of gnuplot and graphviz, as SVG, if these programs are installed."""

from __future__ import annotations

import subprocess
from collections.abc import Sequence

import numpy as np

from bench.machinery import BenchError
from bench.peers.npm import program

TIMEOUT_S = 60
# A surface with hidden lines, its contour lines, and curves with points and a legend.
SURFACE = "sin(x * x + y) * exp(-(x * x + y * y) / 8)"
GNUPLOT = [
    f"set hidden3d; set isosamples 60; splot [-3:3] [-3:3] {SURFACE} notitle with lines",
    f"set view map; unset surface; set contour; set cntrparam levels 20; set isosamples 80; splot [-3:3] [-3:3] {SURFACE} notitle",
    "set samples 200; set grid; plot for [n=1:8] n * sin(x + n / 4.0) with linespoints title sprintf('curve %d', n)",
]
# Programs of graphviz, with the numbers of nodes and edges.
GRAPHVIZ = {"dot": (60, 80), "neato": (80, 120), "circo": (60, 70)}


def gnuplot_figures() -> list[bytes]:
    """Return figures of gnuplot."""
    terminal = "set terminal svg size 800,600 noenhanced font 'sans,12'; "
    return [_output([program("gnuplot"), "-e", terminal + figure], "") for figure in GNUPLOT]


def graphs() -> list[bytes]:
    """Return directed graphs with labels, each by another program of graphviz."""
    return [_output([program(name), "-Tsvg"], _graph(*sizes)) for name, sizes in GRAPHVIZ.items()]


def _graph(nodes: int, edges: int) -> str:
    """Return a connected random graph in the language of graphviz."""
    rng = np.random.default_rng(nodes)
    tree = [(int(rng.integers(0, node)), node) for node in range(1, nodes)]
    pairs = {
        *tree,
        *((min(a, b), max(a, b)) for a, b in rng.integers(0, nodes, (edges, 2)).tolist()),
    }
    lines = "".join(f"n{one} -> n{two};\n" for one, two in sorted(pairs) if one != two)
    return f"digraph {{ node [shape=box];\n{lines}}}\n"


def _output(command: Sequence[str], text: str) -> bytes:
    try:
        done = subprocess.run(
            command, input=text.encode(), capture_output=True, check=True, timeout=TIMEOUT_S
        )
    except (OSError, subprocess.SubprocessError) as error:
        raise BenchError(f"{command[0]} did not draw: {error}") from None
    return done.stdout
