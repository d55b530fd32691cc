"""Files and measurements of the section `reading`: the SVG reader, compared with vpype."""

from __future__ import annotations

import io
import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from matplotlib import rc_context
from matplotlib.figure import Figure

from bench.machinery import BenchError, InteractiveProcess, ProcessGroup
from bench.peers.foreign import ADAPTERS, Environment
from bench.plotbench.drawings import pattern_drawing
from bench.plotbench.tools import Vpype
from bench.realfiles.files import icons, plans
from libraries.svg_builder import svg_blocks
from libraries.svg_reader import read_svg

# Fast files are read several times, so that a measurement takes this long.
LEAST_S = 0.2
TIMEOUT_S = 120.0
HEAD = b'<svg xmlns="http://www.w3.org/2000/svg" width="200mm" height="200mm" viewBox="0 0 200 200" fill="none" stroke="black">'


def ten_files(*, quick: bool) -> dict[str, bytes]:
    """Return ten files of other programs and of this one; a quick run has two small ones."""
    plan = dict(plans())
    files = {"ezdxf, circles and arcs": plan["plan 0"]}
    if quick:
        return files | {"icons, 20 on a sheet": sheet("lucide", 20)}
    patterns = ("hatch", "flow_field", "truchet", "stipple")
    return (
        files
        | {f"{name}, drawn here": b"".join(svg_blocks(pattern_drawing(name))) for name in patterns}
        | {
            "Lucide icons, 400 on a sheet": sheet("lucide", 400),
            "Simple Icons, 400 on a sheet": sheet("simple", 400),
        }
        | dict(figures())
    )


def sheet(icon_set: str, count: int) -> bytes:
    """Return icons of a set side by side, each in a nested viewport."""
    found = [data for name, data in icons(count) if name.startswith(f"{icon_set}-")]
    rows = (
        b'<svg x="%d" y="%d" width="9" height="9"%b'
        % (number % 20 * 10, number // 20 * 10, data[data.index(b"<svg") + 4 :])
        for number, data in enumerate(found)
    )
    return HEAD + b"".join(rows) + b"</svg>"


def figures() -> Iterator[tuple[str, bytes]]:
    """Yield figures of matplotlib, whose paths have a command for each vertex."""
    x, y = np.meshgrid(np.linspace(-3, 3, 60), np.linspace(-3, 3, 60))
    z = np.sin(x * x + y) * np.exp(-(x * x + y * y) / 8)
    rng = np.random.default_rng(1)
    draws: dict[str, Callable[[Any], object]] = {
        "matplotlib, contours": lambda axes: axes.contour(x, y, z, levels=40),
        "matplotlib, curves": lambda axes: axes.plot(rng.normal(size=(2000, 12)).cumsum(axis=0)),
        "matplotlib, 3,000 markers": lambda axes: axes.scatter(*rng.normal(size=(2, 3000)), s=9),
    }
    with rc_context({"svg.hashsalt": "bench", "svg.fonttype": "path"}):
        for name, draw in draws.items():
            figure = Figure(figsize=(8, 6))
            axes: Any = figure.add_subplot()
            draw(axes)
            out = io.BytesIO()
            figure.savefig(out, format="svg", metadata={"Date": None})
            yield name, out.getvalue()


def path_of(vertices: int, *, explicit: bool) -> bytes:
    """Return paths of 1,000 vertices each, with or without the letter of each command."""
    points = np.random.default_rng(3).uniform(0, 200, (vertices, 2))
    text = [b"%.3f %.3f" % (x, y) for x, y in points.tolist()]
    between = b"L" if explicit else b" "
    paths = (
        b'<path d="M%b"/>' % between.join(text[first : first + 1000])
        for first in range(0, vertices, 1000)
    )
    return HEAD + b"".join(paths) + b"</svg>"


def separate_lines(count: int) -> bytes:
    """Return `line` elements."""
    ends = np.random.default_rng(4).uniform(0, 200, (count, 4))
    lines = (
        b'<line x1="%.2f" y1="%.2f" x2="%.2f" y2="%.2f"/>' % tuple(end) for end in ends.tolist()
    )
    return HEAD + b"".join(lines) + b"</svg>"


def seconds_of(data: bytes) -> float:
    """Return the median CPU seconds of reading a file, of several times for a fast one."""
    found: list[float] = []
    while not found or sum(found) < LEAST_S:
        began = time.process_time()
        read_svg(data)
        found.append(time.process_time() - began)
    return statistics.median(found)


def peak_mb(data: bytes) -> float:
    """Return the peak memory of a process that reads a file, in MB."""
    code = (
        "import re, sys\n"
        "from libraries.svg_reader import read_svg\n"
        "read_svg(open(sys.argv[1], 'rb').read())\n"
        # The maximum of `getrusage` includes the process that started this one.
        "print(re.search('VmHWM:\\\\s+([0-9]+)', open('/proc/self/status').read())[1])"
    )
    with tempfile.NamedTemporaryFile(suffix=".svg") as file:
        file.write(data)
        file.flush()
        try:
            done = subprocess.run(
                [sys.executable, "-c", code, file.name],
                capture_output=True,
                text=True,
                check=True,
                timeout=TIMEOUT_S,
            )
        except (OSError, subprocess.SubprocessError) as error:
            raise BenchError(f"the file could not be read: {error}") from None
    return float(done.stdout) / 1024


class VpypeReader:
    """A process that reads files with vpype."""

    def __init__(self, process: InteractiveProcess, folder: Path) -> None:
        self._process = process
        self._folder = folder

    def seconds_of(self, data: bytes) -> float | None:
        """Return the CPU seconds, None for a file that vpype cannot read."""
        path = self._folder / "reading.svg"
        path.write_bytes(data)
        answer = self._process.request(json.dumps(str(path)), seconds=TIMEOUT_S)
        found = json.loads(answer)
        return None if isinstance(found, str) else float(found)


@contextmanager
def vpype_reader() -> Iterator[VpypeReader]:
    """Yield vpype in its environment, which is that of PlotBench; raises BenchError."""
    environment = Environment("vpype_adapter", Vpype.REQUIREMENTS)
    environment.prepare(lambda _: None)
    with tempfile.TemporaryDirectory(prefix="va-bench-reading-") as folder:
        path = Path(folder)
        with ProcessGroup(os.environ, path) as group:
            command = [environment.program("python"), str(ADAPTERS / "vpype_reading.py")]
            yield VpypeReader(group.interact(command), path)
