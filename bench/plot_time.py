"""`python -m bench.plot_time`: plot times of the planner, compared with those of saxi on the same strokes.

saxi (AGPL-3.0) is not part of the product: npm downloads the package into the cache, its hash is verified, and its planner runs in a
separate Node process.

Exit codes: 0, 1 if saxi or Node is not available, 2 if a plot time differs by more than 2 %.
"""

from __future__ import annotations

import json
import math
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np

from bench.machinery import BenchError
from bench.peers.npm import SAXI, program
from bench.report import Table, format_number
from libraries.geometry.area import Area
from libraries.geometry.strokes import Pen, Strokes
from libraries.patterns import draw_pattern
from libraries.plotting import PROFILES, PlotterProfile, plan, statistics

TIMEOUT_S = 300
MAX_DIFFERENCE_PERCENT = 2.0
PAGE = Area(210, 297, 10)
PENS = [Pen("pen")]
Lines = list[np.ndarray[Any, np.dtype[np.float64]]]
# Plans with the default plotter and sums the motions by kind. Each stroke has four motions: travel, pen down, draw, pen up; the last
# motion returns to the origin.
SAXI_SCRIPT = """
const {plan, AxidrawFast, Device} = require(process.argv[1]);
const {readFileSync} = require('fs');
const scale = Device.Axidraw.stepsPerMm;
const [given, drawings] = JSON.parse(readFileSync(0, 'utf8'));
const motion = (acceleration, speed, corner) => ({
  acceleration: acceleration * scale, maximumVelocity: speed * scale, corneringFactor: corner * scale
});
const profile = given === null ? AxidrawFast : {
  ...AxidrawFast,
  penDownProfile: motion(given.drawing_acceleration, given.drawing_speed, given.corner),
  penUpProfile: motion(given.travel_acceleration, given.travel_speed, 0),
  penDropDuration: given.drop_time,
  penLiftDuration: given.lift_time
};
const results = drawings.map(strokes => {
  const paths = strokes.map(stroke => stroke.map(([x, y]) => ({x: x * scale, y: y * scale})));
  const startedAt = process.hrtime.bigint();
  const motions = plan(paths, profile).motions;
  const elapsed = Number(process.hrtime.bigint() - startedAt) / 1e9;
  const sum = chosen => motions.filter((_, i) => chosen(i)).reduce((total, motion) => total + motion.duration(), 0);
  const drawing = sum(i => i % 4 === 2 && i < 4 * paths.length);
  return {elapsed, seconds: sum(() => true), drawing, travelling: sum(i => i % 4 === 0)};
});
console.log(JSON.stringify(results));
"""


def measure() -> tuple[Table, float]:
    """Return the table of both planners, and the largest difference in percent."""
    drawings = _drawings()
    theirs = saxi_plans(list(drawings.values()))
    columns = "drawing|strokes|vertices|saxi s|ours s|difference %|drawing %|travel %|saxi plans in ms|ours ms"
    table = Table(
        "Plot time: our planner and saxi's",
        columns.split("|"),
        notes=[
            f"{SAXI} with its defaults for an AxiDraw, and our profile `saxi`; from the origin and back, strokes in the given order.",
            "saxi also includes one more pen drop of 0.12 s at the end; the figures are not corrected for it.",
            "The last two columns are one run each, from strokes in memory; saxi also computes the motions of the machine.",
        ],
    )
    worst = 0.0
    for (name, ours, elapsed, sizes), saxi in zip(_plans(drawings), theirs, strict=True):
        parts = ("seconds", "drawing", "travelling")
        differences = [_percent(getattr(ours, part), saxi[part]) for part in parts]
        worst = max(worst, *map(abs, differences))
        table.rows.append(
            [
                name,
                *sizes,
                format_number(saxi["seconds"]),
                format_number(ours.seconds),
                *(f"{difference:+.4f}" for difference in differences),
                format_number(saxi["elapsed"] * 1000),
                format_number(elapsed * 1000),
            ]
        )
    table.notes.append(_large_drawing())
    return table, worst


def measure_alone() -> Table:
    """Return the table of the product's planner only."""
    table = Table(
        "Plot time: the planner",
        ["drawing", "strokes", "vertices", "seconds on a plotter", "planned in ms"],
    )
    for name, ours, elapsed, sizes in _plans(_drawings()):
        table.rows.append(
            [name, *sizes, format_number(ours.seconds), format_number(elapsed * 1000)]
        )
    table.notes.append(
        "Our profile `saxi`; from the origin and back, strokes in the given order, one run each."
    )
    return table


