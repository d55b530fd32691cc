"""`python -m bench.svg_writing`: one million vertices as SVG, compared with vpype, svgwrite and a plain write.

All write the same 10,000 polylines of 100 vertices to a file in memory (/dev/shm), in turns. vpype and svgwrite (with its default
validation) run in a separate environment, in a process that keeps the drawing. The limit is one write of the bytes of the plain
document.

Exit codes: 0, 1 if the peers cannot be installed, 2 if a goal is missed.
"""

from __future__ import annotations

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bench.machinery import BenchError
from bench.peers.foreign import ADAPTERS, Environment
from bench.report import Table, format_number, ratios, spread
from libraries.geometry.document import Document
from libraries.svg_builder import Encoding, write_svg
from libraries.svg_reader import read_svg

Floats = NDArray[np.float64]

# vpype needs pkg_resources, which newer setuptools do not have.
REQUIREMENTS = ["vpype==1.15.0", "svgwrite==1.4.3", "setuptools<81"]
POLYLINES, CORNERS = 10_000, 100
QUICK_POLYLINES = 100
ROUNDS = 5
MEMORY = Path("/dev/shm")  # noqa: S108 - a file system in memory is needed
PLAIN, COMPACT, LIMIT, VPYPE, SVGWRITE = (
    "plain",
    "compact",
    "the same bytes, one write",
    "vpype.write_svg",
    "svgwrite, default settings",
)
SLOW = {VPYPE, SVGWRITE}
# Fast writers run several times per round; the median counts.
REPEATS = 7
# Maxima: time relative to vpype, to svgwrite and to the plain write; memory in MB; compact size relative to plain.
GOALS = {"vpype": 1 / 60, "svgwrite": 1 / 25, "limit": 12.0, "memory": 5.0, "compact": 0.45}


