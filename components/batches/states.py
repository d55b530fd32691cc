"""JSON representation of batches."""

from __future__ import annotations

from components.batches.schemas import GONE
from libraries.job_manager import Batch, JobRecord
from libraries.job_manager.representation import job_links
from libraries.json_types import JsonObject


def batch_body(batch: Batch) -> JsonObject:
    return {
        "id": batch.id,
        "total": len(batch.job_ids),
        "counts": batch.counts,
        "percent": batch.percent,
        "done": batch.done,
        "jobs": [
            job_row(job_id, job) for job_id, job in zip(batch.job_ids, batch.jobs, strict=True)
        ],
        "links": batch_links(batch.id, done=batch.done),
    }


def job_row(job_id: str, job: JobRecord | None) -> JsonObject:
    """Return a `BatchJobSchema`; `job` is None if its record has expired."""
    if job is None:
        return {"id": job_id, "status": GONE, "error": None, "tags": [], "links": {}}
    return {
        "id": job_id,
        "status": job.status,
        "error": job.public_error,
        "tags": job.tags,
        "links": job_links(job_id, job.status),
    }


def batch_links(batch_id: str, *, done: bool) -> dict[str, str]:
    here = f"/batches/{batch_id}"
    return {"self": here} if done else {"self": here, "cancel": f"{here}/cancel"}