def _plans(drawings: Mapping[str, Lines]) -> Iterator[tuple[str, Any, float, tuple[str, str]]]:
    """Yield name, plan, planning time in s, and the numbers of strokes and vertices."""
    # Warm up: the first call loads parts of NumPy.
    plan(_strokes([np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 1.0]])]), PENS)
    for name, lines in drawings.items():
        strokes = _strokes(lines)
        started_at = time.perf_counter()
        planned = plan(strokes, PENS, PROFILES["saxi"])
        elapsed = time.perf_counter() - started_at
        yield name, planned, elapsed, (f"{len(strokes):,}", f"{len(strokes.coordinates):,}")


def _large_drawing() -> str:
    """Return a note on the times for one million vertices."""
    rng = np.random.default_rng(7)
    turns = np.linspace(0, 2 * math.pi, 100)
    rings = np.column_stack([np.cos(turns), np.sin(turns)]) * rng.uniform(
        1, 15, (10_000, 1, 1)
    ) + rng.uniform(20, 190, (10_000, 1, 2))
    lines = list(rings)
    seconds = []
    for figure in (statistics, plan):
        strokes = _strokes(lines)
        started_at = time.perf_counter()
        figure(strokes, PENS)
        seconds.append(time.perf_counter() - started_at)
    return f"One million vertices in 10,000 strokes: statistics in {seconds[0]:.2f} s, plan in {seconds[1]:.2f} s, one run each."


def _drawings() -> dict[str, Lines]:
    """Return drawings of different kinds by name; strokes have the shape (n, 2), in mm."""
    rng = np.random.default_rng(4)
    turns = np.linspace(0, 2 * math.pi, 121)
    circle = np.column_stack([np.cos(turns), np.sin(turns)])
    wander = np.cumsum(rng.normal(0, 0.4, (40, 500, 2)), axis=1) + rng.uniform(60, 140, (40, 1, 2))
    zigzag = np.column_stack([np.arange(2000) * 0.09 + 10, 50 + np.arange(2000) % 2 * 30.0])
    return {
        "spiral, A4": draw_pattern("spiral", PAGE, {}, seed=0),
        "grid, A4": draw_pattern("grid", PAGE, {}, seed=0),
        "2,000 circles": [
            circle * radius + centre
            for radius, *centre in rng.uniform([0.3, 20, 20], [9, 190, 277], (2000, 3))
        ],
        "10,000 short lines": list(
            rng.uniform([10, 10], [200, 287], (10_000, 1, 2)) + rng.normal(0, 2, (10_000, 2, 2))
        ),
        "zigzag": [zigzag],
        "random walks": list(wander),
        "dots and doubled vertices": [
            np.repeat(point, 3, axis=0) for point in rng.uniform(10, 200, (500, 1, 2))
        ],
        "rounded to 0.01 mm": [
            np.round(circle * radius + 100, 2) for radius in np.linspace(0.05, 90, 500)
        ],
    }


def _strokes(lines: Lines) -> Strokes:
    offsets = np.concatenate([[0], np.cumsum([len(line) for line in lines])]).astype(np.int64)
    return Strokes(np.concatenate(lines), offsets, np.zeros(len(lines), dtype=np.int64))


def _percent(ours: float, theirs: float) -> float:
    """Return the difference in percent of `theirs`; 0 if both are 0."""
    if theirs == 0:
        return 0.0 if ours == 0 else math.inf
    return (ours / theirs - 1) * 100


def saxi_plans(
    drawings: Sequence[Lines], profile: PlotterProfile | None = None
) -> list[dict[str, float]]:
    """Return saxi's seconds for each drawing, with its defaults or with the constants of `profile`."""
    strokes = [[line.tolist() for line in lines] for lines in drawings]
    data = json.dumps([profile and profile.as_record(), strokes])
    planner = str(SAXI.folder() / "dist" / "server" / "planning.js")
    command = [program("node"), "--max-old-space-size=2048", "-e", SAXI_SCRIPT, planner]
    try:
        done = subprocess.run(
            command, input=data, capture_output=True, text=True, check=False, timeout=TIMEOUT_S
        )
    except subprocess.TimeoutExpired:
        raise BenchError(f"saxi's planner did not finish in {TIMEOUT_S} s") from None
    if done.returncode != 0:
        raise BenchError(f"saxi's planner failed: {done.stderr[-1000:]}")
    plans: list[dict[str, float]] = json.loads(done.stdout)
    return plans


def main() -> int:
    """Print the table and return the exit code."""
    try:
        table, worst = measure()
    except BenchError as error:
        sys.stderr.write(f"Measurement failed: {error}\n")
        return 1
    print(table.as_text())
    print(f"\nLargest difference: {worst:.4f} % (goal: at most {MAX_DIFFERENCE_PERCENT:g} %)")
    return 0 if worst <= MAX_DIFFERENCE_PERCENT else 2


if __name__ == "__main__":
    sys.exit(main())
