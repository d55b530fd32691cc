"""Tests of the SVG reader with files that have one right answer; see `cases/README.md`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from libraries.geometry.arrays import Floats
from libraries.geometry.document import Document
from libraries.svg_reader import read_svg
from libraries.svg_reader.colours import components

FOLDER = Path(__file__).parent / "cases"
CASES: dict[str, dict[str, Any]] = json.loads((FOLDER / "cases.json").read_text("utf-8"))
# What the optimiser of plots does is no matter of the reader.
READ = sorted(set(CASES) - {"19-duplicates"})


def strokes_of(drawing: Document) -> list[Floats]:
    """Return the strokes on the page."""
    if not len(drawing):
        return []
    store = drawing.clipped(drawing.page).store
    return np.split(store.coordinates, store.offsets[1:-1])


@pytest.mark.parametrize("name", READ)
def test_a_file_is_drawn_as_a_viewer_shows_it(name: str) -> None:
    case = CASES[name]
    reading = read_svg((FOLDER / f"{name}.svg").read_bytes())
    drawing = reading.document
    strokes = strokes_of(drawing)
    assert (drawing.width, drawing.height) == pytest.approx(case["page"], abs=0.25)
    low, high = case["strokes"] if isinstance(case["strokes"], list) else (case["strokes"],) * 2
    assert low <= len(strokes) <= high
    if "mm" in case:
        mm = sum(float(np.hypot(*np.diff(line, axis=0).T).sum()) for line in strokes)
        assert mm == pytest.approx(case["mm"], abs=case.get("mm_within", 0.25), rel=0.003)
    if "boxes" in case:
        boxes = sorted([*line.min(axis=0), *line.max(axis=0)] for line in strokes)
        assert np.allclose(boxes, sorted(case["boxes"]), atol=0.25)
    if "extent" in case:
        points = np.concatenate(strokes)
        around = [*points.min(axis=0), *points.max(axis=0)]
        assert np.allclose(around, case["extent"], atol=case["extent_within"])
    assert bool(reading.problems) or not case.get("says")


@pytest.mark.parametrize("name", [name for name in READ if "pens" in CASES[name]])
def test_the_pens_are_those_of_the_file(name: str) -> None:
    case, drawing = CASES[name], read_svg((FOLDER / f"{name}.svg").read_bytes()).document
    found = sorted(components(pen.colour) for pen in drawing.pens)
    assert np.allclose(found or [[]], sorted(map(components, case["pens"])) or [[]], atol=2)
    if "widths" in case:
        assert sorted(pen.width for pen in drawing.pens) == pytest.approx(case["widths"], abs=0.05)
