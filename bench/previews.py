"""`python -m bench.previews`: seconds for a preview of 1000 pixels, compared with resvg and CairoSVG.

Both are installed into separate virtual environments in the cache. They read the SVG of the drawing; the product draws from strokes
in memory, as it does for previews.

Exit codes: 0, 1 if a peer cannot be installed or fails (its rows are skipped).
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.machinery import BenchError
from bench.peers.foreign import Environment
from bench.report import Table, ratios, spread
from libraries.geometry.strokes import Pen, Strokes
from libraries.previews import png
from libraries.svg_builder import SVGBuilder

WIDTH = 1000
PAGE = (210.0, 297.0)
PEN = Pen("pen")
SIZES = (100_000, 1_000_000)
STROKE_VERTICES = 100
ROUNDS = 3
TIMEOUT_S = 600
OURS = "previews.png"
# resvg ignores sizes in mm unless the resolution is set.
PEERS = {
    "resvg": (
        ["resvg-py==0.5.0"],
        "import resvg_py; draw = lambda svg: bytes(resvg_py.svg_to_bytes(svg_string=svg, width=1000, dpi=96))",
    ),
    "CairoSVG": (
        ["cairosvg==2.9.1"],
        "import cairosvg; draw = lambda svg: cairosvg.svg2png(bytestring=svg.encode(), output_width=1000)",
    ),
}
SCRIPT = """
import json, sys, time
{setup}
svg = open(sys.argv[1]).read()
seconds = []
for _ in range(int(sys.argv[2])):
    started_at = time.perf_counter()
    picture = draw(svg)
    seconds.append(time.perf_counter() - started_at)
assert picture.startswith(b"\\x89PNG") and int.from_bytes(picture[16:20], "big") == {width}
print(json.dumps(seconds))
"""


def measure(
    *, sizes: Sequence[int] = SIZES, rounds: int = ROUNDS, peers: bool = True
) -> tuple[Table, list[str]]:
    """Draw previews of drawings with `sizes` vertices; return the table and error messages."""
    table = Table(
        f"Previews: seconds for {WIDTH} pixels",
        ["vertices", "renderer", "s", f"times {OURS}"],
        notes=[
            f"Strokes of {STROKE_VERTICES} vertices on A4, pen {PEN.width} mm; {rounds} rounds after a warm-up, one after the other.",
            *(_about_peers() if peers else []),
        ],
    )
    problems: dict[str, str] = {}
    for size in sizes:
        lines = random_walks(size)
        figures = {OURS: _ours(lines, rounds)}
        with tempfile.TemporaryDirectory() as folder:
            drawing = Path(folder) / "drawing.svg"
            drawing.write_text(SVGBuilder(*PAGE, pen_width=PEN.width).polylines(lines).to_string())
            for name in PEERS if peers else ():
                try:
                    figures[name] = _theirs(name, drawing, rounds)
                except BenchError as error:
                    problems[name] = f"{name}: {error}"
        table.rows += [
            [f"{size:,}", name, spread(seconds), ratios(seconds, figures[OURS])]
            for name, seconds in figures.items()
        ]
    return table, list(problems.values())


def random_walks(vertices: int) -> list[NDArray[np.float64]]:
    """Return random walks as arrays of shape (100, 2) in mm."""
    rng = np.random.default_rng(7)
    starts = rng.uniform((25, 25), (185, 272), (vertices // STROKE_VERTICES, 1, 2))
    return list(
        starts
        + np.cumsum(rng.normal(0, 0.4, (vertices // STROKE_VERTICES, STROKE_VERTICES, 2)), axis=1)
    )


def strokes_of(lines: list[NDArray[np.float64]]) -> Strokes:
    """Return the lines as the strokes of one pen."""
    offsets = np.arange(len(lines) + 1) * STROKE_VERTICES
    return Strokes(np.concatenate(lines), offsets, np.zeros(len(lines), dtype=np.int64))


def _about_peers() -> list[str]:
    return [
        "The peers read the SVG from a string; the product draws from strokes in memory. All use antialiasing.",
        f"Peers: {', '.join(requirement.replace('==', ' ') for wanted, _ in PEERS.values() for requirement in wanted)}.",
    ]


def _ours(lines: list[NDArray[np.float64]], rounds: int) -> list[float]:
    strokes = strokes_of(lines)
    seconds = []
    for _ in range(rounds + 1):
        started_at = time.perf_counter()
        png(strokes, [PEN], PAGE, width_px=WIDTH)
        seconds.append(time.perf_counter() - started_at)
    return seconds[1:]


def _theirs(name: str, drawing: Path, rounds: int) -> list[float]:
    """Return the seconds of a peer, measured in its own process; raise BenchError if it fails."""
    requirements, setup = PEERS[name]
    environment = Environment(f"previews-{name.lower()}", requirements)
    environment.prepare(lambda text: print(f"... {text}", file=sys.stderr, flush=True))
    script = SCRIPT.format(setup=setup, width=WIDTH)
    try:
        done = subprocess.run(
            [environment.program("python"), "-c", script, str(drawing), str(rounds + 1)],
            capture_output=True,
            text=True,
            check=False,
            timeout=TIMEOUT_S,
        )
    except subprocess.TimeoutExpired:
        raise BenchError(f"no preview in {TIMEOUT_S} s") from None
    if done.returncode != 0:
        raise BenchError(f"failed: {done.stderr.strip().splitlines()[-1:]}")
    seconds: list[float] = json.loads(done.stdout)
    return seconds[1:]


def main() -> int:
    """Print the table and return the exit code."""
    table, problems = measure()
    print(table.as_text())
    for problem in problems:
        sys.stderr.write(f"Skipped: {problem}\n")
    return 1 if problems else 0


if __name__ == "__main__":
    sys.exit(main())
