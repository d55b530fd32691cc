"""All tasks that draw optimise the drawing, unless it is to stay as drawn."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from defusedxml import ElementTree

from libraries.settings import Settings
from libraries.svg_reader import read_svg
from tests.workers.test_stored_recipes import PHOTO
from workers import data_tasks, image_tasks, svg_tasks

# Three strokes that no order makes shorter than one, and one that is drawn twice.
LINES = [
    {"type": "line", "points": [[60, 20], [70, 20]]},
    {"type": "line", "points": [[10, 20], [20, 20]]},
    {"type": "line", "points": [[20, 20], [60, 20]]},
    {"type": "line", "points": [[10, 20], [20, 20]]},
]


def artboard(optimize: bool) -> object:
    more = None if optimize else {"optimize": False}
    return svg_tasks.generate_complex_svg(120, 90, "voronoi", "drawing.svg", artboard=more)


def composition(optimize: bool) -> object:
    page = {"width": 100, "height": 80, "elements": LINES, "optimize": optimize}
    return svg_tasks.draw_composition(page, "drawing.svg")


def postcard(optimize: bool) -> object:
    return svg_tasks.generate_postcard_svg("Ada", "Hello", "birthday", optimize=optimize)


def photo(optimize: bool) -> object:
    return image_tasks.plot_photo(
        "uploads/photo.png", "stipple", 60, 80, "drawing.svg",
        params={"points": 200}, artboard={"optimize": optimize},
    )  # fmt: skip


def chart(optimize: bool) -> object:
    return data_tasks.plot_file("uploads/data.csv", "bars", ["b"], optimize=optimize)


DRAWINGS = [artboard, composition, postcard, photo, chart]


def files_of(draw: Callable[[bool], object], *, optimize: bool) -> tuple[dict[str, Any], Path]:
    """Return the metadata of the file that a task draws, and its path."""
    result: Any = draw(optimize)
    path = Path(result["path"] if isinstance(result, dict) else result)
    text = ElementTree.fromstring(path.read_bytes()).findtext(
        "{http://www.w3.org/2000/svg}metadata"
    )
    return json.loads(text or "{}"), path


@pytest.fixture
def uploads(settings: Settings) -> None:
    folder = settings.storage.upload_dir
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "photo.png").write_bytes(PHOTO)
    (folder / "data.csv").write_text("a,b\n1,3\n2,5\n3,4\n")


@pytest.mark.usefixtures("uploads")
@pytest.mark.parametrize("draw", DRAWINGS, ids=lambda draw: draw.__name__)
def test_every_drawing_has_a_certificate_and_is_not_worse_than_as_drawn(
    draw: Callable[[bool], object],
) -> None:
    found, path = files_of(draw, optimize=True)
    certificate = found["certificate"]
    lifts, travel = certificate["lifts"], certificate["pen_up_mm"]
    assert lifts["after"] == lifts["minimum"] <= lifts["before"]
    assert travel["bound"] <= travel["after"] <= travel["before"]
    assert len(read_svg(path.read_bytes()).document) == lifts["after"]
    kept, path = files_of(draw, optimize=False)
    assert "certificate" not in kept
    assert len(read_svg(path.read_bytes()).document) == lifts["before"]


def test_what_is_drawn_twice_is_removed_unless_it_stays_as_drawn(settings: Settings) -> None:
    strokes = []
    for optimize in (True, False):
        _, path = files_of(composition, optimize=optimize)
        strokes.append(read_svg(path.read_bytes()).document.strokes())
    assert [len(one) for one in strokes] == [1, 4]
    assert [round(float(one.lengths.sum()), 3) for one in strokes] == [60, 70]
