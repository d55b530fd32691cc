"""A sweep as it is asked for: what it takes to draw each of its cells and their sheet."""

from __future__ import annotations

from functools import partial
from typing import Any

from components.http.idempotency import request_random
from components.http.submissions import BatchPlan, JobPlan
from libraries.job_manager import Batch, Gathering, JobOptions
from libraries.sheets.contact_sheets import check_sheet
from libraries.sheets.sweeps import Sweep, counted_seeds, seed_sweep, varied_sweep

DRAW, GATHER = "workers.svg_tasks.generate_complex_svg", "workers.sheet_tasks.draw_contact_sheet"


def sweep_plan(asked: dict[str, Any]) -> BatchPlan:
    """Return the jobs of the sweep that a `SweepSchema` describes.

    Raises:
        InvalidFields: values of `vary` are wrong, or too many.
        SweepTooLarge: the drawings would have too many points, one of them or all together.
        NoRoomForCells: the sheet has no room for them.
    """
    sweep = sweep_of(asked)
    cells, sheet = sweep.cells, sheet_of(asked, sweep)
    columns = check_sheet(sheet, len(cells)).columns
    captions = [cell.caption for cell in cells]
    folder = folder_name(f"{request_random().getrandbits(128):032x}")
    calls = [
        call_of(cell.artboard, f"{folder}/cell_{number:03d}.svg")
        for number, cell in enumerate(cells, 1)
    ]
    return BatchPlan(
        jobs=[(JobPlan(task=DRAW, kwargs=call), JobOptions()) for call in calls],
        gathering=Gathering(
            GATHER, {**sheet, "captions": captions, "output_filename": f"{folder}/sheet.svg"}
        ),
        reply=partial(sweep_reply, captions=captions, columns=columns),
    )


def sweep_reply(batch: Batch, *, captions: list[str], columns: int) -> dict[str, Any]:
    """Return the reply to a sweep that was queued."""
    *job_ids, sheet_job_id = batch.job_ids
    here = f"/batches/{batch.id}"
    return {
        "status": "queued",
        "batch_id": batch.id,
        "job_ids": job_ids,
        "sheet_job_id": sheet_job_id,
        "captions": captions,
        "columns": columns,
        "message": f"{len(captions)} drawings and their sheet queued",
        "links": {"self": here, "sheet": f"/jobs/{sheet_job_id}", "cancel": f"{here}/cancel"},
    }


def sweep_of(asked: dict[str, Any]) -> Sweep:
    """Return the drawings of a sweep.

    Raises:
        InvalidFields, SweepTooLarge: as `sweep_plan`.
    """
    if "vary" in asked:
        return varied_sweep(asked, asked["vary"])
    return seed_sweep(
        asked,
        asked["seeds"] if "seeds" in asked else counted_seeds(asked["seed"] or 0, asked["count"]),
    )


def sheet_of(asked: dict[str, Any], sweep: Sweep) -> dict[str, Any]:
    """Return the sheet of a sweep as the task that draws it takes it, without jobs and captions."""
    page = asked["sheet"] or {"width": asked["width"], "height": asked["height"], "margin": None}
    return {
        **page,
        "cell_width": asked["width"],
        "cell_height": asked["height"],
        "columns": sweep.columns or asked["columns"],
        "title": title_of(asked, len(sweep.cells)) if asked["title"] is None else asked["title"],
        "pen_width": asked["pen_width"],
        "lettering": asked["captions"],
    }


def title_of(asked: dict[str, Any], count: int) -> str:
    """Return what is written above the sheet of a sweep of so many drawings."""
    what = f"{asked['pattern']}, {asked['width']:g} x {asked['height']:g} mm"
    if "vary" not in asked:
        return f"{what}, {count} seeds"
    seed = "" if "seed" in asked["vary"] else f", seed {asked['seed'] or 0}"
    return f"{what}{seed}: {' by '.join(asked['vary'])}"


def call_of(artboard: dict[str, Any], file_name: str) -> dict[str, Any]:
    """Return the arguments of the job that draws one artboard."""
    fields = ("width", "height", "params", "seed", "margin", "pen_width", "encoding")
    return {
        **{name: artboard[name] for name in fields},
        "pattern_type": artboard["pattern"],
        "output_filename": file_name,
    }


def folder_name(token: str) -> str:
    """Return the folder that the files of a sweep lie in."""
    return f"sweeps/{token[:2]}/{token[2:]}"
