"""`python -m bench.svg_writing`: one million vertices as SVG: the product's writer beside vpype, svgwrite and the bare disk.

All write the same ten thousand polylines of a hundred vertices to a file in memory (/dev/shm), in turns. vpype, and svgwrite as
it comes (its checks on), run in an environment of their own, in a process that keeps the drawing. The limit is the bytes of the
plain document, written in one call.

Exit code 0, 1 when the peers cannot be had (the text says why), 2 when a goal is missed.
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
from types import TracebackType
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray

from bench.machinery import BenchTrouble
from bench.peers.foreign import SIDES, cache_folder
from bench.report import Table, ratios, shown, spread
from libraries.geometry.document import Document
from libraries.svg_builder import Encoding, write_svg
from libraries.svg_reader import read_svg

Floats = NDArray[np.float64]

# vpype asks for pkg_resources, which newer setuptools no longer have.
REQUIREMENTS = ["vpype==1.15.0", "svgwrite==1.4.3", "setuptools<81"]
POLYLINES, CORNERS = 10_000, 100
QUICK_POLYLINES = 100
ROUNDS = 5
PATIENCE = 600
MEMORY = Path("/dev/shm")  # noqa: S108 - a folder in memory is what is measured
PLAIN, COMPACT, LIMIT, VPYPE, SVGWRITE = (
    "plain",
    "compact",
    "the same bytes, one write",
    "vpype.write_svg",
    "svgwrite, as it comes",
)
SLOW = {VPYPE, SVGWRITE}
# What takes milliseconds runs this often in a round, and its median is the round's figure.
QUICK_TURNS = 7
# Largest part of vpype's and of svgwrite's time, largest multiple of the bare write, most memory in MB above the drawing, and
# largest part of the plain bytes for the compact encoding.
GOALS = {"vpype": 1 / 60, "svgwrite": 1 / 25, "limit": 12.0, "memory": 5.0, "compact": 0.45}


class Side:
    """A process in the environment of the peers. It has the drawing, and writes it whenever it is asked to."""

    def __init__(self, polylines: int) -> None:
        """Make the environment, unless an earlier run did, and start the process.

        Raises:
            BenchTrouble: the packages cannot be installed, or the process does not come up.
        """
        python = _environment()
        command = [str(python), str(SIDES / "svg_side.py"), str(polylines), str(CORNERS)]
        self._process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._answer("ready")

    def __enter__(self) -> Self:
        """Return itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """End the process."""
        self._process.kill()
        self._process.communicate()

    def write(self, what: str, path: Path) -> float:
        """Let `what` (vpype or svgwrite) write the drawing to `path`; return the seconds that it took.

        Raises:
            BenchTrouble: the process has ended.
        """
        return float(self._answer("seconds", what, str(path)))

    def _answer(self, field: str, *question: str) -> Any:
        to_side, from_side = self._process.stdin, self._process.stdout
        if to_side is None or from_side is None:
            raise BenchTrouble("the process of the peers cannot be talked to")
        try:
            if question:
                to_side.write(json.dumps(question) + "\n")
                to_side.flush()
            return json.loads(from_side.readline())[field]
        except (OSError, ValueError, KeyError):
            raise BenchTrouble("the process of the peers ended") from None


def measure(
    *, rounds: int = ROUNDS, polylines: int = POLYLINES, peers: bool = True
) -> tuple[Table, list[str]]:
    """Write in turns; return the table, and the goals that were missed, in words.

    Raises:
        BenchTrouble: the peers cannot be had.
    """
    document = _document(polylines)
    with tempfile.TemporaryDirectory(dir=MEMORY) as folder, _side(polylines, peers) as side:
        ways = _ways(document, Path(folder), side)
        seconds: dict[str, list[float]] = {name: [] for name in ways}
        sizes = {}
        for number in range(rounds):
            for name in list(ways) if number % 2 == 0 else reversed(list(ways)):
                path = Path(folder) / "drawing.svg"
                seconds[name].append(
                    statistics.median(_turns(ways[name], path, 1 if name in SLOW else QUICK_TURNS))
                )
                sizes[name] = path.stat().st_size
        _check(document, ways, Path(folder) / "check.svg")
    peaks = {name: _peak(document, name) for name in (PLAIN, COMPACT)}
    return _table(seconds, sizes, peaks, document), _missed(seconds, sizes, peaks)


def _turns(way: Callable[[Path], float], path: Path, count: int) -> Iterator[float]:
    """Yield the seconds of `count` runs, each of them to a new file."""
    for _ in range(count):
        path.unlink(missing_ok=True)
        yield way(path)


def _ways(
    document: Document, folder: Path, side: Side | None
) -> dict[str, Callable[[Path], float]]:
    """Return what is measured: each writes to a path, and returns its seconds."""
    whole = folder / "whole.svg"
    _ours(document, "plain", whole)
    data = whole.read_bytes()
    ways: dict[str, Callable[[Path], float]] = {
        PLAIN: lambda path: _ours(document, "plain", path),
        COMPACT: lambda path: _ours(document, "compact", path),
        LIMIT: lambda path: _timed(path, lambda write: write(data)),
    }
    if side is not None:
        ways |= {
            VPYPE: lambda path: side.write("vpype", path),
            SVGWRITE: lambda path: side.write("svgwrite", path),
        }
    return ways


