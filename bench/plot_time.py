"""`python -m bench.plot_time`: the planner's seconds beside those of saxi's own planner, on the same strokes.

saxi (AGPL-3.0) is measured, never used: its package is fetched by npm into the benchmark's cache outside of the project, checked
against its published hash, and its planner runs in a Node process of its own. Nothing of it is part of the product.

Exit code 0, 1 when saxi or Node cannot be had (the text says why), 2 when a drawing differs by more than 2 %.
"""

from __future__ import annotations

import base64
import hashlib
import json
import math
import shutil
import subprocess
import sys
import tarfile
import tempfile
import time
from pathlib import Path
from typing import Any

import numpy as np

from bench.machinery import BenchTrouble
from bench.peers.foreign import cache_folder
from bench.report import Table, shown
from libraries.geometry.area import Area
from libraries.geometry.strokes import Pen, Strokes
from libraries.patterns import draw_pattern
from libraries.plotting import PROFILES, plan, statistics

SAXI = "saxi@0.15.0"
# As the registry publishes it (dist.integrity), so that what is measured is what was named.
INTEGRITY = (
    "SVUu75kD8e4J2x3IXX1tPGnTDMcbgYnGcGpM20o/zYb1YtN1DJ2nnL/PLW755a9W4AQ0GsOrRj90uEpWFSrgYg=="
)
PLANNER = Path("package/dist/server/planning.js")
PATIENCE = 300
CLOSE_ENOUGH = 2.0
PAGE = Area(210, 297, 10)
PENS = [Pen("pen")]
# Asks the planner for its default plotter's plan, and sums its motions by what they are: the first of each stroke's four is the
# way there, then the pen is dropped, the stroke drawn and the pen lifted; after the last the pen goes home.
ASK_SAXI = """
const {plan, AxidrawFast, Device} = require(process.argv[1]);
const {readFileSync} = require('fs');
const scale = Device.Axidraw.stepsPerMm;
const answers = JSON.parse(readFileSync(0, 'utf8')).map(strokes => {
  const paths = strokes.map(stroke => stroke.map(([x, y]) => ({x: x * scale, y: y * scale})));
  const began = process.hrtime.bigint();
  const motions = plan(paths, AxidrawFast).motions;
  const took = Number(process.hrtime.bigint() - began) / 1e9;
  const sum = chosen => motions.filter((_, i) => chosen(i)).reduce((total, motion) => total + motion.duration(), 0);
  const drawing = sum(i => i % 4 === 2 && i < 4 * paths.length);
  return {took, seconds: sum(() => true), drawing, travelling: sum(i => i % 4 === 0)};
});
console.log(JSON.stringify(answers));
"""


def measure() -> tuple[Table, float]:
    """Plan each drawing with both planners; return the table, and the largest difference in percent.

    Raises:
        BenchTrouble: saxi or Node cannot be had, or saxi's planner fails.
    """
    drawings = _drawings()
    theirs = _ask_saxi(list(drawings.values()))
    columns = [
        "drawing",
        "strokes",
        "vertices",
        "saxi s",
        "ours s",
        "difference %",
        "drawing %",
        "travel %",
        "saxi plans in ms",
        "ours ms",
    ]
    table = Table(
        "Plot time: the planner beside saxi's",
        columns,
        notes=[
            f"{SAXI}, its defaults for an AxiDraw, and our profile `saxi`; from the origin and back, strokes in the given order.",
            "saxi also counts one more drop of the pen, 0.12 s, at the very end; the figures are as each planner gives them.",
            "The last two columns are one run each, from strokes in memory; saxi also makes the plan that a machine follows.",
        ],
    )
    worst = 0.0
    plan(
        _strokes([np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 1.0]])]), PENS
    )  # the first call of all loads parts of NumPy
    for (name, lines), answer in zip(drawings.items(), theirs, strict=True):
        strokes = _strokes(lines)
        began = time.perf_counter()
        ours = plan(strokes, PENS, PROFILES["saxi"])
        took = time.perf_counter() - began
        differences = [
            _percent(mine, answer[part])
            for part, mine in (
                ("seconds", ours.seconds),
                ("drawing", ours.drawing),
                ("travelling", ours.travelling),
            )
        ]
        worst = max(worst, *map(abs, differences))
        table.rows.append(
            [
                name,
                f"{len(strokes):,}",
                f"{len(strokes.coordinates):,}",
                shown(answer["seconds"]),
                shown(ours.seconds),
                *(f"{difference:+.4f}" for difference in differences),
                shown(answer["took"] * 1000),
                shown(took * 1000),
            ]
        )
    table.notes.append(_largest())
    return table, worst


