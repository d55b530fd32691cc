# mypy: disable-error-code="import-not-found"
"""Writes the drawing of bench/svg_writing.py with vpype or svgwrite, in their own environment."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import svgwrite
import vpype


def drawing(polylines: int, corners: int) -> Any:
    """Return the rings of bench/svg_writing.py in mm, shape (polylines, corners, 2)."""
    rng = np.random.default_rng(7)
    turns = np.linspace(0, 2 * np.pi, corners)
    ring = np.column_stack([np.cos(turns), np.sin(turns)])
    return ring * rng.uniform(1, 15, (polylines, 1, 1)) + rng.uniform(20, 190, (polylines, 1, 2))


def vpype_writer(lines: Any) -> Callable[[Path], None]:
    """Return a function that writes the drawing with vpype; the document in pixels is built before."""
    pixels = vpype.convert_length("1mm")
    document = vpype.Document(page_size=(210 * pixels, 210 * pixels))
    document.add(
        vpype.LineCollection([(line[:, 0] + 1j * line[:, 1]) * pixels for line in lines]), 1
    )

    def write(path: Path) -> None:
        with path.open("w") as file:
            vpype.write_svg(file, document)

    return write


def svgwrite_writer(lines: Any) -> Callable[[Path], None]:
    """Return a function that writes the drawing with svgwrite and its default validation."""
    rounded = np.round(lines, 3)

    def write(path: Path) -> None:
        document = svgwrite.Drawing(
            str(path), size=("210mm", "210mm"), viewBox="0 0 210 210", fill="none", stroke="black"
        )
        for line in rounded:
            document.add(document.polyline(line.tolist()))
        document.save()

    return write


def main() -> None:
    """Read lines of JSON, `[writer, path]`, write the drawing, and answer with the seconds."""
    lines = drawing(int(sys.argv[1]), int(sys.argv[2]))
    writers = {"vpype": vpype_writer(lines), "svgwrite": svgwrite_writer(lines)}
    print(json.dumps({"ready": True}), flush=True)
    for line in sys.stdin:
        writer, path = json.loads(line)
        started_at = time.perf_counter()
        writers[writer](Path(path))
        print(json.dumps({"seconds": time.perf_counter() - started_at}), flush=True)


main()