def _ours(document: Document, encoding: Encoding, path: Path) -> float:
    return _timed(path, lambda write: write_svg(document, write, encoding=encoding))


def _timed(path: Path, work: Callable[[Callable[[bytes], object]], object]) -> float:
    began = time.perf_counter()
    with path.open("wb", buffering=0) as file:
        work(file.write)
    return time.perf_counter() - began


def _check(document: Document, ways: dict[str, Callable[[Path], float]], path: Path) -> None:
    """See that what is measured is right: read back, every vertex is where it was."""
    for name, far in ((PLAIN, 0.0005), (COMPACT, 0.005)):
        ways[name](path)
        again = read_svg(path.read_bytes()).document.store
        furthest = np.abs(again.coordinates - document.store.coordinates).max()
        if not furthest <= far + 1e-9 or (again.offsets != document.store.offsets).any():
            raise BenchTrouble(f"{name} was not read back as it was written")


def _peak(document: Document, name: str) -> float:
    """Return how many MB writing takes at most, beside the drawing itself; arrays and texts are all counted."""
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
        ["way", "ms", "million vertices / s", "times the bare write", "MB", "peak MB"],
        notes=[
            f"{len(seconds[PLAIN])} rounds in turns, to memory; of the quick ways the median of {QUICK_TURNS} runs a round.",
            f"{' and '.join(REQUIREMENTS[:2])} run in a process of their own.",
            "Peak: the most memory that writing takes beside the drawing, in a run of its own.",
            "Both encodings are read back after the run, and every vertex is found where it was.",
        ],
    )
    for name, figures in seconds.items():
        table.rows.append(
            [
                name,
                spread([figure * 1000 for figure in figures]),
                shown(vertices / statistics.median(figures) / 1e6),
                ratios(figures, seconds[LIMIT]),
                shown(sizes[name] / 1e6),
                shown(peaks[name]) if name in peaks else "not measured",
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
    """Return what is not as it should be."""
    figures = {
        "limit": statistics.median(seconds[PLAIN]) / statistics.median(seconds[LIMIT]),
        "memory": max(peaks.values()),
        "compact": sizes[COMPACT] / sizes[PLAIN],
    }
    for goal, name in (("vpype", VPYPE), ("svgwrite", SVGWRITE)):
        if name in seconds:
            figures[goal] = statistics.median(seconds[PLAIN]) / statistics.median(seconds[name])
    return [
        f"{goal}: {figure:.4g}, wanted at most {GOALS[goal]:.4g}"
        for goal, figure in figures.items()
        if figure > GOALS[goal]
    ]


def _document(polylines: int) -> Document:
    """Return rings of all sizes. The side of the peers draws the same ones."""
    rng = np.random.default_rng(7)
    turns = np.linspace(0, 2 * np.pi, CORNERS)
    ring = np.column_stack([np.cos(turns), np.sin(turns)])
    places: Floats = ring * rng.uniform(1, 15, (polylines, 1, 1)) + rng.uniform(
        20, 190, (polylines, 1, 2)
    )
    document = Document(210, 210)
    document.extend(
        places.reshape(-1, 2),
        np.arange(0, polylines * CORNERS + 1, CORNERS),
        document.layer("rings"),
    )
    return document


@contextmanager
def _side(polylines: int, peers: bool) -> Iterator[Side | None]:
    if not peers:
        yield None
        return
    with Side(polylines) as side:
        yield side


def _environment() -> Path:
    home = cache_folder() / "svg_side"
    python, stamp, wanted = (
        home / "bin" / "python",
        home / "requirements.txt",
        "\n".join(REQUIREMENTS),
    )
    if stamp.exists() and stamp.read_text() == wanted:
        return python
    for command in (
        [sys.executable, "-m", "venv", "--clear", str(home)],
        [
            str(python),
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            *REQUIREMENTS,
        ],
    ):
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, check=False, timeout=PATIENCE
            )
        except (OSError, subprocess.TimeoutExpired) as error:
            raise BenchTrouble(
                f"vpype and svgwrite are not measured: {type(error).__name__}"
            ) from error
        if done.returncode != 0:
            last = (done.stderr or done.stdout).strip().splitlines()[-1:]
            raise BenchTrouble(f"vpype and svgwrite are not measured: {' '.join(last)}")
    stamp.write_text(wanted)
    return python


def main() -> int:
    """Print the table and return the exit code."""
    try:
        table, missed = measure()
    except BenchTrouble as trouble:
        sys.stderr.write(f"The measurement cannot go on: {trouble}\n")
        return 1
    print(table.as_text())
    for goal in missed:
        sys.stderr.write(f"Goal missed: {goal}\n")
    return 2 if missed else 0


if __name__ == "__main__":
    sys.exit(main())
