"""Submission of sweeps: a job for each drawing, and one for their contact sheet."""

from __future__ import annotations

from flask import Response

from components.http.idempotency import request_random
from components.http.replies import queued_response
from components.http.webhook_fields import validate_webhook
from components.sweeps.schemas import Sweep
from libraries.job_manager import Gathering, JobOptions, submit_batch

DRAW, GATHER = "workers.svg_tasks.generate_complex_svg", "workers.sheet_tasks.draw_contact_sheet"


def queue_sweep(sweep: Sweep) -> Response:
    """Queue a sweep, and return the reply.

    Raises:
        InvalidFields: values of `vary` are wrong, or too many.
        SweepTooLarge: the drawings would have too many points, one of them or all together.
        InvalidInput: the sheet has no room for them.
        BadFields: the webhook may not be called.
        QueueFull: there is not room for all of it; nothing was queued.
        QueueUnavailable: the broker cannot be reached.
    """
    drawn = sweep.cells()
    sheet = sweep.contact_sheet(drawn)
    columns = sheet.layout().columns
    folder = folder_name(f"{request_random().getrandbits(128):032x}")
    options = JobOptions(at_front=sweep.priority == "high", webhook=validate_webhook(sweep.webhook))
    gathering = Gathering(GATHER, {**sheet.values(), "output_filename": f"{folder}/sheet.svg"})
    calls = [
        {
            **cell.artboard.arguments(pattern="pattern_type"),
            "output_filename": f"{folder}/cell_{number:03d}.svg",
        }
        for number, cell in enumerate(drawn.cells, 1)
    ]
    batch = submit_batch(DRAW, calls, options, gathering=gathering)
    *job_ids, sheet_job_id = batch.job_ids
    here = f"/batches/{batch.id}"
    body = {
        "status": "queued",
        "batch_id": batch.id,
        "job_ids": job_ids,
        "sheet_job_id": sheet_job_id,
        "captions": sheet.captions,
        "columns": columns,
        "message": f"{len(drawn.cells)} drawings and their sheet queued",
        "links": {"self": here, "sheet": f"/jobs/{sheet_job_id}", "cancel": f"{here}/cancel"},
    }
    return queued_response(body)


def folder_name(token: str) -> str:
    """Return the folder of the files of a sweep."""
    return f"sweeps/{token[:2]}/{token[2:]}"
