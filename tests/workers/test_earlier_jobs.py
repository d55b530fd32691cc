"""Jobs with the arguments that earlier versions queued run after an upgrade."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from libraries.job_manager import enqueue_background_job, fetch_job
from libraries.storage import output_folder

CELLS = {
    "job_ids": ["deleted"],
    "captions": ["seed 1"],
    "width": 100.0,
    "height": 80.0,
    "margin": None,
    "cell_width": 100.0,
    "cell_height": 80.0,
    "columns": None,
    "title": "spiral, 100 x 80 mm, 1 seeds",
    "pen_width": 0.3,
    "lettering": True,
}
BOARD = {
    "width": 100.0,
    "height": 80.0,
    "pattern_type": "spiral",
    "params": {"pitch": 3},
    "seed": 7,
    "margin": None,
    "pen_width": 0.4,
    "encoding": "compact",
}
CIRCLE = {
    "type": "circle",
    "layer": "drawing",
    "rotate": 0.0,
    "opaque": False,
    "halo": 0.0,
    "edge": True,
    "hatch": {"spacing": 2.0, "angle": 45.0, "cross": False, "inset": 0.0},
}
COMPOSITION = {
    "width": 100.0,
    "height": 80.0,
    "seed": 3,
    "pen_width": 0.3,
    "encoding": "plain",
    "layers": [{"name": "gold", "color": "#b08d57", "pen_width": 0.7}],
    "elements": [CIRCLE],
}


@pytest.mark.parametrize(
    ("task", "arguments"),
    [
        ("svg_tasks.generate_complex_svg", BOARD),
        ("svg_tasks.draw_composition", {"composition": COMPOSITION}),
        ("sheet_tasks.draw_contact_sheet", CELLS),
    ],
)
def test_a_job_queued_by_an_earlier_version_finishes(
    run_jobs: Callable[[], None], task: str, arguments: dict[str, Any]
) -> None:
    job = enqueue_background_job(f"workers.{task}", **arguments, output_filename="drawing.svg")
    run_jobs()
    record = fetch_job(job.id)
    assert record is not None
    assert record.status == "finished", record.error
    with output_folder().open_checked("drawing.svg") as file:
        assert b"<path" in file.read()
