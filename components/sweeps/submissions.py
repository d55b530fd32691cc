"""Submission of sweeps: a job for each drawing, and one for their contact sheet."""

from __future__ import annotations

from functools import partial

from components.http.idempotency import request_random
from components.http.submissions import BatchPlan, JobPlan
from components.sweeps.schemas import Sweep
from libraries.job_manager import Batch, FinalJob, JobOptions
from libraries.json_types import JsonObject

DRAW, GATHER = "workers.svg_tasks.generate_complex_svg", "workers.sheet_tasks.draw_contact_sheet"


def sweep_plan(sweep: Sweep) -> BatchPlan:
    """Return the jobs of a sweep.

    Raises:
        InvalidFields: values of `vary` are wrong, or too many.
        SweepTooLarge: the drawings would have too many points, one of them or all together.
        InvalidInput: the sheet has no room for them.
    """
    drawn = sweep.cells()
    sheet = sweep.contact_sheet(drawn)
    columns = sheet.layout().columns
    folder = folder_name(f"{request_random().getrandbits(128):032x}")
    calls = [
        {
            **cell.artboard.arguments(pattern="pattern_type"),
            "output_filename": f"{folder}/cell_{number:03d}.svg",
        }
        for number, cell in enumerate(drawn.cells, 1)
    ]
    return BatchPlan(
        jobs=[(JobPlan(task=DRAW, kwargs=call), JobOptions()) for call in calls],
        gathering=FinalJob(GATHER, {**sheet.values(), "output_filename": f"{folder}/sheet.svg"}),
        reply=partial(sweep_reply, captions=sheet.captions, columns=columns),
    )


def sweep_reply(batch: Batch, *, captions: list[str], columns: int) -> JsonObject:
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


def folder_name(token: str) -> str:
    """Return the folder of the files of a sweep."""
    return f"sweeps/{token[:2]}/{token[2:]}"
