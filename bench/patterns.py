"""`python -m bench.patterns`: all patterns densely on A3, some also as plain Python loops (`bench.loops`).

Each pattern is drawn in a new process, to measure its memory.

Exit codes: 0, 1 if a measurement failed.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from bench.loops import LOOPS
from bench.machinery import REPOSITORY, BenchError
from bench.report import Table, format_number, ratios, spread
from libraries.geometry.area import Area
from libraries.patterns import PATTERNS, check_pattern, draw_pattern

A3, SMALL = Area(297, 420, 15), Area(74, 105, 5)
ROUNDS, TIMEOUT_S = 3, 600
SEED = 7
TOLERANCE_MM = 1e-6
NO_LOOP = "not available"
DENSE: dict[str, dict[str, object]] = {
    "circle_packing": {"smallest": 0.8, "largest": 30, "gap": 0.4, "fill_spacing": 0.6},
    "contours": {"levels": 120, "scale": 80},
    "flow_field": {"separation": 0.8},
    "grid": {"spacing_x": 0.3, "spacing_y": 0.3},
    "guilloche": {"spacing": 0.4, "tolerance": 0.005},
    "halftone_lines": {"spacing": 1.0, "wavelength": 0.5},
    "harmonograph": {"swings": 600, "tolerance": 0.005},
    "hatch": {"shape": "room", "spacing": 0.3},
    "lsystem": {"preset": "plant", "iterations": 7},
    "noise_lines": {"lines": 600, "roughness": 0, "tolerance": 0.01},
    "phyllotaxis": {"spacing": 3, "tolerance": 0.005},
    "space_filling": {"kind": "gosper", "cell": 1.2},
    "spiral": {"pitch": 0.3, "tolerance": 0.005},
    "stipple": {"points": 24_000},
    "truchet": {"cell": 12, "strands": 12},
    "tsp_art": {"points": 20_000},
    "voronoi": {"spacing": 7, "filled": 1, "fill_spacing": 1},
}


def measure(*, quick: bool = False) -> Table:
    """Return the table; raise BenchError if a pattern fails or a loop draws different lines."""
    names = list(PATTERNS)
    batches = [names] if quick else [[name] for name in names]
    table = Table(
        "Patterns: dense on A3",
        ["pattern", "vertices", "ms", "vertices / s", "peak MB", "plain loop ms", "loop / ours"],
        notes=[
            f"From parameters to lines, seed {SEED}: {ROUNDS} rounds after a small warm-up drawing, each in a new process.",
            "Peak MB: the maximum memory of the process minus that after the warm-up drawing. Includes the lines.",
            "The plain loops of `bench/loops.py` draw the same lines within 1e-6 mm, once, without NumPy except for the setup.",
            *(f"{name}: {_describe(params)}." for name, params in DENSE.items()),
        ],
    )
    for batch in batches:
        for name, figures in zip(batch, _run(batch, quick=quick), strict=True):
            table.rows.append(_row(name, **figures))
    return table


def _row(
    name: str, *, vertices: int, seconds: list[float], peak: float, loop: list[float]
) -> list[str]:
    rates = [vertices / each for each in seconds]
    compared = ratios(loop, sorted(seconds)[len(seconds) // 2 :][:1]) if loop else NO_LOOP
    ours, theirs = (spread([1000 * each for each in some]) for some in (seconds, loop))
    return [
        name,
        f"{vertices:,}",
        ours,
        spread(rates),
        format_number(peak),
        theirs if loop else NO_LOOP,
        compared,
    ]


def _describe(params: Mapping[str, object]) -> str:
    return ", ".join(f"{name} {value}" for name, value in params.items())


def _run(names: Sequence[str], *, quick: bool) -> list[dict[str, Any]]:
    command = [sys.executable, "-m", "bench.patterns", *(["--quick"] if quick else []), *names]
    try:
        done = subprocess.run(
            command, cwd=REPOSITORY, capture_output=True, text=True, check=False, timeout=TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        raise BenchError(f"{', '.join(names)}: not drawn in {TIMEOUT_S} s") from None
    if done.returncode != 0:
        raise BenchError(f"{', '.join(names)}: {done.stderr.strip().splitlines()[-1:]}")
    return [json.loads(line) for line in done.stdout.splitlines()]


def figures(name: str, *, quick: bool = False) -> dict[str, Any]:
    """Draw a pattern in this process; return vertices, seconds per round, peak in MB and seconds of the loop."""
    area, params = (
        (SMALL, {**DENSE[name], **({"points": 300} if "points" in DENSE[name] else {})})
        if quick
        else (A3, DENSE[name])
    )
    if quick and name == "lsystem":
        params = {**params, "iterations": 4}
    if not quick:
        draw_pattern(name, SMALL)
    before = _peak()
    seconds = []
    for _ in range(1 if quick else ROUNDS):
        started_at = time.perf_counter()
        lines = draw_pattern(name, area, params, SEED)
        seconds.append(time.perf_counter() - started_at)
    peak = _peak() - before
    return {
        "vertices": sum(map(len, lines)),
        "seconds": seconds,
        "peak": peak,
        "loop": [_loop(name, area, params, lines)] if name in LOOPS else [],
    }


def _loop(name: str, area: Area, params: Mapping[str, object], lines: Sequence[Any]) -> float:
    loaded = check_pattern(name, area, params)
    started_at = time.perf_counter()
    looped = list(LOOPS[name](area, np.random.default_rng(SEED), params=loaded, **loaded.values()))
    seconds = time.perf_counter() - started_at
    same = len(looped) == len(lines) and all(
        len(one) == len(two) and np.allclose(one, two, rtol=0, atol=TOLERANCE_MM)
        for one, two in zip(looped, lines, strict=True)
    )
    if not same:
        raise BenchError(f"the loop of {name} draws different lines")
    return seconds


def _peak() -> float:
    """Return the maximum resident memory of this process in MB."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000


def main() -> int:
    """Print the table, or one line of JSON for each pattern given; return the exit code."""
    names = [name for name in sys.argv[1:] if name != "--quick"]
    quick = "--quick" in sys.argv[1:]
    try:
        if not names:
            print(measure(quick=quick).as_text())
        for name in names:
            print(json.dumps(figures(name, quick=quick)), flush=True)
    except BenchError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