def measure_alone() -> Table:
    """Plan each drawing with the product's planner; return the table."""
    table = Table(
        "Plot time: the planner",
        ["drawing", "strokes", "vertices", "seconds on a plotter", "planned in ms"],
    )
    plan(
        _strokes([np.array([[0.0, 0.0], [1.0, 1.0], [2.0, 1.0]])]), PENS
    )  # the first call of all loads parts of NumPy
    for name, lines in _drawings().items():
        strokes = _strokes(lines)
        began = time.perf_counter()
        ours = plan(strokes, PENS, PROFILES["saxi"])
        took = time.perf_counter() - began
        sizes = f"{len(strokes):,}", f"{len(strokes.coordinates):,}"
        table.rows.append([name, *sizes, shown(ours.seconds), shown(took * 1000)])
    table.notes.append(
        "Our profile `saxi`; from the origin and back, strokes in the given order, one run each."
    )
    return table


def _largest() -> str:
    """Return what one million vertices take, lengths and all."""
    rng = np.random.default_rng(7)
    turns = np.linspace(0, 2 * math.pi, 100)
    rings = np.column_stack([np.cos(turns), np.sin(turns)]) * rng.uniform(
        1, 15, (10_000, 1, 1)
    ) + rng.uniform(20, 190, (10_000, 1, 2))
    lines = list(rings)
    seconds = []
    for figure in (statistics, plan):
        strokes = _strokes(lines)
        began = time.perf_counter()
        figure(strokes, PENS)
        seconds.append(time.perf_counter() - began)
    return f"One million vertices in 10,000 strokes: statistics in {seconds[0]:.2f} s, plan in {seconds[1]:.2f} s, one run each."


def _drawings() -> dict[str, list[np.ndarray[Any, np.dtype[np.float64]]]]:
    """Return drawings of every kind that a planner meets, by name; each stroke is of shape (n, 2) in mm."""
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
            np.repeat(place, 3, axis=0) for place in rng.uniform(10, 200, (500, 1, 2))
        ],
        "rounded to 0.01 mm": [
            np.round(circle * radius + 100, 2) for radius in np.linspace(0.05, 90, 500)
        ],
    }


def _strokes(lines: list[np.ndarray[Any, np.dtype[np.float64]]]) -> Strokes:
    offsets = np.concatenate([[0], np.cumsum([len(line) for line in lines])]).astype(np.int64)
    return Strokes(np.concatenate(lines), offsets, np.zeros(len(lines), dtype=np.int64))


def _percent(ours: float, theirs: float) -> float:
    """Return how much more `ours` is, in percent of `theirs`; nothing of nothing is no difference."""
    if theirs == 0:
        return 0.0 if ours == 0 else math.inf
    return (ours / theirs - 1) * 100


def _ask_saxi(
    drawings: list[list[np.ndarray[Any, np.dtype[np.float64]]]],
) -> list[dict[str, float]]:
    question = json.dumps([[line.tolist() for line in lines] for lines in drawings])
    command = [_program("node"), "--max-old-space-size=2048", "-e", ASK_SAXI, str(_saxi())]
    try:
        done = subprocess.run(
            command, input=question, capture_output=True, text=True, check=False, timeout=PATIENCE
        )
    except subprocess.TimeoutExpired:
        raise BenchTrouble(f"saxi's planner did not answer in {PATIENCE} s") from None
    if done.returncode != 0:
        raise BenchTrouble(f"saxi's planner failed: {done.stderr[-1000:]}")
    answers: list[dict[str, float]] = json.loads(done.stdout)
    return answers


def _saxi() -> Path:
    """Return the path of saxi's planner, fetched once into the cache.

    Raises:
        BenchTrouble: npm is missing, the package cannot be fetched, or it is not the published one.
    """
    home = cache_folder() / "saxi"
    if (home / PLANNER).exists():
        return home / PLANNER
    home.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=home) as folder:
        command = [_program("npm"), "pack", SAXI, "--loglevel=error", "--pack-destination", folder]
        try:
            done = subprocess.run(
                command, cwd=folder, capture_output=True, text=True, check=False, timeout=PATIENCE
            )
        except subprocess.TimeoutExpired:
            raise BenchTrouble(f"npm did not fetch {SAXI} in {PATIENCE} s") from None
        packed = next(Path(folder).glob("*.tgz"), None)
        if done.returncode != 0 or packed is None:
            raise BenchTrouble(
                f"npm could not fetch {SAXI}: {(done.stderr or done.stdout)[:200].strip()}"
            )
        if base64.b64encode(hashlib.sha512(packed.read_bytes()).digest()).decode() != INTEGRITY:
            raise BenchTrouble(f"what npm fetched is not the published {SAXI}")
        with tarfile.open(packed) as archive:
            archive.extractall(home, filter="data")
    return home / PLANNER


def _program(name: str) -> str:
    path = shutil.which(name)
    if path is None:
        raise BenchTrouble(
            f"saxi's planner needs {name}, which is not installed; nothing was compared"
        )
    return path


def main() -> int:
    """Print the table and return the exit code."""
    try:
        table, worst = measure()
    except BenchTrouble as trouble:
        sys.stderr.write(f"The measurement cannot go on: {trouble}\n")
        return 1
    print(table.as_text())
    print(f"\nLargest difference: {worst:.4f} % (wanted: at most {CLOSE_ENOUGH:g} %)")
    return 0 if worst <= CLOSE_ENOUGH else 2


if __name__ == "__main__":
    sys.exit(main())
