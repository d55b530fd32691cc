"""`python -m bench.plotbench.routing [PYTHON]`: travel with the pen up, compared with vpype linesort.

PYTHON is an interpreter that has vpype; without it only our routes are measured. Both order the same random strokes, in turns. The
times are CPU seconds of the ordering alone.
"""

from __future__ import annotations

import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from libraries.geometry.arrays import Floats, Integers
from libraries.geometry.routing import moves_for, shortest_route, travel_bound

SIZES = 1_000, 10_000, 100_000
# Steps of the bound, by the number of strokes; above, the bound is not measured.
BOUND_STEPS = {1_000: 300, 10_000: 100}
HOME = 0.0, 0.0
PEER = """
import json, sys, time
import numpy, vpype, vpype_cli
data = numpy.load(sys.argv[1])
points, offsets = data["points"] @ [1, 1j], data["offsets"]
lines = [points[a:b] for a, b in zip(offsets[:-1], offsets[1:])]
document = vpype.Document()
document.add(vpype.LineCollection(lines), 1)
began = time.process_time()
lines = list(vpype_cli.execute("linesort", document).layers[1])
seconds = time.process_time() - began
ends = [0, *(x for line in lines for x in (line[0], line[-1])), 0]
print(json.dumps([float(sum(abs(b - a) for a, b in zip(ends[::2], ends[1::2]))), seconds]))
"""


@dataclass(frozen=True)
class Measured:
    """Travel in mm and CPU seconds of both; `gap` to the lower bound, `memory_mb` the peak so far."""

    strokes: int
    effort: str
    travel_mm: float
    seconds: float
    memory_mb: int
    peer_mm: float | None
    peer_seconds: float | None
    ratio: float | None
    gap: float | None


def random_strokes(count: int) -> tuple[Floats, Integers]:
    """Return short strokes of 2 to 6 vertices on A4 with a margin of 10 mm."""
    rng = np.random.default_rng(1)
    counts = rng.integers(2, 7, count)
    offsets = np.append(0, np.cumsum(counts))
    size = np.array([190.0, 277.0])
    steps = rng.normal(0, 2, (offsets[-1], 2))
    steps[offsets[:-1]] = 0
    walked = np.cumsum(steps, axis=0)
    moved = np.repeat(rng.random((count, 2)) * size - walked[offsets[:-1]], counts, axis=0)
    return np.clip(walked + moved, 0, size) + 10, offsets


def measured(python: str | None, sizes: tuple[int, ...] = SIZES) -> Iterator[Measured]:
    """Yield figures for random strokes with each effort that takes seconds at most."""
    for count in sizes:
        points, offsets = random_strokes(count)
        closed = np.zeros(count, dtype=bool)
        peer = _linesort(python, points, offsets) if python else None
        bound = None
        if count in BOUND_STEPS:
            bound = travel_bound(
                points, offsets, closed=closed, start=HOME, end=HOME, steps=BOUND_STEPS[count]
            ).mm
        for effort, moves in (
            ("settled", 3 * count),
            ("quick", moves_for("quick", count)),
            ("normal", moves_for("normal", count)),
        ):
            began = time.process_time()
            route = shortest_route(
                points,
                offsets,
                closed=closed,
                start=HOME,
                end=HOME,
                moves=moves,
                is_over=lambda: False,
            )
            yield Measured(
                count,
                effort,
                route.travel_mm,
                time.process_time() - began,
                resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
                peer[0] if peer else None,
                peer[1] if peer else None,
                route.travel_mm / peer[0] if peer else None,
                route.travel_mm / bound - 1 if bound else None,
            )


def _linesort(python: str, points: Floats, offsets: Integers) -> tuple[float, float]:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "strokes.npz"
        np.savez(path, points=points, offsets=offsets)
        command = [python, "-c", PEER, str(path)]
        result = subprocess.run(command, capture_output=True, text=True, check=True)
    travel, seconds = json.loads(result.stdout.splitlines()[-1])
    return travel, seconds


if __name__ == "__main__":
    for figures in measured(sys.argv[1] if len(sys.argv) > 1 else None):
        print(json.dumps(asdict(figures)), flush=True)
