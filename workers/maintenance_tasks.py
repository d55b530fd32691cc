"""Tasks for quiet hours; the schedules file queues them."""

from __future__ import annotations

import time

from libraries.gallery import digest, gallery
from libraries.job_manager import current_job_id, enqueue_background_job, repeatable_ids
from libraries.json_types import JsonObject
from libraries.settings import MailSettings
from libraries.storage import output_folder

TRIES = 3
HOUR, MAX_DIGEST_HOURS = 3600, 168


def clean_up() -> JsonObject:
    """Remove what writers that died left half written, and give back room in the index of the gallery."""
    swept = output_folder().remove_temporary(time.time() - HOUR)
    gallery().vacuum()
    return {"half_written_files": swept}


def send_digest(hours: int = 24) -> JsonObject:
    """Mail what was drawn in the last hours to ADMIN_EMAIL; without that setting nothing is sent.

    The result has `drawings`, their number, and `job_id`, the job that sends the mail, or None.

    Args:
        hours: how far back the list goes, up to 168.
    """
    now = time.time()
    told = digest(now - HOUR * max(1, min(hours, MAX_DIGEST_HOURS)), now)
    if not MailSettings.current().admin_email:
        return {"drawings": told["counts"]["drawings"], "job_id": None}
    letter = {
        "recipient": MailSettings.current().admin_email,
        "subject": f"Drawings of {told['date']}",
        "template": "digest",
    }
    # Tried again, this job queues the same mail again, and not a second one.
    with repeatable_ids(f"digest\n{current_job_id()}"):
        job = enqueue_background_job(
            "workers.email_tasks.send_notification", **letter, context=told
        )
    return {"drawings": told["counts"]["drawings"], "job_id": job.id}
