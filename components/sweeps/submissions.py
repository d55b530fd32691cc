"""Submission of sweeps: a job for each drawing and one for the contact sheet."""

from __future__ import annotations

from functools import partial

from components.http.idempotency import request_random
from components.http.submissions import BatchPlan, JobPlan
from components.sweeps.schemas import Sweep
from libraries.job_manager import Batch, FinalJob, JobOptions
from libraries.json_types import JsonObject

DRAW = "workers.svg_tasks.generate_complex_svg"
DRAW_SHEET = "workers.sheet_tasks.draw_contact_sheet"


def sweep_plan(sweep: Sweep) -> BatchPlan:
    """Return the jobs of a sweep.

    Raises:
        InvalidFields: values of `vary` are invalid or too many.
        SweepTooLarge: one drawing, or all of them together, would have too many points.
        InvalidInput: the drawings do not fit on the sheet.
    """
    drawings = sweep.cells()
    sheet = sweep.contact_sheet(drawings)
    token = f"{request_random().getrandbits(128):032x}"
    folder = f"sweeps/{token[:2]}/{token[2:]}"
    jobs = []
    for number, cell in enumerate(drawings.cells, 1):
        arguments = cell.artboard.arguments(pattern="pattern_type")
        arguments |= {"output_filename": f"{folder}/cell_{number:03d}.svg"}
        jobs.append((JobPlan(task=DRAW, kwargs=arguments), JobOptions()))
    sheet_arguments = {**sheet.values(), "output_filename": f"{folder}/sheet.svg"}
    return BatchPlan(
        jobs=jobs,
        gathering=FinalJob(DRAW_SHEET, sheet_arguments),
        reply=partial(sweep_reply, captions=sheet.captions, columns=sheet.layout().columns),
    )


def sweep_reply(batch: Batch, *, captions: list[str], columns: int) -> JsonObject:
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