class Adapter:
    """A process in the environment of the peers that writes the drawing on request."""

    def __init__(self, polylines: int) -> None:
        """Install the packages, unless an earlier run did, and start the process."""
        environment = Environment("svg_adapter", REQUIREMENTS)
        environment.prepare(lambda text: print(f"... {text}", file=sys.stderr, flush=True))
        script = str(ADAPTERS / "svg_adapter.py")
        command = [environment.program("python"), script, str(polylines), str(CORNERS)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._receive("ready")

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def write(self, what: str, path: Path) -> float:
        """Write the drawing to `path` with vpype or svgwrite; return the seconds."""
        return float(self._receive("seconds", what, str(path)))

    def _receive(self, field: str, *request: str) -> Any:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None and stdout is not None  # noqa: S101, PT018 - started with pipes
        try:
            if request:
                stdin.write(json.dumps(request) + "\n")
                stdin.flush()
            return json.loads(stdout.readline())[field]
        except (OSError, ValueError, KeyError):
            raise BenchError("the process of vpype and svgwrite ended") from None


def measure(
    *, rounds: int = ROUNDS, polylines: int = POLYLINES, peers: bool = True
) -> tuple[Table, list[str]]:
    """Return the table and a message for each missed goal."""
    document = _document(polylines)
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder, _adapter(polylines, peers) as adapter:
        writers = _writers(document, Path(folder), adapter)
        seconds: dict[str, list[float]] = {name: [] for name in writers}
        sizes = {}
        for number in range(rounds):
            for name in list(writers) if number % 2 == 0 else reversed(list(writers)):
                path = Path(folder) / "drawing.svg"
                runs = _runs(writers[name], path, 1 if name in SLOW else REPEATS)
                seconds[name].append(statistics.median(runs))
                sizes[name] = path.stat().st_size
        _check(document, writers, Path(folder) / "check.svg")
    peaks = {name: _peak(document, name) for name in (PLAIN, COMPACT)}
    return _table(seconds, sizes, peaks, document), _missed(seconds, sizes, peaks)


def _runs(writer: Callable[[Path], float], path: Path, count: int) -> Iterator[float]:
    """Yield the seconds of `count` runs, each with a new file."""
    for _ in range(count):
        path.unlink(missing_ok=True)
        yield writer(path)


def _writers(
    document: Document, folder: Path, adapter: Adapter | None
) -> dict[str, Callable[[Path], float]]:
    """Return the writers by name; each writes to a path and returns the seconds."""
    whole = folder / "whole.svg"
    _ours(document, "plain", whole)
    data = whole.read_bytes()
    writers: dict[str, Callable[[Path], float]] = {
        PLAIN: lambda path: _ours(document, "plain", path),
        COMPACT: lambda path: _ours(document, "compact", path),
        LIMIT: lambda path: _timed(path, lambda write: write(data)),
    }
    if adapter is not None:
        writers |= {
            VPYPE: lambda path: adapter.write("vpype", path),
            SVGWRITE: lambda path: adapter.write("svgwrite", path),
        }
    return writers


def _ours(document: Document, encoding: Encoding, path: Path) -> float:
    return _timed(path, lambda write: write_svg(document, write, encoding=encoding))


def _timed(path: Path, work: Callable[[Callable[[bytes], object]], object]) -> float:
    started_at = time.perf_counter()
    with path.open("wb", buffering=0) as file:
        work(file.write)
    return time.perf_counter() - started_at


def _check(document: Document, writers: dict[str, Callable[[Path], float]], path: Path) -> None:
    """Read the files back and compare all vertices."""
    for name, tolerance in ((PLAIN, 0.0005), (COMPACT, 0.005)):
        writers[name](path)
        again = read_svg(path.read_bytes()).document.store
        largest = np.abs(again.coordinates - document.store.coordinates).max()
        if not largest <= tolerance + 1e-9 or (again.offsets != document.store.offsets).any():
            raise BenchError(f"{name}: the file differs from the drawing")


def _peak(document: Document, name: str) -> float:
    """Return the peak memory of writing in MB, without the drawing itself."""
    encoding: Encoding = "plain" if name == PLAIN else "compact"
    sink = os.open(os.devnull, os.O_WRONLY)
    tracemalloc.start()
    try:
        write_svg(document, lambda block: os.write(sink, block), encoding=encoding)
        return tracemalloc.get_traced_memory()[1] / 1e6
    finally:
        tracemalloc.stop()
        os.close(sink)


def _table(
    seconds: dict[str, list[float]],
    sizes: dict[str, int],
    peaks: dict[str, float],
    document: Document,
) -> Table:
    vertices = document.store.vertices
    table = Table(
        f"Writing SVG: {vertices:,} vertices in {len(document):,} polylines",
        ["writer", "ms", "million vertices / s", "times one write", "MB", "peak MB"],
        notes=[
            f"{len(seconds[PLAIN])} rounds in turns, to memory; the fast writers run {REPEATS} times per round, and the median counts.",
            f"{' and '.join(REQUIREMENTS[:2])} run in a separate process.",
            "Peak: the maximum memory of writing, without the drawing, in a separate run.",
            "Both encodings are read back after the run and all vertices are compared.",
        ],
    )
    for name, figures in seconds.items():
        table.rows.append(
            [
                name,
                spread([figure * 1000 for figure in figures]),
                format_number(vertices / statistics.median(figures) / 1e6),
                ratios(figures, seconds[LIMIT]),
                format_number(sizes[name] / 1e6),
                format_number(peaks[name]) if name in peaks else "not measured",
            ]
        )
    for name in (VPYPE, SVGWRITE):
        if name in seconds:
            table.notes.append(
                f"{name} takes {ratios(seconds[name], seconds[PLAIN])} times as long as plain."
            )
    return table


def _missed(
    seconds: dict[str, list[float]], sizes: dict[str, int], peaks: dict[str, float]
) -> list[str]:
    figures = {
        "limit": statistics.median(seconds[PLAIN]) / statistics.median(seconds[LIMIT]),
        "memory": max(peaks.values()),
        "compact": sizes[COMPACT] / sizes[PLAIN],
    }
    for goal, name in (("vpype", VPYPE), ("svgwrite", SVGWRITE)):
        if name in seconds:
            figures[goal] = statistics.median(seconds[PLAIN]) / statistics.median(seconds[name])
    return [
        f"{goal}: {figure:.4g}, goal: at most {GOALS[goal]:.4g}"
        for goal, figure in figures.items()
        if figure > GOALS[goal]
    ]


def _document(polylines: int) -> Document:
    """Return the same rings as `svg_adapter.py`."""
    rng = np.random.default_rng(7)
    turns = np.linspace(0, 2 * np.pi, CORNERS)
    ring = np.column_stack([np.cos(turns), np.sin(turns)])
    points: Floats = ring * rng.uniform(1, 15, (polylines, 1, 1)) + rng.uniform(
        20, 190, (polylines, 1, 2)
    )
    document = Document(210, 210)
    document.extend(
        points.reshape(-1, 2),
        np.arange(0, polylines * CORNERS + 1, CORNERS),
        document.layer("rings"),
    )
    return document


@contextmanager
def _adapter(polylines: int, peers: bool) -> Iterator[Adapter | None]:
    if not peers:
        yield None
        return
    with Adapter(polylines) as adapter:
        yield adapter


def main() -> int:
    """Print the table and return the exit code."""
    try:
        table, missed = measure()
    except BenchError as error:
        sys.stderr.write(f"Measurement failed: {error}\n")
        return 1
    print(table.as_text())
    for goal in missed:
        sys.stderr.write(f"Goal missed: {goal}\n")
    return 2 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
