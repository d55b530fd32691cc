"""What the running job may know of its own attempts."""

from __future__ import annotations

from rq import get_current_job


def pause_before_next() -> float | None:
    """Return the seconds after which the running job is tried again if it fails now; None if it is not, or outside a job."""
    job = get_current_job()
    if job is None or not job.retries_left:
        return None
    pauses = job.retry_intervals or [0]
    # As `lua/fail.lua` chooses it.
    return float(pauses[min(job.number_of_retries or 0, len(pauses) - 1)])
